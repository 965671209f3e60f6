"""The documents are always true: what they name exists, and what exists is named."""

import re
from collections import Counter
from urllib.parse import urlparse

import pytest
from click import Group

from engine.cli.group import main
from engine.config.presets import PRESETS
from engine.data.registry import SOURCES
from engine.labs.registry import LABS
from engine.models.registry import SHORTCUTS
from engine.paths import PROJECT
from engine.store.connection import connect
from engine.store.writer import Writer
from tests.architecture.documents import DOCS, anchors, documents, rows, section, words
from tests.architecture.source_tree import files, name_of, text

README = PROJECT / "README.md"
MAX_LINES, MAX_WIDTH, MAX_TREE = 200, 140, 15
#: The packages that have a README of their own, and what each must say.
PACKAGES = (
    "engine/config", "engine/hardware", "engine/data", "engine/models", "engine/training", "engine/probes",
    "engine/labs", "engine/analysis", "engine/store", "engine/runs", "engine/exchange", "engine/cli",
    "engine/bench",
    "app/web", "app/data", "app/live", "app/views", "app",
)  # fmt: skip
#: Top level of the project; dot files stand beside it.
TOP = {"README.md", "requirements.txt", "pyproject.toml", "app", "engine", "tests", "assets"}


def test_the_commands_stand_as_they_are_tested():
    assert "pip install -r requirements.txt && python -m app" in words(README)
    assert "pip install -r tests/requirements.txt && python -m pytest" in words(README)
    script = (PROJECT / ".ci/run").read_text(encoding="utf-8")
    assert "tests/requirements.txt" in script
    assert "python -m pytest" in script


def test_the_readme_is_one_page():
    lines = words(README).splitlines()
    assert len(lines) <= MAX_LINES
    assert [line for line in lines if len(line) > MAX_WIDTH and not line.startswith("|")] == []
    code = re.findall(r"^```\w*\n(.*?)^```$", words(README), flags=re.DOTALL | re.MULTILINE)
    blocks = [block for block in code if "engine/config" in block]
    assert len(blocks) == 1
    places = [line.split()[0] for line in blocks[0].splitlines()]
    assert len(places) <= MAX_TREE
    assert [place for place in places if not (PROJECT / place).exists()] == []
    named = set(re.findall(r"(?:engine|app)/\w+", blocks[0]))
    rooms = {name_of(path.parent) for top in ("engine", "app") for path in (PROJECT / top).glob("*/__init__.py")}
    assert rooms - named <= {"engine/hardware"}, "the tree shows every room"


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_says_what_it_owns_and_refuses(package):
    path = PROJECT / package / "README.md"
    said = words(path).lower()
    for part in ("owns", "refuses", "seam", "| to change | edit |"):
        assert part in said, part


def test_files_and_modules_that_are_named_exist():
    for path in documents():
        for name in re.findall(r"`((?:engine|app|tests|assets|\.github|\.ci)/[\w./-]+)`", words(path)):
            assert (PROJECT / name).exists(), f"{name_of(path)}: {name}"
        for module in re.findall(r"python -m (tests(?:\.\w+)+)", words(path)):
            place = PROJECT / module.replace(".", "/")
            assert place.with_suffix(".py").is_file() or place.is_dir(), f"{name_of(path)}: {module}"


def test_links_lead_somewhere():
    for path in documents():
        for link in re.findall(r"\]\(([^)\s]+)\)", words(path)):
            if urlparse(link).scheme:
                continue
            target, _, anchor = link.partition("#")
            place = (path.parent / target).resolve() if target else path
            assert place.exists(), f"{name_of(path)}: {link}"
            assert not anchor or anchor in anchors(place), f"{name_of(path)}: {link}"


def test_every_document_is_linked_from_the_readme_or_one_that_is():
    linked = {
        (path.parent / link.partition("#")[0]).resolve()
        for path in documents()
        for link in re.findall(r"\]\(([^)\s]+)\)", words(path))
        if not urlparse(link).scheme and not link.startswith("#")
    }
    alone = {path for path in documents() if path.is_relative_to(DOCS)} - linked
    assert alone == set()


