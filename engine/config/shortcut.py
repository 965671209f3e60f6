"""What stands around a block, as the model's configuration has it: a variant text, taken apart once."""

from typing import Self

#: Other words that people use for a name.
_ALIASES = {"plain": "none"}


class ShortcutConfig(str):
    """A variant text ``NAME[:key=value]...`` with its parts, for example ``gated:bias=-7``.

    ``name`` of the shortcut, ``plain`` read as ``none``; ``pairs`` (key, value) as they were written, '' for a missing
    value. The table of shortcuts judges both (``engine.models.registry``). Stored, sent and compared as the text.
    """

    name: str
    pairs: tuple[tuple[str, str], ...]

    def __new__(cls, text: str) -> Self:
        """Return ``text`` itself when it is taken apart already."""
        if isinstance(text, cls):
            return text
        parsed = super().__new__(cls, text)
        name, *options = text.split(":")
        parsed.name = _ALIASES.get(name, name)
        halves = (option.partition("=") for option in options)
        parsed.pairs = tuple((key.strip(), value.strip()) for key, _, value in halves)
        return parsed


def arm_name(depth: int, shortcut: str) -> str:
    """Return ``plain-56`` for a net without shortcuts, else ``A-56`` and the like, with a variant's options behind."""
    parsed = ShortcutConfig(shortcut)
    name = "plain" if parsed.name == "none" else parsed.name
    return " ".join([f"{name}-{depth}", *(f"{key}={value}" for key, value in parsed.pairs)])
