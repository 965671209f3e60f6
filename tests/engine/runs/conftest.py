"""Real engines in temporary workspaces. Every process that a test starts is ended by its pid."""

import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from engine.config import RaceConfig
from engine.errors import CommandRefused
from engine.events import ENDED, RunState
from engine.paths import PROJECT
from engine.runs.client.control import Control
from engine.runs.lockstep import SharedSteps
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.rows import RunRow
from engine.store.workspace import Workspace
from tests.engine.runs.faults import ENDLESS

#: A net that does a step in about 10 ms.
TINY = {"width": "4", "pool": "4", "precision": "fp32"}
#: Nothing takes so long on an idle machine; a busy one is no failure.
PATIENCE_S = 100.0
#: Seconds between two looks at the processes that an engine has started.
FAMILY_S = 0.25


def write_checkpoint(path: Path, text: str) -> int:
    """Write a whole checkpoint file that holds a text in place of a state; return its size in bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", text)
    return path.stat().st_size


def read_checkpoint(path: Path) -> str:
    """Return the text of ``write_checkpoint``."""
    with zipfile.ZipFile(path) as archive:
        return archive.read("archive/data.pkl").decode()


class EngineRoom:
    """One workspace, its engine and everything that descends from it."""

    def __init__(self, path: Path):
        self.workspace = Workspace(path)
        self.control = Control(self.workspace)
        self.engine: subprocess.Popen | None = None
        self._seen: dict[int, psutil.Process] = {}

    def start(self, idle_s: float = 60.0, launcher: str = "") -> psutil.Process:
        """Start an engine and wait until it says that it lives; ``launcher``: one of ``tests.engine.runs.faults``."""
        path, idle = str(self.workspace.path), str(idle_s)
        serve = ["engine", "--workspace", path, "serve", "--idle-seconds", idle]
        module = ["tests.engine.runs.faults", path, launcher, idle] if launcher else serve
        self.workspace.path.mkdir(parents=True, exist_ok=True)
        with self.workspace.engine_log.open("ab") as log:
            self.engine = subprocess.Popen(
                [sys.executable, "-m", *module], cwd=PROJECT, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        pid = self.engine.pid
        self.until(lambda: (row := self.control.engine._engine_row()) is not None and row.pid == pid)
        return psutil.Process(pid)

    def race(self, steps: int = ENDLESS, depths=(8,), shortcuts=("none", "A"), seeds: int = 1) -> list[int]:
        """Hand a tiny race to the engine; return its runs."""
        return self.control.start_race(self.plan(steps, depths, shortcuts, seeds))[1]

    def plan(self, steps: int = ENDLESS, depths=(8,), shortcuts=("none", "A"), seeds: int = 1) -> RaceConfig:
        return plan_race(RaceRequest(depths, shortcuts, steps=steps, seeds=seeds, settings=TINY), self.workspace)

    def row(self, run: int) -> RunRow:
        with Reader(self.workspace) as reader:
            return reader.jobs.get(run)

    def until(self, met: Callable[[], object], seconds: float = PATIENCE_S) -> None:
        """Wait until ``met()``; fail with the engine's log otherwise."""
        deadline, looked = time.monotonic() + seconds, 0.0
        while not met():
            if time.monotonic() > deadline:
                log = self.workspace.engine_log
                pytest.fail(f"not within {seconds} s; engine log:\n{log.read_text() if log.exists() else 'gone'}")
            # A look opens the database, which takes 2 ms: more of them take the core from the workers waited for.
            time.sleep(0.05)
            # To look through all processes takes as long as several of these pauses.
            if time.monotonic() > looked + FAMILY_S:
                self.family()
                looked = time.monotonic()
        self.family()

    def until_state(self, run: int, *states: RunState, seconds: float = PATIENCE_S) -> RunRow:
        self.until(lambda: self.row(run).state in states, seconds)
        return self.row(run)

    def until_step(self, run: int, step: int, seconds: float = PATIENCE_S) -> RunRow:
        self.until(lambda: self.row(run).state == RunState.RUNNING and self.row(run).step >= step, seconds)
        return self.row(run)

    def steps_of(self, race: int, runs: list[int]) -> list[int] | None:
        """Return the steps of runs of a race as of one moment; None unless all of them have workers.

        All but the last are read twice, and again until they stood still meanwhile.
        """
        file = SharedSteps(self.workspace.shared_steps(race))
        try:
            while True:
                taken, again = file.taking_part(), file.taking_part()
                if not set(runs) <= set(taken):
                    return None
                if all(taken[run] == again.get(run) for run in runs[:-1]):
                    return [taken[run] for run in runs]
        finally:
            file.close()

    def family(self) -> list[psutil.Process]:
        """Return every process that the engine ever started and that still lives, the engine itself included."""
        with suppress(psutil.Error):
            if self.engine is not None:
                engine = psutil.Process(self.engine.pid)
                for process in (engine, *engine.children(recursive=True)):
                    self._seen.setdefault(process.pid, process)
        living = []
        for process in self._seen.values():
            with suppress(psutil.Error):
                if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                    living.append(process)
        return living

    def finish(self) -> int:
        """Wait for the engine's end; return its exit code."""
        return self.engine.wait(PATIENCE_S)

    def close(self) -> None:
        for process in self.family():
            with suppress(psutil.Error):
                process.kill()
        if self.engine is not None:
            self.engine.wait(60)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[EngineRoom]:
    """A workspace without an engine."""
    made = EngineRoom(tmp_path / "workspace")
    yield made
    made.close()


@pytest.fixture(scope="package")
def warm_room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineRoom]:
    """A workspace with a warm engine that the tests of this folder share; to start one costs seconds of CPU."""
    made = EngineRoom(tmp_path_factory.mktemp("shared") / "workspace")
    made.start(idle_s=600.0, launcher="faulty")
    yield made
    made.close()


@pytest.fixture
def busy_room(warm_room: EngineRoom) -> Iterator[EngineRoom]:
    """The shared workspace; what a test leaves running is stopped after it, and its fault is mended."""
    yield warm_room
    (warm_room.workspace.path / "fault").unlink(missing_ok=True)
    with Reader(warm_room.workspace) as reader:
        left = [row.id for row in reader.runs.all() if row.state not in ENDED]
    commands = []
    for run in left:
        with suppress(CommandRefused):  # it ended by itself meanwhile
            commands.append(warm_room.control.commands.ask("stop", run))
    for command in commands:
        warm_room.control.commands.await_done(command, PATIENCE_S)
