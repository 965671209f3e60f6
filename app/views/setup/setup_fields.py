"""The fields of the set-up: bounds, choices, drawing. Values live in the session by the field's key."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

#: Smallest and largest number.
BOUNDS: Mapping[str, tuple[Any, Any]] = {
    "steps": (1, 10_000_000), "seeds": (1, 100), "first_seed": (0, 2**31 - 200), "lr": (1e-6, 100.0),
    "width": (1, 1024), "resize": (0, 512), "validation": (0, 1_000_000), "lead": (1, 9_999_999),
}  # fmt: skip
CHOICES = {"rates": ("one", "tuned"), "precision": ("auto", "fp32", "bf16"), "pace": ("free", "lockstep")}


def number(key: str, label: str, **options: Any) -> None:
    """Draw the field of a number; ``options`` as of ``st.number_input``."""
    low, high = BOUNDS[key]
    st.number_input(label, min_value=low, max_value=high, key=key, persist_state="session", **options)


def pills(key: str, label: str, names: Mapping[Any, str], help: str) -> None:
    """Draw the choices of several values by their ``names``."""
    st.pills(
        label, list(names), format_func=names.__getitem__, selection_mode="multi", key=key, persist_state="session",
        wrap=True, help=help,
    )  # fmt: skip


def segments(key: str, label: str, names: Mapping[str, str], **options: Any) -> None:
    """Draw the choices of one value by their ``names``; ``options`` as of ``st.segmented_control``."""
    st.segmented_control(
        label, CHOICES[key], format_func=names.__getitem__, required=True, key=key, persist_state="session", **options
    )
