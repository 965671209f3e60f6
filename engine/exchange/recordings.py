"""The recorded races of ``assets/recordings``: a table, and one bundle for each row. Torch-free."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.errors import ConfigError, DataError
from engine.exchange.bundle.archive import ArchiveReader
from engine.paths import PROJECT
from engine.store.reader import Reader

FOLDER = PROJECT / "assets" / "recordings"
TABLE, EXTENSION = "recordings.toml", ".skipscope"
#: Bytes of all bundles together.
MAX_BYTES = 15 * 10**6


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded race.

    ``shows`` is one sentence. ``commands`` are arguments of ``python -m engine`` that make the race again in a new
    workspace. ``caveats`` are sentences about what it does not show.
    """

    name: str
    title: str
    shows: str
    commands: tuple[str, ...]
    caveats: tuple[str, ...]
    path: Path


@dataclass(frozen=True, slots=True)
class BundleKey:
    """What tells a bundle from others: its id, and how many runs it has."""

    id: str
    runs: int


@cache
def recordings(folder: Path = FOLDER) -> Mapping[str, Recording]:
    """Return the recorded races in the order of the table. Raises DataError in one line."""
    try:
        rows = tomllib.loads((folder / TABLE).read_text(encoding="utf-8"))
        return {
            name: Recording(
                name, row["title"], row["shows"], tuple(row["commands"]), tuple(row["caveats"]),
                folder / f"{name}{EXTENSION}",
            )
            for name, row in rows.items()
        }  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"the table of recorded races cannot be read ({type(error).__name__}: {error})") from None


def get_recording(name: str) -> Recording:
    """Return a recorded race. Raises ConfigError with the choices, DataError."""
    rows = recordings()
    if name not in rows:
        raise ConfigError(f"unknown recorded race {name!r}; choose from {', '.join(rows)}")
    return rows[name]


def bundle_key(recording: Recording) -> BundleKey:
    """Return id and number of runs from the manifest of a bundle. Raises DataError in one line."""
    try:
        return _key(recording.path, recording.path.stat().st_mtime_ns)
    except OSError:
        raise DataError(f"the recorded race {recording.path.name} is not part of this installation") from None


def imported_race(reader: Reader, recording: Recording) -> int | None:
    """Return the race that was imported from this bundle and is still whole, None without one. Raises DataError."""
    key = bundle_key(recording)
    return reader.imports.whole_race(key.id, key.runs)


@cache
def _key(path: Path, _written: int) -> BundleKey:
    with ArchiveReader(path) as archive:
        runs = sum(name.endswith("/run.json") for name in archive.names())
        return BundleKey(archive.manifest.id, runs)
