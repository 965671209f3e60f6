"""A state of a training as a plain tree and the bytes of its tensors, without pickle, and back.

A tree has JSON's values alone. ``{"tensor": [type, shape]}`` stands for the next bytes. ``{"map": [[key, value]]}``,
``{"list": [...]}`` and ``{"tuple": [...]}`` hold trees. ``{"float": "nan"}`` is a float that JSON does not know.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch

from engine.errors import CheckpointError

#: The types of tensors by name, all little-endian.
_TYPES = {
    str(kind).removeprefix("torch."): kind
    for kind in (
        torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
        torch.uint8, torch.bool,
    )
}  # fmt: skip
_MAX_LEVELS, _MAX_DIMENSIONS, _MAX_SIDE = 12, 8, 2**31
_ODD = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def to_plain(state: Any) -> tuple[Any, bytes]:
    """Return the tree of a state and the bytes of its tensors. Raises CheckpointError for other values."""
    blocks: list[bytes] = []
    return _plain(state, blocks, _MAX_LEVELS), b"".join(blocks)


def _plain(value: Any, blocks: list[bytes], levels: int) -> Any:
    if not levels:
        raise CheckpointError("the checkpoint is nested too deeply to be exported")
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else {"float": str(value)}
        case torch.Tensor() if str(value.dtype).removeprefix("torch.") in _TYPES:
            flat = value.detach().cpu().contiguous().reshape(-1)
            blocks.append(flat.view(torch.uint8).numpy().tobytes())
            return {"tensor": [str(value.dtype).removeprefix("torch."), list(value.shape)]}
        case dict():
            return {"map": [[_key(key), _plain(each, blocks, levels - 1)] for key, each in value.items()]}
        case list() | tuple():
            kind = "list" if isinstance(value, list) else "tuple"
            return {kind: [_plain(each, blocks, levels - 1) for each in value]}
    raise CheckpointError(f"the checkpoint holds a {type(value).__name__}, which cannot be exported")


def _key(key: Any) -> str | int:
    if isinstance(key, str | int) and not isinstance(key, bool):
        return key
    raise CheckpointError(f"the checkpoint has a {type(key).__name__} as a key, which cannot be exported")


def from_plain(tree: Any, data: bytes) -> Any:
    """Return the state of a tree and its bytes. Raises CheckpointError in one line, before any tensor is too large."""
    blocks = _Blocks(data)
    state = _state(tree, blocks, _MAX_LEVELS)
    if blocks.left:
        raise CheckpointError("the tensors of a checkpoint are longer than its tree says")
    return state


class _Blocks:
    def __init__(self, data: bytes):
        self._data, self._at = memoryview(data), 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytearray:
        if size > self.left:
            raise CheckpointError("the tensors of a checkpoint are shorter than its tree says")
        block = bytearray(self._data[self._at : self._at + size])
        self._at += size
        return block


def _state(tree: Any, blocks: _Blocks, levels: int) -> Any:
    if levels and (tree is None or isinstance(tree, bool | int | float | str)):
        return tree
    if not levels or not isinstance(tree, dict) or len(tree) != 1:
        raise CheckpointError("the tree of a checkpoint is damaged")
    ((kind, value),) = tree.items()
    match kind, value:
        case "float", str() if value in _ODD:
            return _ODD[value]
        case "tensor", [str() as name, list() as shape] if name in _TYPES and _is_shape(shape):
            return _tensor(_TYPES[name], shape, blocks)
        case "map", list():
            return dict(_pairs(value, blocks, levels))
        case "list" | "tuple", list():
            parts = [_state(each, blocks, levels - 1) for each in value]
            return parts if kind == "list" else tuple(parts)
    raise CheckpointError("the tree of a checkpoint is damaged")


def _pairs(pairs: list[Any], blocks: _Blocks, levels: int) -> Iterator[tuple[str | int, Any]]:
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or isinstance(pair[0], bool | float | list | dict | None):
            raise CheckpointError("the tree of a checkpoint is damaged")
        yield pair[0], _state(pair[1], blocks, levels - 1)


def _is_shape(shape: list[Any]) -> bool:
    whole = all(isinstance(side, int) and not isinstance(side, bool) and 0 <= side < _MAX_SIDE for side in shape)
    return whole and len(shape) <= _MAX_DIMENSIONS


def _tensor(kind: torch.dtype, shape: list[int], blocks: _Blocks) -> torch.Tensor:
    size = math.prod(shape) * kind.itemsize
    if not size:
        return torch.empty(shape, dtype=kind)
    block = blocks.take(size)
    if kind == torch.bool and any(block.translate(None, b"\0\1")):
        raise CheckpointError("a truth value of a checkpoint is neither 0 nor 1")
    return torch.frombuffer(block, dtype=kind).reshape(shape)
