"""What was asked of a race and its runs, by whom, as the record has it."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from app.data.workspace import SkipscopeError, current, reading
from engine.store.rows import CommandRow

#: Commands that are listed, the newest ones.
MAX_LISTED = 50


@dataclass(frozen=True, slots=True)
class GivenCommand:
    """A command: seconds since 1970, who gave it ('' before version 0.12.0), what it was, the refusal or ''."""

    at: float
    author: str
    words: str
    refusal: str


def given_commands(race: int) -> list[GivenCommand]:
    """Return the newest commands on a race and its runs, newest first. Raises SkipscopeError."""
    with reading() as reader:
        rows = reader.commands.of_race(race, MAX_LISTED)
    return [GivenCommand(row.created, row.author, _words(row), row.refusal or "") for row in rows]


def authors() -> list[str]:
    """Return all who gave commands, by name; none where the store cannot be read."""
    if current().pool.file() is not None:
        with suppress(SkipscopeError), reading() as reader:
            return reader.commands.authors()
    return []


def _words(row: CommandRow) -> str:
    what = _fork(row.argument) if row.verb == "fork" else f"{row.verb} {row.argument}".strip()
    return what if row.run is None else f"{what}, run {row.run}"


def _fork(argument: str) -> str:
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        asked: Mapping[str, Any] = json.loads(argument)
        settings = ", ".join(f"{key}={value}" for key, value in asked["settings"].items())
        return f"fork at step {asked['step']}{f' with {settings}' if settings else ''}"
    return "fork"
