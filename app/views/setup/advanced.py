"""The set-up's fold-out "Advanced": settings that most races leave alone. Values live in the session."""

import streamlit as st

from app.data import interventions, options
from app.views import markdown_escape
from app.views.setup import setup_fields

#: Rates from which on a doubt is shown, by optimizer, with its words.
_HIGH_RATES = {
    "sgd": (1.0, "Rates above 1 usually diverge; the paper's is 0.1."),
    "adamw": (0.03, "This rate is high for AdamW; 0.001 is usual."),
}
#: The fields of the fold-out.
_FIELDS = (
    "other_depths", "optimizer", "warmup_steps", "rates", "lr", "width", "resize", "validation", "pace", "lead",
    "first_seed", "precision", "replicas",
)  # fmt: skip


def render(arms: int) -> None:
    """Draw the fold-out; ``arms`` counts the chosen arms."""
    changes = len(setup_fields.changed().keys() & set(_FIELDS))
    with st.expander(f"Advanced: {changes} changed" if changes else "Advanced", key="advanced"):
        st.text_input(
            "Other depths", key="other_depths", persist_state="session", placeholder="for example 26, 50",
            help=f"Weighted layers: any {options.depth_rule(setup_fields.family())}. The ImageNet family (18, 34, 50, "
            "101, 152) is for the command line: `python -m engine race --set family=imagenet`.",
        )  # fmt: skip
        markdown_escape.under_field(depth_problem())
        _optimizer()
        _rate(arms)
        left, right = st.columns(2)
        with left:
            setup_fields.draw_number("width", help="Filters of the first stage, or the width of the stream.")
        right.selectbox("Precision", setup_fields.CHOICES["precision"], key="precision", persist_state="session")
        left, right = st.columns(2)
        with left:
            setup_fields.draw_number("first_seed", help="Seeds count from here on.")
        with right:
            setup_fields.draw_number(
                "validation",
                help="Training images that are not trained on but measured as a split of their own. The paper holds "
                "out 5,000 of CIFAR-10's 50,000.",
            )
        markdown_escape.under_field(held_out_problem())
        setup_fields.draw_number(
            "replicas",
            help="Processes that train each net together, 1 to 8. Each takes an equal share of every batch, and batch "
            "norm sees that share alone: another model than one process trains.",
        )
        markdown_escape.under_field(replicas_problem())
        if is_path():
            setup_fields.draw_number(
                "resize",
                help="Pixels a side; 0 leaves them as they are, which needs images of one square size.",
            )
        _pace()


def _optimizer() -> None:
    left, right = st.columns(2)
    left.selectbox(
        "Optimizer", setup_fields.CHOICES["optimizer"], format_func=options.OPTIMIZERS.__getitem__, key="optimizer",
        persist_state="session", on_change=_put_rate,
        help="The same for all arms. AdamW divides the step of each weight by the usual size of its gradient. A new "
        "optimizer gets its usual rate.",
    )  # fmt: skip
    with right:
        setup_fields.draw_number("warmup_steps", help="The rate rises linearly over so many steps, in all arms.")


def _put_rate() -> None:
    state = st.session_state
    state["lr"] = options.usual_rate(state["preset"], state["optimizer"])


def _rate(arms: int) -> None:
    setup_fields.segments(
        "rates",
        {"one": "One for all", "tuned": "Tuned"},
        help="One rate for all arms can make a gap that is nothing but the rate. Tuned: a few rates are tried for "
        "every arm first, and its runs take the best one.",
    )
    if st.session_state["rates"] == "one":
        rate = setup_fields.number("lr")
        usual, doubt = _HIGH_RATES[st.session_state["optimizer"]]
        high = isinstance(rate, int | float) and rate > usual
        setup_fields.draw_number("lr", doubt=doubt if high else "", label_visibility="collapsed")
    elif total := setup_fields.number("steps"):
        rates, steps = options.trial_plan(st.session_state["preset"], total)
        st.caption(
            f"{rates} rates are tried first for each of {arms} arm{'s' * (arms != 1)}: {rates * arms} trials of "
            f"{steps:,} steps. The runs wait for them."
        )
        if steps >= total:
            markdown_escape.under_field("", "So short a run is not longer than its trials.")


def _pace() -> None:
    setup_fields.segments(
        "pace",
        {"free": "Free", "lockstep": "Lockstep"},
        help="Free: every run as fast as it can. Lockstep: no run is more than so many steps ahead of the slowest, "
        "so curves grow together.",
    )
    if st.session_state["pace"] == "lockstep":
        setup_fields.draw_number("lead", help="How far a run may be ahead of the slowest.")


def settings() -> dict[str, str]:
    """Return the chosen settings as texts of ``--set``."""
    state = st.session_state
    chosen = {
        "optimizer": state["optimizer"],
        "lr": "tuned" if state["rates"] == "tuned" else state["lr"],
        "warmup_steps": state["warmup_steps"],
        "width": state["width"],
        "precision": state["precision"],
    }
    if setup_fields.number("validation"):
        chosen["validation"] = state["validation"]
    if (setup_fields.number("replicas") or 1) > 1:
        chosen["replicas"] = state["replicas"]
    if is_path() and setup_fields.number("resize"):
        chosen["resize"] = state["resize"]
    return chosen


def pace() -> str:
    """Return the chosen pace, ``free`` or ``lockstep:K``."""
    return interventions.pace_text(setup_fields.number("lead") if st.session_state["pace"] == "lockstep" else 0)


def without_effect() -> set[str]:
    """Return the numbers that other fields leave without effect."""
    state = st.session_state
    return (
        ({"lr"} if state["rates"] == "tuned" else set())
        | ({"lead"} if state["pace"] == "free" else set())
        | (set() if is_path() else {"resize"})
    )


def other_depths() -> list[int]:
    """Return the valid typed depths."""
    return [depth for depth, _ in _typed() if depth is not None]


def depth_problem() -> str:
    """Return the problem of the typed depths or ''."""
    return next((problem for _, problem in _typed() if problem), "")


def held_out_problem() -> str:
    """Return the problem of the number of held-out images, '' without a problem or with unknown images."""
    images = getattr(options.sources().get(st.session_state["data"]), "train_images", None)
    held_out = setup_fields.number("validation")
    if images is None or held_out is None:
        return ""
    batch = options.presets()[st.session_state["preset"]].run.optim.batch_size
    left = images - held_out
    if left >= batch:
        return ""
    return f"Only {max(0, left):,} of {images:,} training images are left; a batch has {batch}."


def replicas_problem() -> str:
    """Return why so many replicas cannot train the preset's nets, '' without a problem or with a wrong number."""
    replicas = setup_fields.number("replicas")
    if replicas is None:
        return ""
    return options.replicas_problem(st.session_state["preset"], replicas)


def _typed() -> list[tuple[int | None, str]]:
    parts = st.session_state["other_depths"].replace(",", " ").split()
    return [options.depth_from(part, setup_fields.family()) for part in parts]


def is_path() -> bool:
    """Return whether the images are named by their path."""
    return ":" in st.session_state["data"]
