"""The presets as cards with their duration, the chosen one with its purpose."""

from collections.abc import Callable

import streamlit as st

from app.data import options, run_times


def render(on_change: Callable[[], None]) -> None:
    """Draw the cards; the session keeps the choice as ``preset``."""
    presets, times = options.presets(), run_times.preset_times()
    chosen = st.session_state.get("preset")
    # The purpose of every card would push depths and shortcuts off the screen.
    shows = {name: f"{preset.shows}  \n" if name == chosen else "" for name, preset in presets.items()}
    st.radio(
        "Preset",
        list(presets),
        format_func=lambda name: f"**{presets[name].label}**",
        captions=[f"{shows[name]}**{takes(times[name]).capitalize()}.**" for name in presets],
        key="preset",
        persist_state="session",
        on_change=on_change,
        width="stretch",
    )


def takes(time: run_times.RunTime) -> str:
    """Return the duration of a race and its basis: ``about 45 s here (by finished runs)``."""
    about = f"about {spoken(time.seconds)}"
    if not time.here:
        return f"{about} on two cores"
    return f"{about} here ({'scaled from' if time.scaled else 'by'} finished runs)"


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
