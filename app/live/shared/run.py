"""What a component of the live page knows of runs before the stream tells the rest: names, states, how they look."""

from typing import Any, TypedDict

from app import theme
from app.data import races, streaming


class Run(TypedDict):
    """One run as views hand it to a component; ``look`` and ``depth`` decide its colours."""

    run: int
    label: str
    plain: bool
    look: theme.Look
    depth: int


def run_colors(run: Run) -> dict[str, dict[str, str]]:
    """Return the colours of a run's lines (``color``) and of its name (``textColor``), by scheme, light or dark."""
    color, depth = run["look"].color, run["depth"]
    return {
        "color": {scheme: theme.line_color(color, depth, scheme) for scheme in theme.BACKGROUND},
        "textColor": {scheme: theme.text_color(color, depth, scheme) for scheme in theme.BACKGROUND},
    }


def facts() -> dict[str, Any]:
    """Return what the browser knows of runs and colours without a race."""
    return {
        "states": theme.STATES,
        "runFacts": {
            "groups": {name: sorted(states) for name, states in races.STATE_GROUPS.items()},
            "runningWindow": streaming.RUNNING_WINDOW,
        },
        "themes": {
            scheme: {
                "text": theme.TEXT[scheme],
                "muted": theme.MUTED[scheme],
                "grid": theme.GRID[scheme],
                "page": theme.BACKGROUND[scheme],
            }
            for scheme in theme.BACKGROUND
        },
    }


def runs_of(race: races.Race) -> list[Run]:
    """Return the runs of a race for a component, in starting order."""
    rows = races.runs(race.id)
    names = list(map(_look_name, rows))
    looks = theme.looks([*race.shortcuts, *names])
    return [
        Run(run=run.id, label=label(race, run), plain=races.is_plain(run.shortcut), look=looks[name], depth=run.depth)
        for run, name in zip(rows, names, strict=True)
    ]


def label(race: races.Race, run: races.RunRow) -> str:
    """Return the name of a run within its race: the arm, with several seeds the seed. The browser adds differences."""
    arm = races.on_replicas(races.arm_label(run.depth, run.shortcut, run.family), run.config.replicas)
    return f"{arm} s{run.seed}" if race.seeds > 1 else arm


def _look_name(run: races.RunRow) -> str:
    # A fork looks like a variant of its own: its line begins on its parent's.
    return run.shortcut if run.parent_run is None else f"{run.shortcut} {run.id}"
