"""What is said under a field: what is wrong with its value, or what speaks against it."""

import streamlit as st


def under_field(problem: str, doubt: str = "") -> None:
    """Say the problem, else the doubt; nothing where there is neither."""
    if problem:
        st.caption(f":red[{problem}]")
    elif doubt:
        st.caption(f":orange[{doubt}]")
