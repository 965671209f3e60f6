"""The streaming component: one call draws curves, cards, states and the gap line of a race from one stream.

The JavaScript beside this file owns everything that moves, and what is looked at; the script only says which runs and
which colours, and gets commands back as a trigger. Used by ``app.views.race.race``.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from app import theme
from app.data import races
from app.live.shared.component import component, surroundings
from app.live.shared.run import Run, run_colors


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


def live_race(
    race: int, runs: Sequence[Run], on_command: Callable[[], None], key: str = "race", words: RaceWords | None = None
) -> None:
    """Mount the live race; 0 is any selection of runs, which has no set-up to start.

    ``on_command`` is called before the script's next run; ``st.session_state[key].command`` then holds
    ``{"verb": ..., "run": ...}``. Verbs: pause, resume, stop, delete (of a run), pause-all, resume-all, engine, gone,
    start (the race that is set up), fork-at (a point of a curve was clicked, at ``step``), next (a step was pressed,
    its ``key``), ended (a run has ended that ``words.next`` does not know of).
    """
    styles = (
        "shared/presentation/presentation.css", "shared/replay/replay.css", "race/presentation/presenter.css",
        "race/inspect/inspect.css",
    )  # fmt: skip
    component("race", "skipscope_race", *styles)(
        key=key,
        data={
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
            **surroundings(
                history="live/history", stream="live/stream", exports="live/export", recording="live/recording"
            ),
        },
        on_command_change=on_command,
    )
