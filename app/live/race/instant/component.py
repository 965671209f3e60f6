"""The component of the instant races: sliders, curves, finding and dial, all from the streams of the server.

The script says only what can be set. Which races there are comes by ``/live/instant/stream``, so those who look on see
a new one at once. Used by ``app.views.instant``.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from app.data import options, workspace
from app.data.instant import ring
from app.live.shared.component import component, surroundings

#: What each shortcut does.
ABOUT = {
    "A": "The norm stands before each branch; the block's input is added unchanged.",
    "A:order=post-ln": "The norm stands behind each addition, so it also changes what the shortcut passes on.",
    "skipinit": "A learned number multiplies each branch. It starts at zero: the net starts as the identity.",
    "skipinit:norm=none": "As SkipInit, without any norm.",
    "deepnorm": "As post-LN, with a stronger shortcut and smaller weights in the branches at first.",
}


def live_instant(on_command: Callable[[], None], key: str, notice: Mapping[str, Any]) -> None:
    """Mount the instant races.

    ``on_command`` is called before the script's next run; ``st.session_state[key].command`` then holds the ``verb``:
    train (with what was set, as ``choice``) or keep (a race, by ``run``). ``notice`` is a refusal: its ``line``, and
    ``at`` of the command, so that the same line twice is told twice.
    ``obstacle`` of the data is why nothing trains here, '' where nets train.
    """
    can_be_set = ring.settings()
    component("race/instant", "skipscope_instant")(
        key=key,
        data={
            "settings": _rows(can_be_set),
            "usual": asdict(can_be_set.usual),
            "dialled": can_be_set.dialled,
            "notice": notice,
            "obstacle": workspace.view_only(),
            **surroundings(history="live/history", stream="live/stream", ring="live/instant/stream"),
        },
        on_command_change=on_command,
    )


def _rows(can_be_set: ring.Settings) -> list[dict[str, Any]]:
    """Return what can be set: each with its values in order and their words."""
    kinds = can_be_set.shortcuts
    rows: list[tuple[str, str, Mapping[Any, str]]] = [
        ("strength", "Strength of the shortcut", {value: f"{value:g}" for value in can_be_set.strengths}),
        ("depth", "Deep nets", {depth: options.depth_name(depth, can_be_set.family) for depth in can_be_set.depths}),
        ("lr", "Learning rate", {rate: f"{rate:g}" for rate in can_be_set.rates}),
        ("seed", "Seed", {seed: str(seed) for seed in can_be_set.seeds}),
        ("shortcut", "Shortcut", kinds),
    ]
    return [
        {
            "key": key, "label": label, "kinds": values is kinds,
            "values": [
                {"value": value, "label": words} | ({"about": ABOUT[value]} if values is kinds else {})
                for value, words in values.items()
            ],
        }
        for key, label, values in rows
        if len(values) > 1
    ]  # fmt: skip
