"""The instant races as the browser gets them: each once, and again when something of it is new."""

from typing import Any

from app import theme
from app.data import races
from app.data.instant import ring
from app.live.shared.run import Run, run_colors
from app.live.stream.sse import dumps, short


def ring_changes(sent: dict[int, str], sent_busy: list[int] | None) -> dict[str, Any]:
    """Return what a viewer has not been sent yet, and record it in ``sent``, the races by number as they were sent.

    ``races`` are the new and changed ones, newest first, ``gone`` the numbers of those that left the record, ``busy``
    the ordinary races that have precedence.
    """
    present = {race.id: race_document(race) for race in ring.ring()}
    fresh = [document for race, document in present.items() if sent.get(race) != dumps(document)]
    gone = [race for race in sent if race not in present]
    for race in gone:
        del sent[race]
    sent.update({document["race"]: dumps(document) for document in fresh})
    busy = ring.in_the_way()
    parts = {"races": fresh, "gone": gone}
    return {key: part for key, part in parts.items() if part} | ({"busy": busy} if busy != sent_busy else {})


def race_document(race: ring.InstantRace) -> dict[str, Any]:
    """Return one instant race: what was set, and its runs with how they look and how they ended.

    ``error`` is the clean training error of a finished net in percent, else None. ``seconds`` is None unless all nets
    finished.
    """
    choice = race.choice
    # The dialled shortcut keeps its look at every strength.
    shown = ["none" if races.is_plain(run.shortcut) else choice.shortcut for run in race.runs]
    looks = theme.looks(shown)
    runs = [(run, _known(run, looks[shortcut])) for run, shortcut in zip(race.runs, shown, strict=True)]
    return {
        "race": race.id, "depth": choice.depth, "shortcut": choice.shortcut, "strength": choice.strength,
        "lr": choice.lr, "seed": choice.seed, "steps": race.runs[0].total_steps, "over": race.is_over,
        "seconds": short(race.seconds, 3),
        "runs": [
            {
                "run": run.id, "label": known["label"], "plain": known["plain"], "depth": run.depth,
                "mark": known["look"].mark, "glyph": theme.MARKS[known["look"].mark], **run_colors(known),
                "state": run.state.value,
                "error": short(run.clean if run.state == races.RunState.FINISHED else None, 4),
            }
            for run, known in runs
        ],
    }  # fmt: skip


def _known(run: ring.InstantRun, look: theme.Look) -> Run:
    label = races.arm_label(run.depth, run.shortcut, run.family)
    return Run(run=run.id, label=label, plain=races.is_plain(run.shortcut), look=look, depth=run.depth)
