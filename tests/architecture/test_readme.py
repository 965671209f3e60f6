"""The README is always true: what it names exists, what exists is named."""

import re
from collections import Counter
from pathlib import Path

from click import Group

from engine.cli.group import main
from engine.config.presets import PRESETS
from engine.data.registry import SOURCES
from engine.models.registry import SHORTCUTS
from engine.store.schema import connect
from engine.store.writer import Writer

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def table(title: str) -> list[list[str]]:
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_two_commands_stand_as_they_are_tested():
    for command in ("python -m app", "python -m pytest"):
        assert f"pip install -r requirements.txt && {command}" in README
    assert "python -m pytest" in (PROJECT / ".ci/run").read_text(encoding="utf-8")


def test_every_dependency_is_pinned_and_says_what_it_is_for():
    lines = (PROJECT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all("==" in pin for pin in pins)
    assert sorted(pin.split("==")[0] for pin in pins) == sorted(row[0].strip("`") for row in table("Dependencies"))
    assert all(row[1] for row in table("Dependencies"))


def test_the_schema_is_the_documented_one(workspace):
    Writer(workspace).close()
    connection = connect(workspace, readonly=True)
    real = {}
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ):
        real[name] = {row["name"] for row in connection.execute(f"PRAGMA table_info({name})")}
    connection.close()
    documented = {}
    for name, columns in table("The store"):
        outside = re.sub(r"\([^()]*\)", "", columns).split(";")[0].split(":")[0]
        documented[name.strip("`")] = set(re.findall(r"`(\w+)`", outside))
    assert documented == real


def test_every_command_is_documented_and_every_documented_one_exists():
    assert isinstance(main, Group)
    shown = section("From a shell")
    for name, command in main.commands.items():
        assert re.search(rf"\b{name}\b", shown), name
        for option in command.params:
            for flag in option.opts:
                if flag.startswith("--") and not getattr(option, "hidden", False) and flag != "--help":
                    assert flag in shown, f"{name} {flag}"
    named = set(re.findall(r"^  (?=\w)([\w| ]+?)(?= RUN| NAME| --|  | \[)", shown, flags=re.M))
    verbs = {verb.strip() for group in named for verb in group.split("|")}
    assert verbs <= set(main.commands), verbs - set(main.commands)


def test_files_that_are_named_exist():
    for name in re.findall(r"`((?:engine|app|tests|assets)/[\w./-]+)`", README):
        assert (PROJECT / name).exists(), name
    for picture in re.findall(r"\]\((assets/[^)]+)\)", README):
        assert (PROJECT / picture).is_file(), picture


def test_every_deviation_is_marked_and_listed():
    """One mark in a file's code for each row that names the file, and the other way round."""
    marks = {
        str(path.relative_to(PROJECT)): path.read_text(encoding="utf-8").count("DEVIATION: ")
        for path in sorted((PROJECT / "engine").rglob("*.py"))
    }
    rows = table("How a race is kept fair")
    assert all(what and why for _, what, why in rows)
    assert Counter({name: count for name, count in marks.items() if count}) == Counter(
        row[0].strip("`") for row in rows
    )


def test_the_keys_of_the_stage_are_those_of_the_code():
    code = (PROJECT / "app/live/race/presentation/keys.js").read_text(encoding="utf-8")
    keys = re.findall(r'shown: "([^"]+)", brief: "[^"]*", does: "([^"]+)"', code)
    assert len(keys) == code.count("verb: ") > 0
    assert [tuple(row) for row in table("On stage")] == keys


def test_top_level_holds_what_the_house_names():
    names = {path.name for path in PROJECT.iterdir() if not path.name.startswith(".")}
    extra = names - {"README.md", "requirements.txt", "pyproject.toml", "app", "engine", "tests", "assets"}
    assert extra <= {"runs", "__pycache__"}


def test_registries_name_their_sources():
    for row in (*SHORTCUTS.values(), *SOURCES.values(), *PRESETS.values()):
        assert row.source
