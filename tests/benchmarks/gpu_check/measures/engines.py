"""Races of an engine of their own, in a workspace that goes with the part: started, followed, judged."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from engine.errors import SkipscopeError
from engine.events import ENDED, RunState
from engine.paths import PROJECT
from engine.runs.client.control import Control
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.rows import RunRow
from engine.store.workspace import Workspace
from tests.benchmarks.gpu_check.parts import Setting

LOOK_S = 0.1
#: Settings of small nets that make hundreds of steps a second on a CPU.
FAST = {"width": "8", "pool": "4", "batch_size": "32", "eval_images": "100", "probe.images": "0"}


class Engine:
    """An engine and its workspace."""

    def __init__(self, workspace: Workspace, device: str):
        self.workspace, self.control, self.device = workspace, Control(workspace), device

    def start(self, request: RaceRequest) -> list[int]:
        """Start a race on this part's device; return its runs."""
        settings: Mapping[str, str] = {**request.settings, "device": self.device}
        planned = plan_race(
            RaceRequest(
                request.depths, request.shortcuts, request.preset, steps=request.steps, seeds=request.seeds,
                settings=settings,
            ),
            self.workspace,
        )  # fmt: skip
        return self.control.start_race(planned)[1]

    def rows(self, runs: list[int]) -> list[RunRow]:
        """Return the runs as they are now."""
        with Reader(self.workspace) as reader:
            return [reader.runs.known(run) for run in runs]

    def until(self, runs: list[int], met: Callable[[list[RunRow]], bool], seconds: float) -> list[RunRow]:
        """Return the runs as soon as ``met``, or as they are after so many seconds."""
        deadline = time.monotonic() + seconds
        while not met(rows := self.rows(runs)) and time.monotonic() < deadline:
            time.sleep(LOOK_S)
        return rows

    def ended(self, runs: list[int], seconds: float) -> list[RunRow]:
        """Return the runs when all have ended, or as they are after so many seconds."""
        return self.until(runs, lambda rows: all(row.state in ENDED for row in rows), seconds)


@contextmanager
def engine(setting: Setting, name: str, *, faulty: bool = False) -> Iterator[Engine]:
    """Give an engine of its own in a workspace ``name``, and end it. ``faulty``: ``tests.engine.runs.faults``."""
    workspace = Workspace(setting.folder / name).prepare()
    made = Engine(workspace, setting.device)
    process = None
    if faulty:
        words = [sys.executable, "-m", "tests.engine.runs.faults", str(workspace.path), "faulty", "60"]
        with workspace.engine_log.open("ab") as log:
            process = subprocess.Popen(words, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while made.control.engine.status().state != "alive" and time.monotonic() < deadline:
            time.sleep(LOOK_S)
    try:
        yield made
    finally:
        with suppress(SkipscopeError):
            made.control.engine.shutdown()
        if process is not None:
            process.wait(30)
        print(workspace.engine_log.read_text(encoding="utf-8", errors="replace")[-4000:], flush=True)


def states(rows: list[RunRow]) -> str:
    """Return what became of runs, with the first cause of a failure."""
    cause = next((row.cause for row in rows if row.state not in (RunState.FINISHED, RunState.RUNNING)), "")
    named = ", ".join(sorted({str(row.state.value) for row in rows}))
    return f"{named} ({cause})" if cause else named


def finished(rows: list[RunRow]) -> bool:
    """Whether all runs came to their end."""
    return all(row.state == RunState.FINISHED for row in rows)
