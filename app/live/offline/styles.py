"""The look of an offline page: the colours that Streamlit gives the live page, light and dark, and the sheets."""

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from app.live.stream.scripts import LIVE

_THEME = LIVE.parent / ".streamlit" / "config.toml"
#: Streamlit's own colours of messages, which the theme leaves as they are.
_SEMANTIC = {
    "light": {
        "red-background-color": "#fdeaea", "red-text-color": "#b3261e", "green-text-color": "#15703a",
        "blue-text-color": "#0054a3", "orange-text-color": "#9a4a00", "yellow-background-color": "#fff6d6",
        "yellow-color": "#b8860b",
    },
    "dark": {
        "red-background-color": "#3b1a1c", "red-text-color": "#ff8080", "green-text-color": "#5ce488",
        "blue-text-color": "#6cb8ea", "orange-text-color": "#ffbd45", "yellow-background-color": "#33290f",
        "yellow-color": "#ffd75e",
    },
}  # fmt: skip
_FONT = '"Source Sans 3", "Source Sans Pro", system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'


@cache
def variables(scheme: str) -> str:
    """Return the custom properties of a ``light`` or ``dark`` page as declarations."""
    theme = tomllib.loads(_THEME.read_text(encoding="utf-8"))["theme"]
    own = theme[scheme]
    values = {
        "font": _FONT, "base-radius": theme["baseRadius"], "button-radius": theme["baseRadius"],
        "primary-color": own["primaryColor"], "background-color": own["backgroundColor"],
        "secondary-background-color": own["secondaryBackgroundColor"], "text-color": own["textColor"],
        "border-color": own["borderColor"], **_SEMANTIC[scheme],
    }  # fmt: skip
    return " ".join(f"--st-{name}: {value};" for name, value in values.items())


def style_sheet(paths: Sequence[str]) -> str:
    """Return the variables, then the page's own sheet, then these by their paths below ``app/live``.

    Paper is light, whatever the screen is.
    """
    light, dark = variables("light"), variables("dark")
    scheme = (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root:not([data-paper]) {{ {dark} }} }}\n"
        f"@media print {{ :root {{ color-scheme: light; }} }}\n:root[data-paper] {{ color-scheme: light; }}\n"
    )
    sheets = [Path(__file__).with_name("offline.css"), *(LIVE / path for path in paths)]
    return scheme + "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
