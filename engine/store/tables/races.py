"""The table ``races``: what was planned. Torch-free."""

import json
import sqlite3
import time
from collections.abc import Sequence

from engine.config import FREE, RaceConfig, RunConfig
from engine.errors import ConfigError
from engine.events import RunState
from engine.provenance import versions
from engine.store.connection import ReadingTable, WritingTable
from engine.store.revision import next_revision
from engine.store.rows import RaceRow


class RaceReader(ReadingTable):
    """What the store says of races."""

    def newest(self, limit: int = 200) -> list[RaceRow]:
        """Return the newest races first; those of trials are hidden: see ``tuning``."""
        rows = self._rows(
            "SELECT races.*, count(runs.id) AS runs FROM races LEFT JOIN runs ON runs.race = races.id"
            " WHERE races.tunes IS NULL GROUP BY races.id ORDER BY races.id DESC LIMIT ?",
            limit,
        )
        return [_race_row(row) for row in rows]

    def get(self, race: int) -> RaceRow | None:
        """Return one race, that of trials too; None if there is none."""
        rows = self._rows(
            "SELECT races.*, (SELECT count(*) FROM runs WHERE race = races.id) AS runs FROM races WHERE id = ?",
            race,
        )
        return _race_row(rows[0]) if rows else None

    def known(self, race: int) -> RaceRow:
        """Return one race, that of trials too. Raises ConfigError in one line if there is none."""
        row = self.get(race)
        if row is None:
            raise ConfigError(f"there is no race {race}; `python -m engine runs` lists them")
        return row


class RaceWriter(WritingTable):
    """How races and their runs get into the store."""

    def submit(self, race: RaceConfig) -> tuple[int, list[int]]:
        """Write a race and its runs, all queued, and the trials of ``lr=tuned`` as a race of their own.

        Returns the race's id and its runs' ids in starting order.
        """
        with self._transaction() as connection:
            race_id, runs = self._submit(connection, race, race.runs(), race.pace)
            if trials := race.trials():
                self._submit(connection, race, trials, FREE, tunes=race_id)
        return race_id, runs

    @staticmethod
    def _submit(
        connection: sqlite3.Connection, race: RaceConfig, runs: Sequence[RunConfig], pace: str, tunes: int | None = None
    ) -> tuple[int, list[int]]:
        now, origin = time.time(), json.dumps(versions(), sort_keys=True)
        cursor = connection.execute(
            "INSERT INTO races (name, preset, config, created, pace, tunes) VALUES (?, ?, ?, ?, ?, ?)",
            (race.name, race.preset, race.to_json(), now, pace, tunes),
        )
        race_id, ids = int(cursor.lastrowid or 0), []
        for position, config in enumerate(runs):
            cursor = connection.execute(
                "INSERT INTO runs (race, position, depth, shortcut, seed, config, versions, state, total_steps,"
                " created, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (race_id, position, config.model.depth, config.model.shortcut, config.seed, config.to_json(),
                 origin, RunState.QUEUED, config.optim.steps, now, next_revision(connection)),
            )  # fmt: skip
            ids.append(int(cursor.lastrowid or 0))
        return race_id, ids

    def set_pace(self, race: int, pace: str) -> None:
        """Set the pace of a race (``engine.config.lockstep``) and tell viewers."""
        with self._transaction() as connection:
            connection.execute("UPDATE races SET pace = ? WHERE id = ?", (pace, race))
            next_revision(connection)


def _race_row(row: sqlite3.Row) -> RaceRow:
    config = RaceConfig.from_json(row["config"])
    return RaceRow(
        row["id"], row["name"], row["preset"], config, row["created"], row["runs"], row["pace"], row["tunes"]
    )
