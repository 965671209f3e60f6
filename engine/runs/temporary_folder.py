"""Folders of temporary files in the workspace: of an engine and its workers, a benchmark, an import. Torch-free.

The fork server listens on a socket, whose path has at most 107 bytes. Where the folder's own path is longer, the engine
names the folder by an open descriptor. Where the workspace's file system takes no sockets, or without ``/proc``, the
socket alone lies in a folder of the system's temporary folder; the next engine removes what a killed engine left there.
"""

import contextlib
import hashlib
import logging
import multiprocessing
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from engine.hardware.machine import ProcessId, this_process
from engine.store.workspace import Workspace

#: Bytes of a socket's path on every system, without the closing zero.
MAX_SOCKET_PATH = 103
#: What multiprocessing adds to the folder's path.
_SOCKET = "/listener-xxxxxxxx"
#: The variables that name the temporary folder to Python, C libraries and compilers.
_VARIABLES = ("TMPDIR", "TEMP", "TMP")

_log = logging.getLogger(__name__)


class TemporaryFolder:
    """The temporary files of this process and its descendants, which inherit the folder by the environment.

    A context manager; ``removed``: remove the folder at its end.
    """

    def __init__(self, workspace: Workspace, removed: bool = False):
        self._is_removed = removed
        me = this_process()
        self.path = workspace.temporary / f"{me.pid}-{me.started:.0f}"
        digest = hashlib.sha256(os.fsencode(workspace.path)).hexdigest()[:8]
        self._prefix = f"skipscope-{digest}-"
        self._before: dict[str, str] = {}
        self._descriptor: int | None = None
        self._outside: Path | None = None

    def __enter__(self) -> Self:
        self.path.mkdir(parents=True, exist_ok=True)
        self._before = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
        if hasattr(socket, "AF_UNIX"):
            # The folder of multiprocessing's sockets, which it would else make itself, and remove too late.
            _multiprocessing_config()["tempdir"] = self._for_sockets()
        os.environ.update(dict.fromkeys(_VARIABLES, str(self.path)))
        tempfile.tempdir = None  # read again
        return self

    def __exit__(self, *_: object) -> None:
        for name in _VARIABLES:
            os.environ.pop(name, None)
        os.environ.update(self._before)
        tempfile.tempdir = None
        _multiprocessing_config().pop("tempdir", None)
        if self._descriptor is not None:
            os.close(self._descriptor)
        if self._outside is not None:
            shutil.rmtree(self._outside, ignore_errors=True)
        if self._is_removed:
            self.remove()

    def remove(self) -> None:
        """Remove the folder. Call it when no worker is left."""
        remove_folder(self.path)

    def sweep(self) -> None:
        """Remove the folders of engines that are gone. Call it when none of their workers is left."""
        places = [(self.path.parent, ""), *((place, self._prefix) for place in self._system_folders())]
        for place, prefix in places:
            with contextlib.suppress(OSError):
                for folder in place.glob(f"{prefix}*"):
                    if folder not in {self.path, self._outside} and _is_left(folder.name.removeprefix(prefix)):
                        _log.info("removing the temporary files of an engine that is gone: %s", folder)
                        shutil.rmtree(folder, ignore_errors=True)

    def _for_sockets(self) -> str:
        """Return a name of a folder that takes sockets, short enough for one."""
        if _takes_sockets(str(self.path)):
            return str(self.path)
        if Path("/proc/self/fd").is_dir():
            self._descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            if _takes_sockets(name := f"/proc/{os.getpid()}/fd/{self._descriptor}"):
                return name
        for place in self._system_folders():
            with contextlib.suppress(OSError):
                folder = Path(tempfile.mkdtemp(prefix=f"{self._prefix}{self.path.name}-", dir=place))
                if _takes_sockets(str(folder)):
                    _log.info("the workspace takes no sockets; that of the fork server lies in %s", folder)
                    self._outside = folder
                    return str(folder)
                folder.rmdir()
        return str(self.path)  # the start of the fork server names the reason

    def _system_folders(self) -> list[Path]:
        named = [os.environ.get("XDG_RUNTIME_DIR"), *(self._before.get(name) for name in _VARIABLES)]
        # Safe there: the folder is made new, for this user alone.
        return list(dict.fromkeys(Path(place) for place in [*named, "/tmp"] if place))  # noqa: S108


def new_folder(workspace: Workspace, purpose: str) -> Path:
    """Make a folder for files of this process inside of the workspace, and return it.

    ``remove_folder`` removes it; that of a killed process goes with the next engine.
    """
    me = this_process()
    while True:
        workspace.temporary.mkdir(parents=True, exist_ok=True)
        # An engine that ends removes the empty folder around it.
        with contextlib.suppress(FileNotFoundError):
            return Path(tempfile.mkdtemp(prefix=f"{me.pid}-{me.started:.0f}-{purpose}-", dir=workspace.temporary))


def remove_folder(folder: Path) -> None:
    """Remove a folder of temporary files, and the one around it when it is the last."""
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()


@contextlib.contextmanager
def own_folder(workspace: Workspace, purpose: str) -> Iterator[Path]:
    """Yield a ``new_folder`` that goes at the end."""
    folder = new_folder(workspace, purpose)
    try:
        yield folder
    finally:
        remove_folder(folder)


def _multiprocessing_config() -> dict[str, str]:
    config: dict[str, str] = multiprocessing.current_process()._config  # type: ignore[attr-defined]
    return config


def _takes_sockets(folder: str) -> bool:
    name = folder + _SOCKET
    if len(os.fsencode(name)) > MAX_SOCKET_PATH:
        return False
    try:
        with socket.socket(socket.AF_UNIX) as trial:
            trial.bind(name)
        Path(name).unlink()
    except OSError:
        return False
    return True


def _is_left(name: str) -> bool:
    """Return whether the engine of a folder ``PID-STARTED`` or ``PID-STARTED-...`` is gone; False for other names."""
    pid, _, started = name.partition("-")
    started = started.partition("-")[0]
    return pid.isdigit() and started.isdigit() and not ProcessId(int(pid), float(started)).lives()
