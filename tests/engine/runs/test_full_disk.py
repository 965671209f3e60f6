"""A real engine on a disk that is full for a while: its runs wait, are told, and go on without a gap."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from engine.errors import DiskFull
from engine.events import RunState, Split
from engine.runs.client.observer import observe
from engine.store.reader import Reader
from tests.engine.runs.conftest import EngineRoom

WORDS = "the disk of the workspace is full (0 MB free)"


@pytest.fixture
def small_room(tmp_path):
    """A workspace without an engine on a disk of 48 MB: the decoded images take 20."""
    command = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(tmp_path)]
    if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    made = EngineRoom(tmp_path / "workspace")
    yield made
    made.close()
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def fill(ballast: Path) -> None:
    with ballast.open("ab", buffering=0) as file:
        for size in (2**20, 4096, 1):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)


def seen(room, run):
    with Reader(room.workspace) as reader:
        return observe(reader).get(run)


@pytest.mark.slow
def test_runs_wait_for_room_and_go_on(small_room):
    room = small_room
    room.start(launcher="faulty")
    runs = room.race()
    for run in runs:
        room.until_step(run, 5)
    ballast = room.workspace.path.parent / "ballast"

    def is_told() -> bool:
        fill(ballast)  # what is freed meanwhile, too
        return all((told := seen(room, run)) is not None and WORDS in told.detail for run in runs)

    room.until(is_told)
    assert all(seen(room, run).state == RunState.RUNNING for run in runs)
    with pytest.raises(DiskFull, match="free some space"):
        room.control.commands.ask("pause", runs[0])
    steps = {run: room.row(run).step for run in runs}
    ballast.unlink()
    room.until(lambda: not any(seen(room, run) for run in runs))
    for run in runs:
        room.until_step(run, steps[run] + 20)
        with Reader(room.workspace) as reader:
            recorded = reader.points.series(run, Split.TRAIN).columns["step"].tolist()
        assert recorded == list(range(1, len(recorded) + 1))
