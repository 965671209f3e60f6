"""What a seeded fault is: one line of the product that is wrong on purpose, and the tests that should see it."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class TableError(Exception):
    """The table and the tree do not fit each other; the text says where."""


@dataclass(frozen=True)
class Fault:
    """One fault: in ``file``, the single occurrence of ``text`` becomes ``faulty``.

    ``file`` is a path below the project's root. ``breaks`` says in one line what a user would suffer.
    ``added_late``: it was written when the tests were done, from the product's code alone: no test was made for it.
    """

    name: str
    file: str
    text: str
    faulty: str
    breaks: str
    added_late: bool = False

    def faulty_source(self, project: Path) -> str:
        """Return the whole file with the fault in it. Raises TableError."""
        path = project / self.file
        if not path.is_file():
            raise TableError(f"{self.name}: there is no file {self.file}")
        source = path.read_text(encoding="utf-8")
        if (count := source.count(self.text)) != 1:
            raise TableError(f"{self.name}: its text is found {count} times in {self.file}, not once: {self.text!r}")
        changed = source.replace(self.text, self.faulty)
        if changed == source:
            raise TableError(f"{self.name}: text and faulty text are the same")
        if path.suffix == ".py":
            try:
                compile(changed, self.file, "exec")
            except SyntaxError as error:
                raise TableError(f"{self.name}: {self.file} is no Python with the fault in it ({error})") from None
        return changed

    @contextmanager
    def applied(self, project: Path) -> Iterator[None]:
        """Put the fault into the copy at ``project`` for the time of the context."""
        path = project / self.file
        sound, changed = path.read_text(encoding="utf-8"), self.faulty_source(project)
        _write(path, changed)
        try:
            yield
        finally:
            _write(path, sound)


@dataclass(frozen=True)
class Room:
    """One part of the house: its faults, and its tests as pytest takes them.

    ``quick``: files that are run first, because they are likely to see the faults soon; ``rest``: files and folders
    that are run if they do not, without those that were.
    """

    name: str
    quick: tuple[str, ...]
    rest: tuple[str, ...]
    faults: tuple[Fault, ...]


def _write(path: Path, source: str) -> None:
    path.write_text(source, encoding="utf-8")
    # Compiled code is matched by second and size, which a one-line fault may leave as they were.
    if path.suffix == ".py":
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)
