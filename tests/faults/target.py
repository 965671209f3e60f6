"""The system under test: one throw-away workspace with its engine, workers, fork server and app.

Every process gets a mark in its environment. What descends from engine or app is found by the mark, wherever it hangs
in the tree of processes. Temporary folder and home are the target's own, so what is left in them shows.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil

from engine.cli.group import run as command_line
from engine.errors import CommandRefused, SkipscopeError
from engine.paths import PROJECT
from engine.runs.client.control import Control
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.workspace import ENVIRONMENT, Workspace

MARK = "SKIPSCOPE_FAULTS_MARK"
#: A net of 10 ms a step on a busy core; every tenth of the steps is a checkpoint.
STEPS = 600
SETTINGS = {"width": "4", "pool": "4", "precision": "fp32", "batch_size": "32", "threads": "1"}
POLL_S = 0.1
_DIES_S = 5.0


class NotInTime(Exception):
    """Something that was waited for did not happen; the text says what."""


class Target:
    """One workspace and its processes; a context that leaves nothing behind.

    Args:
        temporary: length of the path of the processes' temporary folder, at least.
    """

    def __init__(self, temporary: int = 0):
        tempfile.gettempdir()  # this process keeps its own
        self.folder = Path(tempfile.mkdtemp(prefix="skipscope-faults-")).resolve()
        self.workspace = Workspace(self.folder / "workspace")
        self.control = Control(self.workspace)
        rest = max(1, temporary - len(str(self.folder)) - 1)
        self.temporary, self.home = self.folder / ("t" * rest), self.folder / "home"
        self.mark = uuid.uuid4().hex
        self.app: subprocess.Popen[bytes] | None = None
        self.port = 0
        #: Seconds between two looks of ``until``.
        self.poll_s = POLL_S
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Target":
        for folder in (self.temporary, self.home, self.workspace.path):
            folder.mkdir()
        changed = {
            MARK: self.mark, "TMPDIR": str(self.temporary), "HOME": str(self.home), "OMP_NUM_THREADS": "1",
            ENVIRONMENT: str(self.workspace.path), "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        for name, value in changed.items():
            self.environment(name, value)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.kill(self.family())
            for _ in range(40):  # whatever was just being forked
                if not self.family():
                    break
                self.kill(self.family())
                time.sleep(POLL_S)
            if self.app is not None:
                self.app.wait(60)
        finally:
            self._stack.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, name: str, value: str) -> None:
        """Set a variable for all processes that start from now on."""
        before = os.environ.get(name)
        self._stack.callback(os.environ.pop, name, None) if before is None else self._stack.callback(
            os.environ.__setitem__, name, before
        )
        os.environ[name] = value

    def on_exit(self, undo: Callable[[], object]) -> None:
        """Call ``undo`` when all processes have ended, before the folder is removed."""
        self._stack.callback(undo)

    # --- processes

    def family(self) -> list[psutil.Process]:
        """Return every living process that descends from this target's engine or app."""
        mark, found = f"{MARK}={self.mark}".encode(), []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError, psutil.Error):
                    if mark in (entry / "environ").read_bytes():
                        found.append(psutil.Process(int(entry.name)))
        return [process for process in found if lives(process)]

    def engine(self) -> psutil.Process | None:
        """Return the engine, None without one."""
        return next((process for process in self.family() if "serve" in _words(process)), None)

    def fork_server(self) -> psutil.Process | None:
        """Return the fork server of the living engine, None without one."""
        engine = self.engine()
        family = self.family() if engine else []
        return next((each for each in family if _is_forked(each) and _parent(each) == engine.pid), None)

    def workers(self) -> dict[int, psutil.Process]:
        """Return the living workers by their runs."""
        family = {process.pid: process for process in self.family()}
        with contextlib.suppress(SkipscopeError):
            return {row["run"]: family[row["pid"]] for row in self.rows() if row["pid"] in family}
        return {}

    def kill(self, processes: Iterable[psutil.Process]) -> None:
        """Kill these processes, in this order, and wait until they are gone: a large one takes its time."""
        killed = list(processes)
        self.send(killed, signal.SIGKILL)
        deadline = time.monotonic() + _DIES_S
        while any(map(lives, killed)) and time.monotonic() < deadline:
            time.sleep(0.005)

    def send(self, processes: Iterable[psutil.Process], number: int) -> None:
        """Send a signal to these processes."""
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)

    def ensure_engine(self) -> None:
        """Start an engine if none lives, as page and command line do."""
        self.control.engine.ensure()

    def start_app(self) -> None:
        """Start the app server and wait until it answers."""
        if self.app is not None:
            self.app.wait(60)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        arguments = ["--port", str(self.port), "--no-browser", "--workspace", str(self.workspace.path)]
        with (self.folder / "app.log").open("ab") as log:
            self.app = subprocess.Popen(
                [sys.executable, "-m", "app", *arguments], cwd=PROJECT, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self.until(lambda: self.app_answers("/_stcore/health"), 60, "the app answers")

    def app_answers(self, path: str) -> bool:
        """Return whether the app answers a request with 200."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def shut_down(self) -> subprocess.CompletedProcess[str]:
        """End app and engine in good order; return what the engine's command says."""
        if self.app is not None and self.app.poll() is None:
            self.app.terminate()
            self.app.wait(60)
        return self.call("shutdown")

    # --- runs

    def race(self, seed: int, **changes: str) -> tuple[int, list[int]]:
        """Hand a race of two small nets to the engine; return the ids of race and runs."""
        settings = {**SETTINGS, **changes}
        steps = int(settings.pop("steps", STEPS))
        request = RaceRequest((8,), ("none", "A"), steps=steps, first_seed=seed, settings=settings)
        return self.control.start_race(plan_race(request, self.workspace))

    def resume(self, run: int) -> None:
        """Ask the engine to resume a run; a refusal is no failure, the run has moved on."""
        with contextlib.suppress(CommandRefused):
            self.control.commands.ask("resume", run)

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of the table of runs, as the engine wrote them."""
        from tests.faults.oracle import select

        columns = (
            "id",
            "state",
            "detail",
            "cause",
            "step",
            "total_steps",
            "pid",
            "race",
            "position",
            "seed",
            "threads",
        )
        rows = select(self.workspace, f"SELECT {', '.join(columns)} FROM runs ORDER BY id")
        return [dict(zip(("run", *columns[1:]), row, strict=True)) for row in rows]

    def told(self) -> dict[str, Any]:
        """Return what a reader of the workspace is told: the document of ``runs --json``."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            command_line(["--workspace", str(self.workspace.path), "runs", "--json"])
        document: dict[str, Any] = json.loads(out.getvalue() or "{}")
        return document

    def call(self, *arguments: str, seconds: float = 90.0) -> subprocess.CompletedProcess[str]:
        """Run a command of the engine's command line."""
        words = [sys.executable, "-m", "engine", "--workspace", str(self.workspace.path), *arguments]
        return subprocess.run(
            words, cwd=PROJECT, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL
        )

    def until(self, met: Callable[[], object], seconds: float, what: str) -> float:
        """Wait until ``met()``; return the seconds. Raises NotInTime naming ``what``."""
        began = time.monotonic()
        while not met():
            if time.monotonic() - began > seconds:
                raise NotInTime(f"not within {seconds:g} s: {what}")
            time.sleep(self.poll_s)
        return time.monotonic() - began


def lives(process: psutil.Process) -> bool:
    """Return whether a process still runs; a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _is_forked(process: psutil.Process) -> bool:
    return any("forkserver" in word for word in _words(process))


def _parent(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.Error:
        return None
