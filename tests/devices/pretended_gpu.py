"""A GPU that is not there: tensors that say they are on ``cuda:0`` and hold no numbers, and a watch over what is done.

    with PretendedGpu() as gpu:
        trainer = Trainer(config, images, gpu.device("bf16"))
        with gpu.watched():
            list(trainer.events())

Its tensors are torch's ``meta`` tensors: shapes, types and layouts are real, forward and backward passes run, nothing
is computed. What the host reads from them is made up: numbers from 1 to 2. Always a ``DeviceFault``: operands on two
devices, a CPU generator for numbers on the GPU. While ``watched``, as well: a copy between host and GPU, a wait for the
GPU, a draw from global random state, unless ``tests.devices.places`` names the place in the code.

Autocast is torch's switch; which operations it casts is said here, for torch has no autocast of ``meta``.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_map_only

from engine.hardware.device import Device
from tests.devices.live_bytes import LiveBytes
from tests.devices.places import DeviceFault, check

GPU, META = torch.device("cuda", 0), torch.device("meta")
#: Operations that autocast does in the lower precision, and those that it does in 32 bits.
_LOWER = {
    F.linear, F.scaled_dot_product_attention, torch.conv2d, torch.matmul, torch.mm, torch.bmm, torch.addmm,
    torch.baddbmm, Tensor.matmul, Tensor.__matmul__, Tensor.mm, Tensor.bmm,
}  # fmt: skip
_FULL = {
    F.layer_norm, F.cross_entropy, F.softmax, F.log_softmax, F.normalize, torch.softmax, Tensor.softmax, torch.exp,
    Tensor.exp, Tensor.log, Tensor.pow, Tensor.rsqrt, torch.rsqrt, torch.norm,
}  # fmt: skip
_CAST = _LOWER | _FULL
#: Functions that make a tensor on a device from numbers of the host.
_FROM_HOST = {torch.tensor, torch.as_tensor, torch.asarray, Tensor.new_tensor}
#: Functions that give numbers of a tensor to Python without an operation that the dispatcher shows.
_TO_HOST = {Tensor.tolist, Tensor.numpy, Tensor.__repr__, Tensor.__format__}
_BY_PLACES = {Tensor.__getitem__, Tensor.__setitem__}
_DEVICE, _IS_CUDA = Tensor.device.__get__, Tensor.is_cuda.__get__
_AT = torch.ops.aten
#: Operations whose code for a GPU reads a number back, by torch's sources.
_READING = {
    _AT._linalg_check_errors.default, _AT._linalg_eigh.default, _AT._linalg_svd.default, _AT.linalg_eig.default,
    _AT.linalg_lstsq.default, _AT.linalg_matrix_exp.default, _AT.linalg_pinv.atol_rtol_tensor,
    *(getattr(space, name) for space in (_AT.linspace, _AT.logspace) for name in space.overloads() if "Tensor" in name),
}  # fmt: skip
#: Functions that wait for all that was queued.
_SYNCHRONIZING = (
    "torch.cuda.synchronize", "torch.cuda.Stream.synchronize", "torch.cuda.Event.synchronize",
    "torch.cuda.Event.elapsed_time", "torch.mps.synchronize", "torch.accelerator.synchronize",
)  # fmt: skip
_COPIES = {_AT._to_copy.default, _AT.copy_.default}


#: What was found out: the manner of an operation; what its results are like, by operation and arguments.
_MANNERS: "dict[Any, _Manner]" = {}
_RESULTS: dict[Any, list[Any]] = {}
_READ = torch.Generator().manual_seed(0)


class PretendedGpu(TorchFunctionMode):
    """The machine has one GPU, ``cuda:0`` or ``mps:0``, while this context lasts. ``live`` counts the bytes on it.

    ``mps`` has no 64-bit floats: one that is made there is a ``DeviceFault``.
    """

    def __init__(self, kind: str = "cuda") -> None:
        super().__init__()
        self.live = LiveBytes()
        self._kind, self._there = kind, torch.device(kind, 0)
        self._operations = _Operations(self.live, refused=torch.float64 if kind == "mps" else None)

    def device(self, precision: str) -> Device:
        """Return the GPU as a run gets it."""
        return Device(self._there if self._kind == "cuda" else torch.device("mps"), "pretended GPU", precision, 1)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Allow copies and waits in named places alone."""
        self._operations.watches = True
        try:
            yield
        finally:
            self._operations.watches = False

    def __enter__(self) -> "PretendedGpu":
        self._stack = ExitStack()
        for target, value in (
            ("torch.cuda.is_bf16_supported", lambda *_: True),
            ("torch.backends.mps.is_macos_or_newer", lambda *_: True),
            ("torch.cuda.amp.common.amp_definitely_not_available", lambda: False),
            ("torch.cuda.get_rng_state", lambda *_: torch.zeros(16, dtype=torch.uint8)),
            ("torch.cuda.set_rng_state", lambda *_: None),
            # Modes hold for one thread: a pool's work is done at once, in the thread that asks for it.
            ("concurrent.futures.ThreadPoolExecutor.map", lambda pool, function, *lists: map(function, *lists)),
            *((name, lambda *_, name=name: self._operations.note("wait", name)) for name in _SYNCHRONIZING),
        ):
            self._stack.enter_context(patch(target, value))
        self._stack.enter_context(self._operations)
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._stack.close()

    def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        if func == _DEVICE:
            device = func(*args)
            return self._there if device == META else device
        if func == _IS_CUDA:
            return args[0].is_meta and self._kind == "cuda"
        if func is torch.device:
            return func(*args, **kwargs)
        if func is Tensor.cuda:
            return args[0].to(META)
        if func is Tensor.pin_memory:
            return args[0]
        placed = any(_is_gpu(value) for value in (*args, *kwargs.values()))
        if func in _FROM_HOST and (
            placed or (func is Tensor.new_tensor and args[0].is_meta and "device" not in kwargs)
        ):
            self._operations.note("upload", f"{func.__name__} of numbers of the host")
        if func in _BY_PLACES and args[0].is_meta and any(isinstance(place, list) for place in _flat_places(args[1])):
            self._operations.note("upload", "places in a list of the host")
        if func in _TO_HOST and args[0].is_meta:
            self._operations.note("read", func.__name__)
            return func(_numbers(args[0], args[0].dtype), *args[1:], **kwargs)
        if placed:
            args = tuple(META if _is_gpu(value) else value for value in args)
            kwargs = {key: META if _is_gpu(value) else value for key, value in kwargs.items()}
        if func in _CAST and torch.is_autocast_enabled(self._kind):
            dtype = torch.get_autocast_dtype(self._kind) if func in _LOWER else torch.float32
            args, kwargs = tree_map_only(Tensor, lambda t: _cast(t, dtype), (args, kwargs))
            with torch.autocast(self._kind, enabled=False):
                return func(*args, **kwargs)
        return func(*args, **kwargs)


