"""The one line of an error: no control characters, no more characters than a terminal shows at a glance."""

import re

MAX_CHARACTERS = 300
#: The lengths to which single words and quoted values are cut, one after the other until the line fits.
_CUTS = (120, 80, 60, 40)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\S+")
_GAP = "..."


def one_line(message: str) -> str:
    """Return a message on one line of at most ``MAX_CHARACTERS``; cut values keep their beginning and their end."""
    line = "".join(map(_visible, " ".join(message.split())))
    for cut in _CUTS:
        if len(line) <= MAX_CHARACTERS:
            return line
        line = _QUOTED.sub(lambda match, cut=cut: _shortened(match[0], cut), line)  # type: ignore[misc]
    return _shortened(line, MAX_CHARACTERS)


def name_on_a_line(path: object) -> str:
    """Return a path as one line: the ends of lines and control characters in it are written as escapes."""
    return "".join(map(_visible, str(path)))


def _visible(letter: str) -> str:
    """Return a letter as it stands, or the escape of one that a terminal would act on or cannot show."""
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    kept = most - len(_GAP)
    end = kept // 3
    return f"{text[: kept - end]}{_GAP}{text[len(text) - end :]}"
