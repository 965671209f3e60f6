"""A copy of the tree in which tests run with a fault, so that the working tree is never touched."""

import json
import os
import select
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from tests.mutation.fault import Fault, Room

PROJECT = Path(__file__).resolve().parents[2]
#: What is added to pytest's own settings, by tier.
TIERS = {"default": (), "all": ("-m", "")}
#: The tests of one fault may take so long, and one test: something may hang, or the machine may be busy.
LIMIT_S, TEST_S = 600.0, 300


@dataclass(frozen=True)
class Outcome:
    """How one run of the tests ended, and why in ``words``; ``failed``: the tests that failed, by node id.

    ``kind``: ``caught`` (a test failed), ``survived`` (all passed), ``broke`` (no test ran, or pytest ended in another
    way) or ``late`` (the time limit came first).
    """

    kind: str
    words: str
    seconds: float
    failed: tuple[str, ...] = field(default=(), repr=False)


class Bench:
    """One copy of the tree below ``scratch``; a bench runs one thing at a time.

    ``left_out``: node ids of tests that are not run; ``limit_s``: seconds for one run of the tests.
    """

    def __init__(self, scratch: Path, tier: str, left_out: Collection[str] = (), limit_s: float = LIMIT_S):
        self._tree, self._scratch = scratch / "tree", scratch
        self._tier, self._left_out, self._limit_s = tier, list(left_out), limit_s
        #: Tests that passed without a fault.
        self._sound: set[str] = set()
        self._running: psutil.Process | None = None
        self._closed = False
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=PROJECT, capture_output=True, check=True,
        ).stdout.decode()  # fmt: skip
        for name in filter(None, listed.split("\0")):
            if (source := PROJECT / name).is_file():
                (goal := self._tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, goal)
        self._warm = subprocess.Popen(
            [sys.executable, "-c", (Path(__file__).parent / "warm.py").read_text(encoding="utf-8")],
            cwd=self._tree, env={**os.environ, "SKIPSCOPE_REQUIRE_BROWSER": "1"}, bufsize=0,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def run(self, room: Room, fault: Fault | None, whole: bool) -> Outcome:
        """Run the tests of ``room``, or with ``whole`` all of them: with a fault up to the first that fails.

        A test that fails without the fault too has not caught it: it is left out from then on.
        """
        began = time.monotonic()
        ends = began + self._limit_s
        if fault is None:
            return self._pytest(() if whole else (*room.quick, *room.rest), ends)
        while True:
            with fault.applied(self._tree):
                outcome = self._seeded(room, whole, ends)
            if outcome.kind == "caught":
                test = outcome.failed[0]
                alone = None if test in self._sound else self._pytest((test,), ends)
                if alone is not None and alone.kind == "caught":
                    self._left_out.append(test)
                    continue
                if alone is not None and alone.kind == "survived":
                    self._sound.add(test)
                elif alone is not None:
                    outcome = replace(outcome, kind=alone.kind, words=f"{test} without the fault: {alone.words}")
            return replace(outcome, seconds=time.monotonic() - began)

    def _seeded(self, room: Room, whole: bool, ends: float) -> Outcome:
        if whole:
            return self._pytest(("-x",), ends)
        first = self._pytest(("-x", *room.quick), ends)
        if first.kind != "survived":
            return first
        second = self._pytest(("-x", *room.rest, *(f"--ignore={path}" for path in room.quick)), ends)
        # All that is left of a room may be left out.
        return first if second.kind == "broke" and "no tests ran" in second.words else second

    def close(self) -> None:
        """End what is running, also from another thread, and run nothing more."""
        self._closed = True
        self._end()
        self._warm.kill()
        self._warm.wait()

    def _pytest(self, arguments: tuple[str, ...], ends: float) -> Outcome:
        if self._closed:
            return Outcome("broke", "interrupted", 0.0)
        report, base, output = (self._scratch / name for name in ("report.xml", "tmp", "output"))
        report.unlink(missing_ok=True)
        arguments = (
            *arguments, "-q", "-n", "0", "-p", "no:cacheprovider", "--tb=short", f"--timeout={TEST_S}",
            f"--basetemp={base}", f"--junitxml={report}", "-o", "junit_family=xunit1", *TIERS[self._tier],
            *(f"--deselect={test}" for test in self._left_out),
        )  # fmt: skip
        began, code = time.monotonic(), None
        request = json.dumps({"arguments": arguments, "output": str(output)})
        self._warm.stdin.write(f"{request}\n".encode())
        with suppress(psutil.Error):
            self._running = psutil.Process(int(self._warm.stdout.readline()))
        if select.select([self._warm.stdout], [], [], max(0.0, ends - time.monotonic()))[0]:
            code = int(self._warm.stdout.readline() or -1)
            self._end()
        else:
            self._end()
            self._warm.stdout.readline()
        seconds = time.monotonic() - began
        shutil.rmtree(base, ignore_errors=True)
        return _outcome(code, report, seconds, self._last_line())

    def _end(self) -> None:
        """End the run and whatever its tests left: their engines and browsers work in this copy or below the run."""
        left = []
        with suppress(psutil.Error):
            if self._running is not None:
                left = [self._running, *self._running.children(recursive=True)]
        for other in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if other.pid != self._warm.pid and Path(other.cwd()).is_relative_to(self._tree):
                    left.append(other)
        for other in left:
            with suppress(psutil.Error):
                other.kill()
        self._running = None

    def _last_line(self) -> str:
        if not (self._scratch / "output").exists():
            return ""
        lines = (self._scratch / "output").read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")[:200]


def _outcome(code: int | None, report: Path, seconds: float, last: str) -> Outcome:
    ran, failed, why = 0, [], ""
    for case in ElementTree.parse(report).iter("testcase") if report.is_file() else ():
        wrong = [found for kind in ("failure", "error") if (found := case.find(kind)) is not None]
        if any(found.get("message") == "collection failure" for found in wrong):
            continue
        ran += case.find("skipped") is None
        if wrong:
            failed.append(_node_id(case))
            why = why or " ".join((wrong[0].get("message") or "").split())[:160]
    if code is None:
        return Outcome("late", f"not done within its time; {last}", seconds, tuple(failed))
    if code == 1 and failed:
        return Outcome("caught", f"{failed[0]} ({why})", seconds, tuple(failed))
    if code == 0 and ran:
        return Outcome("survived", f"{ran} tests passed", seconds)
    return Outcome("broke", f"pytest ended with {code}; {last}", seconds, tuple(failed))


def _node_id(case: ElementTree.Element) -> str:
    """Return what pytest calls a test: its file, the classes that it is in, its name."""
    file = case.get("file", "")
    module = file.removesuffix(".py").replace("/", ".")
    classes = case.get("classname", "").removeprefix(module).strip(".").split(".")
    return "::".join([file, *filter(None, classes), case.get("name", "")])
