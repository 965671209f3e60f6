"""What a component of the live page knows of a run before the stream tells the rest: its name and how it looks."""

from typing import TypedDict

from app import theme


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
