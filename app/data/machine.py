"""The machine as the page shows it: how busy it is, and the disk that the workspace takes, by kind and by run.

A fork may share a checkpoint's file with its parent: such bytes count once in the whole, and for each of both runs.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Any

import psutil

from app.data.workspace import current
from engine.hardware.machine import gpus

#: Seconds for which an answer is reused: a look through hundreds of folders takes tens of milliseconds.
FRESH_S = 10.0
#: The kinds of files, as people call them, in the order in which they are shown.
DATABASE, CHECKPOINTS, LOGS, IMAGES, OTHER = "database", "checkpoints", "logs", "data sets", "other files"


class MachineLoad:
    """Reads the meters every ``every_s`` seconds at most, for whoever asks.

    Not thread-safe, and made, primed and asked in one thread: the processor is counted for each thread by itself.
    """

    def __init__(self, every_s: float) -> None:
        # A machine without a card is not asked about cards again.
        self._has_gpus = bool(gpus())
        self._every_s = every_s
        self._last: list[Any] | None = None
        psutil.cpu_percent()  # from here on it is counted
        self._read = time.monotonic()

    def now(self) -> list[Any] | None:
        """Return ``[processor, memory, [[busy, memory], ...]]`` in whole percent, a pair per graphics card.

        None stands for a value that a driver does not tell, and for all before ``every_s`` seconds have passed. The
        processor is the mean of all cores since the last reading.
        """
        moment = time.monotonic()
        if moment - self._read >= self._every_s:
            cards = gpus() if self._has_gpus else []
            memory = round(psutil.virtual_memory().percent)
            self._last = [round(psutil.cpu_percent()), memory, [_card(gpu) for gpu in cards]]
            self._read = moment
        return self._last


def _card(gpu: Any) -> list[int | None]:
    used = None if not gpu.total or gpu.free is None else round(100 * (gpu.total - gpu.free) / gpu.total)
    return [gpu.busy, used]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file: its kind, the run it belongs to (0: none), its identity, the number of its names, its bytes."""

    kind: str
    run: int
    identity: tuple[int, int]
    names: int
    size: int


@dataclass(frozen=True, slots=True)
class Disk:
    """What the workspace takes in bytes: by kind, the largest first, and by run."""

    kinds: dict[str, int]
    runs: dict[int, int]
    files: tuple[StoredFile, ...]

    @property
    def total(self) -> int:
        """All bytes."""
        return sum(self.kinds.values())

    @property
    def largest(self) -> str:
        """The kind that takes most, '' in an empty workspace."""
        return next(iter(self.kinds), "")

    def freed_by(self, runs: Sequence[int]) -> int:
        """Return the bytes of files that go with these runs: a file that another run has as well stays."""
        wanted = set(runs)
        going = [file for file in self.files if file.run in wanted]
        names = Counter(file.identity for file in going)
        once = {file.identity: file for file in going}
        return sum(file.size for file in once.values() if names[file.identity] >= file.names)


def disk_use(fresh_s: float = FRESH_S) -> Disk:
    """Return what the workspace takes; an answer of the last ``fresh_s`` seconds is given again. Never raises."""
    context = current()
    kept: tuple[float, Disk] | None = context.disk
    if kept and time.monotonic() - kept[0] < fresh_s:
        return kept[1]
    files = tuple(_stored_files(context.workspace.path))
    kinds, runs = Counter[str](), Counter[int]()
    for file in {file.identity: file for file in files}.values():
        kinds[file.kind] += file.size
    for file in files:
        runs[file.run] += file.size
    del runs[0]
    disk = Disk(dict(kinds.most_common()), dict(runs), files)
    context.disk = (time.monotonic(), disk)
    return disk


def size_in_words(size: float) -> str:
    """Return a size for people, in units of a thousand: ``3.2 MB``."""
    for unit in ("bytes", "kB", "MB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit != "MB" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _stored_files(workspace: Path) -> Iterator[StoredFile]:
    for folder, _, names in os.walk(workspace):
        for name in names:
            path = Path(folder, name)
            try:
                status = path.lstat()
            except OSError:
                continue  # deleted meanwhile
            parts = path.relative_to(workspace).parts
            word, _, number = parts[0].partition("-")
            run = int(number) if word == "run" and number.isdecimal() and len(parts) > 1 else 0
            if S_ISREG(status.st_mode):
                identity = status.st_dev, status.st_ino
                yield StoredFile(_kind(parts, run), run, identity, status.st_nlink, status.st_size)


def _kind(parts: Sequence[str], run: int) -> str:
    if run:
        return CHECKPOINTS if parts[1] == "checkpoints" else LOGS if parts[-1].endswith(".log") else OTHER
    if parts[0] == "data":
        return IMAGES
    if parts[0].startswith("skipscope") and ".db" in parts[0]:
        return DATABASE
    return LOGS if parts[-1].endswith(".log") else OTHER
