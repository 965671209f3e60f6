"""On CUDA: nothing stays behind on the CPU (fake tensors, on any machine), and real trainings where there is a GPU.

Fake tensors know device, type and layout and compute nothing. Forward passes work without a GPU, backward ones do not;
``tests.devices`` does both with tensors of its own. Here torch's own autocast for CUDA is at work.
"""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from engine.config import DataConfig, ModelConfig, RunConfig
from engine.data.augment import augment
from engine.events import Finished, Measured
from engine.hardware.device import Device, choose
from engine.models.build import build_model
from engine.training.checkpoint import load, save
from engine.training.trainer import Trainer
from tests.contracts.variants import ROWS
from tests.engine.training.tiny import config, images, same_weights, until


def gpu(precision: str) -> Device:
    return Device(torch.device("cuda", 0), "GPU", precision, 1)


@pytest.fixture
def autocast():
    """Autocast as ``Device.autocast`` means it; torch refuses the context without a GPU, not what it switches."""
    before = torch.get_autocast_dtype("cuda")
    torch.set_autocast_enabled("cuda", True)
    torch.set_autocast_dtype("cuda", torch.bfloat16)
    yield
    torch.set_autocast_enabled("cuda", False)
    torch.set_autocast_dtype("cuda", before)


def forward_on(device: Device, shortcut: str) -> torch.Tensor:
    model = build_model(ModelConfig(depth=14, shortcut=shortcut), 0)
    mode = FakeTensorMode()
    with mode:
        tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        moved = {
            name: mode.from_tensor(tensor).to(
                device.torch_device, memory_format=device.memory_format if tensor.dim() == 4 else torch.preserve_format
            )
            for name, tensor in tensors.items()
        }
        pixels = torch.empty(8, 3, 32, 32, device=device.torch_device)
        return torch.func.functional_call(model, moved, (augment(pixels, 0, 1, DataConfig(crop=4, flip=True)),))


@pytest.mark.parametrize("shortcut", ROWS)
def test_a_forward_pass_stays_on_the_gpu_in_bf16(shortcut, autocast):
    logits = forward_on(gpu("bf16"), shortcut)
    assert (logits.device.type, logits.dtype, logits.shape) == ("cuda", torch.bfloat16, (8, 10))


def test_layouts_on_a_gpu():
    assert gpu("bf16").memory_format is torch.channels_last
    assert gpu("fp32").memory_format is torch.contiguous_format
    assert gpu("bf16").dtype is torch.bfloat16


@pytest.fixture
def real():
    """The first GPU, as a run gets it."""
    threads = torch.get_num_threads()
    yield choose(RunConfig(device="cuda", threads=1))
    torch.set_num_threads(threads)


def training(device: Device, state=None, **changes) -> Trainer:
    return Trainer(config(device="cuda", **changes), images(), device, state)


@pytest.mark.gpu
def test_a_run_trains_on_the_gpu(real):
    trainer = training(real, optim__steps=20, eval_every=20)
    events = list(trainer.events())
    rows = [row for event in events if isinstance(event, Measured) for row in event.rows]
    assert isinstance(events[-1], Finished)
    assert [row.step for row in rows] == list(range(1, 21))
    assert all(row.loss == row.loss for row in rows)
    assert {tensor.device.type for tensor in trainer.model.state_dict().values()} == {"cuda"}
    assert trainer.images.train.pixels.device.type == "cuda"


@pytest.mark.gpu
def test_no_step_waits_for_the_gpu(real):
    trainer = training(real, optim__steps=40, eval_every=40)
    for _ in range(3):  # the first ones load libraries
        trainer._step()
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(10):
            trainer._step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert len(trainer.drain().rows) == 13


@pytest.mark.gpu
def test_bf16_channels_last_and_a_fused_optimizer(real):
    if real.precision != "bf16":
        pytest.skip("this GPU has no bf16")
    trainer = training(real)
    weights = [parameter for parameter in trainer.model.parameters() if parameter.dim() == 4]
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights)
    assert {weight.dtype for weight in weights} == {torch.float32}
    seen = []
    hook = trainer.model.register_forward_hook(lambda module, inputs, logits: seen.append(logits.dtype))
    trainer._step()
    hook.remove()
    assert seen == [torch.bfloat16]
    assert trainer.optimizer.defaults["fused"] is True


@pytest.mark.gpu
def test_resumed_on_the_gpu_is_bit_for_bit_uninterrupted(real, tmp_path):
    whole, first = training(real), training(real)
    list(whole.events())
    until(first.events(), lambda event: getattr(event, "step", 0) == 10)
    save(first.state(), tmp_path / "state.pt")
    second = training(real, load(tmp_path / "state.pt"))
    list(second.events())
    assert same_weights(whole, second)


@pytest.mark.gpu
def test_too_little_memory_is_torchs_own_error(real):
    from engine.runs.worker.out_of_memory import is_out_of_memory

    with pytest.raises(torch.OutOfMemoryError) as caught:
        torch.empty(2**50, dtype=torch.uint8, device=real.torch_device)
    assert is_out_of_memory(caught.value)
