"""An update recorded as a CUDA graph (``--set graph=true``): one launch instead of one for every kernel.

    learn = RecordedUpdate(learn, optimizer, recorder_for(device))    # in place of ``learn(inputs, labels)``

Small nets on a GPU wait for launches, not for arithmetic. Not tried on a GPU yet, so it is off unless it is asked for.
The same function runs as it is, is recorded, and is replayed: nothing is computed in another way. Shapes are static,
because every batch is full. Batches, augmentation, metrics, evaluation and probes stay outside of the recording. The
learning rate lies in a 32-bit tensor, which a recording can read; rates such as 0.1 are rounded to it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor
from torch.optim import Optimizer

from engine.errors import DeviceError, in_one_line
from engine.hardware.compiler import GRAPH_REFUSAL
from engine.hardware.device import Device

#: Mean loss and number of wrong answers, both scalars on the device.
Outputs = tuple[Tensor, Tensor]
Work = Callable[[], Outputs]
#: Updates that run as they are before one is recorded: libraries load, the optimizer makes its tensors.
WARM_UPDATES = 3


class Recorder(Protocol):
    """Runs work as it is, or records it."""

    def run(self, work: Work) -> Outputs:
        """Do the work now, as it will be recorded."""

    def record(self, work: Work) -> Work:
        """Record the work without doing it; return what does it. Its outputs are the same tensors at every call."""


class CudaRecorder:
    """Records what a stream of its own is given, and replays that on the stream of the caller."""

    def __init__(self, device: torch.device):
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def run(self, work: Work) -> Outputs:
        """Do the work on the stream on which it will be recorded; nothing here waits for the device."""
        outer = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(outer)
        with torch.cuda.stream(self._stream):
            outputs = work()
        outer.wait_stream(self._stream)
        return outputs

    def record(self, work: Work) -> Work:
        """Record the work into memory of its own. Raises DeviceError, torch's own error for too little memory."""
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.device(self._device), torch.cuda.graph(graph, stream=self._stream):
                outputs = work()
        except RuntimeError as error:
            # The end of a recording that failed has an error of its own, with the cause behind it.
            cause = error.__context__ if isinstance(error.__context__, RuntimeError) else error
            if isinstance(cause, torch.OutOfMemoryError):
                raise cause from None
            raise DeviceError(
                f"the update cannot become a CUDA graph ({in_one_line(cause)}); leave graph=true out"
            ) from None

        def replay() -> Outputs:
            graph.replay()
            return outputs

        return replay


def recorder_for(device: Device) -> Recorder:
    """Return what records on ``device``. Raises DeviceError where nothing can be recorded."""
    if device.torch_device.type != "cuda":
        raise DeviceError(GRAPH_REFUSAL)
    return CudaRecorder(device.torch_device)


class RecordedUpdate:
    """Does ``learn(inputs, labels)`` as it is for a few updates, then replays a recording of it.

    Outputs are valid until the next call. Gradients stay where the recording writes them.
    """

    def __init__(self, learn: Callable[[Tensor, Tensor], Outputs], optimizer: Optimizer, recorder: Recorder):
        self._learn, self._optimizer, self._recorder = learn, optimizer, recorder
        self._inputs: tuple[Tensor, Tensor] | None = None
        self._rate: Tensor | None = None
        self._replay: Work | None = None
        self._done = 0

    def forget(self) -> None:
        """Record anew: numbers that a recording holds, such as weight decay and strength, have changed."""
        self._replay, self._done = None, 0

    def __call__(self, inputs: Tensor, labels: Tensor) -> Outputs:
        """Do an update with the learning rate of the optimizer's group."""
        self._take_in(inputs, labels)
        with self._rate_in_a_tensor():
            if self._done < WARM_UPDATES:
                self._done += 1
                return self._recorder.run(self._work)
            if self._replay is None:
                # Gradients of the recording lie in its own memory.
                self._optimizer.zero_grad(set_to_none=True)
                self._replay = self._recorder.record(self._work)
            return self._replay()

    def _work(self) -> Outputs:
        assert self._inputs is not None, "inputs are taken in before the work"
        return self._learn(*self._inputs)

    def _take_in(self, inputs: Tensor, labels: Tensor) -> None:
        """Copy a batch to where the recording reads it, in the batch's own memory layout."""
        if self._inputs is None:
            self._inputs = torch.empty_like(inputs), torch.empty_like(labels)
        for static, given in zip(self._inputs, (inputs, labels), strict=True):
            assert static.shape == given.shape and static.stride() == given.stride(), "batches have one shape"
            static.copy_(given)

    @contextmanager
    def _rate_in_a_tensor(self) -> Iterator[None]:
        """Let the optimizer read its rate from a tensor on the device; its group keeps the number."""
        (group,) = self._optimizer.param_groups
        number: float = group["lr"]
        if self._rate is None:
            self._rate = torch.zeros((), dtype=torch.float32, device=group["params"][0].device)
        self._rate.fill_(number)
        group["lr"] = self._rate
        try:
            yield
        finally:
            group["lr"] = number
