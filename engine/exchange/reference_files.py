"""The files of ``assets/reference``: where they lie, and the common part of what they say. Torch-free."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from engine.errors import DataError
from engine.hardware.machine import processor
from engine.paths import PROJECT
from engine.provenance import versions

FOLDER = PROJECT / "assets" / "reference"
#: Significant digits of a curve's numbers: those that a page shows.
DIGITS = 4
_FORMAT = 1
_VERSIONS = ("skipscope", "commit", "python", "torch")


@dataclass(frozen=True)
class Origin:
    """When, on which processor, and with which versions something was recorded."""

    day: date
    processor: str
    versions: Mapping[str, str]

    @classmethod
    def here(cls) -> "Origin":
        """Return this day, processor, and version."""
        installed = versions()
        return cls(datetime.now(UTC).date(), processor(), {name: installed[name] for name in _VERSIONS})

    @property
    def text(self) -> str:
        """The origin in words: ``recorded on 3 May 2026, AMD EPYC, torch 2.14.1``."""
        return f"recorded on {self.day.day} {self.day:%B %Y}, {self.processor}, torch {self.versions['torch']}"


def check_folder(folder: Path) -> None:
    """Raise DataError in one line where a file cannot be written into a folder; nothing is left behind.

    Folders that are not there yet are made with the first file.
    """
    place = folder
    while not place.exists() and not place.is_symlink() and place != place.parent:
        place = place.parent
    try:
        (folder / "x").exists()  # a name that is too long
        with tempfile.TemporaryFile(dir=place):
            pass
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{folder} cannot be written into ({reason}); name another folder") from None


def write(
    name: str, origin: Origin, facts: Mapping[str, Any], curves: Sequence[Mapping[str, Any]], folder: Path
) -> Path:
    """Write a file, one curve a line; return its path."""
    head = {
        "format": _FORMAT, "day": origin.day.isoformat(), "processor": origin.processor,
        "versions": dict(origin.versions), **facts,
    }  # fmt: skip
    text = json.dumps(head, ensure_ascii=False, indent=1, allow_nan=False).removesuffix("\n}")
    lines = ",\n".join(json.dumps(curve, ensure_ascii=False, allow_nan=False) for curve in curves)
    folder.mkdir(parents=True, exist_ok=True)
    path, part = folder / f"{name}.json", folder / f".{name}.part"
    part.write_text(f'{text},\n "curves": [\n{lines}\n ]\n}}\n', encoding="utf-8")
    part.replace(path)  # a page never reads half of a file
    return path


def read(name: str, folder: Path) -> tuple[Origin, dict[str, Any]] | None:
    """Return origin and content of a file, None where there is none. Raises DataError in one line."""
    path = folder / f"{name}.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if (found := document["format"]) != _FORMAT:
            raise DataError(f"the reference {path.name} has format {found!r}; this version reads format {_FORMAT}")
        return Origin(date.fromisoformat(document["day"]), document["processor"], document["versions"]), document
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise unreadable(path.name, error) from None


def stamp(name: str, folder: Path) -> int:
    """Return when a file was written last, for caches; 0 where there is none."""
    try:
        return (folder / f"{name}.json").stat().st_mtime_ns
    except OSError:
        return 0


def unreadable(name: str, error: Exception) -> DataError:
    """Return the error of a file that cannot be read."""
    return DataError(f"the reference {name} cannot be read ({type(error).__name__}: {error})")


def rounded(value: float | None) -> float | None:
    """Return a number with the digits of a page, None for one that is not finite."""
    if value is None or value != value or abs(value) == float("inf"):
        return None
    short = float(f"{value:.{DIGITS}g}")
    return int(short) if short.is_integer() and abs(short) < 10**DIGITS else short
