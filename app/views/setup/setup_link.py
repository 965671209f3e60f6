"""The set-up in the address: what differs from its preset stands there, so that a link or a reload brings it back."""

import math
from collections.abc import Callable
from typing import Any

import streamlit as st

from app.data import options
from app.views.setup import zoo

#: Every name in the address begins so; others belong to whoever set them.
PREFIX = "set_"
_SEPARATOR = ","
#: Longer texts are nobody's set-up.
_MAX_LETTERS = 2000


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return read


def _rate(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and 1e-6 <= value <= 100):
        raise ValueError(text)
    return value


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(text)
        return text

    return read


def _source(text: str) -> str:
    return _one_of(*options.sources())(text)


def _some(read: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    return lambda text: list(dict.fromkeys(read(part) for part in text.split(_SEPARATOR) if part))


def _depth(text: str) -> int:
    return int(_one_of(*map(str, options.DEPTHS))(text))


#: Key in the session -> what reads its text, raising ValueError for what the field could not hold.
_FIELDS: dict[str, Callable[[str], Any]] = {
    "depths": _some(_depth),
    "other_depths": str,
    "shortcuts": _some(_one_of(*zoo.PAPER)),
    "variants": _some(str),
    "data": _source,
    "steps": _whole(1, 10_000_000),
    "seeds": _whole(1, 100),
    "first_seed": _whole(0, 2**31 - 200),
    "rates": _one_of("one", "tuned"),
    "lr": _rate,
    "width": _whole(1, 1024),
    "resize": _whole(0, 512),
    "validation": _whole(0, 1_000_000),
    "precision": _one_of("auto", "fp32", "bf16"),
    "pace": _one_of("free", "lockstep"),
    "lead": _whole(1, 9_999_999),
}


def preset() -> str:
    """Return the preset that the address names, '' where it names none."""
    name = st.query_params.get(f"{PREFIX}preset", "")
    return name if name in options.presets() else ""


def read() -> dict[str, Any]:
    """Return the fields that the address sets; what no field could hold is left out."""
    found = {}
    for key, reader in _FIELDS.items():
        text = st.query_params.get(f"{PREFIX}{key}")
        if text is not None and len(text) <= _MAX_LETTERS:
            try:
                found[key] = reader(text)
            except ValueError:
                continue
    return found


def write(usual: dict[str, Any], usual_preset: str) -> None:
    """Let the address say what differs from ``usual``, the fields of the chosen preset."""
    state, wanted = st.session_state, {}
    if state["preset"] != usual_preset:
        wanted["preset"] = state["preset"]
    for key in _FIELDS:
        value = state.get(key, usual[key])
        if value != usual[key] and value is not None:
            wanted[key] = _SEPARATOR.join(map(str, value)) if isinstance(value, list) else f"{value}"
    present = {key.removeprefix(PREFIX): st.query_params[key] for key in st.query_params if key.startswith(PREFIX)}
    if present == wanted:
        return
    for key in present.keys() - wanted.keys():
        del st.query_params[f"{PREFIX}{key}"]
    for key, text in wanted.items():
        if present.get(key) != text:
            st.query_params[f"{PREFIX}{key}"] = text
