"""The set-up's fold-out "More shortcuts": the whole zoo with its options, as texts in the session."""

import streamlit as st

from app.data import options
from app.views import markdown_escape

#: The widget of the chosen variants beside the paper's four.
KEY = "variants"
#: Texts for the next run of the script: the value of a drawn widget cannot change.
_NEXT = "variants_next"
#: The variant of the fields of "A shortcut and its options".
_MADE = "variant_made"
#: The paper's four.
PAPER = ("none", "A", "B", "C")
#: Group and row by name.
Rows = dict[str, tuple[str, options.Shortcut]]


def chosen() -> list[str]:
    """Return the canonical texts of the chosen variants, without invalid ones."""
    read = [options.variant_from(text)[0] for text in st.session_state.get(KEY) or []]
    return list(dict.fromkeys(variant.text for variant in read if variant))


def put_together() -> str:
    """Return the variant of the fields for a shortcut and its options."""
    return str(st.session_state[_MADE])


def problem() -> str:
    """Return the problem of the typed variants or ''."""
    return next((wrong for _, wrong in map(options.variant_from, st.session_state.get(KEY) or []) if wrong), "")


def render() -> None:
    """Draw the fold-out."""
    if _NEXT in st.session_state:
        st.session_state[KEY] = st.session_state.pop(_NEXT)
    rows = {row.name: (group, row) for group, of_group in options.shortcut_groups().items() for row in of_group}
    # The widget takes only its own options: typed and combined variants become options.
    others = [text for text in st.session_state.get(KEY) or [] if text not in rows or text in PAPER]
    with st.expander("More shortcuts", key="more_shortcuts", expanded=bool(st.session_state.get(KEY))):
        st.multiselect(
            "Also in the race",
            [*(name for name in rows if name not in PAPER), *others],
            format_func=lambda text: _offered(text, rows),
            key=KEY,
            persist_state="session",
            accept_new_options=True,
            placeholder="Choose, or type gated:bias=-7",
            help="A variant is a name with options: `NAME:key=value:key=value`, for example `gated:bias=-7`, "
            "`A:order=full-pre`, `none:norm=none`, `A:layers=1`. Orders: "
            + ", ".join(f"`{order.name}`" for order in options.orders_of(rows["A"][1])),
        )
        markdown_escape.under_field(problem())
        _with_options(rows)


def _offered(text: str, rows: Rows) -> str:
    if text not in rows:
        variant, _ = options.variant_from(text)
        return options.variant_name(variant.text) if variant else text
    group, row = rows[text]
    return f"{text} ({group})" if row.label == text else f"{text}: {row.label} ({group})"


def _with_options(rows: Rows) -> None:
    """Draw the fields that combine a shortcut with its options, and the facts about the shortcut."""
    name = st.selectbox(
        "A shortcut and its options",
        list(rows),
        format_func=lambda text: "plain" if text == "none" else text,
        index=list(rows).index("gated"),
        key="variant_of",
        persist_state="session",
    )
    row = rows[name][1]
    option_values = {
        option.name: st.slider(
            option.name.capitalize(),
            option.low,
            option.high,
            option.default,
            step=1.0 if option.high - option.low > 5 else 0.05,
            format="%g",
            key=f"option_{name}_{option.name}",
            help=option.help,
        )
        for option in row.options
    }
    orders = {order.name: order for order in options.orders_of(row)}
    order = st.selectbox(
        "Order of a block's parts",
        list(orders),
        format_func=lambda key: orders[key].label,
        key=f"order_{name}",
        disabled=len(orders) == 1,
        help="\n\n".join(f"**{known.label}**: {known.help} `{known.formula}`" for known in orders.values())
        + "\n\nHe et al. 2016 (1603.05027), Fig. 4",
    )
    left, right = st.columns(2)
    norm = left.selectbox(
        "Norm", row.norms, key=f"norm_{name}", disabled=len(row.norms) == 1, help="`none`: biases instead."
    )
    layers = right.selectbox(
        "Layers",
        options.layers_of_a_shortcut(),
        index=1,
        key=f"layers_{name}",
        help="Weighted layers that one shortcut goes around; the paper's basic block has 2.",
    )
    text = options.variant_text(name, option_values, order, norm, layers)
    st.session_state[_MADE] = text
    racing = [*(st.session_state["shortcuts"] or []), *chosen()]
    if st.button(
        f"Add {options.variant_name(text)}" if text not in racing else f"{options.variant_name(text)} is in the race",
        icon=":material/add:" if text not in racing else ":material/check:",
        width="stretch",
        disabled=text in racing,
        key="add_variant",
    ):
        st.session_state[_NEXT] = [*(st.session_state[KEY] or []), text]
        st.rerun()
    _about(text, row)


def _about(text: str, row: options.Shortcut) -> None:
    st.caption(f"**{row.label}**: {row.help}\n\n`{row.formula}`\n\n{row.source}")
    figures = options.references([text])
    lines = [
        f"- {options.figure_in_words(reference.figure)}"
        for reference in figures
        if reference.exact or len(figures) <= 3
    ]
    if lines:
        st.caption("As published, by another protocol than this race:\n" + "\n".join(lines[:4]))
    if row.contested:
        st.caption(f":orange[Contested.] {row.contested}")
