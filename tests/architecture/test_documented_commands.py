"""Every call of app and engine that a document shows has a verb and options that exist."""

import re
import shlex

import click
import pytest

from app.command_line import main as app
from engine.cli.group import main as engine
from tests.architecture.documents import DOCS, documents, words
from tests.architecture.source_tree import name_of

#: A call in a block or in a line of text, up to its end, a pipe, a comment or the synopsis' columns.
_CALL = re.compile(r"python -m (app|engine)\b([^`|#&;\\\n]*(?:\\\n[^`|#&;\\\n]*)*)")
#: Patterns of a synopsis: optional parts, alternatives, repetitions.
_MARKS = re.compile(r"[\[\]()]|\.{3}")


def calls(text: str) -> list[tuple[str, list[str]]]:
    """Return program and words of each call in a text."""
    found = []
    for program, rest in _CALL.findall(text):
        try:
            said = shlex.split(_MARKS.sub(" ", rest.replace("\\\n", " ")))
        except ValueError:  # a sentence goes on behind it
            said = rest.split()
        said = [word.strip("'") for word in said]
        place = said.index("--workspace") if "--workspace" in said else len(said)
        found.append((program, said[: place + 1] + said[place + 2 :]))  # a folder may be called as a verb is
    return found


def flags(command: click.Command) -> set[str]:
    return {flag for option in command.params for flag in (*option.opts, *option.secondary_opts)} | {"--help"}


def unknown(program: str, said: list[str]) -> list[str]:
    """Return what a call names that there is not."""
    given = [word.partition("=")[0].rstrip(",.:)") for word in said if word.startswith("--")]
    if program == "app":
        return [flag for flag in given if flag not in flags(app)]
    assert isinstance(engine, click.Group)
    verb = next((word for word in said if re.fullmatch(r"[a-z][a-z-]*", word)), "")
    if verb not in engine.commands:
        return [verb] * bool(verb) + [flag for flag in given if flag not in flags(engine)]
    known = flags(engine) | flags(engine.commands[verb])
    return [flag for flag in given if flag not in known]


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_what_a_document_calls_exists(path):
    if path.name != "CHANGELOG.md":  # it tells of what there was
        assert [(call, lacking) for call in calls(words(path)) if (lacking := unknown(*call))] == []


def test_the_rule_finds_calls_and_what_is_wrong_with_them():
    assert len(calls(words(DOCS / "operations.md"))) > 8
    assert [unknown(*call) for call in calls("`python -m engine bogus runs`")] == [["bogus"]]
    text = "`python -m engine runs --jsn` and `python -m app --shared`, or python -m engine \\\n  restore x"
    assert [unknown(*call) for call in calls(text)] == [["--jsn"], ["--shared"], ["restore"]]
