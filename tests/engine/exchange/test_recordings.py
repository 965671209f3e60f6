"""The recorded races of the project: small, whole, sound, and each the race that its commands plan."""

import shlex
import subprocess
import sys
import tomllib
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from engine.cli.interventions import fork
from engine.cli.races import race
from engine.config import diff
from engine.config import replace as changed
from engine.data.registry import SOURCES
from engine.errors import ConfigError, DataError
from engine.events import RunState, Split
from engine.exchange import recordings
from engine.exchange.bundle.archive import ArchiveReader
from engine.exchange.bundle.contents import read_contents
from engine.exchange.recorded_errors import recorded_runs
from engine.exchange.transfer import import_from
from engine.paths import PROJECT
from engine.runs.protocol import planning
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer

ROWS = recordings.recordings()
NAMES = list(ROWS)
#: Words of a sentence at most, as everywhere on the page.
MAX_WORDS = 25
#: The folder of the JPEG copy of CIFAR-10, whose images have the shape of the original's.
COPY = "parquet:cifar10-jpeg"


def quiet(done, total, what):
    """Hear no progress."""


#: The bundle whose import the default suite tries.
SMALLEST = "cut"
IMPORTED = [pytest.param(name, marks=[pytest.mark.slow] * (name != SMALLEST)) for name in NAMES]


@cache
def contents_of(name: str):
    """Return the checked contents of a bundle; every member was read against its digest."""
    with ArchiveReader(ROWS[name].path) as archive:
        return read_contents(archive)


errors_of = cache(lambda name: recorded_runs(ROWS[name].path))


@pytest.fixture
def with_copy(monkeypatch):
    """Plan as where the copy of CIFAR-10 lies beside: its images are not part of the project."""
    known = planning.get_source

    def source(name, resize=0):
        return replace(SOURCES["cifar10"], name=COPY) if name == COPY else known(name, resize)

    monkeypatch.setattr(planning, "get_source", source)


def planned(command: str, workspace):
    """Return the race that a command of the table plans."""
    verb, *words = shlex.split(command)
    assert verb == "race"
    choices = race.make_context("race", words).params
    choices.pop("as_json")
    return planning.plan_race(planning.RaceRequest(**choices), workspace)


def test_every_row_has_its_bundle_and_no_bundle_is_without_a_row():
    assert {path.stem for path in recordings.FOLDER.glob("*.skipscope")} == {*ROWS}
    assert {path.name for path in recordings.FOLDER.iterdir() if path.suffix != ".skipscope"} == {recordings.TABLE}


def test_all_bundles_together_are_small():
    assert sum(row.path.stat().st_size for row in ROWS.values()) <= recordings.MAX_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_a_row_is_said_in_short_sentences(name):
    row = ROWS[name]
    assert row.title and row.caveats
    for sentence in (row.shows, *row.caveats):
        assert sentence.endswith(".") and len(sentence.split()) <= MAX_WORDS, sentence


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_holds_one_whole_race_without_checkpoints(name):
    with ArchiveReader(ROWS[name].path) as archive:
        assert not [member for member in archive.names() if "/checkpoints/" in member]
    contents = contents_of(name)
    assert [race.name for race in contents.races] == [ROWS[name].title]
    assert {run.state for run in contents.runs} <= {RunState.FINISHED.value, RunState.DIVERGED.value}
    for run in contents.runs:
        assert run.threads == 1
        assert run.versions["commit"]
        if run.state == RunState.FINISHED:
            closing = [one for one in run.evaluations if one.step == run.total_steps]
            images = {one.split: one.images for one in closing}
            assert images[Split.TRAIN_CLEAN] == run.config.data.closing_images, "today's rule of the clean error"
            assert images[Split.TEST] in (5_000, 10_000)


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_is_the_race_that_its_commands_plan(name, with_copy, workspace):
    first, *others = ROWS[name].commands
    plan = planned(first, workspace)
    contents = contents_of(name)
    assert diff(contents.races[0].config, plan) == {}
    own = [run for run in contents.runs if run.parent_run is None]
    trained = [changed(run.config, {"threads": 0}) for run in own]
    assert [diff(one, other) for one, other in zip(trained, plan.runs(), strict=True)] == [{}] * len(own)
    forks = [run for run in contents.runs if run.parent_run is not None]
    assert len(forks) == len(others)
    for run, command in zip(forks, others, strict=True):
        verb, *words = shlex.split(command)
        asked = fork.make_context("fork", words).params
        assert (verb, run.parent_run, run.parent_step) == ("fork", asked["run"], asked["step"])
        ((key, value),) = (text.split("=") for text in asked["settings"])
        (change,) = run.changes
        assert (change.key, change.value, change.step) == (key, float(value), asked["step"] + 1)


