"""Writes an archive of this project's as a folder: whole or not at all. Torch-free."""

import shutil
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from engine.errors import DataError


def unpacked(write: Callable[[BinaryIO], None], out: Path, *, replace: bool = False) -> int:
    """Unpack what ``write`` writes, a zip, into the folder ``out``; return the bytes of its files.

    An empty folder is filled. ``replace`` takes the place of an earlier export, which holds no file of another name.
    Raises DataError for a path that is taken or cannot be written.
    """
    part = None
    try:
        _check_writable(out, replace)
        with tempfile.TemporaryFile() as file:
            write(file)
            with zipfile.ZipFile(file) as archive:
                _check_free(out, {Path(name).name for name in archive.namelist()} if replace else set())
                place = _place(out)
                part = Path(tempfile.mkdtemp(prefix=f".{place.name}-", suffix=".part", dir=place.parent))
                archive.extractall(part / "new")
                size = sum(info.file_size for info in archive.infolist())
        _put(part, place)
    except OSError as error:
        raise DataError(f"{out} cannot be written ({error.strerror or error}); name another folder") from None
    finally:
        if part is not None:
            with suppress(OSError):
                shutil.rmtree(part)
    return size


def _check_writable(out: Path, replace: bool) -> None:
    """Raise DataError, or OSError, for a place that shows already that it takes no folder: writing may take minutes."""
    if not replace or not out.is_dir():
        _check_free(out, set())
    tempfile.TemporaryDirectory(prefix=f".{out.name}-", suffix=".part", dir=_place(out).parent).cleanup()


def _place(out: Path) -> Path:
    """Return the whole path of a folder. Raises DataError where it is the working directory, or that lies inside."""
    place = out.resolve()
    if Path.cwd().is_relative_to(place):
        raise DataError(f"{out} is the folder that this command works in, or holds it; name another folder")
    return place


def _put(part: Path, place: Path) -> None:
    """Put the new folder in ``part`` in its place; an earlier one goes when it is there, and comes back otherwise."""
    old = part / "old"
    if place.is_dir():
        place.rename(old)
    try:
        (part / "new").rename(place)
    except OSError:
        if old.is_dir():
            old.rename(place)
        raise


def _check_free(out: Path, ours: set[str]) -> None:
    """Raise DataError unless nothing is lost where ``out`` is replaced by a folder."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise DataError(f"{out} is no folder, and stays; name another folder")
    if not out.exists():
        return
    inside = [path for path in out.rglob("*") if path.is_symlink() or not path.is_dir()]
    if [path for path in inside if path.is_symlink() or path.name not in ours]:
        what = (
            "holds other files, and stays; name another folder"
            if ours
            else "is not empty; name another folder, or add --replace"
        )
        raise DataError(f"{out} {what}")
