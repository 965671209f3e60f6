"""The fields of the set-up: what each may hold, what the preset has in it. Values live in the session by field.

Numbers are typed as text: bounds of Streamlit's own would keep a wrong number from the script, which would go on with
the last right one.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.data import options
from app.views import markdown_escape

#: The label of each number, and its setting in the configuration of a race.
NUMBERS: Mapping[str, tuple[str, str]] = {
    "steps": ("Steps", "run.optim.steps"), "seeds": ("Seeds", "seeds"), "first_seed": ("First seed", "first_seed"),
    "lr": ("Rate", "run.optim.lr"), "warmup_steps": ("Warm-up steps", "run.optim.warmup_steps"),
    "width": ("Width", "run.model.width"),
    "resize": ("Resize images to", "run.data.resize"), "validation": ("Held out", "run.data.validation"),
    "replicas": ("Replicas", "run.replicas"), "lead": ("Steps ahead", "lead"),
}  # fmt: skip
#: The labels of the other fields.
LABELS: Mapping[str, str] = {
    "depths": "Depths", "other_depths": "Other depths", "shortcuts": "Shortcuts", "variants": "Also in the race",
    "data": "Data", "optimizer": "Optimizer", "rates": "Learning rate", "precision": "Precision",
    "pace": "Pace",
    **{key: label for key, (label, _) in NUMBERS.items()},
}  # fmt: skip
CHOICES = {
    "optimizer": tuple(options.OPTIMIZERS), "rates": ("one", "tuned"), "precision": ("auto", "fp32", "bf16"),
    "pace": ("free", "lockstep"),
}  # fmt: skip
#: The chips of shortcuts: the paper's four.
PAPER = ("none", "A", "B", "C")
#: Fields with several values, whose order does not matter.
LISTS = ("depths", "shortcuts", "variants")
#: Steps ahead of the slowest run.
_USUAL_LEAD = "5"


def usual(name: str) -> dict[str, Any]:
    """Return the values of all fields for a preset."""
    preset = options.presets()[name]
    run, tuned = preset.run, isinstance(preset.run.optim.lr, str)
    chips = options.DEPTHS[run.model.family]
    return {
        "depths": [depth for depth in preset.depths if depth in chips],
        "other_depths": ", ".join(str(depth) for depth in preset.depths if depth not in chips),
        "shortcuts": [text for text in preset.shortcuts if text in PAPER],
        "variants": [text for text in preset.shortcuts if text not in PAPER],
        "data": options.preset_source(preset.name),
        "steps": f"{run.optim.steps}",
        "seeds": f"{preset.seeds}",
        "first_seed": "0",
        "rates": "tuned" if tuned else "one",
        "optimizer": run.optim.optimizer,
        "lr": options.usual_rate(name, run.optim.optimizer),
        "warmup_steps": f"{run.optim.warmup_steps}",
        "width": f"{run.model.width}",
        "resize": f"{run.data.resize}",
        "validation": f"{run.data.validation}",
        "precision": run.precision,
        "replicas": f"{run.replicas}",
        "pace": "free",
        "lead": _USUAL_LEAD,
    }


def family() -> str:
    """Return the family of the nets in the set-up, that of the preset."""
    return options.family(st.session_state["preset"])


def changed() -> dict[str, Any]:
    """Return the fields that differ from the chosen preset, with their values."""
    differing = {}
    for key, value in usual(st.session_state["preset"]).items():
        chosen = st.session_state.get(key, value)
        if set(chosen or ()) != set(value) if key in LISTS else chosen != value:
            differing[key] = chosen
    return differing


def number(key: str) -> Any:
    """Return the number in a field, None for a wrong one."""
    return options.setting_from(NUMBERS[key][1], st.session_state[key])[0]


def problem(key: str) -> str:
    """Return what is right for the number in a field, '' where it is right."""
    label, setting = NUMBERS[key]
    said = options.setting_from(setting, st.session_state[key])[1]
    return f"{label}: {said}" if said else ""


def draw_number(key: str, help: str = "", doubt: str = "", **settings: Any) -> None:
    """Draw the field of a number, and below it what is wrong with it, else a ``doubt``.

    Args:
        settings: As of ``st.text_input``.
    """
    st.text_input(
        NUMBERS[key][0], key=key, persist_state="session", help=f"{help} {_of_preset(key)}".strip(), **settings
    )
    markdown_escape.under_field(problem(key), doubt)


def pills(key: str, names: Mapping[Any, str], help: str, label: str = "") -> None:
    """Draw the choices of several values by their ``names``; ``label`` replaces the field's own."""
    st.pills(
        label or LABELS[key], list(names), format_func=names.__getitem__, selection_mode="multi", key=key,
        persist_state="session", wrap=True, help=help,
    )  # fmt: skip


def segments(key: str, names: Mapping[str, str], help: str) -> None:
    """Draw the choices of one value by their ``names``."""
    st.segmented_control(
        LABELS[key], CHOICES[key], format_func=names.__getitem__, required=True, key=key, persist_state="session",
        width="stretch", help=help,
    )  # fmt: skip


def _of_preset(key: str) -> str:
    preset = st.session_state["preset"]
    return f"{options.presets()[preset].label} has {usual(preset)[key]}."
