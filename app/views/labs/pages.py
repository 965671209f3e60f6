"""The labs that have a page of their own: one page each, in the order in which a newcomer would ask."""

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
    "smoothness": ":material/waves:",
    "lesion": ":material/healing:",
    "landscape": ":material/landscape:",
}


def pages() -> list[tuple[str, str, str, Callable[[], None]]]:
    """Return (title, place in the address, icon, what draws it) of every lab's page."""
    return [
        (_title(name), f"lab-{name}", icon, partial(_render, name)) for name, icon in PAGES.items() if name in labs.LABS
    ]


def _title(name: str) -> str:
    return labs.LABS[name].title or name.capitalize()


def _render(name: str) -> None:
    if page_frame.usable(_title(name)):
        lab.render(name)
