"""What a fork changes, asked in one way wherever a fork is offered: which one setting, and what it is to be."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.data import interventions, workspace

#: Offered as changes; any other setting may be typed.
_KEYS = {
    "": "nothing (a twin)",
    "lr": "learning rate",
    "weight_decay": "weight decay",
    "strength": "shortcut strength",
    "steps": "steps",
    "batch_size": "batch size",
    "momentum": "momentum",
    "drops": "learning-rate drops",
    "flip": "mirrored images",
    "shortcut": "shortcut",
}
_EXAMPLES = {
    "lr": "0.01", "weight_decay": "0.001", "strength": "0", "steps": "600", "batch_size": "64", "momentum": "0.5",
    "drops": "[0.5, 0.75]", "flip": "false", "shortcut": "A:order=post",
}  # fmt: skip


def choose(what: DeltaGenerator, value: DeltaGenerator, prefix: str, first: str = "lr") -> tuple[str, str]:
    """Draw both fields; return the setting ('' for a twin) and its new value. ``prefix`` begins the widgets' keys."""
    key = what.selectbox(
        "Change",
        list(_KEYS),
        format_func=lambda name: _KEYS.get(name, name),
        index=list(_KEYS).index(first),
        key=f"{prefix}_key",
        accept_new_options=True,
        help="Any setting of `--set` that keeps the shapes of the weights may be typed.",
    )
    text = value.text_input("To", key=f"{prefix}_{key}", placeholder=_EXAMPLES.get(key or "", ""), disabled=not key)
    return key or "", text.strip()


def make(run: int, step: int, key: str, text: str) -> int:
    """Fork a run with that change; return the new run. Raises SkipscopeError."""
    if key and not text:
        raise workspace.SkipscopeError(
            f"say what {_KEYS.get(key, key)} is to be, for example {_EXAMPLES.get(key, '0.5')}"
        )
    with st.spinner("Forking"):
        return interventions.fork(run, step, {key: text} if key else {})
