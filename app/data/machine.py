"""The machine's load, and the disk use of the workspace by kind and by run.

A fork may share a checkpoint's file with its parent: such bytes count once in the total, and for each of both runs.
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

#: Seconds for which a result is reused: a walk through hundreds of folders takes tens of milliseconds.
FRESH_S = 10.0
#: The kinds of files.
DATABASE, CHECKPOINTS, LOGS, IMAGES, OTHER = "database", "checkpoints", "logs", "data sets", "other files"


class MachineLoad:
    """Read the meters every ``every_s`` seconds at most. Use one thread: ``psutil`` counts for each thread apart."""

    def __init__(self, every_s: float) -> None:
        self._has_gpus = bool(gpus())
        self._every_s = every_s
        self._last: list[Any] | None = None
        psutil.cpu_percent()  # begins the count
        self._read = time.monotonic()

    def now(self) -> list[Any] | None:
        """Return ``[processor, memory, [[busy, memory], ...]]`` in whole percent, a pair per graphics card.

        None stands for an unknown value, and for all before ``every_s`` seconds have passed. The processor is the mean
        of all cores since the last reading.
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
    """One file: its kind, its run (0: none), its identity, the number of its names, its bytes."""

    kind: str
    run: int
    identity: tuple[int, int]
    names: int
    size: int


@dataclass(frozen=True, slots=True)
class Disk:
    """The bytes of the workspace by kind, the largest first, and by run."""

    kinds: dict[str, int]
    runs: dict[int, int]
    files: tuple[StoredFile, ...]

    @property
    def total(self) -> int:
        """All bytes."""
        return sum(self.kinds.values())

    @property
    def largest(self) -> str:
        """The kind with most bytes, '' in an empty workspace."""
        return next(iter(self.kinds), "")

    def freed_by(self, runs: Sequence[int]) -> int:
        """Return the bytes that a deletion of these runs frees: a file of another run stays."""
        wanted = set(runs)
        going = [file for file in self.files if file.run in wanted]
        names = Counter(file.identity for file in going)
        once = {file.identity: file for file in going}
        return sum(file.size for file in once.values() if names[file.identity] >= file.names)


def disk_use(fresh_s: float = FRESH_S) -> Disk:
    """Return the disk use of the workspace, ``fresh_s`` seconds old at most. Never raises."""
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
