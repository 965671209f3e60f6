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
class RaceWords:
    """What is said around the curves.

    ``title`` is what the race is called in the stage view, ``notice`` what was refused just now, in one line,
    ``command`` the line that repeats the race in a shell, ``images`` the name of its data set.
    """

    title: str = ""
    notice: str = ""
    command: str = ""
    images: str = ""


def live_race(
    race: int, runs: Sequence[Run], on_command: Callable[[], None], key: str = "race", words: RaceWords | None = None
) -> None:
    """Mount the live race; 0 is any selection of runs, which has no set-up to start.

    ``on_command`` is called before the script's next run; ``st.session_state[key].command`` then holds
    ``{"verb": ..., "run": ...}``. Verbs: pause, resume, stop, delete (of a run), pause-all, resume-all, engine, gone,
    start (the race that is set up), fork-at (a point of a curve was clicked, at ``step``).
    """
    component("race", "skipscope_race", "shared/presentation/presentation.css", "race/presentation/presenter.css")(
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
            **surroundings(history="live/history", stream="live/stream"),
        },
        on_command_change=on_command,
    )
