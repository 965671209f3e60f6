"""Decoded data sets on disk: uint8 .npy files, memory-mapped, checked on load. Torch-free.

    WORKSPACE/data/NAME/                   what ``engine.data.files.array_writer`` writes
    WORKSPACE/data/NAME-pool2/             the same, averaged over 2x2 pixels
    WORKSPACE/data/folder-NAME-PATH-CONTENT-resize32/
                                           of a path; PATH and CONTENT are digests; broken.txt names what was left out

A folder appears under its name by one rename when it is whole, so a half-written one is never used. A lock per data
set makes several processes that start at once decode only once. It is a cache: a damaged folder is made anew, and so
is one whose originals below a path have other names, sizes or times.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import TIMEOUT_MAX
from typing import Any

import numpy as np
from filelock import FileLock

from engine.data.files.array_writer import FORMAT, META, SPLITS, ArrayWriter, digest
from engine.data.files.origin import BROKEN, Origin, PathOrigin, RegisteredOrigin
from engine.data.files.paths import is_path
from engine.data.registry import get_source
from engine.data.source import RawImages, Source, check_pool
from engine.errors import DataError

#: Arrays up to this size are hashed at every load; of larger ones only the size is checked.
HASHED_BYTES = 512 * 2**20
#: Images pooled at a time.
_POOLED = 1024


@dataclass(frozen=True)
class Decoded:
    """A decoded data set, memory-mapped: many workers share one copy in memory. Arrays that are hashed may be written
    to (nobody else sees it), larger ones not. Shapes and units are those of ``engine.data.images.ImageSet``.
    """

    raw: RawImages
    mean: np.ndarray
    scale: float
    checksum: str
    classes: tuple[str, ...]
    remark: str
    #: What was taken for what below a path, in one line; '' for a registered set.
    description: str = ""


def data_folder(workspace: Path) -> Path:
    """Return the folder for downloads and decoded data."""
    return workspace / "data"


def load_decoded(name: str, pool: int, workspace: Path, report: Callable[[str], None], resize: int = 0) -> Decoded:
    """Return the data set ``name`` averaged over ``pool`` x ``pool`` pixels, decoding it if need be.

    ``resize`` is ``DataConfig.resize``. Raises ConfigError when the name is unknown or ``pool`` does not divide the
    image size, DataError when the data are not to be had, do not fit on the disk or the folder cannot be written; each
    in one line.
    """
    origin = PathOrigin(name, resize) if is_path(name) else RegisteredOrigin(get_source(name, resize))
    folder = data_folder(workspace)
    target = folder / (origin.folder if pool == 1 else f"{origin.folder}-pool{pool}")

    def wait() -> bool:
        report(f"waiting for another process that prepares {origin.source.name}")
        return False  # ``report`` may raise to give up

    decoded = _usable(target, origin)
    if decoded is None:
        check_pool(origin.source, pool)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # With a limit, however long: without one filelock refuses to wait for another thread of this process.
            with FileLock(folder / f".{origin.family}.lock").acquire(TIMEOUT_MAX, 0.02, cancel_check=wait):
                decoded = _usable(target, origin)  # another process may have been faster
                if decoded is None:
                    if target.exists():
                        report(f"the decoded copy in {target} is damaged or old; decoding again")
                    _make(origin, pool, target, folder, report)
                    decoded = _written(target)
        except OSError as error:
            raise DataError(f"{folder} cannot be written ({error.strerror or error})") from None
    # Copies of registered sets did not always name their classes.
    return decoded if decoded.classes else replace(decoded, classes=origin.source.classes)


def _usable(target: Path, origin: Origin) -> Decoded | None:
    """Return the copy in ``target``, None when there is none that is right.

    Copies of earlier versions do not say what was taken for what, and hold wide values without their range.
    """
    decoded = _read(target)
    if decoded is None or decoded.description or isinstance(origin, RegisteredOrigin):
        return decoded
    if origin.source.wide:
        return None
    description = origin.description()
    with suppress(OSError, ValueError):  # it is looked through again at the next load
        meta = json.loads((target / META).read_text(encoding="utf-8")) | {"description": description}
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=target, delete=False) as file:
            json.dump(meta, file, indent=1)
        Path(file.name).replace(target / META)
    return replace(decoded, description=description)


def _written(target: Path) -> Decoded:
    """Return a copy that was just written. Raises DataError when it is not what was written."""
    if decoded := _read(target):
        return decoded
    raise DataError(f"what was written to {target} does not read back the same; check the disk")


def _make(origin: Origin, pool: int, target: Path, folder: Path, report: Callable[[str], None]) -> None:
    """Decode the full-size copy unless it is there, then average it. The caller holds the lock."""
    base = folder / origin.folder
    whole = _usable(base, origin) if pool > 1 else None
    _check_space(origin.source, pool, whole is not None, folder)
    if whole is None:
        _put(base, origin.source, 1, lambda writer, place: origin.write(writer, place, folder, report))
        for other in folder.iterdir():
            if origin.outdated(other.name):  # memory maps of it stay valid where it is in use
                shutil.rmtree(other, ignore_errors=True)
    if pool > 1:
        _put(target, origin.source, pool, lambda writer, place: _average(base, pool, writer, place, report))


def _average(base: Path, pool: int, writer: ArrayWriter, place: Path, report: Callable[[str], None]) -> dict[str, Any]:
    """Average the full-size copy over pool x pool pixels, rounded to the nearest of 256 values."""
    arrays = vars(_written(base).raw)
    for split in SPLITS:
        images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
        for start in range(0, len(images), _POOLED):
            piece = images[start : start + _POOLED]
            n, channels, size, _ = piece.shape
            tiles = piece.reshape(n, channels, size // pool, pool, size // pool, pool)
            averaged = np.rint(tiles.mean(axis=(3, 5), dtype=np.float32)).astype(np.uint8)
            writer.append(split, averaged, labels[start : start + _POOLED])
            report(f"averaging {pool}x{pool} pixels: {start + n:,} of {len(images):,} {split} images")
    if (base / BROKEN).exists():
        shutil.copyfile(base / BROKEN, place / BROKEN)
    meta = json.loads((base / META).read_text(encoding="utf-8"))
    return {key: meta[key] for key in ("classes", "images", "broken", "examples", "description") if key in meta}


def _put(target: Path, source: Source, pool: int, fill: Callable[[ArrayWriter, Path], dict[str, Any]]) -> None:
    """Let ``fill`` write a whole folder beside ``target``, then put it in its place. The caller holds the lock."""
    for stale in target.parent.glob(f".{target.name}-*.part"):  # left by a process that was killed
        shutil.rmtree(stale, ignore_errors=True)
    with tempfile.TemporaryDirectory(".part", f".{target.name}-", target.parent, ignore_cleanup_errors=True) as place:
        part = Path(place, "new")
        part.mkdir(0o700)
        with closing(ArrayWriter(part, source.channels, source.image_size // pool)) as writer:
            writer.finish(**fill(writer, part))
        if target.exists():
            target.rename(Path(place, "old"))  # open memory maps of it stay valid
        part.rename(target)


def _read(target: Path) -> Decoded | None:
    """Map the arrays of ``target``; None when it is not there, of another format or not what was written."""
    try:
        meta = json.loads((target / META).read_text(encoding="utf-8"))
        if meta["format"] != FORMAT:
            return None
        arrays = {}
        for name, digested in meta["sha256"].items():
            path = target / f"{name}.npy"
            small = path.stat().st_size <= HASHED_BYTES
            # Copy-on-write where it is hashed. A private writable map of more than the memory may be refused.
            arrays[name] = np.load(path, mmap_mode="c" if small else "r", allow_pickle=False)
            if small and digest(arrays[name]) != digested:
                return None
        mean = arrays.pop("mean")
        checksum = hashlib.sha256("".join(sorted(meta["sha256"].values())).encode()).hexdigest()
        remark = _remark(meta, target) if meta.get("broken") else ""
        classes = tuple(meta.get("classes", ()))
        description = str(meta.get("description", ""))
        return Decoded(RawImages(**arrays), mean, float(meta["scale"]), checksum, classes, remark, description)
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None


def _remark(meta: dict[str, Any], target: Path) -> str:
    examples = ", ".join(meta["examples"]) + (", ..." if meta["broken"] > len(meta["examples"]) else "")
    return (
        f"{meta['broken']} of {meta['images']:,} images cannot be read and are left out: {examples} "
        f"(all of them in {target / BROKEN})"
    )


def _check_space(source: Source, pool: int, has_whole: bool, folder: Path) -> None:
    """Raise DataError when what is to be written does not fit on the disk."""
    whole = (source.train_images + source.test_images) * source.channels * source.image_size**2
    needed = (0 if has_whole else whole) + (whole // pool**2 if pool > 1 else 0)
    free = shutil.disk_usage(folder).free
    if needed > free:
        smaller = ", or decode fewer pixels with --set data.resize=32" if source.name.partition(":")[1] else ""
        raise DataError(
            f"{source.name} takes {needed / 1e6:,.0f} MB decoded, and {folder} has {free / 1e6:,.0f} MB left; "
            f"free some or move the workspace{smaller}"
        )
