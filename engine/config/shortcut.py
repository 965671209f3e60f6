"""The variant text of a shortcut, parsed once."""

from typing import Self

from engine.config.families import FAMILIES, depth_name

#: Characters of a variant text. A bound also makes pydantic refuse half a letter, which JSON cannot hold.
MAX_TEXT = 300
#: Other words for a name.
_ALIASES = {"plain": "none"}


class ShortcutConfig(str):
    """A variant text ``NAME[:key=value]...`` with its parts, for example ``gated:bias=-7``.

    ``name`` is the shortcut's, ``none`` for ``plain``. ``pairs`` are (key, value) as written, '' for a missing value.
    ``engine.models.registry`` checks both. The text itself is stored, sent and compared.
    """

    name: str
    pairs: tuple[tuple[str, str], ...]

    def __new__(cls, text: str) -> Self:
        """Return the parsed ``text``; a parsed one itself."""
        if isinstance(text, cls):
            return text
        parsed = super().__new__(cls, text)
        name, *options = text.split(":")
        parsed.name = _ALIASES.get(name, name)
        halves = (option.partition("=") for option in options)
        parsed.pairs = tuple((key.strip(), value.strip()) for key, _, value in halves)
        return parsed


def on_replicas(arm: str, replicas: int) -> str:
    """Return the name of an arm whose nets are trained by so many processes: another model than in one."""
    return f"{arm} on {replicas} replicas" if replicas > 1 else arm


def arm_name(depth: int, shortcut: str, family: str = "cifar") -> str:
    """Return ``plain-56`` for a net without shortcuts, else ``A-56``, followed by the options of the variant.

    Where blocks are all alike the depth is said by them: ``plain 12 blocks (50 layers)``.
    """
    parsed = ShortcutConfig(shortcut)
    name = "plain" if parsed.name == "none" else parsed.name
    between = " " if FAMILIES[family].counts_blocks else "-"
    options = (f"{key}={value}" if value else key for key, value in parsed.pairs)
    return " ".join([f"{name}{between}{depth_name(depth, family)}", *options]).rstrip()
