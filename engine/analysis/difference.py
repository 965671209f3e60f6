"""What makes a run an arm of its own, in words: the rule for every page, command, lab and export. Pure.

Three things do: the run is a fork, it was changed while it trained, or its recipe is another one than its race planned
for its depth. Such a run is no seed of its arm, part of no finding, and no lab looks at it unless a person names it.
A setting of the machine, of probes or of the calendar of evaluations is no part of a recipe. A change to the value that
holds already is no difference.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

from engine.config import LIVE, STEPS, TUNED, Change

#: What no recipe is judged by: the arm itself, where and how fast a run computes, what is measured of it beside.
_NO_RECIPE = {"seed", "model.depth", "model.shortcut", "device", "threads", "eval_every"}
_NO_RECIPE_OF = ("probe.", "optim.tune_")
#: So many parts of a difference stand in a name.
_MAX_NAMED = 2
_CUT = "shortcuts cut"


@dataclass(frozen=True)
class RecordedRun:
    """What is on record of one run. Settings are by dotted key, as ``engine.config.leaves`` returns them.

    ``planned`` are those that its race planned for its depth, of a fork those of its parent; empty where not known.
    ``parent`` below 1 is one that an imported race does not have.
    ``changes`` are those of the table, extensions included.
    """

    run: int
    settings: Mapping[str, Any]
    planned: Mapping[str, Any] = field(default_factory=dict)
    changes: Sequence[Change] = ()
    parent: int | None = None
    parent_step: int = 0


class _Part(NamedTuple):
    """One thing that differs; ``step`` is the first update it holds for, None for all of the run, or of the fork."""

    words: str
    since: str = ""
    step: int | None = None

    def at(self, what: str, step: int | None) -> str:
        return self.words if step is None else f"{self.words} {self.since} {what}{step:,}"


@dataclass(frozen=True, slots=True)
class Difference:
    """Why a run is an arm of its own. ``fork`` says of which run and where, ``recipe`` and ``changed`` what differs.

    ``name`` is the difference in few words, behind an arm's name: ``shortcuts cut at 60``.
    """

    name: str
    fork: str = ""
    recipe: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The whole difference: ``fork of run 4 at step 60, shortcuts cut``."""
        return ", ".join(filter(None, (self.fork, *self.recipe, *self.changed)))

    @property
    def is_cut(self) -> bool:
        """Whether the run is a fork whose shortcuts are cut from its first step on, and nothing else differs."""
        return bool(self.fork) and not self.recipe and self.changed == (_CUT,)


#: That of a comparable run.
NO_DIFFERENCE = Difference("")


def difference(run: RecordedRun) -> Difference | None:
    """Return what makes a run an arm of its own, None for a comparable run."""
    is_fork = run.parent is not None
    recipe = [_Part(_in_words(key, value)) for key, value in _other_settings(run)]
    changes = _changes(run)
    parts = [*recipe, *changes]
    if not (parts or is_fork):
        return None
    names = [part.at("", run.parent_step if is_fork and part.step is None else part.step) for part in _dated(parts)]
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    return Difference(
        name=", ".join(names[:_MAX_NAMED]) + more if names else f"fork at {run.parent_step:,}",
        fork=_fork_in_words(run) if is_fork else "",
        recipe=tuple(part.words for part in recipe),
        changed=tuple(part.at("step ", part.step) for part in changes),
    )


def _fork_in_words(run: RecordedRun) -> str:
    known = run.parent is not None and run.parent > 0
    parent = f"run {run.parent}" if known else "a run that was left out,"
    return f"fork of {parent} at step {run.parent_step:,}"


def _dated(parts: Iterable[_Part]) -> list[_Part]:
    return [part if part.since or part.step is not None else part._replace(since="from") for part in parts]


def _other_settings(run: RecordedRun) -> list[tuple[str, Any]]:
    """Return the settings of the recipe that are not as planned, without those that are changes of the fork."""
    if not run.planned:
        return []
    return [
        (key, value)
        for key, value in run.settings.items()
        if key not in _NO_RECIPE
        and not key.startswith(_NO_RECIPE_OF)
        and value != run.planned.get(key)
        and run.planned.get(key) != TUNED
        and not (run.parent is not None and key.removeprefix("optim.") in LIVE)
    ]


def _changes(run: RecordedRun) -> list[_Part]:
    """Return the changes that changed something, in the order of their steps."""
    is_fork = run.parent is not None
    first = run.parent_step + 1 if is_fork else 0
    # The own changes of a fork have no step before its first update.
    held = [(first if change.step is None else change.step, change) for change in run.changes if change.key != STEPS]
    held = [(step, change) for step, change in held if change.step is not None or is_fork]
    held.sort(key=lambda each: (each[0], each[1].id))
    in_force = _at_first(run)
    parts = []
    for step, at_step in groupby(held, key=lambda each: each[0]):
        for key, value in {change.key: change.value for _, change in at_step}.items():
            if in_force.get(key) != value:
                words, since = _change_in_words(key, value)
                parts.append(_Part(words, since, None if is_fork and step == first else step))
            in_force[key] = value
    return parts


def _at_first(run: RecordedRun) -> dict[str, Any]:
    """Return what holds at the first update, by key of a live change; the rate only where no schedule changes it."""
    settings = run.planned if run.parent is not None else run.settings
    scheduled = any(settings.get(f"optim.{key}") for key in ("drops", "warmup_lr", "warmup_steps"))
    return {
        "strength": 1.0,
        "weight_decay": settings.get("optim.weight_decay"),
        "lr": None if scheduled else settings.get("optim.lr"),
    }


def _change_in_words(key: str, value: float) -> tuple[str, str]:
    if key == "strength" and value in (0, 1):
        return ("shortcuts whole again", "from") if value else (_CUT, "at")
    return f"{LIVE[key].label if key in LIVE else key} {value:g}", "from"


def _in_words(key: str, value: Any) -> str:
    last = key.rpartition(".")[2]
    label = LIVE[last].label if last in LIVE else last.replace("_", " ")
    if isinstance(value, bool):
        return f"{label} {'on' if value else 'off'}"
    if isinstance(value, list | tuple):
        return f"{label} {', '.join(map(_number, value)) or 'none'}"
    return f"{label} {'none' if value is None else _number(value)}"


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
