"""The presets in one row, with the purpose of the chosen one, and durations in words."""

from collections.abc import Callable

import streamlit as st

from app.data import options, run_times
from app.views.setup import setup_fields

#: Names that fit into the row; the others are as the presets are called.
_SHORT = {
    "start": "Wire", "depth": "Depth", "today": "Today", "norm-placement": "Norm", "start-mlp": "Wire MLP",
    "start-vit": "Wire ViT",
}  # fmt: skip


def render(on_change: Callable[[], None]) -> None:
    """Draw the row; the session keeps the choice as ``preset``."""
    presets, times = options.presets(), run_times.preset_times()
    st.segmented_control(
        "Preset",
        list(presets),
        format_func=lambda name: _SHORT.get(name, presets[name].label),
        key="preset",
        persist_state="session",
        on_change=on_change,
        required=True,
        width="stretch",
        help="\n\n".join(
            f"**{preset.label}**: {preset.shows} {takes(times[name]).capitalize()}." for name, preset in presets.items()
        ),
    )
    chosen = presets[st.session_state["preset"]]
    changes = [setup_fields.LABELS[key].lower() for key in setup_fields.changed()]
    st.caption(f"{chosen.label}, changed: {', '.join(changes)}." if changes else chosen.shows)


def takes(time: run_times.RunTime) -> str:
    """Return the duration of a race: ``about 45 s``."""
    return f"about {spoken(time.seconds)}"


def spoken(seconds: float) -> str:
    """Return a coarse duration: ``45 s``, ``2 min``, ``3 h``, ``12 days``."""
    if seconds < 10:
        return f"{max(1, round(seconds))} s"
    if seconds < 90:
        return f"{5 * round(seconds / 5)} s"
    for unit, size, until in (("min", 60, 90), ("h", 3600, 48)):
        if seconds < until * size:
            return f"{round(seconds / size)} {unit}"
    return f"{round(seconds / 86_400):,} days"
