"""What people write beside the record: names of races, notes of runs. Direct short writes; no engine is needed."""

from collections.abc import Sequence

from app.data.permit import commanding
from app.data.place import here
from engine.runs.client.visitor_notes import LONGEST_NAME, LONGEST_NOTE

__all__ = ["LONGEST_NAME", "LONGEST_NOTE", "annotate", "rename_race"]


@commanding
def rename_race(race: int, name: str) -> str:
    """Give a race another name, '' for none; return it as it is kept. Raises SkipscopeError."""
    return here().control.rename_race(race, name)


@commanding
def annotate(runs: Sequence[int], note: str) -> list[int]:
    """Write a note on these runs, '' to take it away; return those that exist. Raises SkipscopeError."""
    return here().control.annotate(runs, note)
