"""Texts of others, such as names and addresses, under fields and in notes. Such texts are never Markdown.

Else whoever names a race or hands out a link puts links and images of other places into the page.
"""

import re

import streamlit as st

#: What means something to Markdown as Streamlit reads it, wherever it stands.
_MARKED = re.compile(r"[\\`*_\[\]<>$~]|:(?=[A-Za-z])|&(?=#?\w+;)")
#: What means something at the beginning alone: headings, lists, rules.
_AT_FIRST = re.compile(r"^(\d*)([#+\-=.)])")
#: Addresses become links, and names of symbols pictures, whatever marks them; a joiner without width prevents it.
_UNMARKED = re.compile(r"(?<=http):(?=//)|(?<=https):(?=//)|(?<=www)(?=\.)|(?<=\w)@(?=\w)|:(?=[\w/+-]+:)", re.I)
_JOINER = "\u2060"


def literal(text: str) -> str:
    """Return a text as Markdown that shows it as it is, in one line."""
    line = " ".join(text.split())
    line = _MARKED.sub(r"\\\g<0>", _UNMARKED.sub(rf"\g<0>{_JOINER}", line))
    return _AT_FIRST.sub(r"\1\\\2", line)


def under_field(problem: str, doubt: str = "") -> None:
    """Say the problem, else the doubt, as they are; nothing where there is neither."""
    if problem:
        st.caption(f":red[{literal(problem)}]")
    elif doubt:
        st.caption(f":orange[{literal(doubt)}]")
