"""Runs the parts one after the other, each in a process with a time limit, and writes the document after each."""

import json
import os
import re
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
from engine.exchange.transfer import to_file
from engine.paths import PROJECT
from tests.benchmarks.gpu_check.child import RESULT
from tests.benchmarks.gpu_check.document import (
    FAILED,
    MACHINE_KEYS,
    NOT_RUN,
    new_document,
    row_of,
    tells_nothing,
    write,
)
from tests.benchmarks.gpu_check.parts import PARTS, Part

#: Seconds in which torch is loaded and the machine described.
_LOOK_S = 120.0
#: Before what each part prints.
_LOG_MARK = "== part "
_UNKNOWN = {key: {} if key == "versions" else [] if key == "gpus" else "" for key in MACHINE_KEYS}


class Series:
    """One check. Raises ConfigError for a device that is none, DataError for paths that are taken, before it begins.

    A check in which no part ran, as on a machine without a GPU, takes no path. ``say`` gets a line when a part begins
    and ends.
    """

    def __init__(self, out: Path, device: str, *, replace: bool = False, say: Callable[[str], None] | None = None):
        if not re.fullmatch(r"cpu|cuda:\d{1,3}", device):
            raise ConfigError(f"--device is cpu or cuda:N (got {device[:40]!r})")
        self._out, self._device, self._say = out, device, say or (lambda text: print(text, file=sys.stderr, flush=True))
        self._tiny = device == "cpu"
        self._log = out.with_suffix(".log")
        if self._log == out:
            raise ConfigError("--out names the JSON file, and F.log lies beside it; take another ending than .log")
        self._document = new_document(_UNKNOWN, device, self._tiny)
        replace = replace or (tells_nothing(out) and _begins_like_a_log(self._log))
        # Both are taken now: no file is found to be there when all is measured.
        if self._log.exists() and not replace:
            raise DataError(f"{self._log} exists already; name another file, or add --replace")
        write(self._document, out, replace=replace)
        to_file(self._log, lambda file: None, replace=replace)

    def run(self, numbers: list[int]) -> dict[str, Any]:
        """Run the parts ``numbers``; return the document as it was written."""
        with self._log.open("ab") as log:
            looked = self._child("0", _LOOK_S, log)
            machine = looked if isinstance(looked, dict) else _UNKNOWN
            self._document["machine"] = machine
            without = looked if isinstance(looked, str) else self._lacks(machine)
            for part in PARTS.values():
                if part.number not in numbers:
                    self._note(row_of(part, NOT_RUN, "it was not asked for (--part)"))
                elif without:
                    self._note(row_of(part, NOT_RUN, without))
                else:
                    self._say(f"part {part.number}, {part.name}: {part.question}")
                    self._note(self._measured(part, log))
        return self._document

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
            with suppress(OSError, ValueError):
                answer: dict[str, Any] = json.loads((Path(folder) / RESULT).read_text(encoding="utf-8"))
                return answer
        return f"its process ended with code {code} before a result; see the log"


def _begins_like_a_log(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_LOG_MARK)) in (b"", _LOG_MARK.encode())
    except FileNotFoundError:
        return True
    except OSError:
        return False


def end_all(process: subprocess.Popen[bytes]) -> None:
    """End what is left of a child and of what it started in its own session; engines end when their folder is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
