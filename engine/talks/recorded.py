"""Recorded races for talks, in a folder of this process: they become races of nobody's workspace. Torch-free."""

import atexit
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import DataError
from engine.exchange.recordings import get_recording
from engine.exchange.transfer import import_from
from engine.store.reader import Reader
from engine.store.workspace import Workspace


class RecordedRaces:
    """The recorded races that were asked for so far; any thread may ask. The folder goes with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._workspace: Workspace | None = None
        self._races: dict[str, int] = {}

    @contextmanager
    def opened(self, name: str) -> Iterator[tuple[Reader, int]]:
        """Yield a reader in one snapshot and the race of a recording, unpacked at the first call.

        Raises SkipscopeError.
        """
        with self._lock:
            workspace = self._workspace = self._workspace or _temporary()
            if name not in self._races:
                imported = import_from(workspace, get_recording(name).path, lambda done, total, what: None)
                self._races[name] = min(imported.races)
        with Reader(workspace) as reader, reader.snapshot():
            yield reader, self._races[name]


def _temporary() -> Workspace:
    try:
        folder = Path(tempfile.mkdtemp(prefix="skipscope-talk-"))
    except OSError as error:
        raise DataError(f"there is no folder for recorded races ({error.strerror}); TMPDIR names one") from None
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Workspace(folder).prepare()
