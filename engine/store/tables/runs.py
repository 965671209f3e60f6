"""The tables ``runs`` and ``deletions``: where each run stands. Torch-free."""

import json
import sqlite3
from collections.abc import Iterable

from engine.config import RunConfig
from engine.errors import ConfigError
from engine.events import RunState
from engine.store.connection import ReadingTable
from engine.store.rows import RunRow

_RUN_COLUMNS = (
    "id, race, position, depth, shortcut, seed, config, versions, state, detail, cause, step, total_steps, parameters,"
    " device, precision, threads, images_per_s, seconds, evaluation_share, probe_share, pid, heartbeat, created,"
    " started, ended, changed, parent_run, parent_step, train_images, note,"
    " (SELECT tunes FROM races WHERE races.id = runs.race) AS tunes"
)


class RunReader(ReadingTable):
    """What the store says of runs."""

    def all(self, race: int | None = None, states: Iterable[RunState] = (), *, every: bool = False) -> list[RunRow]:
        """Return runs in starting order, of one race or of all, in some states or in any.

        ``every``: trials of learning rates too.
        """
        wanted = tuple(states)
        where, values = ["1"], list[object]()
        if race is not None:
            where.append("race = ?")
            values.append(race)
        elif not every:
            where.append("race NOT IN (SELECT id FROM races WHERE tunes IS NOT NULL)")
        if wanted:
            where.append(f"state IN ({', '.join('?' * len(wanted))})")
            values.extend(wanted)
        sql = f"SELECT {_RUN_COLUMNS} FROM runs WHERE {' AND '.join(where)} ORDER BY race, position"
        return [_run_row(row) for row in self._rows(sql, *values)]

    def get(self, run: int) -> RunRow | None:
        """Return one run, None if there is none."""
        rows = self._rows(f"SELECT {_RUN_COLUMNS} FROM runs WHERE id = ?", run)
        return _run_row(rows[0]) if rows else None

    def known(self, run: int) -> RunRow:
        """Return one run. Raises ConfigError in one line if there is none, or a lab's job has this number."""
        if (row := self.get(run)) is not None:
            return row
        if jobs := self._rows("SELECT lab FROM lab_jobs WHERE id = ?", run):
            lab = jobs[0]["lab"]
            raise ConfigError(
                f"run {run} is a job of the lab {lab}, not a training; `python -m engine runs` lists both"
            )
        raise ConfigError(f"there is no run {run}; `python -m engine runs` lists them")

    def changed(self, since: int, race: int | None = None) -> tuple[list[RunRow], list[int]]:
        """Return the runs that changed after the ``changed`` cursor, and the ids of those deleted after it."""
        only = "" if race is None else " AND race = ?"
        values = (since,) if race is None else (since, race)
        sql = f"SELECT {_RUN_COLUMNS} FROM runs WHERE changed > ?{only} ORDER BY changed"
        gone = self._rows(f"SELECT run FROM deletions WHERE changed > ?{only}", *values)
        return [_run_row(row) for row in self._rows(sql, *values)], [row["run"] for row in gone]


def _run_row(row: sqlite3.Row) -> RunRow:
    values = dict(row)
    values["config"] = RunConfig.from_json(values["config"])
    values["versions"] = json.loads(values["versions"])
    values["state"] = RunState(values["state"])
    return RunRow(**values)
