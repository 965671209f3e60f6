"""The labs with a page of their own, in the order of a newcomer's questions."""

from collections.abc import Callable
from functools import partial

from app.data import labs
from app.views import page_frame
from app.views.labs import lab

#: Lab -> icon of its page. Labs that another page draws are not here.
PAGES = {
    "constructed": ":material/construction:",
    "mapping": ":material/grid_on:",
    "conditioning": ":material/equalizer:",
    "shattering": ":material/grain:",
    "predictability": ":material/call_split:",
    "rates": ":material/speed:",
    "smoothness": ":material/waves:",
    "lesion": ":material/healing:",
    "landscape": ":material/landscape:",
}


def pages() -> list[tuple[str, str, str, Callable[[], None]]]:
    """Return (title, path of the address, icon, drawing function) of every lab's page."""
    return [
        (_title(name), f"lab-{name}", icon, partial(_render, name)) for name, icon in PAGES.items() if name in labs.LABS
    ]


def _title(name: str) -> str:
    return labs.LABS[name].title or name.capitalize()


def _render(name: str) -> None:
    page_frame.set_title(f"Lab: {_title(name)}")
    if page_frame.usable(_title(name)):
        lab.render(name)
