"""A small pool of read connections: threads of pages are short-lived, and opening a database costs more than a read."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Connections kept open for reuse.
POOLED = 8
File = tuple[int, int]


class ConnectionPool:
    """Reusable connections to the database at ``path``, opened by ``make``; a replaced database gets new ones."""

    def __init__(self, path: Path, make: Callable[[], Any]):
        self._path, self._make = path, make
        self._files = os.fspath(path), f"{os.fspath(path)}-wal"
        self._lock = threading.Lock()
        self._idle: list[tuple[File | None, Any]] = []
        self._closed = False

    def file(self) -> File | None:
        """Return the identity of the database's file, (device, inode); None without a file."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def log_mark(self) -> tuple[int, ...] | None:
        """Return what a write changes: the file's identity, and file, size and time of SQLite's log; None without both.

        Costs no query. A write in the same tick of the system's clock as the one before may leave it as it was.
        """
        try:
            file, log = map(os.stat, self._files)
        except OSError:
            return None
        return file.st_dev, file.st_ino, log.st_ino, log.st_size, log.st_mtime_ns

    @contextmanager
    def acquire(self) -> Iterator[Any]:
        """Give a connection to one thread; after an error it is closed, not reused. Raises what ``make`` raises."""
        file = self.file()
        connection = self._take(file) or self._make()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._lock:
            # A frozen connection would miss what is written once the disk takes writes again.
            if not self._closed and file is not None and len(self._idle) < POOLED and not connection.is_frozen:
                self._idle.append((file, connection))
                return
        connection.close()

    def _take(self, file: File | None) -> Any | None:
        with self._lock:
            while self._idle:
                made_for, connection = self._idle.pop()
                if made_for == file:
                    return connection
                connection.close()
        return None

    def close(self) -> None:
        """Close idle connections now, and connections in use after their use."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()
