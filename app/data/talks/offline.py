"""What the file of a talk is made from: its recordings, in a workspace that is there while the file is written."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from app.data.workspace import lent
from engine.exchange.recordings import get_recording
from engine.exchange.transfer import import_from
from engine.store.reader import Reader
from engine.store.workspace import Workspace


@contextmanager
def opened(recordings: Sequence[str]) -> Iterator[dict[str, int]]:
    """Lend a workspace with these recorded races to all reads within; yield the race of each. Raises SkipscopeError."""
    with TemporaryDirectory(prefix="skipscope-talk-") as folder:
        workspace = Workspace(Path(folder)).prepare()
        races = {
            name: min(import_from(workspace, get_recording(name).path, lambda done, total, what: None).races)
            for name in recordings
        }
        if not races:
            yield {}
            return
        with Reader(workspace) as reader, reader.snapshot(), lent(reader):
            yield races
