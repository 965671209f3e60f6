"""The shortcuts beside the paper's four in a set-up, as texts in the session: one field in the side bar."""

import streamlit as st

from app.data import options
from app.views import markdown_escape
from app.views.setup import setup_fields

#: The widget of the chosen variants beside the paper's four.
_KEY = "variants"
#: A variant as typed, by family.
_EXAMPLES = {"mlp": "A:order=post-ln", "vit": "A:order=post-ln"}
#: The address of the page that draws them all.
PAGE = "shortcuts"


def chosen() -> list[str]:
    """Return the canonical texts of the chosen variants, without invalid ones."""
    read = [variant for variant, _ in _read()]
    return list(dict.fromkeys(variant.text for variant in read if variant))


def problem() -> str:
    """Return the problem of the typed variants or ''."""
    return next((wrong for _, wrong in _read() if wrong), "")


def _read() -> list[tuple[options.Variant | None, str]]:
    return [options.variant_from(text, setup_fields.family()) for text in st.session_state.get(_KEY) or []]


def render() -> None:
    """Draw the field and the way to the page of all shortcuts."""
    family = setup_fields.family()
    rows = {name: row for name, row in options.shortcuts(family).items() if name not in setup_fields.PAPER}
    # The widget takes only its own options: typed and combined variants become options.
    others = [text for text in st.session_state.get(_KEY) or [] if text not in rows]
    st.multiselect(
        setup_fields.LABELS[_KEY],
        [*rows, *others],
        format_func=lambda text: _offered(text, rows),
        key=_KEY,
        persist_state="session",
        accept_new_options=True,
        label_visibility="collapsed",
        placeholder=f"More, or type {_EXAMPLES.get(family, 'gated:bias=-7')}",
    )
    markdown_escape.under_field(problem())
    st.page_link(
        st.Page(lambda: None, title="Shortcuts", url_path=PAGE),
        label="Shortcuts of convolutional nets" if family in _EXAMPLES else "All shortcuts, drawn",
        icon=":material/alt_route:",
    )


def _offered(text: str, rows: dict[str, options.Shortcut]) -> str:
    if text in rows:
        label = rows[text].label
        return text if label == text else f"{text}: {label}"
    variant, _ = options.variant_from(text, setup_fields.family())
    return options.variant_name(variant.text) if variant else text
