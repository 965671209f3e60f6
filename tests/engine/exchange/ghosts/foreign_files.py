"""Files of other people, as their own tools write them, and a race that lines stand beside."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest

from engine.exchange.ghosts.importing import LinesRequest, import_lines
from engine.store.reader import Reader
from engine.store.rows import GhostLineRow
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.engine.exchange.recorded_workspace import small_race

QUIET = lambda done, total, what: None  # noqa: E731
#: How many mutations, and which: those of another seed are others. Ten thousand come in parts, each with its time.
MUTATIONS = (
    pytest.param(40, 0, id="40"),
    pytest.param(300, 1, id="300", marks=pytest.mark.slow),
    *(pytest.param(2_000, part, id=f"2000 of 10000, part {part}", marks=pytest.mark.long) for part in range(2, 7)),
)
ERROR = {"acc": "train_accuracy:fraction"}


def with_race(workspace: Workspace) -> int:
    """Write a race of four runs; return it."""
    with Writer(workspace.prepare()) as writer:
        return writer.races.submit(small_race())[0]


def table(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def taken(workspace: Workspace, path: Path, columns: Mapping[str, str] = ERROR, **request) -> list[GhostLineRow]:
    return import_lines(workspace, path, LinesRequest(columns, **request), QUIET)


def points(workspace: Workspace, line: int) -> tuple[np.ndarray, np.ndarray]:
    with Reader(workspace) as reader:
        return reader.ghosts.points(line)


def stored(workspace: Workspace) -> list[GhostLineRow]:
    with Reader(workspace) as reader:
        return reader.ghosts.all()


def records(events: Iterable[bytes]) -> bytes:
    """Return an event file of these events, by TensorBoard's own writer of records."""
    import io

    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.record_writer import RecordWriter

    file = io.BytesIO()
    writer = RecordWriter(file)
    for data in (Event(wall_time=1.0, file_version="brain.Event:2").SerializeToString(), *events):
        writer.write(data)
    return file.getvalue()


def scalar(tag: str, step: int, value: float, *, as_tensor: bool = False) -> bytes:
    """Return an event with one scalar: as TensorFlow 1 and PyTorch write it, or as TensorFlow 2 does."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    part = Summary.Value(tag=tag)
    if as_tensor:
        part.metadata.plugin_data.plugin_name = "scalars"
        part.tensor.dtype = 1
        part.tensor.tensor_content = np.float32(value).tobytes()
    else:
        part.simple_value = value
    return Event(wall_time=1.0, step=step, summary=Summary(value=[part])).SerializeToString()
