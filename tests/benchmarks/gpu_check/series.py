"""Runs the parts one after the other, each in a process with a time limit, and writes the document after each."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from engine.errors import ConfigError, DataError
from engine.paths import PROJECT
from tests.benchmarks.gpu_check.child import RESULT
from tests.benchmarks.gpu_check.document import (
    FAILED,
    MACHINE_KEYS,
    NOT_RUN,
    PASSED,
    new_document,
    read,
    row_of,
    tells_nothing,
    write,
)
from tests.benchmarks.gpu_check.files import Log, refusals
from tests.benchmarks.gpu_check.parts import PARTS, Part

#: Seconds in which torch is loaded and the machine described.
_LOOK_S = 120.0
#: Before what each part prints.
_LOG_MARK = "== part "
_UNKNOWN = {key: {} if key == "versions" else [] if key == "gpus" else "" for key in MACHINE_KEYS}


class Series:
    """One check. Raises ConfigError for a device that is none, DataError for paths that are taken, before it begins.

    A check in which no part ran, as on a machine without a GPU, takes no path. With ``add`` the parts that passed stay,
    and others are run. ``say`` gets a line when a part begins and ends.
    """

    def __init__(
        self,
        out: Path,
        device: str,
        *,
        replace: bool = False,
        add: bool = False,
        say: Callable[[str], None] | None = None,
    ):
        if not re.fullmatch(r"cpu|cuda:\d{1,3}", device):
            raise ConfigError(f"--device is cpu or cuda:N (got {device[:40]!r})")
        self._out, self._device, self._say = out, device, say or (lambda text: print(text, file=sys.stderr, flush=True))
        self._tiny = device == "cpu"
        if out.with_suffix(".log") == out:
            raise ConfigError("--out names the JSON file, and F.log lies beside it; take another ending than .log")
        self._document = new_document(_UNKNOWN, device, self._tiny)
        self._log = Log(out.with_suffix(".log"))
        try:
            self._take(add, replace)
        except BaseException:
            self._log.close(forget=True)
            raise

    def _take(self, add: bool, replace: bool) -> None:
        """Take both paths now: no file is found to be there when all is measured."""
        out, log = self._out, self._log
        if add:
            self._document = read(out)
            if self._document["device"] != self._device:
                raise DataError(f"{out} is a check of {self._document['device']}; name that device, or another file")
            return
        replace = replace or (tells_nothing(out) and log.begins_with(_LOG_MARK.encode()))
        if not (log.is_new or replace):
            raise DataError(f"{log.path} exists already; name another file, or add --replace")
        write(self._document, out, replace=replace)
        log.clear()

    def run(self, numbers: list[int]) -> dict[str, Any]:
        """Run the parts ``numbers``; return the document as it was written.

        Raises DataError where parts of another machine would be added, or a file cannot be written.
        """
        try:
            with refusals(self._log.path, "written"), self._log.appending() as log:
                return self._run(numbers, log)
        finally:
            self._log.close()

    def _run(self, numbers: list[int], log: IO[bytes]) -> dict[str, Any]:
        before = {row["part"]: row["state"] for row in self._document["parts"] if row["state"] != NOT_RUN}
        with tempfile.TemporaryFile() as said:  # a refused check leaves the log as it was
            looked = self._child("0", _LOOK_S, said)
            machine = looked if isinstance(looked, dict) else _UNKNOWN
            if before:
                self._require_same(machine)
            said.seek(0)
            shutil.copyfileobj(said, log)
        self._document["machine"] = machine
        without = looked if isinstance(looked, str) else self._lacks(machine)
        for part in PARTS.values():
            if before.get(part.number) == PASSED or (part.number in before and part.number not in numbers):
                continue
            if part.number not in numbers:
                self._note(row_of(part, NOT_RUN, "it was not asked for (--part)"))
            elif without:
                self._note(row_of(part, NOT_RUN, without))
            else:
                self._say(f"part {part.number}, {part.name}: {part.question}")
                self._note(self._measured(part, log))
        return self._document

    def _require_same(self, machine: dict[str, Any]) -> None:
        """Raise DataError unless the parts that ran were on this machine, by the same code."""
        if other := [key for key in sorted(MACHINE_KEYS) if machine[key] != self._document["machine"][key]]:
            differing = ", ".join(other)
            raise DataError(f"{self._out} is of another machine or other versions ({differing}); name another file")

    def command(self, number: str, folder: str) -> list[str]:
        """Return the command of one child, which writes its result into ``folder``."""
        size = "tiny" if self._tiny else "whole"
        return [sys.executable, "-m", "tests.benchmarks.gpu_check.child", number, self._device, size, folder]

    def _lacks(self, machine: dict[str, Any]) -> str:
        """Return why no part can be run on this machine, '' where all can."""
        if self._tiny:
            return ""
        gpus, index = machine["gpus"], int(self._device.partition(":")[2])
        if not gpus:
            built = machine["cuda"]
            has = f"torch {machine['torch']} finds no CUDA device" if built else f"torch {machine['torch']} has no CUDA"
            return f"{has}; a rehearsal in tiny sizes: --device cpu"
        return "" if index < len(gpus) else f"{self._device} is not there; {len(gpus)} GPU(s) are"

    def _measured(self, part: Part, log: IO[bytes]) -> dict[str, Any]:
        began = time.monotonic()
        answer = self._child(str(part.number), part.limit_s, log)
        if isinstance(answer, str):
            return row_of(part, FAILED, answer, time.monotonic() - began)
        return answer

    def _note(self, row: dict[str, Any]) -> None:
        self._document["parts"][row["part"] - 1] = row
        write(self._document, self._out, replace=True)
        why = f" ({row['why']})" if row["why"] else ""
        self._say(f"part {row['part']}, {row['name']}: {row['state']}{why}")

    def _child(self, number: str, limit_s: float, log: IO[bytes]) -> dict[str, Any] | str:
        """Return what a child wrote, or in one line why it wrote nothing."""
        with tempfile.TemporaryDirectory(prefix="gpu-check-", ignore_cleanup_errors=True) as folder:
            log.write(f"{_LOG_MARK}{number}\n".encode())
            log.flush()
            process = subprocess.Popen(
                self.command(number, folder), cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
            try:
                code = process.wait(limit_s)
            except subprocess.TimeoutExpired:
                return f"it did not end within {limit_s:g} s, and was ended"
            finally:
                end_all(process)
            with suppress(OSError, ValueError, RecursionError):
                answer: dict[str, Any] = json.loads((Path(folder) / RESULT).read_text(encoding="utf-8"))
                return answer
        return f"its process ended with code {code} before a result; see the log"


def end_all(process: subprocess.Popen[bytes]) -> None:
    """End what is left of a child and of what it started in its own session; engines end when their folder is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
