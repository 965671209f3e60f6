"""The two fields of a fork's change: a setting and its new value."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.data import interventions, workspace
from app.views.markdown_escape import literal

#: Offered settings, each with its label and an example; any other setting may be typed.
_OFFERED = {
    "": ("nothing (a twin)", ""),
    "lr": ("learning rate", "0.01"),
    "weight_decay": ("weight decay", "0.001"),
    "strength": ("shortcut strength", "0"),
    "steps": ("steps", "600"),
    "batch_size": ("batch size", "64"),
    "momentum": ("momentum", "0.5"),
    "drops": ("learning-rate drops", "[0.5, 0.75]"),
    "flip": ("mirrored images", "false"),
    "shortcut": ("shortcut", "A:order=post"),
}


def choose(
    what: DeltaGenerator, value: DeltaGenerator, prefix: str, saved: tuple[int, int], first: str = "lr"
) -> tuple[str, str]:
    """Draw both fields; return the setting ('' for a twin) and its new value.

    ``prefix`` begins the widgets' keys, ``saved`` are the run and the step that is forked.
    """
    key = what.selectbox(
        "Change",
        list(_OFFERED),
        format_func=lambda name: _OFFERED.get(name, (name,))[0],
        index=list(_OFFERED).index(first),
        key=f"{prefix}_key",
        accept_new_options=True,
        help="Any setting of `--set` that keeps the shapes of the weights may be typed.",
    )
    example = _OFFERED.get(key or "", ("", ""))[1]
    now = interventions.value_at(*saved, key) if key else ""
    label = literal(f"To (now {now})") if now else "To"
    text = value.text_input(label, key=f"{prefix}_{key}", placeholder=example, disabled=not key)
    return key or "", text.strip()


def make(run: int, step: int, key: str, text: str) -> int:
    """Fork a run with that change; return the new run. Raises SkipscopeError."""
    if key and not text:
        label, example = _OFFERED.get(key, (f"value for {key}", "0.5"))
        raise workspace.SkipscopeError(f"Enter {'' if label.endswith('s') else 'a '}{label}, e.g. {example}")
    with st.spinner("Forking"):
        return interventions.fork(run, step, {key: text} if key else {})
