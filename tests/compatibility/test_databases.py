"""Databases that 0.2.0 and 0.4.0 made: they open, show what they showed, and their paused run goes on to its end."""

import json
import sqlite3
from contextlib import closing

import pytest

from engine.runs.client.conclusions import lab_findings
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from tests.compatibility.databases import FOLDER, PAUSED, VERSIONS, copied, resumed, shown
from tests.compatibility.fields import amended, differences, masked, read
from tests.compatibility.tree import Tree, platform, until

RECORDED = read("databases.json")
ANSWERS = amended(RECORDED["databases"], "databases")
every_version = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture(scope="module")
def tree():
    with Tree() as tree:
        yield tree


@every_version
def test_the_command_line_shows_what_it_showed(version, tree, tmp_path):
    expected = {name: entry for name, entry in ANSWERS[version].items() if name != "resumed run"}
    assert not list(differences(expected, shown(tree, copied(version, tmp_path))))


@every_version
def test_nothing_of_it_is_lost_when_it_is_brought_up_to_date(version, tree, tmp_path):
    workspace = copied(version, tmp_path)
    before = rows(workspace)
    assert before["points"] > 30
    assert before["traces"] > 5
    tree.call(workspace, "runs")
    after = rows(workspace)
    assert {table: after.get(table) for table in before} == before


@every_version
def test_labs_of_it_say_what_their_curves_show(version, tree, tmp_path):
    workspace = copied(version, tmp_path)
    tree.call(workspace, "runs")
    with Reader(Workspace.at(workspace)) as reader:
        (job,) = reader.labs.newest("gradients")
        said = [found for found in lab_findings(reader, job) if found.holds_at(job.config.settings)]
    assert len(said) == 6
    assert said[0].text.startswith(("With BN", "Without BN"))


@pytest.mark.slow
@pytest.mark.timeout(400)
@every_version
def test_the_paused_run_goes_on_to_its_end(version, tree, tmp_path):
    expected = ANSWERS[version]["resumed run"]
    here = platform() == RECORDED["platform"]
    row = resumed(tree, copied(version, tmp_path), PAUSED[version])
    assert row["state"] == "finished"
    assert row["step"] == row["total_steps"]
    expected, found = (masked({"row": each}, bits=here) for each in (expected, row))
    assert not list(differences(expected, found))


@pytest.mark.slow
def test_jobs_of_a_lab_that_is_gone_are_listed_and_not_begun_again(tree, tmp_path):
    workspace = copied("0.4.0", tmp_path)
    done, paused, queued = (timing_job(workspace, state) for state in ("finished", "paused", "queued"))
    listed = {job["run"]: job for job in tree.document(workspace, "runs")["labs"]}
    assert [listed[job]["lab"] for job in (done, paused, queued)] == ["timing"] * 3
    assert "timing" in tree.call(workspace, "runs").out
    with tree.engine_ended(workspace):
        refused = tree.call(workspace, "resume", str(paused), expected=None)
        assert refused.code != 0
        assert f"run {paused} is a job of the lab timing, which this version does not have" in refused.err
        failed = until(lambda: next((job for job in jobs(tree, workspace) if job["cause"]), None))
        tree.call(workspace, "delete", str(done))
        assert done not in [job["run"] for job in jobs(tree, workspace)]
    assert (failed["run"], failed["state"]) == (queued, "failed")
    assert "unknown lab 'timing'" in failed["cause"]


def test_no_file_holds_a_path_of_the_machine_that_made_it():
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert len(files) == 2 * len(VERSIONS)
    for path in files:
        content = path.read_bytes()
        for folder in (b"work", b"tmp", b"root", b"home", b"Users"):
            assert b"/" + folder + b"/" not in content, path.name


def timing_job(workspace, state) -> int:
    """Write a job of the lab ``timing`` as 0.4.0 did; return its run id."""
    config = json.dumps({"lab": "timing", "settings": {"preset": "quick"}, "device": "auto", "threads": 1})
    with closing(sqlite3.connect(workspace / "skipscope.db")) as connection, connection:
        race = connection.execute(
            "INSERT INTO races (name, preset, config, created, lab) VALUES ('', '', ?, 1, 'timing')", (config,)
        ).lastrowid
        return connection.execute(
            "INSERT INTO runs (race, position, depth, shortcut, seed, config, versions, state, total_steps, threads,"
            " created, changed, lab) VALUES (?, 0, 0, '', 0, ?, '{}', ?, 0, 1, 1, 1, 'timing')",
            (race, config, state),
        ).lastrowid


def jobs(tree, workspace) -> list[dict]:
    """Return the jobs of labs."""
    return tree.document(workspace, "runs")["labs"]


def rows(workspace) -> dict[str, int]:
    """Return how many rows tables and views hold, without those that say who lives, and jobs of labs among the runs."""
    with closing(sqlite3.connect(f"file:{workspace / 'skipscope.db'}?mode=ro", uri=True)) as connection:
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
        ]
        kept = [name for name in names if name not in ("clients", "engine", "migrations", "sqlite_sequence")]
        trained = {"races": "WHERE lab = ''", "runs": "WHERE lab = ''"}
        return {
            name: connection.execute(f"SELECT count(*) FROM {name} {trained.get(name, '')}").fetchone()[0]
            for name in kept
        }
