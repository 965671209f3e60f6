"""The texts of the race page: the first visit, the learning-rate note, the protocol, published figures."""

from collections.abc import Callable

import streamlit as st
from streamlit.elements.lib.mutable_expander_container import ExpanderContainer

from app.data import interventions, options, races, run_times, streaming, workspace
from app.data.exchange import imports
from app.data.next_steps import obstacles
from app.views import recordings
from app.views.markdown_escape import literal
from app.views.setup import preset_row

#: Races below this many steps are far from where the paper's curves end (64,000).
SHORT = 10_000
#: What is known of the rate's part in a gap: of nets that SGD trains, and of the families that AdamW trains.
_QUICK_RECIPE = (
    "In the quick recipe (600 steps, seed 0) the gap in running training error is 41 points at rate 0.3. At 0.1, the "
    "best of five rates for both nets, 20 points remain."
)
_LAB_OF_RATES = "The lab “Learning rates by depth” trains such nets at five rates."
#: Why open marks do not lie on the thick line, with batch norm and without.
_LAGGING = (
    "Open marks far above the thick line mean that the batch-norm statistics kept for evaluation lag behind the "
    "weights, not that the net has forgotten; `--set recalibrate_bn=true` measures with fresh ones."
)
_WITHOUT_STATISTICS = "Layer norm keeps no statistics. Open marks lie near the thick line, a mean of past steps."


def first_visit(start_quick: Callable[[], None], try_it: Callable[[], None]) -> None:
    """Draw the first visit: two sentences on Skipscope, and three ways to begin."""
    st.title("Watch depth make a plain net worse, and shortcuts mend it", anchor=False)
    st.markdown(
        "Skipscope trains plain and residual nets side by side and draws their errors while they learn. "
        "Within a minute or two 56 plain layers fall behind 20 on their own *training* images, and with shortcuts the "
        "two stay close."
    )
    only_views = workspace.view_only()
    if only_views:
        st.caption(literal(f"{only_views[0].upper()}{only_views[1:]}."))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        pressed = st.button(
            "Start the quick race",
            type="secondary" if only_views else "primary",
            icon=":material/play_arrow:",
            key="start_quick",
            disabled=bool(only_views),
            help=f"Four nets at once, {preset_row.takes(run_times.preset_time('quick'))}. Nothing is downloaded.",
        )
        recordings.first_button()
        tried = st.button(
            "Try it: two seconds",
            icon=":material/bolt:",
            key="try_instant",
            disabled=bool(only_views),
            help="Four small nets train at once, and again whenever you move a slider. Nothing is downloaded.",
        )
        recordings.menu()
    if pressed:
        start_quick()
    if tried:
        try_it()
    recordings.first_picture()


def learning_rate_note(race: races.Race, tuned: str = "") -> None:
    """Draw the effect of the learning rates on a gap; ``tuned`` are the words about each arm's own rate."""
    short = " A short race shows slow convergence, not the paper's end points." if race.steps < SHORT else ""
    if race.tuned:
        if tuned:
            st.caption(f"{literal(tuned)}{short}")
    elif race.has_both_families and len(race.depths) > 1:
        known = _QUICK_RECIPE if race.has_batch_norm else _LAB_OF_RATES
        st.caption(f"One learning rate for all arms: part of a gap can be the rate. {known}{short}")


def origin(race: races.Race) -> None:
    """Say of an imported race where it was recorded, and of a race whose images are not here that they are not."""
    if words := " ".join(filter(None, (imports.origin(race.id), obstacles.in_words(race)))):
        st.caption(literal(words))


def protocol(race: races.Race) -> None:
    """Draw two fold-out sections: how to read the curves, and the protocol of the race."""
    reading = _fold("What am I looking at?", ":material/help:", "reading")
    if reading.open:
        marks = _LAGGING if race.has_batch_norm else _WITHOUT_STATISTICS
        reading.markdown(
            "**Degradation** is a *training* error that rises with depth. It is not overfitting: a deeper plain net "
            "could copy the shallower one and let its extra layers do nothing, yet training does not find that.\n\n"
            "- **Thick**: error on the mini-batches it learns from, mean of the last "
            f"{streaming.RUNNING_WINDOW} steps (of all, if fewer); single steps faint.\n"
            "- **Dotted, with marks**: error on fixed test images; the full test set is measured once at the end.\n"
            f"- **Open marks**: error on fixed training images without augmentation, in eval mode. {marks}\n"
            "- **Hue** is the shortcut, **lightness** the depth; beyond the paper's four, marks differ as well.\n"
            "- **Dotted upright lines** with words: from this step on something was changed, or a fork begins.\n\n"
            "All runs of a race see the same batches with the same augmentation, and start from the same weights "
            "wherever shapes are the same. They differ in one setting: depth or shortcut.\n\n"
            "He, Zhang, Ren, Sun 2015, *Deep Residual Learning for Image Recognition*, arXiv:1512.03385, section 4.2 "
            "and Fig. 6."
        )
    setting = _fold("Protocol and reproduction", ":material/terminal:", "protocol")
    if not setting.open:
        return
    with setting:
        st.caption("The same race from a shell:")
        st.code(race.as_command, language="bash", wrap_lines=True)
        left, right = st.columns(2)
        left.dataframe(race.protocol, hide_index=True, width="stretch")
        right.dataframe(race.origin, hide_index=True, width="stretch")
        if changed := interventions.changes(race.id):
            st.caption("Changed while it trained:")
            st.dataframe(changed, hide_index=True, width="stretch")


def _fold(label: str, icon: str, key: str) -> ExpanderContainer:
    """Return a closed section with its state in the address. Only an open section gets its content: that takes time."""
    return st.expander(label, icon=icon, key=key, bind="query-params")


def published(race: races.Race) -> None:
    """Draw the published figures for the shortcuts of this race."""
    references = options.references(race.shortcuts, race.family)
    if not references:
        return
    fold = _fold("Published figures", ":material/menu_book:", "published")
    if not fold.open:
        return
    with fold:
        st.caption(
            "Test errors for the same shortcuts, as published: other nets, other lengths, another protocol than this "
            "race. If only other variants were published, those are listed."
        )
        st.dataframe(
            [
                {
                    "arm": reference.arm,
                    "published for": reference.figure.net
                    + ("" if reference.exact else f" ({options.variant_name(reference.figure.variant)})"),
                    "test error": options.value_in_words(reference.figure),
                    "data": reference.figure.data,
                    "kind of figure": reference.figure.kind,
                    "source": reference.figure.source,
                }
                for reference in references
            ],
            hide_index=True,
            width="stretch",
        )
        for name, words in options.contested(race.shortcuts).items():
            st.caption(f":orange[Contested: {name}.] {words}")
