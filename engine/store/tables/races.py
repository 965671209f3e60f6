"""The table ``races``: planned races. Torch-free."""

import sqlite3
import time
from collections.abc import Sequence

from engine.config import FREE, RaceConfig, RunConfig
from engine.errors import ConfigError, missing
from engine.events import ENDED, RunState
from engine.store.connection import ReadingTable, WritingTable, insert
from engine.store.revision import next_revision
from engine.store.rows import RaceAge, RaceRow
from engine.store.tables.runs import insert_run

_RACES = "SELECT races.*, (SELECT count(*) FROM runs WHERE race = races.id) AS runs FROM races"
#: The column ``instant`` of an instant race, and of one that another has replaced: nobody can keep that one any more.
_RING, _LEAVING = 1, 2
#: A lost run is resumed by the next engine; a failed one only by somebody who knows of it.
_CLOSED = ENDED - {RunState.LOST}


class RaceReader(ReadingTable):
    """Reads races."""

    def newest(self, limit: int = 200) -> list[RaceRow]:
        """Return races, newest first, without races of trials and instant races."""
        return self._all(RaceRow, f"{_RACES} WHERE tunes IS NULL AND NOT instant ORDER BY id DESC LIMIT ?", limit)

    def ring(self) -> list[tuple[int, bool]]:
        """Return the instant races, newest first, each with whether all of its runs came to an end of their own.

        Superseded ones are left out.
        """
        rows = self._rows(
            "SELECT id, NOT EXISTS (SELECT 1 FROM runs WHERE race = races.id AND state NOT IN"
            " (SELECT value FROM json_each(?))) AS ended FROM races WHERE instant = ? ORDER BY id DESC",
            sorted(ENDED),
            _RING,
        )
        return [(row["id"], bool(row["ended"])) for row in rows]

    def superseded(self) -> list[int]:
        """Return the instant races that leave the record."""
        return [row["id"] for row in self._rows("SELECT id FROM races WHERE instant = ? ORDER BY id", _LEAVING)]

    def ages(self) -> list[RaceAge]:
        """Return what decides whether a race may leave the record, newest first, without trials and instant races."""
        return self._all(
            RaceAge,
            "SELECT races.id, races.name, json_group_array(runs.id) AS runs,"
            " max(max(coalesce(runs.ended, runs.created),"
            " coalesce((SELECT created FROM imports WHERE id = runs.imported), 0))) AS ended,"
            " sum(runs.note <> '') AS noted,"
            " sum(runs.imported IS NULL AND runs.state NOT IN (SELECT value FROM json_each(?))) +"
            " (SELECT count(*) FROM runs AS trials JOIN races AS tuning ON tuning.id = trials.race WHERE tuning.tunes ="
            " races.id AND trials.state NOT IN (SELECT value FROM json_each(?))) AS at_work"
            " FROM races JOIN runs ON runs.race = races.id WHERE tunes IS NULL AND NOT instant"
            " GROUP BY races.id ORDER BY races.id DESC",
            sorted(_CLOSED),
            sorted(_CLOSED),
        )

    def get(self, race: int) -> RaceRow | None:
        """Return one race, also a race of trials; None if there is none."""
        return self._first(RaceRow, f"{_RACES} WHERE id = ?", race)

    def known(self, race: int) -> RaceRow:
        """Return one race, also a race of trials. Raises ConfigError if there is none."""
        if (row := self.get(race)) is None:
            raise ConfigError(missing(f"race {race}"))
        return row


class RaceWriter(WritingTable):
    """Writes races and their runs."""

    def submit(self, race: RaceConfig, instant: bool = False) -> tuple[int, list[int]]:
        """Write a race with queued runs, and a race of trials for ``lr=tuned``; return the ids of race and runs."""
        with self._transaction() as connection:
            race_id, runs = self._submit(connection, race, race.runs(), race.pace)
            if instant:
                connection.execute("UPDATE races SET instant = ? WHERE id = ?", (_RING, race_id))
            if trials := race.trials():
                self._submit(connection, race, trials, FREE, tunes=race_id)
        return race_id, runs

    @staticmethod
    def _submit(
        connection: sqlite3.Connection, race: RaceConfig, runs: Sequence[RunConfig], pace: str, tunes: int | None = None
    ) -> tuple[int, list[int]]:
        now = time.time()
        race_id = insert(
            connection, "races", name=race.name, preset=race.preset, config=race.to_json(), created=now, pace=pace,
            tunes=tunes,
        )  # fmt: skip
        return race_id, [
            insert_run(connection, race_id, position, config, total_steps=config.optim.steps, created=now)
            for position, config in enumerate(runs)
        ]

    def keep(self, race: int) -> bool:
        """Make an instant race a race like any other, and notify viewers; return False where there is none."""
        with self._transaction() as connection:
            sql = "UPDATE races SET instant = 0 WHERE id = ? AND instant = ?"
            kept = connection.execute(sql, (race, _RING)).rowcount
            if kept:
                connection.execute("UPDATE runs SET changed = ? WHERE race = ?", (next_revision(connection), race))
        return bool(kept)

    def supersede(self, races: Sequence[int]) -> None:
        """Take instant races out of the ring, all at once; those that were kept meanwhile stay."""
        with self._transaction() as connection:
            for race in races:
                connection.execute("UPDATE races SET instant = ? WHERE id = ? AND instant = ?", (_LEAVING, race, _RING))
            next_revision(connection)

    def set_pace(self, race: int, pace: str) -> None:
        """Set the pace of a race (``engine.config.lockstep``) and notify viewers."""
        with self._transaction() as connection:
            connection.execute("UPDATE races SET pace = ? WHERE id = ?", (pace, race))
            next_revision(connection)
