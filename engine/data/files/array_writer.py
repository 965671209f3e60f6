"""Writes one decoded set into a folder, piece by piece: memory needed does not grow with the set. Torch-free.

    train_images.npy train_labels.npy test_images.npy test_labels.npy mean.npy meta.json

Mean and scale of the training set are computed exactly, from sums of whole numbers, while the pieces pass by.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

#: Raised by one when what is written changes, so that older folders are made anew.
FORMAT = 1
META = "meta.json"
SPLITS = ("train", "test")
#: Images are summed up in pieces of about this size.
_PIECE_BYTES = 1 << 22


class ArrayWriter:
    """Takes images in order. Shapes: uint8 (k, channels, S, S) with labels (k,), any k at a time."""

    def __init__(self, folder: Path, channels: int, size: int):
        self._folder, self._shape = folder, (channels, size, size)
        self._images = {split: _ImageFile(folder / f"{split}_images.npy", self._shape) for split in SPLITS}
        self._labels: dict[str, list[np.ndarray]] = {split: [] for split in SPLITS}
        self._sum = np.zeros(self._shape, np.int64)
        self._squares = np.zeros(self._shape, np.int64)

    def append(self, split: str, images: np.ndarray, labels: np.ndarray) -> None:
        """Write images of a split after those before. Raises OSError when the disk is full."""
        each = max(1, _PIECE_BYTES // int(np.prod(self._shape)))
        for start in range(0, len(images), each):
            piece = np.ascontiguousarray(images[start : start + each])
            self._images[split].append(piece)
            if split == "train":
                self._sum += piece.sum(0, dtype=np.int64)
                self._squares += np.square(piece, dtype=np.uint16).sum(0, dtype=np.int64)
        self._labels[split].append(np.array(labels, np.int64))

    def finish(self, **more: Any) -> None:
        """Write what is left: labels, mean, and the meta data with ``more`` in it."""
        digests = {f"{split}_images": file.finish() for split, file in self._images.items()}
        images = self._images["train"].images
        mean = self._sum / images
        scale = float(np.sqrt(np.mean(self._squares / images - np.square(mean)).clip(0)))
        small = {f"{split}_labels": np.concatenate(pieces) for split, pieces in self._labels.items()}
        small["mean"] = mean.astype(np.float32)
        for name, array in small.items():
            np.save(self._folder / f"{name}.npy", array, allow_pickle=False)
            digests[name] = digest(array)
        meta = {"format": FORMAT, "scale": scale or 1.0, "sha256": digests, **more}
        (self._folder / META).write_text(json.dumps(meta, indent=1), encoding="utf-8")
        self.close()

    def close(self) -> None:
        """Let go of the files, finished or not."""
        for images in self._images.values():
            images.file.close()


class _ImageFile:
    """An .npy file that grows; its header is written again when the number of images is known.

    By hand: ``numpy.lib.format.open_memmap`` needs the number first, and broken images are not counted before.
    """

    def __init__(self, path: Path, shape: tuple[int, int, int]):
        self._shape, self.images = shape, 0
        self._hash = hashlib.sha256()
        self.file = path.open("wb")
        self._header()
        self._begins = self.file.tell()

    def append(self, piece: np.ndarray) -> None:
        self.file.write(piece.data)
        self._hash.update(piece.data)
        self.images += len(piece)

    def finish(self) -> str:
        self.file.seek(0)
        self._header()
        # numpy leaves room in the header for the first axis to grow.
        assert self.file.tell() == self._begins
        return self._hash.hexdigest()

    def _header(self) -> None:
        shape = (self.images, *self._shape)
        npy.write_array_header_1_0(self.file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def digest(array: np.ndarray) -> str:
    """Return the SHA-256 of an array's bytes in C order."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
