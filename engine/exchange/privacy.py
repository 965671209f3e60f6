"""What of a text may leave this machine: names stay, folders go. Torch-free.

Logs, causes of failures, process ids and paths of files are in no format at all; this is for the texts that are.
"""

import re
from contextlib import suppress
from functools import cache
from pathlib import Path

from engine.config import RaceConfig, RunConfig, replace
from engine.data.files.paths import is_path
from engine.paths import PROJECT
from engine.runs.client.visitor_notes import MAX_NAME_LENGTH, is_formula

#: A path from the root of a disk or from a home: at least two parts, so that ``images/s`` and ``/2`` stay.
_PATH = re.compile(r"""(?<![\w/\\.])(?:~|[A-Za-z]:)?(?:[\\/]+[^\\/\s'"<>|*?,;()]+){2,}[\\/]*""")
_AT_HOME = re.compile(r"""~[\\/]+[^\s'"<>|*?,;()]+""")
#: The name of a data set whose path ends in none.
_NAMELESS = "data"


def portable(text: str) -> str:
    """Return a text with the last part alone of each path in it; what is portable stays as it is."""
    for folder, mark in _folders():
        text = text.replace(folder, mark)
    for pattern in (_PATH, _AT_HOME):
        text = pattern.sub(lambda found: _last(found[0]), text)
    return text


def label(text: str, longest: int) -> str:
    """Return what a visitor wrote as a portable line that every importer takes; what is one already stays as it is."""
    line = "".join(letter if letter.isprintable() else " " for letter in portable(text))
    while line.startswith(" ") or is_formula(line):
        line = line[1:]
    return line[:longest].strip()


def cell(value: object) -> object:
    """Return the value of a table of text so that no spreadsheet computes it: a text that begins like one is quoted."""
    if not isinstance(value, str) or not is_formula(value):
        return value
    with suppress(ValueError):
        float(value)
        return value
    return f"'{value}"


def data_name(name: str) -> str:
    """Return the name of a data set without the folders that it lies in: ``folder:/home/x/cats`` is ``folder:cats``."""
    if not is_path(name):
        return name
    kind, _, path = name.partition(":")
    return f"{kind}:{_last(path)}"


def portable_run(config: RunConfig) -> RunConfig:
    """Return the config of a run with a portable name of its data set."""
    return replace(config, {"data.name": data_name(config.data.name)})


def portable_race(config: RaceConfig) -> RaceConfig:
    """Return the config of a race with portable names."""
    return replace(
        config, {"name": label(config.name, MAX_NAME_LENGTH), "run.data.name": data_name(config.run.data.name)}
    )


def _last(path: str) -> str:
    parts = [part for part in re.split(r"[\\/]+", path) if part not in ("", ".", "..", "~")]
    return parts[-1] if parts else _NAMELESS


@cache
def _folders() -> tuple[tuple[str, str], ...]:
    """Return the folders of this machine that a text could name with blanks in them, and what stands for each."""
    folders = ((str(PROJECT), "~"), (str(Path.home()), "~"))
    return tuple((folder, mark) for folder, mark in folders if len(folder) > 1)
