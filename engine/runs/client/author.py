"""Who gives the commands of this process: the command line, or what a page says of the browser that it serves."""

from collections.abc import Callable

#: Who gives them where nobody says otherwise.
COMMAND_LINE = "command line"
MAX_AUTHOR_LENGTH = 40

_named: Callable[[], str] | None = None


def name_authors(named: Callable[[], str] | None) -> None:
    """Ask ``named`` at every command from now on, in the thread that gives it; None: the command line."""
    global _named
    _named = named


def author() -> str:
    """Return who gives a command now, as one short line."""
    if _named is None:
        return COMMAND_LINE
    try:
        name = _named()
    except Exception:
        name = ""  # a thread that serves no browser
    return "".join(letter for letter in name if letter.isprintable())[:MAX_AUTHOR_LENGTH]
