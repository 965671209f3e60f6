"""The recorded races of a talk in a workspace that is there for a moment: for a file with them inside. Torch-free."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from engine.exchange.recordings import get_recording
from engine.exchange.transfer import import_from
from engine.store.reader import Reader
from engine.store.workspace import Workspace


class RecordedRaces(NamedTuple):
    """A reader of the workspace, in one snapshot, and the race of each recording by name."""

    reader: Reader
    races: dict[str, int]


@contextmanager
def recorded_races(recordings: Sequence[str]) -> Iterator[RecordedRaces]:
    """Yield these recorded races, which are gone after it. Raises SkipscopeError."""
    with TemporaryDirectory(prefix="skipscope-talk-") as folder:
        workspace = Workspace(Path(folder)).prepare()
        races = {
            name: min(import_from(workspace, get_recording(name).path, lambda done, total, what: None).races)
            for name in recordings
        }
        with Reader(workspace) as reader, reader.snapshot():
            yield RecordedRaces(reader, races)
