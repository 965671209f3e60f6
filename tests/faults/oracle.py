"""What must not change: the rows on record, and the end of a run. Read with SQLite alone, not with the store's code."""

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.store.workspace import Workspace

#: Table -> its rows as (columns of the key, other columns); rows of these are written once and stay.
_KEPT = {
    "points": (
        "SELECT run, split, step, loss, error, running_loss, running_error, lr, seconds, images, took_s, bn"
        " FROM points",
        3,
    ),
    "probes": ("SELECT run, step, seconds, took_s, images FROM probes", 2),
    "arrays": (
        "SELECT p.run, p.step, a.quantity, a.length, a.width, a.code, a.low, a.high, a.data"
        " FROM arrays a JOIN probes p ON p.id = a.probe",
        3,
    ),
    "layers": ("SELECT run, kind, position, name, stage, channels FROM layers", 3),
    "log_entries": ("SELECT id, run, step, kind, text, created FROM log_entries", 1),
    "races": ("SELECT id, config, created FROM races", 1),
}
#: What two trainings of the same seed share: everything but ids and seconds.
_POINTS = (
    "SELECT r.position, p.split, p.step, p.loss, p.error, p.running_loss, p.running_error, p.lr, p.images, p.bn"
    " FROM points p JOIN runs r ON r.id = p.run WHERE r.race = ?"
)
_ARRAYS = (
    "SELECT r.position, p.step, a.quantity, a.length, a.width, a.code, a.low, a.high, a.data"
    " FROM arrays a JOIN probes p ON p.id = a.probe JOIN runs r ON r.id = p.run WHERE r.race = ?"
)


def select(workspace: Workspace, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Return the rows of a SELECT, by a connection of its own. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"{workspace.database.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
        return connection.execute(sql, values).fetchall()


@dataclass(frozen=True)
class Snapshot:
    """All rows that stay, as of one moment: ``{table: {key: other values}}``."""

    tables: dict[str, dict[tuple[Any, ...], tuple[Any, ...]]]

    @classmethod
    def of(cls, workspace: Workspace) -> "Snapshot":
        """Read the database. Raises sqlite3.Error."""
        with closing(sqlite3.connect(f"{workspace.database.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            connection.execute("BEGIN")
            return cls(
                {
                    table: {row[:keys]: row[keys:] for row in connection.execute(sql)}
                    for table, (sql, keys) in _KEPT.items()
                }
            )

    def lost(self, later: "Snapshot") -> int:
        """Return how many rows are no longer there."""
        return sum(key not in later.tables[table] for table, rows in self.tables.items() for key in rows)

    def changed(self, later: "Snapshot") -> int:
        """Return how many rows have other values."""
        return sum(
            later.tables[table].get(key, values) != values
            for table, rows in self.tables.items()
            for key, values in rows.items()
        )

    def __len__(self) -> int:
        return sum(len(rows) for rows in self.tables.values())


@dataclass(frozen=True)
class Ends:
    """How the runs of a race ended: points, probe arrays, and tensors of the last checkpoint, each as a set."""

    points: frozenset[tuple[Any, ...]]
    arrays: frozenset[tuple[Any, ...]]
    tensors: frozenset[tuple[Any, ...]]

    @classmethod
    def of(cls, workspace: Workspace, race: int) -> "Ends":
        """Read a race whose runs have finished. Raises OSError without a last checkpoint."""
        last = select(workspace, "SELECT id, position, total_steps FROM runs WHERE race = ?", race)
        return cls(
            frozenset(select(workspace, _POINTS, race)),
            frozenset(select(workspace, _ARRAYS, race)),
            frozenset(
                (position, *tensor)
                for run, position, steps in last
                for tensor in _tensors(workspace.checkpoint(run, steps))
            ),
        )

    def differences(self, other: "Ends") -> list[str]:
        """Return what differs, one text for each kind; [] for equal ends."""
        texts = []
        for kind in ("points", "arrays", "tensors"):
            mine, theirs = getattr(self, kind), getattr(other, kind)
            if mine != theirs:
                first = sorted(map(_shown, mine ^ theirs))[0]
                texts.append(f"{len(mine - theirs)} {kind} more, {len(theirs - mine)} missing, for example {first}")
        return texts


def _tensors(path: Path) -> list[tuple[str, str]]:
    """Return name and digest of every tensor in a checkpoint."""
    import torch

    found: list[tuple[str, str]] = []

    def walk(name: str, value: object) -> None:
        if isinstance(value, torch.Tensor):
            content = value.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes()
            found.append((name, f"{tuple(value.shape)} {value.dtype} {hashlib.sha256(content).hexdigest()[:16]}"))
        elif isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{name}/{key}", inner)
        elif isinstance(value, list | tuple):
            for index, inner in enumerate(value):
                walk(f"{name}/{index}", inner)

    walk("", torch.load(path, map_location="cpu", weights_only=True))
    assert found, f"{path} holds no tensor"
    return found


def _shown(row: tuple[Any, ...]) -> str:
    return " ".join(str(value)[:40] for value in row[:5])
