"""The set-up in the address: the differences from its preset, for links and reloads.

Fields are read by hand: Streamlit's ``bind`` names a parameter after its widget and always shows the value. Here a
value of the preset stays out of the address, and the bounds decide what an old or edited link may fill in.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import streamlit as st

from app.data import options
from app.views import page_frame
from app.views.setup import setup_fields, zoo

#: Of every name in the address.
PREFIX = "set_"
_SEPARATOR = ","
_MAX_LETTERS = 2000
#: Keys in the session, in the order of the address; keys with several values.
_FIELDS = ("depths", "other_depths", "shortcuts", "variants", "data", "steps", "seeds", "first_seed", "rates", "lr",
           "width", "resize", "validation", "precision", "pace", "lead")  # fmt: skip
_LISTS = ("depths", "shortcuts", "variants")


def preset() -> str:
    """Return the preset of the address or ''."""
    name = st.query_params.get(f"{PREFIX}preset", "")
    return name if name in options.presets() else ""


def read() -> dict[str, Any]:
    """Return the valid fields of the address."""
    allowed = {
        **setup_fields.CHOICES, "depths": tuple(map(str, options.DEPTHS)), "shortcuts": zoo.PAPER,
        "data": tuple(options.sources()),
    }  # fmt: skip
    fields = {}
    for key in _FIELDS:
        text = st.query_params.get(f"{PREFIX}{key}")
        if text is not None and len(text) <= _MAX_LETTERS:
            with suppress(ValueError):
                fields[key] = _value(key, text, allowed.get(key))
    return fields


def _value(key: str, text: str, allowed: Sequence[str] | None) -> Any:
    """Return a field's value. Raises ValueError for an invalid text."""
    if key in setup_fields.BOUNDS:
        low, high = setup_fields.BOUNDS[key]
        number = type(low)(text)
        if not low <= number <= high:
            raise ValueError(text)
        return number
    parts = list(dict.fromkeys(filter(None, text.split(_SEPARATOR)))) if key in _LISTS else [text]
    if allowed is not None and not set(parts) <= set(allowed):
        raise ValueError(text)
    if key == "depths":
        return [int(depth) for depth in parts]
    return parts if key in _LISTS else text


def write(usual: dict[str, Any], usual_preset: str) -> None:
    """Write the differences from ``usual``, the fields of the chosen preset, into the address."""
    state, wanted = st.session_state, {}
    if state["preset"] != usual_preset:
        wanted["preset"] = state["preset"]
    for key in _FIELDS:
        value = state.get(key, usual[key])
        if value != usual[key] and value is not None:
            wanted[key] = _SEPARATOR.join(map(str, value)) if isinstance(value, list) else f"{value}"
    present = [key.removeprefix(PREFIX) for key in st.query_params if key.startswith(PREFIX)]
    for key in dict.fromkeys([*present, *wanted]):
        page_frame.put_param(f"{PREFIX}{key}", wanted.get(key))
