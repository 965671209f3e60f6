"""Texts of others, such as names and addresses, without their Markdown.

Otherwise the name of a race could bring foreign links and images into the page.
"""

import re

import streamlit as st

#: Marks of Streamlit's Markdown.
_MARKED = re.compile(r"[\\`*_\[\]<>$~]|:(?=[A-Za-z])|&(?=#?\w+;)")
#: Marks at the beginning alone: headings, lists, rules.
_AT_FIRST = re.compile(r"^(\d*)([#+\-=.)])")
#: Addresses, names of symbols, and signs between blanks that Streamlit draws as others (``->`` as an arrow). They need
#: no mark; a joiner of no width hides them. Its blanks have the mark of byte order among them.
_UNMARKED = re.compile(
    r"(?<=http):(?=//)|(?<=https):(?=//)|(?<=www)(?=\.)|@(?=[-\w])|:(?=[\w/+-]+:)"
    r"|(?<![^\s\ufeff])(?:<(?=->?(?![^\s\ufeff]))|-(?=[->](?![^\s\ufeff]))|[<>~](?==(?![^\s\ufeff])))",
    re.I,
)
_JOINER = "\u2060"


def literal(text: str) -> str:
    """Return Markdown that shows a text unchanged, in one line."""
    line = " ".join(text.split())
    line = _MARKED.sub(r"\\\g<0>", _UNMARKED.sub(rf"\g<0>{_JOINER}", line))
    return _AT_FIRST.sub(r"\1\\\2", line)


def under_field(problem: str, doubt: str = "") -> None:
    """Draw the problem, else the doubt, unchanged; nothing without either."""
    if problem:
        st.caption(f":red[{literal(problem)}]")
    elif doubt:
        st.caption(f":orange[{literal(doubt)}]")
