"""The page "Gradients": the chosen race's gradients live, and the lab that shows what batch norm does to them."""

import streamlit as st

from app import data
from app.live.lab_chart import Picks, Style
from app.views import lab

_PICKS = Picks(
    label="Batch norm",
    kinds={"without BN": "off", "with BN": "on", "residual with BN": "on, with shortcuts"},
    kind="with BN",
    setting="gain",
    measure="Measure this gain",
    # Hue says plain or residual, as on every page; the dash says without batch norm.
    styles={"without BN": Style("none", "dash"), "with BN": Style("none"), "residual with BN": Style("A")},
)


def render() -> None:
    """Draw the page in whichever state the workspace is."""
    health = data.health()
    if not health.usable:
        st.title("Gradients", anchor=False)
        st.error(f"{health.message} The Race page says what can be done.", icon=":material/error:")
        return
    _race()
    lab.render("gradients", _PICKS)


def _race() -> None:
    st.title("Gradients: do they reach the first layer?", anchor=False)
    races = data.races()
    if not races:
        st.markdown(
            "There is no race yet. Once one trains, the gradient at each of its layers is drawn here while it learns; "
            "the lab below needs none."
        )
        return
