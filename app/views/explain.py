"""The words of the race page: the first visit, the learning-rate note, the protocol of the race shown."""

from collections.abc import Callable

import streamlit as st

from app import data

#: Races below this many steps are far from where the paper's curves end (64,000).
SHORT = 10_000


def first_visit(start_quick: Callable[[], None]) -> None:
    """Nothing was trained yet: what this is in two sentences, and one obvious button."""
    st.title("Watch depth make a plain net worse", anchor=False)
    st.markdown(
        "Skipscope trains plain and residual nets side by side and draws their errors while they learn. "
        "In half a minute a plain net of 56 layers falls behind one of 20 on its own *training* images, and with "
        "shortcuts the same two nets stay close."
    )
    pressed = st.button(
        "Start the quick race",
        type="primary",
        icon=":material/play_arrow:",
        key="start_quick",
        help=f"Four nets at once, {data.presets()['quick'].takes}. Nothing is downloaded.",
    )
    if pressed:
        start_quick()
    ground = st.context.theme.type or "light"
    still = data.still(ground)
    if still:
        st.image(
            str(still),
            width="stretch",
            alt="A finished quick race: plain-56 far above plain-20, the residual pair close together.",
            caption="A race that was recorded earlier, as a picture. Yours will be drawn live.",
        )


def learning_rate_note(race: data.Race) -> None:
    """Say what one learning rate for all arms means, or that every arm has a rate of its own."""
    if race.tuned:
        st.caption(
            "Every arm trains with the best rate of its own trials, so a gap is not one rate that suits one arm."
        )
    elif race.has_both_families and len(race.depths) > 1:
        st.caption(
            "One learning rate for all arms: part of a gap can be the rate. With the quick recipe (600 steps, seed 0) "
            "plain-56 is 41 points above plain-20 at 0.3, and 20 remain at 0.1, the best of five rates for both; in "
            "the prototype of this recipe about 13 of 40 points remain with rates tuned per depth."
            + (" A short race shows slow convergence, not the paper's end points." if race.steps < SHORT else "")
        )


def protocol(race: data.Race) -> None:
    """Fold-out sections: how to read the curves, and exactly what was run."""
    with st.expander("What am I looking at?", icon=":material/help:"):
        st.markdown(
            "**Degradation** is a *training* error that rises with depth. It is not overfitting: a deeper plain net "
            "could copy the shallower one and let its extra layers do nothing, yet training does not find that.\n\n"
            "- **Dashed**: error on the mini-batches it learns from, mean of the last 50 steps; single steps faint.\n"
            "- **Solid**: error on fixed test images; the full test set is measured once at the end.\n"
            "- **Circles**: error on fixed training images without augmentation, in eval mode. Circles far above the "
            "dashed line mean that the batch-norm statistics kept for evaluation lag behind the weights, not that the "
            "net has forgotten; `--set recalibrate_bn=true` measures with fresh ones.\n"
            "- **Hue** is the shortcut, **lightness** the depth.\n\n"
            "All runs of a race see the same batches with the same augmentation, and start from the same weights "
            "wherever shapes are the same. They differ in one setting: depth or shortcut.\n\n"
            "He, Zhang, Ren, Sun 2015, *Deep Residual Learning for Image Recognition*, arXiv:1512.03385, section 4.2 "
            "and Fig. 6."
        )
    with st.expander("Protocol and reproduction", icon=":material/terminal:"):
        st.caption("The same race from a shell:")
        st.code(race.as_command, language="bash", wrap_lines=True)
        left, right = st.columns(2)
        left.dataframe(race.protocol, hide_index=True, width="stretch")
        right.dataframe(race.origin, hide_index=True, width="stretch")
