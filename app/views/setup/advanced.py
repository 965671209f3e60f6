"""The set-up's fold-out "Advanced": settings that most races leave alone. Values live in the session."""

import streamlit as st

from app.data import interventions, options
from app.views import markdown_escape
from app.views.setup import setup_fields

#: Steps ahead of the slowest run.
USUAL_LEAD = 5
_HIGH_RATE = 1.0


def render(arms: int) -> None:
    """Draw the fold-out; ``arms`` counts the chosen arms."""
    with st.expander("Advanced"):
        st.text_input(
            "Other depths", key="other_depths", persist_state="session", placeholder="for example 26, 50",
            help="Any 6n+2 from 8 to 1202. The ImageNet family (18, 34, 50, 101, 152) is for the command line: "
            "`python -m engine race --set family=imagenet`.",
        )  # fmt: skip
        markdown_escape.under_field(depth_problem())
        _rate(arms)
        setup_fields.number("width", "Width", help="Filters of the first stage.")
        if is_path():
            setup_fields.number(
                "resize",
                "Resize images to",
                help="Pixels a side; 0 leaves them as they are, which needs images of one square size.",
            )
        setup_fields.number(
            "validation",
            "Held-out images",
            step=500,
            help="Training images that are not trained on but measured as a split of their own. The paper holds out "
            "5,000 of CIFAR-10's 50,000.",
        )
        markdown_escape.under_field(held_out_problem())
        _pace()
        setup_fields.number("first_seed", "First seed")
        st.selectbox("Precision", setup_fields.CHOICES["precision"], key="precision", persist_state="session")


def _rate(arms: int) -> None:
    setup_fields.segments(
        "rates",
        "Learning rate",
        {"one": "One for all", "tuned": "Tuned"},
        width="stretch",
        help="One rate for all arms can make a gap that is nothing but the rate. Tuned: a few rates are tried for "
        "every arm first, and its runs take the best one.",
    )
    if st.session_state["rates"] == "tuned":
        rates, steps = options.trial_plan(st.session_state["preset"], int(st.session_state["steps"]))
        st.caption(
            f"{rates} rates are tried first for each of {arms} arm{'s' * (arms != 1)}: {rates * arms} trials of "
            f"{steps:,} steps. The runs wait for them."
        )
        if steps >= int(st.session_state["steps"]):
            markdown_escape.under_field("", "So short a run is not longer than its trials.")
        return
    setup_fields.number("lr", "Rate", format="%g", label_visibility="collapsed")
    if st.session_state["lr"] > _HIGH_RATE:
        markdown_escape.under_field("", "Rates above 1 usually diverge; the paper's is 0.1.")


def _pace() -> None:
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        setup_fields.segments(
            "pace",
            "Pace",
            {"free": "Free", "lockstep": "In step"},
            help="Free: every run as fast as it can. In step: no run is more than so many steps ahead of the slowest, "
            "so curves grow together.",
        )
    with right:
        setup_fields.number("lead", "Steps ahead", disabled=st.session_state["pace"] == "free")


def defaults(preset: options.Preset) -> dict[str, object]:
    """Return the values of the fields for a preset."""
    tuned = not isinstance(preset.run.optim.lr, int | float)
    return {
        "first_seed": 0,
        "rates": "tuned" if tuned else "one",
        "lr": 0.1 if tuned else preset.run.optim.lr,
        "width": preset.run.model.width,
        "resize": preset.run.data.resize,
        "validation": preset.run.data.validation,
        "precision": preset.run.precision,
        "pace": "free",
        "lead": USUAL_LEAD,
    }


def settings() -> dict[str, str]:
    """Return the chosen settings as texts of ``--set``."""
    state = st.session_state
    chosen = {
        "lr": "tuned" if state["rates"] == "tuned" else f"{state['lr']!r}",
        "width": str(state["width"]),
        "precision": state["precision"],
    }
    if state["validation"]:
        chosen["validation"] = str(int(state["validation"]))
    if is_path() and state["resize"]:
        chosen["resize"] = str(int(state["resize"]))
    return chosen


def pace() -> str:
    """Return the chosen pace, ``free`` or ``lockstep:K``."""
    return interventions.pace_text(int(st.session_state["lead"]) if st.session_state["pace"] == "lockstep" else 0)


def other_depths() -> list[int]:
    """Return the valid typed depths."""
    return [depth for depth, _ in map(options.depth_from, _typed()) if depth is not None]


def depth_problem() -> str:
    """Return the problem of the typed depths or ''."""
    return next((problem for _, problem in map(options.depth_from, _typed()) if problem), "")


def held_out_problem() -> str:
    """Return the problem of the number of held-out images, '' without a problem or with unknown images."""
    images = getattr(options.sources().get(st.session_state["data"]), "train_images", None)
    if images is None:
        return ""
    batch = options.presets()[st.session_state["preset"]].run.optim.batch_size
    left = images - int(st.session_state["validation"])
    if left >= batch:
        return ""
    return f"Only {max(0, left):,} of {images:,} training images are left; a batch has {batch}."


def _typed() -> list[str]:
    return [part for part in st.session_state["other_depths"].replace(",", " ").split() if part]


def is_path() -> bool:
    """Return whether the images are named by their path."""
    return ":" in st.session_state["data"]
