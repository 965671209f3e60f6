"""The presets as cards: what each shows and how long it takes on this machine, measured as soon as nothing trains."""

import time
from collections.abc import Callable
from functools import partial

import streamlit as st

from app import data
from app.views.markdown_escape import literal

#: Seconds between two looks at what is being measured or waits for it.
_LOOK_S = 3.0
#: The page is open for so long before it measures by itself: whoever starts a race at once is not disturbed.
_PATIENCE_S = 5.0
#: Why a time is not known.
_UNKNOWN = {
    "failed": "measuring failed here",
    "disturbed": "measured here only beside other jobs, which says nothing",
}


def render(on_change: Callable[[], None]) -> None:
    """Draw the cards; the choice is kept in the session as ``preset``."""
    presets, known = data.presets(), data.timings()
    st.radio(
        "Preset",
        list(presets),
        format_func=lambda name: f"**{presets[name].label}**",
        captions=[f"{preset.shows}  \n**{takes(preset, known[name])}**" for name, preset in presets.items()],
        key="preset",
        persist_state="session",
        on_change=on_change,
        width="stretch",
    )
    _measure(known)


def takes(preset: data.Preset, timing: data.Timing) -> str:
    """Return in a sentence how long a preset takes here, or that this is not known yet."""
    if timing.state == "measured":
        return f"{in_words(timing).capitalize()}."
    if timing.state == "measuring":
        return f"Usually {preset.takes}; being measured here now."
    return f"Usually {preset.takes}; {_UNKNOWN.get(timing.state, 'not yet measured here')}."


def in_words(timing: data.Timing) -> str:
    """Return a measured time in words, with how it came: ``about 45 s here (measured)``."""
    how = "extrapolated from measured nets" if timing.extrapolated else "measured"
    busy = "; the machine was busy then" if timing.busy else ""
    assert timing.seconds is not None, "only a measured time is said"
    return f"{'at most' if timing.bound else 'about'} {spoken(timing.seconds)} here ({how}{busy})"


def spoken(seconds: float) -> str:
    """Return a duration as coarse as it is known: ``45 s``, ``2 min``, ``3 h``, ``12 days``."""
    if seconds < 10:
        return f"{max(1, round(seconds))} s"
    if seconds < 90:
        return f"{5 * round(seconds / 5)} s"
    for unit, size, until in (("min", 60, 90), ("h", 3600, 48)):
        if seconds < until * size:
            return f"{round(seconds / size)} {unit}"
    return f"{round(seconds / 86_400):,} days"


def _unmeasured(known: dict[str, data.Timing]) -> bool:
    """Return whether the time of some preset is not known yet."""
    return any(timing.state != "measured" for timing in known.values())


def _measure(known: dict[str, data.Timing]) -> None:
    """Offer to measure what is missing, and look every few seconds while that may change."""
    st.session_state.setdefault("timing_opened", time.monotonic())
    waits = any(timing.state in ("none", "measuring") for timing in known.values())
    if any(timing.state != "measured" or timing.busy for timing in known.values()):
        before = {name: timing.state for name, timing in known.items()}
        st.fragment(partial(_watch, before), run_every=_LOOK_S if waits else None)()


def _watch(before: dict[str, str]) -> None:
    """Draw the small button, and measure unasked once nothing has trained for a while."""
    known = data.timings()
    if {name: timing.state for name, timing in known.items()} != before:
        st.rerun(scope="app")
    active = [name for name, timing in known.items() if timing.state == "measuring"]
    chosen = st.session_state["preset"]
    missing = sorted((name for name, t in known.items() if t.state in ("none", *_UNKNOWN)), key=lambda n: n != chosen)
    missing = missing or [name for name, timing in known.items() if timing.busy]
    label = "Measure the times here" if _unmeasured(known) else "Measure again"
    label = f"Measuring {data.presets()[active[0]].label}" if active else label
    pressed = st.button(
        label,
        icon=":material/timer:",
        type="tertiary",
        disabled=bool(active) or not missing,
        key="measure",
        help="A few steps of every net are timed, in seconds for the small presets. The page does it by itself when "
        "nothing has trained here for a while. Times hold for a machine that has nothing else to do.",
    )
    unasked = [name for name in missing if known[name].state == "none"]
    patient = time.monotonic() - st.session_state["timing_opened"] >= _PATIENCE_S
    if active or not (pressed or (patient and unasked and data.can_measure())):
        return
    try:
        data.start_timing(missing[0] if pressed else unasked[0], unasked=not pressed)
    except data.SkipscopeError as error:
        st.caption(f":red[{literal(str(error))}]")
        return
    if pressed:  # else the next look finds it
        st.rerun(scope="app")