def test_the_schema_is_the_documented_one(workspace):
    Writer(workspace).close()
    connection = connect(workspace, readonly=True)
    real = {}
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
    ):
        real[name] = {row["name"] for row in connection.execute(f"PRAGMA table_info({name})")}
    connection.close()
    documented = {}
    for name, columns in rows(words(DOCS / "store.md"), "table"):
        outside = re.sub(r"\([^()]*\)", "", columns).split(";")[0].split(":")[0]
        documented[name.strip("`")] = set(re.findall(r"`(\w+)`", outside))
    assert documented == real


def test_every_command_is_documented_and_every_documented_one_exists():
    assert isinstance(main, Group)
    shown = words(DOCS / "command-line.md")
    for name, command in main.commands.items():
        assert re.search(rf"\b{name}\b", shown), name
        for option in command.params:
            for flag in option.opts:
                if flag.startswith("--") and not getattr(option, "hidden", False) and flag != "--help":
                    assert flag in shown, f"{name} {flag}"
    named = set(re.findall(r"^  (?=\w)([\w| ]+?)(?= RUN| NAME| PATH| --|  | \[)", shown, flags=re.MULTILINE))
    verbs = {verb.strip() for group in named for verb in group.split("|")}
    assert verbs, "the verbs stand in a code block"
    assert verbs <= set(main.commands), verbs - set(main.commands)
    for lab in LABS:
        assert lab in shown, lab


def test_every_environment_variable_is_documented():
    used = {name for path in files() for name in re.findall(r"\bSKIPSCOPE_[A-Z_]+\b", text(path))}
    assert used
    told = words(DOCS / "command-line.md")
    assert {name for name in used if name not in told} == set()


def test_every_deviation_is_marked_and_listed():
    """One mark in a file's code for each row that names the file, and the other way round."""
    marks = {name_of(path): text(path).count("DEVIATION: ") for path in files(".py", ("engine",))}
    table = rows(section(README, "Deviations from the paper"), "where")
    assert all(what and why for _, what, why in table)
    assert Counter({name: count for name, count in marks.items() if count}) == Counter(
        row[0].strip("`") for row in table
    )


def test_the_keys_of_the_stage_are_those_of_the_code():
    def keys(name):
        code = (PROJECT / "app/live" / name).read_text(encoding="utf-8")
        found = re.findall(r'shown: "([^"]+)", brief: "[^"]*", does: "([^"]+)"', code)
        assert len(found) == code.count("{ verb: ") > 0
        return found

    text = words(DOCS / "presenting.md")
    common, turns = keys("shared/presentation/keys.js"), keys("shared/presentation/panel_presenter.js")
    for column, own in (
        ("key", keys("race/presentation/keys.js") + common),
        ("key on Layers and Gradients", keys("layers/presentation.js") + turns + common),
        ("key on a lab", keys("labs/presentation.js") + common),
    ):
        assert [tuple(row) for row in rows(text, column)] == own, column
    # Behind the one key of the audience.
    assert [tuple(row) for row in rows(words(DOCS / "talks.md"), "key")] == [*keys("talk/keys.js")[1:], *common]


def test_every_table_of_results_names_its_script_and_its_machine():
    for part in words(DOCS / "results.md").split("\n## ")[1:]:
        if "\n| " in part:
            title = part.splitlines()[0]
            assert re.search(r"python -m (tests\.(benchmarks|faults)|engine)|`tests/(benchmarks|devices)/", part), title
            assert "EPYC" in part or "cores" in part, title


def test_top_level_holds_what_the_house_names():
    names = {path.name for path in PROJECT.iterdir() if not path.name.startswith(".")}
    assert names - TOP <= {"runs", "__pycache__"}
    assert names >= TOP


def test_registries_name_their_sources():
    for row in (*SHORTCUTS.values(), *SOURCES.values(), *PRESETS.values()):
        assert row.source


def test_the_life_of_a_step_names_functions_that_its_files_have():
    text = (PROJECT / "assets" / "docs" / "life-of-a-step.md").read_text(encoding="utf-8")
    steps = [line for line in text.splitlines() if line.startswith("| ") and line[2].isdigit()]
    assert [int(line.split("|")[1]) for line in steps] == list(range(1, len(steps) + 1)), "no step is missing"
    for line in steps:
        path, *names = re.findall(r"`([^`]+)`", line.split("|")[2])
        source = (PROJECT / path).read_text(encoding="utf-8")
        for name in names:
            assert re.search(rf"\b(def|class|async) {re.escape(name.rpartition('.')[2])}\b", source), (path, name)
