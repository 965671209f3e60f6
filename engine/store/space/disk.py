"""The files of a workspace by kind and by run, and the quota of their bytes. Torch-free.

A fork may share a checkpoint's file with its parent: such bytes count once in the total, and for each of both runs.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

#: The kinds of files.
DATABASE, CHECKPOINTS, LOGS, IMAGES, OTHER = "database", "checkpoints", "logs", "data sets", "other files"


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


def read_disk(workspace: Path) -> Disk:
    """Return the files of a workspace. Never raises."""
    files = tuple(_stored_files(workspace, ()))
    kinds, runs = Counter[str](), Counter[int]()
    for file in {file.identity: file for file in files}.values():
        kinds[file.kind] += file.size
    for file in files:
        runs[file.run] += file.size
    del runs[0]
    return Disk(dict(kinds.most_common()), dict(runs), files)


def _stored_files(folder: Path | str, parts: tuple[str, ...]) -> Iterator[StoredFile]:
    # os.scandir: a walk by paths takes four times as long in a workspace of thousands of runs.
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return  # deleted meanwhile
    for entry in entries:
        inside = (*parts, entry.name)
        if entry.is_dir(follow_symlinks=False):
            yield from _stored_files(entry.path, inside)
        elif entry.is_file(follow_symlinks=False):
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            run = _run(inside)
            identity = status.st_dev, status.st_ino
            yield StoredFile(_kind(inside, run), run, identity, status.st_nlink, status.st_size)


def _run(parts: Sequence[str]) -> int:
    word, _, number = parts[0].partition("-")
    return int(number) if word == "run" and number.isdecimal() and len(parts) > 1 else 0


def _kind(parts: Sequence[str], run: int) -> str:
    if run:
        return CHECKPOINTS if parts[1] == "checkpoints" else LOGS if parts[-1].endswith(".log") else OTHER
    if parts[0] == "data":
        return IMAGES
    if parts[0].startswith("skipscope") and ".db" in parts[0]:
        return DATABASE
    return LOGS if parts[-1].endswith(".log") else OTHER


def size_in_words(size: float) -> str:
    """Return a size for people, in units of a thousand: ``3.2 MB``."""
    for unit in ("bytes", "kB", "MB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit != "MB" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