class _Operations(TorchDispatchMode):
    """Sees every operation, those of a backward pass too."""

    watches = False

    def __init__(self, live: LiveBytes, refused: torch.dtype | None) -> None:
        super().__init__()
        self._live, self._refused = live, refused

    def note(self, kind: str, what: str) -> None:
        """Raise DeviceFault for ``what`` unless its place may do this ``kind`` of thing, or nobody watches."""
        if self.watches:
            check(kind, what)

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        leaves = list(_flat((*args, *kwargs.values())))
        kinds = {leaf.device.type for leaf in leaves if isinstance(leaf, Tensor)}
        target = kwargs.get("device")
        if func not in _MANNERS:
            _MANNERS[func] = _manner(func)
        manner = _MANNERS[func]
        if manner.decomposes and ("meta" in kinds or target == META):
            with self:
                parts = func.decompose(*args, **kwargs)
            if parts is not NotImplemented:
                return parts
        if func in _COPIES and ({*kinds} | ({target.type} if target is not None else set())) == {"cpu", "meta"}:
            return self._copy(func, args, kwargs)
        if kinds == {"cpu", "meta"}:
            operands = (leaf for leaf in leaves if isinstance(leaf, Tensor))
            shapes = [f"{tuple(t.shape)} on {'the GPU' if t.is_meta else 'the CPU'}" for t in operands]
            raise DeviceFault(f"operands on two devices in {func}: {', '.join(shapes)}")
        if "meta" in kinds and (func in _READING or (func is _AT.histc.default and len(args) < 3)):
            self.note("wait", f"{func} reads a number of its operands, or whether it worked")
        if (target or META).type == "cpu" or ("meta" not in kinds and target != META):
            return func(*args, **kwargs)
        if manner.draws:
            if any(isinstance(leaf, torch.Generator) for leaf in leaves):
                raise DeviceFault(f"{func} on the GPU draws from a generator of the CPU")
            self.note("draw", f"{func} from global random state")
        if manner.waits and (words := _waits(func, args, kwargs)) is not None:
            self.note("wait", words)
            return _stand_in(func, args, kwargs)
        result = self._computed(func, manner, args, kwargs, leaves)
        if self._refused and any(isinstance(one, Tensor) and one.dtype == self._refused for one in _flat((result,))):
            raise DeviceFault(f"{func} makes {self._refused} on a device that has none")
        self._live.add(result)
        return result

    def _computed(self, func: Any, manner: "_Manner", args: tuple, kwargs: dict, leaves: list[Any]) -> Any:
        """Return tensors like the operation's results: from those of an equal call where there was one."""
        if manner.results == "none":
            return None
        if manner.results == "others":
            return func(*args, **kwargs)
        key = (func, *map(_described, leaves), *kwargs)
        if key not in _RESULTS:
            first = func(*args, **kwargs)
            _RESULTS[key] = [_described(one) for one in (first if isinstance(first, tuple) else (first,))]
        if manner.results == "first":
            return args[0]
        made = [_made(one) for one in _RESULTS[key]]
        return tuple(made) if len(func._schema.returns) > 1 else made[0]

    def _copy(self, func: Any, args: tuple, kwargs: dict) -> Any:
        """Copy between host and GPU: made-up numbers come back, nothing goes there."""
        if func is _AT.copy_.default:
            goal, source, *rest = args
            up, blocks = goal.device == META, not (rest and rest[0])
        else:
            goal, source = None, args[0]
            up, blocks = kwargs["device"].type == "meta", not kwargs.get("non_blocking", False)
        kind = ("upload" if blocks else "send") if up else "read"
        self.note(kind, f"{func} of {source.dtype} {tuple(source.shape)}")
        if goal is not None:
            return goal if up else goal.copy_(_numbers(goal, goal.dtype))
        dtype = kwargs.get("dtype") or source.dtype
        if not up:
            return _numbers(source, dtype)
        with _disable_current_modes():
            layout = {"memory_format": kwargs.get("memory_format") or torch.preserve_format}
            result = torch.empty_like(source, dtype=dtype, device=META, **layout)
        self._live.add(result)
        return result


