"""Which stored runs are arms of their own, and by what: reads what the rule of ``engine.analysis.difference`` needs.

Torch-free.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from engine.analysis.comparison import by
from engine.analysis.difference import Difference, RecordedRun, difference
from engine.config import Change, leaves
from engine.store.reader import Reader
from engine.store.rows import ChangeRow, RunRow


def differences(
    reader: Reader, rows: Sequence[RunRow], counts: Callable[[ChangeRow], bool] = lambda _: True
) -> dict[int, Difference]:
    """Return what makes these runs arms of their own, by run; comparable runs are left out.

    ``counts``: which changes count, for those who look at an earlier state of a run.
    """
    if not rows:
        return {}
    changes = by(filter(counts, reader.interventions.changes_of([row.id for row in rows])), attrgetter("run"))
    known = {row.id: row for row in rows}
    plans: dict[int, Any] = {}
    found = {}
    for row in rows:
        if row.parent_run is not None:
            parent = known.get(row.parent_run) or reader.runs.get(row.parent_run)
            planned = leaves(parent.config) if parent else {}
        else:
            if row.race not in plans:
                race = reader.races.get(row.race)
                plans[row.race] = (leaves(race.config.run), race.config.per_depth) if race else ({}, {})
            shared, per_depth = plans[row.race]
            planned = {**shared, **per_depth.get(row.depth, {})} if shared else {}
        own = [Change(change.id, change.key, change.value, change.step) for change in changes.get(row.id, ())]
        recorded = RecordedRun(row.id, leaves(row.config), planned, own, row.parent_run, row.parent_step or 0)
        if different := difference(recorded):
            found[row.id] = different
    return found


def difference_at(reader: Reader, row: RunRow, step: int) -> Difference | None:
    """Return what made a run an arm of its own after ``step`` updates; later changes do not count."""
    begun = row.parent_step is None or step > row.parent_step

    def counts(change: ChangeRow) -> bool:
        return begun if change.step is None else change.step <= step

    return differences(reader, [row], counts).get(row.id)
