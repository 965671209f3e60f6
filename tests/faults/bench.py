"""A copy of the tree in which tests run with a fault, so that the working tree is never touched."""

import os
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.faults.fault import Fault, Room

PROJECT = Path(__file__).resolve().parents[2]
#: What is added to pytest's own settings, by tier.
TIERS = {"default": (), "all": ("-m", "")}
#: A test run may take so long.
LIMIT_S = 600.0


@dataclass(frozen=True)
class Outcome:
    """How one test run ended. ``kind``: ``caught`` (a test failed), ``survived`` (all passed), ``broke`` (no test ran,
    or it ended in another way) or ``late`` (the time limit came first). ``words``: by which test, or what happened.
    """

    kind: str
    words: str
    seconds: float


class Bench:
    """One copy of the tree below ``scratch``; a bench runs one thing at a time."""

    def __init__(self, scratch: Path):
        self._tree, self._scratch = scratch / "tree", scratch
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=PROJECT, capture_output=True, check=True,
        ).stdout.decode()  # fmt: skip
        for name in filter(None, listed.split("\0")):
            if (source := PROJECT / name).is_file():
                (goal := self._tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, goal)

    def run(self, room: Room, fault: Fault | None, tier: str, whole: bool, limit_s: float = LIMIT_S) -> Outcome:
        """Run the tests of ``room``, or with ``whole`` all of them, up to the first that fails."""
        if fault is None:
            return self._pytest(room, tier, whole, limit_s)
        with fault.applied(self._tree):
            return self._pytest(room, tier, whole, limit_s)

    def _pytest(self, room: Room, tier: str, whole: bool, limit_s: float) -> Outcome:
        report, base = self._scratch / "report.xml", self._scratch / "tmp"
        report.unlink(missing_ok=True)
        command = [
            sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--tb=line",
            f"--basetemp={base}", f"--junitxml={report}", *TIERS[tier], *(() if whole else room.tests),
        ]  # fmt: skip
        environment = {**os.environ, "SKIPSCOPE_REQUIRE_BROWSER": "1"}
        began = time.monotonic()
        with (self._scratch / "output").open("wb") as output:
            process = subprocess.Popen(
                command, cwd=self._tree, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
            try:
                code = process.wait(limit_s)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                self._end(process)
        seconds = time.monotonic() - began
        shutil.rmtree(base, ignore_errors=True)
        return _outcome(code, report, seconds, self._last_line())

    def _end(self, process: subprocess.Popen) -> None:
        """End the run and whatever its tests left: their engines and browsers work in this copy or below the run."""
        left = []
        if process.poll() is None:
            with suppress(psutil.Error):
                left = psutil.Process(process.pid).children(recursive=True)
            process.kill()
            process.wait()
        for other in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if Path(other.cwd()).is_relative_to(self._tree):
                    left.append(other)
        for other in left:
            with suppress(psutil.Error):
                other.send_signal(signal.SIGKILL)

    def _last_line(self) -> str:
        lines = (self._scratch / "output").read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")[:200]


def _outcome(code: int | None, report: Path, seconds: float, last: str) -> Outcome:
    ran = failed = 0
    first = ""
    if report.is_file():
        for case in ElementTree.parse(report).iter("testcase"):
            collected = not any(error.get("message") == "collection failure" for error in case.iter("error"))
            ran += collected and case.find("skipped") is None
            if collected and (case.find("failure") is not None or case.find("error") is not None):
                failed += 1
                first = first or f"{case.get('classname')}::{case.get('name')}"
    if code is None:
        return Outcome("late", f"not done within its time; {last}", seconds)
    if code == 1 and failed:
        return Outcome("caught", first, seconds)
    if code == 0 and ran:
        return Outcome("survived", f"{ran} tests passed", seconds)
    return Outcome("broke", f"pytest ended with {code}; {last}", seconds)