class _Manner(NamedTuple):
    """What an operation is like, whatever its operands.

    ``results``: ``new`` tensors, its ``first`` operand as it was, ``none`` at all, or ``others``, which are views.
    """

    decomposes: bool
    draws: bool
    waits: bool
    results: str


def _manner(func: Any) -> _Manner:
    returns = func._schema.returns
    if func._schema.name.startswith("aten::_fused_"):
        results = "none"
    elif all(one.alias_info is None and str(one.type) == "Tensor" for one in returns):
        results = "new"
    elif func._schema.name.endswith("_") and torch.Tag.inplace_view not in func.tags and len(returns) == 1:
        results = "first"
    else:
        results = "others"
    tags = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}
    waits = bool(tags & {*func.tags}) or func in _INDEXING or func is _AT._local_scalar_dense.default
    return _Manner(func._can_decompose(), torch.Tag.nondeterministic_seeded in func.tags, waits, results)


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _flat(value)
        else:
            yield value


def _flat_places(places: Any) -> tuple[Any, ...]:
    return places if isinstance(places, tuple) else (places,)


def _described(leaf: Any) -> Any:
    if not isinstance(leaf, Tensor):
        return type(leaf), leaf
    return leaf.shape, leaf.stride(), leaf.dtype, leaf.storage_offset()


def _made(described: Any) -> Tensor | None:
    if described[0] is type(None):
        return None
    shape, stride, dtype, _ = described
    return torch.empty_strided(shape, stride, dtype=dtype, device=META)


def _numbers(like: Tensor, dtype: torch.dtype) -> Tensor:
    """Return what the host reads: numbers from 1 to 2, each time others, in the shape of a tensor; ones if whole."""
    with _disable_current_modes():
        if not dtype.is_floating_point:
            return torch.ones(like.shape, dtype=dtype)
        return torch.rand(like.shape, generator=_READ).add_(1.0).to(dtype)


def _is_gpu(value: Any) -> bool:
    kind = value.type if isinstance(value, torch.device) else value if isinstance(value, str) else ""
    return kind.startswith(("cuda", "mps"))


def _cast(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    return tensor.to(dtype) if tensor.device == META and tensor.dtype in (torch.float32, torch.bfloat16) else tensor


def _waits(func: Any, args: tuple, kwargs: dict) -> str | None:
    """Return why an operation on the GPU waits for it; None if it does not."""
    name = str(func)
    if torch.Tag.data_dependent_output in func.tags or func is _AT._local_scalar_dense.default:
        return f"{name} gives a number to the host"
    masks = [one for one in (args[1] if func in _INDEXING else ()) if one is not None]
    if any(mask.dtype in (torch.bool, torch.uint8) for mask in masks):
        return f"{name} with a mask counts what is chosen"
    if func in _INDEXING:
        return None
    if func is _AT.repeat_interleave.Tensor and kwargs.get("output_size") is not None:
        return None
    return f"{name} has a result whose size the host must know" if torch.Tag.dynamic_output_shape in func.tags else None


_INDEXING = {
    _AT.index.Tensor, _AT.index_put.default, _AT.index_put_.default, _AT._unsafe_index.Tensor,
    _AT._index_put_impl_.default,
}  # fmt: skip


def _stand_in(func: Any, args: tuple, kwargs: dict) -> Any:
    """Return what stands for the result of an operation that waits, in a place that may."""
    if func is _AT._local_scalar_dense.default:
        return _numbers(args[0], args[0].dtype).item()
    if func is _AT.equal.default:
        return True
    if func in (_AT.index_put_.default, _AT._index_put_impl_.default):
        return args[0]
    raise DeviceFault(f"{func} has no stand-in: its result depends on numbers that a pretended GPU has not")
