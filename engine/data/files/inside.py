"""What lies below a path: links are followed while they stay inside of it, folders to a certain depth. Torch-free.

What was inside when a folder was looked through may lead elsewhere when it is read: the open file itself is asked where
it lies.
"""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import BinaryIO

from engine.data import limits
from engine.data.files.listing import printable
from engine.errors import DataError

#: Where Linux tells the path of an open file.
_DESCRIPTORS = "/proc/self/fd"
#: So that a pipe is not waited for, no child has the file, and Windows changes no bytes.
_FLAGS = ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
_NAMED = 3
#: The length of a path on macOS.
_MAC_PATH_BYTES = 1024


class Outside(OSError):
    """A file lies elsewhere, behind a link."""


class Boundary:
    """The path that links may not leave, unless it ``follows`` them; ``left`` are those that do, by their names.

    ``root`` is the path without links, '' where they are followed. Raises OSError for a path that is not there.
    """

    def __init__(self, path: Path, follows: bool = False):
        self.root = "" if follows else os.path.realpath(path, strict=True)
        self.left: dict[str, str] = {}

    def holds(self, entry: os.DirEntry[str]) -> bool:
        """Return whether an entry is no link, or one that leads to what lies inside, or to nothing."""
        if not self.root or not entry.is_symlink():
            return True
        try:
            held = is_inside(os.path.realpath(entry.path, strict=True), self.root)
        except OSError:
            return True
        if not held:
            self.left[entry.path] = entry.name
        return held

    def said(self, kind: str) -> str:
        """Return in words how many links lead out, and how they are followed; '' for none."""
        if not self.left:
            return ""
        names = [*self.left.values()]
        shown = printable(", ".join(names[:_NAMED])) + (", ..." if len(names) > _NAMED else "")
        links = "1 link that leads" if len(names) == 1 else f"{len(names):,} links that lead"
        return f"{links} out of it ({shown}; name it linked-{kind}:PATH to follow links)"


#: Who looks through a folder asks about each entry, from every depth of what it calls.
_boundary: ContextVar[Boundary | None] = ContextVar("boundary", default=None)


@contextmanager
def within(boundary: Boundary) -> Iterator[Boundary]:
    """Let ``holds`` ask this boundary for the time of a ``with``."""
    token = _boundary.set(boundary)
    try:
        yield boundary
    finally:
        _boundary.reset(token)


def holds(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry may be followed: it is no link, or one that stays inside of what is looked through."""
    boundary = _boundary.get()
    return boundary is None or boundary.holds(entry)


def is_inside(path: str, root: str) -> bool:
    """Return whether a path is the root or below it; both without links."""
    return path == root or path.startswith(os.path.join(root, ""))  # noqa: PTH118, a string


def entries_in(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Go through all files and folders below a folder; no link is followed.

    Who bounds the entries bounds the walk, for folders are among them. What cannot be read, or lies too deep, counts
    as empty.
    """
    # By hand: ``os.walk`` recurses before Python 3.12, so that deeply nested folders would end it.
    waiting = [(os.fspath(folder), 0)]
    while waiting:
        place, depth = waiting.pop()
        try:
            with os.scandir(place) as entries:
                found = list(entries)
        except OSError:
            continue
        for entry in found:
            yield entry
            if depth < limits.MAX_DEPTH and is_own_folder(entry):
                waiting.append((entry.path, depth + 1))


def is_own_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a folder and no link to one."""
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


class Count:
    """Counts what was looked at below a path. Raises DataError in one line for too much of it."""

    def __init__(self, name: str):
        self._name, self._entries = name, 0

    def add(self, depth: int = 0) -> None:
        """Count one entry, which lies in so many folders."""
        self._entries += 1
        if self._entries > limits.MAX_ENTRIES:
            raise DataError(f"{self._name} holds more than {limits.MAX_ENTRIES:,} files; name a part of it")
        if depth > limits.MAX_DEPTH:
            raise DataError(f"{self._name} has folders more than {limits.MAX_DEPTH} deep; put the images higher")


def open_inside(path: Path, root: str) -> BinaryIO:
    """Open a usual file that lies below ``root``, a path without links; '' for anywhere.

    Raises Outside, OSError; OSError as well for what is no usual file, which would keep its reader waiting.
    """
    descriptor = os.open(path, os.O_RDONLY | sum(getattr(os, name, 0) for name in _FLAGS))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("no regular file")
        if root and not is_inside(_path_of(descriptor, path), root):
            raise Outside("a link that leads out of the folder")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _path_of(descriptor: int, path: Path) -> str:
    """Return where an open file lies, without links."""
    try:
        return os.readlink(f"{_DESCRIPTORS}/{descriptor}")  # noqa: PTH115, a string
    except OSError:
        pass
    if sys.platform == "darwin":
        import fcntl

        found = fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(_MAC_PATH_BYTES))
        return os.fsdecode(found.partition(b"\0")[0])
    real = os.path.realpath(path, strict=True)
    if not os.path.samestat(os.stat(real, follow_symlinks=False), os.fstat(descriptor)):  # noqa: PTH116, a string
        raise Outside("a link that changed while it was followed")
    return real
