"""Numbers of a bundle for the ids of a workspace, and back. Torch-free.

A bundle counts races, runs and jobs from 1 on, in their order, so that the same races are the same bytes wherever they
were imported. A parent that is left out is -1, -2 and so on.
"""

import re
from collections.abc import Mapping, Sequence

from engine.labs.spec import LabSpec

#: How texts name a run: ``fork of run 4 at step 60``, ``A-20, run 9``.
_RUN = re.compile(r"\b(run) (-?[0-9]{1,18})\b")


def numbered(ids: Sequence[int]) -> dict[int, int]:
    """Return the number of each id, from 1 on in this order."""
    return {each: place for place, each in enumerate(ids, start=1)}


def parents(runs: Mapping[int, int], named: Sequence[int]) -> dict[int, int]:
    """Return the number of each run that is ``named`` as a parent: below zero for one that is left out."""
    absent = list(dict.fromkeys(parent for parent in named if parent not in runs))
    return {**runs, **{parent: -place for place, parent in enumerate(absent, start=1)}}


def renamed(text: str, numbers: Mapping[int, int]) -> str:
    """Return a text with the other numbers of the runs that it names; runs that have none keep theirs."""
    return _RUN.sub(lambda found: f"{found[1]} {numbers.get(int(found[2]), int(found[2]))}", text)


def inspected(lab: LabSpec, settings: Mapping[str, object]) -> tuple[int, ...]:
    """Return the runs that a job of a lab looked at, by its settings; () for a lab that looks at none."""
    option = lab.run_option
    value = settings.get(option.name) if option is not None else None
    words = value.split(",") if isinstance(value, str) else [str(value or "")]
    return tuple(int(word) for word in map(str.strip, words) if word.isascii() and word.isdigit() and len(word) < 19)


def with_runs(lab: LabSpec, settings: Mapping[str, object], numbers: Mapping[int, int]) -> dict[str, object]:
    """Return the settings with the other numbers of the runs that the job looked at."""
    option = lab.run_option
    assert option is not None
    runs = [numbers[run] for run in inspected(lab, settings)]
    return {**settings, option.name: runs[0] if option.run_reference == "run" else ",".join(map(str, runs))}
