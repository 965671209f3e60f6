"""The streaming component: one call draws curves, cards, states and the gap line of a race from one stream.

The JavaScript beside this file owns everything that moves, and what is looked at; the script only says which runs and
which colours, and gets commands back as a trigger. Used by ``app.views.race.race``.
"""

from collections.abc import Callable, Sequence

from app.live.race.shown import STYLES, RaceWords, shown_race
from app.live.shared.component import component, surroundings
from app.live.shared.run import Run


def live_race(
    race: int, runs: Sequence[Run], on_command: Callable[[], None], key: str = "race", words: RaceWords | None = None
) -> None:
    """Mount the live race; 0 is any selection of runs, which has no set-up to start.

    ``on_command`` is called before the script's next run; ``st.session_state[key].command`` then holds
    ``{"verb": ..., "run": ...}``. Verbs: pause, resume, stop, delete (of a run), pause-all, resume-all, engine, gone,
    start (the race that is set up), fork-at (a point of a curve was clicked, at ``step``), next (a step was pressed,
    its ``key``), ended (a run has ended that ``words.next`` does not know of).
    """
    component("race", "skipscope_race", *STYLES)(
        key=key,
        data={
            **shown_race(race, runs, words),
            **surroundings(
                history="live/history", stream="live/stream", exports="live/export", recording="live/recording"
            ),
        },
        on_command_change=on_command,
    )
