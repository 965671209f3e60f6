"""The component of the first visit: the recorded race plays once over its picture. Used by ``app.views.recordings``."""

from functools import cache
from typing import Any

from app import theme
from app.data.exchange import recordings
from app.live.shared.component import component, surroundings
from app.live.shared.run import Run, run_colors


def live_landing(key: str) -> bool:
    """Mount the replay over the picture before it, in one container with the key ``first_picture``.

    Return whether it was pressed just now.
    """
    result = component("race/landing", "skipscope_landing")(
        key=key,
        data={"arms": _arms(), **surroundings(curves="live/recorded-curves.json")},
        on_command_change=lambda: None,
    )
    return bool(result.command)


@cache
def _arms() -> dict[str, dict[str, Any]]:
    """Return how the arms of the recorded race look, by their names."""
    cards = recordings.first_curves()["cards"]
    looks = theme.looks([card["shortcut"] for card in cards])
    return {
        card["arm"]: {
            "mark": looks[card["shortcut"]].mark,
            **run_colors(Run(run=0, label="", plain=card["plain"], look=looks[card["shortcut"]], depth=card["depth"])),
        }
        for card in cards
    }
