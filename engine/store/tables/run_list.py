"""All trainings of a workspace: one row per run with its last metrics. Torch-free.

Fast with thousands of runs: a metric is one seek in the index of (run, split, step), no config is parsed, and
``moved`` says which rows to read again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from engine.events import RunState, Split
from engine.store.connection import ReadingTable

_SPLITS = {"train": Split.TRAIN, "clean": Split.TRAIN_CLEAN, "part": Split.TEST_SUBSET, "whole": Split.TEST}
_LAST = " ".join(
    f"LEFT JOIN point_blocks AS {name} ON {name}.id = (SELECT id FROM point_blocks AS p WHERE p.run = runs.id"
    f" AND p.split = '{split.value}' ORDER BY p.step DESC LIMIT 1)"
    for name, split in _SPLITS.items()
)


@dataclass(frozen=True, slots=True)
class RunListRow:
    """One run with its last errors in percent: running, clean training subset, test subset (part), whole test set.

    ``race_shortcuts`` are those of its race as JSON, ``position`` is its place in the starting order. ``lr`` is
    ``tuned`` until its rate is known, ``optimizer`` a name of ``engine.config.optim``.
    """

    id: int
    race: int
    race_name: str
    race_shortcuts: str
    position: int
    depth: int
    shortcut: str
    family: str
    seed: int
    lr: float | str
    optimizer: str
    replicas: int
    data: str
    eval_images: int
    state: RunState
    step: int
    total_steps: int
    device: str
    precision: str
    threads: int
    seconds: float
    created: float
    started: float | None
    ended: float | None
    parent_run: int | None
    parent_step: int | None
    changed: int
    note: str
    training: float | None
    clean: float | None
    part: float | None
    part_step: int | None
    whole: float | None
    whole_step: int | None


class RunListReader(ReadingTable):
    """Reads all trainings at once."""

    def rows(self, instant: bool = False, of: Collection[int] | None = None) -> list[RunListRow]:
        """Return every training without trials, newest race first, in starting order within a race.

        Those of instant races are left out; with ``instant`` only those are returned. ``of``: only those of these runs.
        """
        some = "AND runs.id IN (SELECT value FROM json_each(?))" if of is not None else "AND ?"
        return self._all(
            RunListRow,
            "SELECT runs.*, races.name AS race_name, json_extract(races.config, '$.shortcuts') AS race_shortcuts,"
            " COALESCE(json_extract(runs.config, '$.model.family'), 'cifar') AS family,"
            " json_extract(runs.config, '$.optim.lr') AS lr, json_extract(runs.config, '$.data.name') AS data,"
            " coalesce(json_extract(runs.config, '$.optim.optimizer'), 'sgd') AS optimizer,"
            " coalesce(json_extract(runs.config, '$.replicas'), 1) AS replicas,"
            " json_extract(runs.config, '$.data.eval_images') AS eval_images,"
            " value_at(train.running_error, train.running_error_unit, train.steps, train.steps - 1) AS training,"
            " clean.error AS clean, part.error AS part, part.step AS part_step, whole.error AS whole,"
            f" whole.step AS whole_step FROM runs JOIN races ON races.id = runs.race {_LAST}"
            f" WHERE races.tunes IS NULL AND races.instant = ? {some} ORDER BY runs.race DESC, runs.position",
            instant,
            True if of is None else sorted(of),
        )

    def moved(self, points: int, changes: int) -> tuple[set[int], set[int]]:
        """Return the runs with a point or a change after a cursor, and the runs deleted since."""
        # A fork is an arm of its own by its parent's settings, and by none once the parent is gone.
        gone = {row["run"] for row in self._rows("SELECT run FROM deletions WHERE changed > ?", changes)}
        rows = self._rows(
            "SELECT id FROM runs WHERE changed > ? UNION SELECT run FROM point_blocks WHERE id > ?"
            " UNION SELECT id FROM runs WHERE parent_run IN (SELECT value FROM json_each(?))",
            changes, points, sorted(gone),
        )  # fmt: skip
        return {row["id"] for row in rows}, gone

    def possibly_different(self, of: Collection[int] | None = None) -> list[int]:
        """Return every run that may be an arm of its own: forks, changed runs, those whose config is not the race's.

        ``of``: only those of these runs.
        """
        some = "id IN (SELECT value FROM json_each(?))" if of is not None else "?"
        own = "'$.seed', '$.model.depth', '$.model.shortcut'"
        rows = self._rows(
            f"SELECT id FROM runs WHERE {some} AND (parent_run IS NOT NULL OR id IN (SELECT run FROM changes)"
            f" OR json_remove(config, {own}) <> (SELECT json_remove(json_extract(races.config, '$.run'), {own})"
            " FROM races WHERE races.id = runs.race)) ORDER BY id",
            True if of is None else sorted(of),
        )
        return [row["id"] for row in rows]

    def race_names(self) -> dict[int, str]:
        """Return ``{race: name}`` of the named races."""
        return {row["id"]: row["name"] for row in self._rows("SELECT id, name FROM races WHERE name <> ''")}

    def running_errors(self, wanted: Sequence[tuple[int, int]]) -> list[tuple[int, float]]:
        """Return (run, running training error) at or before each wanted (run, step), in that order, if recorded."""
        rows = self._rows(
            "SELECT run, error FROM (SELECT json_extract(value, '$[0]') AS run, (SELECT value_at(running_error,"
            " running_error_unit, steps, json_extract(value, '$[1]') - step) FROM point_blocks"
            " WHERE run = json_extract(value, '$[0]') AND split = 'train' AND step <= json_extract(value, '$[1]')"
            " ORDER BY step DESC LIMIT 1) AS error FROM json_each(?) ORDER BY key) WHERE error IS NOT NULL",
            list(wanted),
        )
        return [(row["run"], row["error"]) for row in rows]
