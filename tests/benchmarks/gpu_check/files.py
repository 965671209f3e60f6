"""The files of a check: regular ones alone are opened, and what the system refuses is one line. Torch-free."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from engine.errors import ConfigError, DataError
from engine.exchange.transfer import to_file

#: Bytes of a document; a whole check has some thousands.
MAX_BYTES = 2**24
#: A pipe would keep whoever opens it waiting for ever.
_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def named(text: str, option: str) -> Path:
    """Return the path of an option. Raises ConfigError for what names no file."""
    path = Path(text)
    if not path.name or path.name == ".." or not text.isprintable():
        raise ConfigError(f"{option} names a file (got {ascii(text)[:60]})")
    return path


@contextmanager
def refusals(path: Path, what: str) -> Iterator[None]:
    """Turn what the system refuses into a DataError of one line; ``what`` could not be done to the path."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{path} cannot be {what} ({error.strerror or error})") from None


def content(path: Path) -> bytes:
    """Return what a regular file holds. Raises DataError."""
    with refusals(path, "read"), opened(path, os.O_RDONLY) as file:
        found = file.read(MAX_BYTES + 1)
    if len(found) > MAX_BYTES:
        raise DataError(f"{path} cannot be read (it has more than {MAX_BYTES:,} bytes)")
    return found


def write_whole(path: Path, text: str, *, replace: bool) -> None:
    """Write a file whole or not at all. Raises DataError, also for a path that is taken."""
    with refusals(path, "written"):
        to_file(path, lambda file: file.write(text.encode()) and None, replace=replace)


def opened(path: Path, flags: int) -> BinaryIO:
    """Open a regular file by the flags of ``os.open``. Raises DataError for another kind, OSError."""
    handle = os.open(path, flags | _AT_ONCE, 0o666)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise DataError(f"{path} is no usual file, and stays; name another file")
    modes = {os.O_RDONLY: "rb", os.O_WRONLY: "ab", os.O_RDWR: "rb+"}
    return os.fdopen(handle, modes[flags & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)])


class Log:
    """The log of one check, which no other check has as long as this one goes on. Made where absent.

    Raises DataError for one that another process has, and for no usual file.
    """

    def __init__(self, path: Path):
        self.path = path
        with refusals(path, "written"):
            # A link to nowhere is there too.
            self.is_new = not os.path.lexists(path)
            made = os.O_CREAT | os.O_EXCL if self.is_new else 0
            self._file = opened(path, os.O_RDWR | made)
        try:
            self._lock()
        except OSError:
            self._file.close()
            raise DataError(f"{path} belongs to a check that goes on; wait until it has ended") from None

    def begins_with(self, mark: bytes) -> bool:
        """Return whether the log is empty or begins so."""
        with refusals(self.path, "read"):
            self._file.seek(0)
            return self._file.read(len(mark)) in (b"", mark)

    def clear(self) -> None:
        """Empty the log."""
        with refusals(self.path, "written"):
            self._file.truncate(0)

    def appending(self) -> BinaryIO:
        """Open the log anew to write at its end; children may keep that one, and the lock is not theirs."""
        with refusals(self.path, "written"):
            return opened(self.path, os.O_WRONLY | os.O_APPEND)

    def close(self, *, forget: bool = False) -> None:
        """Let others have the log; with ``forget`` one that was made here is deleted."""
        if forget and self.is_new:
            self.path.unlink(missing_ok=True)
        self._file.close()

    def _lock(self) -> None:
        """Raise OSError where another has the lock."""
        if os.name == "posix":
            import fcntl

            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
