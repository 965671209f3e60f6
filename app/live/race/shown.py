"""What the browser is told of a race that it shows, before its points: its words, its runs and how they look."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app import theme
from app.data import races
from app.live.shared.run import Run, run_colors

#: Style sheets of the race beside its own, by their paths below ``app/live``.
STYLES = (
    "shared/presentation/presentation.css", "shared/replay/replay.css", "race/presentation/presenter.css",
    "race/inspect/inspect.css",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step that an ended race leads to: a link to ``href``, else a press that sends ``key``.

    ``text`` says what it shows, ``time`` how long it takes. ``run`` is a run of the race that it shows.
    """

    key: str
    title: str
    text: str = ""
    time: str | None = ""
    href: str = ""
    run: int = 0


@dataclass(frozen=True, slots=True)
class NextSteps:
    """Cards below the chart, and buttons beside the certainty. ``ended`` are the ended runs that they know of."""

    ended: tuple[int, ...] = ()
    cards: tuple[NextStep, ...] = ()
    buttons: tuple[NextStep, ...] = ()


@dataclass(frozen=True, slots=True)
class RaceWords:
    """What is said around the curves.

    ``title`` is what the race is called in the stage view, ``notice`` what was refused just now, in one line,
    ``command`` the line that repeats the race in a shell, ``images`` the name of its data set. ``next`` is what an
    ended race leads to. ``set_up`` is another number after the set-up was filled, which opens the side bar.
    ``unforkable`` are the runs whose curves offer no fork: something of them is missing.
    """

    title: str = ""
    notice: str = ""
    command: str = ""
    images: str = ""
    next: NextSteps = NextSteps()
    set_up: int = 0
    unforkable: tuple[int, ...] = ()


def shown_race(race: int, runs: Sequence[Run], words: RaceWords | None = None) -> dict[str, Any]:
    """Return the data of a race but for those of every component; 0 is any selection of runs."""
    return {
        "race": race,
        **asdict(words or RaceWords()),
        "starts": race > 0,
        "runs": [
            {
                "run": run["run"],
                "label": run["label"],
                "mark": run["look"].mark,
                "glyph": theme.MARKS[run["look"].mark],
                **run_colors(run),
            }
            for run in runs
        ],
        "engineGone": races.ENGINE_GONE,
    }
