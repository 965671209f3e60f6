"""Decoded data sets on disk: uint8 .npy files, memory-mapped, checked on load. Torch-free.

    WORKSPACE/data/NAME/            train_images.npy train_labels.npy test_images.npy test_labels.npy mean.npy meta.json
    WORKSPACE/data/NAME-pool2/      the same, averaged over 2x2 pixels

A folder appears under its name by one rename when it is whole, so a half-written one is never used. A lock per data
set makes several processes that start at once decode only once. It is a cache: a damaged folder is made anew.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from engine.data.raw import RawImages
from engine.data.registry import Source, check_pool, get_source
from engine.errors import DataError

#: Raised by one when what is written changes, so that older folders are made anew.
FORMAT = 1
#: Whoever waits for another process is asked so often whether it still wants to.
_WAIT_S = 0.25
_META = "meta.json"


@dataclass(frozen=True)
class Decoded:
    """A decoded data set, memory-mapped copy-on-write: many workers share one copy in memory.

    Shapes: ``mean`` float32 (channels, S, S), the per-pixel mean of the training set. ``scale`` is the standard
    deviation of the training set around it, one number. ``checksum`` identifies the content.
    """

    raw: RawImages
    mean: np.ndarray
    scale: float
    checksum: str


def data_folder(workspace: Path) -> Path:
    """Return the folder for downloads and decoded data."""
    return workspace / "data"


def is_cached(name: str, workspace: Path) -> bool:
    """Return whether ``name`` was decoded before, at its full size."""
    return (data_folder(workspace) / name / _META).is_file()


def load_decoded(name: str, pool: int, workspace: Path, report: Callable[[str], None]) -> Decoded:
    """Return the data set ``name`` averaged over ``pool`` x ``pool`` pixels, decoding it if need be.

    Raises ConfigError when the name is unknown or ``pool`` does not divide the image size, DataError when the data
    are not to be had or the folder cannot be written; each in one line.
    """
    source = get_source(name)
    check_pool(source, pool)
    folder = data_folder(workspace)
    target = folder / (name if pool == 1 else f"{name}-pool{pool}")
    if decoded := _read(target):
        return decoded
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _lock(folder / f".{name}.lock", name, report):
            if decoded := _read(target):  # another process was faster
                return decoded
            if target.exists():
                report(f"the decoded copy in {target} is damaged or old; decoding again")
            raw = _decode(source, folder, report) if pool == 1 else _pooled(folder / name, source, pool, folder, report)
            _write(raw, target)
    except OSError as error:
        raise DataError(f"{folder} cannot be written ({error.strerror or error})") from None
    if decoded := _read(target):
        return decoded
    raise DataError(f"what was written to {target} does not read back the same; check the disk")


def _decode(source: Source, folder: Path, report: Callable[[str], None]) -> RawImages:
    """Run the source's loader and check what it returns against the registry."""
    module, function = source.loader.split(":")
    raw = getattr(import_module(module), function)(folder, report)
    shape = (source.channels, source.image_size, source.image_size)
    for split, images in (("train", source.train_images), ("test", source.test_images)):
        pixels, labels = raw.arrays()[f"{split}_images"], raw.arrays()[f"{split}_labels"]
        if pixels.dtype != np.uint8 or pixels.shape != (images, *shape) or labels.shape != (images,):
            raise DataError(f"{source.name}: {split} images are {pixels.shape}, expected {(images, *shape)}")
        if labels.min() < 0 or labels.max() >= len(source.classes):
            raise DataError(f"{source.name}: {split} labels lie outside 0 to {len(source.classes) - 1}")
    return raw


def _pooled(base: Path, source: Source, pool: int, folder: Path, report: Callable[[str], None]) -> RawImages:
    """Average the full-size copy over pool x pool pixels, rounded to the nearest of 256 values."""
    decoded = _read(base)
    if decoded is None:
        raw = _decode(source, folder, report)
        _write(raw, base)
    else:
        raw = decoded.raw
    arrays = dict(raw.arrays())
    for name in ("train_images", "test_images"):
        n, channels, size, _ = arrays[name].shape
        tiles = arrays[name].reshape(n, channels, size // pool, pool, size // pool, pool)
        arrays[name] = np.rint(tiles.mean(axis=(3, 5), dtype=np.float32)).astype(np.uint8)
    return RawImages(**arrays)


def _write(raw: RawImages, target: Path) -> None:
    """Write a whole folder beside ``target``, then put it in its place. The caller holds the lock."""
    for stale in target.parent.glob(f".{target.name}-*.part"):  # left by a process that was killed
        shutil.rmtree(stale, ignore_errors=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".part", dir=target.parent))
    try:
        mean = raw.train_images.mean(axis=0, dtype=np.float64)
        squares = np.mean([np.square(chunk - mean).mean() for chunk in np.array_split(raw.train_images, 20)])
        arrays = {name: array.astype(np.uint8 if array.ndim == 4 else np.int64) for name, array in raw.arrays().items()}
        arrays["mean"] = mean.astype(np.float32)
        for name, array in arrays.items():
            np.save(part / f"{name}.npy", array, allow_pickle=False)
        meta = {
            "format": FORMAT,
            "scale": float(np.sqrt(squares)) or 1.0,
            "sha256": {name: _digest(array) for name, array in arrays.items()},
        }
        (part / _META).write_text(json.dumps(meta, indent=1))
        if target.exists():
            discarded = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".part", dir=target.parent))
            target.rename(discarded / "old")  # open memory maps of it stay valid
            shutil.rmtree(discarded, ignore_errors=True)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _read(target: Path) -> Decoded | None:
    """Map the arrays of ``target``; None when it is not there, of another format or not what was written."""
    try:
        meta = json.loads((target / _META).read_text())
        if meta["format"] != FORMAT:
            return None
        arrays = {}
        for name, digest in meta["sha256"].items():
            arrays[name] = np.load(target / f"{name}.npy", mmap_mode="c", allow_pickle=False)
            if _digest(arrays[name]) != digest:
                return None
        mean = arrays.pop("mean")
        checksum = hashlib.sha256("".join(sorted(meta["sha256"].values())).encode()).hexdigest()
        return Decoded(RawImages(**arrays), mean, float(meta["scale"]), checksum)
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None


def _digest(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def _lock(path: Path, name: str, report: Callable[[str], None]) -> FileLock:
    """Take the data set's lock; while another process holds it, ``report`` is called again and again and may raise."""
    lock = FileLock(path, poll_interval=0.02)
    while True:
        try:
            return lock.acquire(timeout=_WAIT_S)
        except Timeout:
            report(f"waiting for another process that prepares {name}")
