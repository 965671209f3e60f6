"""The set-up in the address: the differences from its preset, for links and reloads.

Fields are read by hand: Streamlit's ``bind`` names a parameter after its widget and always shows the value. Here a
value of the preset stays out of the address, and what a field may hold decides what an old or edited link fills in.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import streamlit as st

from app.data import options
from app.views import page_frame
from app.views.setup import setup_fields

#: Of every name in the address.
PREFIX = "set_"
_SEPARATOR = ","
_MAX_LETTERS = 2000


def preset() -> str:
    """Return the preset of the address or ''."""
    name = st.query_params.get(f"{PREFIX}preset", "")
    return name if name in options.presets() else ""


def read() -> dict[str, Any]:
    """Return the valid fields of the address."""
    allowed = {
        **setup_fields.CHOICES, "depths": tuple(map(str, options.DEPTHS[setup_fields.family()])),
        "shortcuts": setup_fields.PAPER, "data": tuple(options.sources()),
    }  # fmt: skip
    fields = {}
    for key in setup_fields.LABELS:
        text = st.query_params.get(f"{PREFIX}{key}")
        if text is not None and len(text) <= _MAX_LETTERS:
            with suppress(ValueError):
                fields[key] = _value(key, text, allowed.get(key))
    return fields


def _value(key: str, text: str, allowed: Sequence[str] | None) -> Any:
    """Return a field's value. Raises ValueError for an invalid text."""
    if key in setup_fields.NUMBERS:
        if options.setting_from(setup_fields.NUMBERS[key][1], text)[1]:
            raise ValueError(text)
        return text.strip()
    several = key in setup_fields.LISTS
    parts = list(dict.fromkeys(filter(None, text.split(_SEPARATOR)))) if several else [text]
    if allowed is not None and not set(parts) <= set(allowed):
        raise ValueError(text)
    if key == "depths":
        return [int(depth) for depth in parts]
    return parts if several else text


def write(usual_preset: str) -> None:
    """Write the right differences from the chosen preset into the address."""
    chosen, wanted = st.session_state["preset"], {}
    if chosen != usual_preset:
        wanted["preset"] = chosen
    for key, value in setup_fields.changed().items():
        if value is not None and not (key in setup_fields.NUMBERS and setup_fields.problem(key)):
            wanted[key] = _SEPARATOR.join(map(str, value)) if isinstance(value, list) else f"{value}"
    present = [key.removeprefix(PREFIX) for key in st.query_params if key.startswith(PREFIX)]
    for key in dict.fromkeys([*present, *wanted]):
        page_frame.put_param(f"{PREFIX}{key}", wanted.get(key))
