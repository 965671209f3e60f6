"""Counts the bytes of tensors that are alive, storage by storage, and the most there were."""

import weakref
from typing import Any

from torch import Tensor
from torch.utils._pytree import tree_leaves


class LiveBytes:
    """The storages that an operation made and that are still referred to.

    ``now`` and ``peak`` are in bytes; ``restart`` makes the present the peak.
    """

    def __init__(self) -> None:
        self.now = self.peak = 0
        self._known: dict[int, weakref.ref] = {}

    def add(self, results: Any) -> None:
        """Count the storages of an operation's results that are new."""
        for tensor in tree_leaves(results):
            if not isinstance(tensor, Tensor):
                continue
            storage = tensor.untyped_storage()
            key, size = storage._cdata, storage.nbytes()
            if key in self._known:
                continue
            self._known[key] = weakref.ref(storage, lambda _, key=key, size=size: self._gone(key, size))
            self.now += size
            self.peak = max(self.peak, self.now)

    def restart(self) -> None:
        """Forget the peak so far."""
        self.peak = self.now

    def _gone(self, key: int, size: int) -> None:
        del self._known[key]
        self.now -= size