@pytest.mark.parametrize("name", IMPORTED)
def test_a_recorded_race_is_imported_once_and_found_again(name, tmp_path):
    row, place = ROWS[name], Workspace.at(tmp_path / "empty")
    imported = import_from(place, row.path, quiet)
    (runs,) = imported.races.values()
    (number,) = imported.races
    with Reader(place) as reader:
        assert recordings.imported_race(reader, row) == number
        assert [each for each in NAMES if each != name and recordings.imported_race(reader, ROWS[each])] == []
        assert len(reader.runs.all(number)) == len(runs) == recordings.bundle_key(row).runs
    with Writer(place) as writer:
        writer.jobs.delete(runs[-1])
    with Reader(place) as reader:
        assert recordings.imported_race(reader, row) is None, "a race that lost a run is not the recorded one"


@pytest.mark.parametrize("name", NAMES)
def test_the_errors_of_a_bundle_are_those_of_its_last_step(name):
    runs = errors_of(name)
    assert len(runs) == recordings.bundle_key(ROWS[name]).runs
    for run in runs:
        assert all(0 <= error <= 100 for error in (run.running, run.clean, run.test))
        assert run.clean_images == 5_000


def test_the_tables_of_readme_results_and_guide_are_those_of_the_bundles():
    script = [sys.executable, str(PROJECT / "assets" / "make_tables.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_table_that_was_changed_by_hand_is_written_anew(tmp_path):
    import runpy

    script = runpy.run_path(str(PROJECT / "assets" / "make_tables.py"))
    path = tmp_path / "page.md"
    path.write_text("before\n<!-- recorded quick -->\n| 1 |\n<!-- end -->\nbehind\n", encoding="utf-8")
    assert script["rewrite"](path, write=False)
    assert "| 1 |" in path.read_text(encoding="utf-8")
    assert script["rewrite"](path, write=True)
    assert not script["rewrite"](path, write=True)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("before", "behind", 4 + 2 + 5)


def last(name: str, kind: str = "running") -> dict[tuple[str, int, int], float]:
    """Return the last errors of a recorded race by shortcut, depth and seed, without forks."""
    return {(run.shortcut, run.depth, run.seed): getattr(run, kind) for run in errors_of(name) if not run.fork}


def gaps(name: str, shortcut: str) -> list[float]:
    """Return the gap of each seed between 56 and 20 layers, in points."""
    errors = last(name)
    return [errors[shortcut, 56, seed] - errors[shortcut, 20, seed] for seed in sorted({seed for *_, seed in errors})]


def test_the_quick_race_shows_what_its_sentence_says():
    assert min(gaps("quick", "none")) > 20
    assert max(gaps("quick", "A")) < 5


def test_start_or_wire_shows_what_its_sentence_says():
    for plain, start, wire in zip(*(gaps("start", each) for each in ("none", "dirac", "A")), strict=True):
        assert wire < start < plain / 2


def test_error_against_depth_shows_what_its_sentence_says():
    errors = {(shortcut, depth): error for (shortcut, depth, _), error in last("depth").items()}
    plain = [errors["none", depth] for depth in (20, 32, 56, 110)]
    assert all(deeper - shallower > 9 for shallower, deeper in pairwise(plain))
    residual = [errors["A", depth] for depth in (8, 14, 20, 32, 56)]
    assert max(residual) - min(residual) < 3


def test_the_cut_shows_what_its_sentence_says():
    whole, cut = errors_of("cut")
    assert whole.running < 25 < 85 < cut.running


def test_110_layers_show_what_their_sentence_says():
    errors = {shortcut: error for (shortcut, *_), error in last("deep").items()}
    assert errors["A"] < 30 < 60 < errors["none"]


def test_the_race_on_cifar_10_shows_what_its_sentences_say():
    for kind in ("running", "clean", "test"):
        errors = {(shortcut, depth): error for (shortcut, depth, _), error in last("cifar", kind).items()}
        assert errors["none", 56] - errors["none", 20] > 20
        assert errors["A", 8] - errors["A", 20] > 3
        assert abs(errors["A", 56] - errors["A", 20]) <= 1


def test_an_unknown_name_a_missing_bundle_and_a_broken_table_are_one_line(tmp_path):
    with pytest.raises(ConfigError, match="unknown recorded race 'none'; choose from quick, "):
        recordings.get_recording("none")
    row = replace(ROWS["quick"], path=tmp_path / "quick.skipscope")
    with pytest.raises(DataError, match=r"quick\.skipscope is not part of this installation"):
        recordings.bundle_key(row)
    for text in ("[quick", "[quick]\ntitle = 'a'\n"):
        folder = Path(tmp_path, str(len(text)))
        folder.mkdir()
        (folder / recordings.TABLE).write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match="^the table of recorded races cannot be read"):
            recordings.recordings(folder)


def test_the_commands_are_the_ones_of_the_documents():
    text = (PROJECT / "assets" / "docs" / "results.md").read_text(encoding="utf-8")
    rows = tomllib.loads((recordings.FOLDER / recordings.TABLE).read_text(encoding="utf-8"))
    assert [command for row in rows.values() for command in row["commands"] if f"`{command}`" not in text] == []
