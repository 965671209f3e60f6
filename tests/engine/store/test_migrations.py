"""Jobs of labs were runs of races of their own: what became of them, and how the texts of curves are read."""

import json
import sqlite3

import pytest

from engine.config import LabConfig, RaceConfig
from engine.events import CurveName, RunState
from engine.store import blobs
from engine.store.migrations import MIGRATIONS, curve_part
from engine.store.reader import Reader
from engine.store.schema import migrate
from engine.store.writer import Writer

RACE = RaceConfig(depths=(8,), shortcuts=("A",))
LAB = LabConfig(lab="gradients", settings={"gain": 0.8})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("plain", CurveName("plain")),
        ("with BN, gain 0.8", CurveName("with BN", "gain", 0.8)),
        ("plain, blocks 6; seed 3", CurveName("plain", "blocks", 6.0, part="seed 3")),
        ("identity: plain, blocks 2; seed 0", CurveName("plain", "blocks", 2.0, "identity", "seed 0")),
        ("-x: residual / L", CurveName("residual / L", cell="-x")),
        ("gated:bias=-7-20, b -1.5", CurveName("gated:bias=-7-20", "b", -1.5)),
        ("plain; low", CurveName("plain", part="low")),
        ("plain, b 1e-05", CurveName("plain", "b", 1e-05)),
        ("near-identity, nonlinear: plain", CurveName("plain", cell="near-identity, nonlinear")),
        ("plain, width wide", CurveName("plain, width wide")),
        ("a, B 3", CurveName("a, B 3")),
    ],
)
def test_a_text_is_read_as_it_was_written(text, name):
    assert tuple(curve_part(text, part) for part in CurveName._fields) == name
    assert name.text == text


@pytest.fixture
def before(workspace):
    """A database of 0.4.0: race 1 with run 1, a lab's job that was run 2 of race 2, race 3 with run 3."""
    connection = sqlite3.connect(workspace.prepare().database, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    migrate(connection, MIGRATIONS[:4])
    y = blobs.encode([1.0, 2.0], "f4")
    for number, lab in ((1, ""), (2, "gradients"), (3, "")):
        config = LAB.to_json() if lab else RACE.runs()[0].to_json()
        connection.execute(
            "INSERT INTO races (name, preset, config, created, lab) VALUES ('', '', ?, 1, ?)",
            (config if lab else RACE.to_json(), lab),
        )
        connection.execute(
            "INSERT INTO runs (race, position, depth, shortcut, seed, config, versions, state, step, total_steps,"
            " created, changed, lab) VALUES (?, 0, 8, 'A', 0, ?, ?, 'paused', 5, 87, 1, ?, ?)",
            (number, config, json.dumps({"torch": "2"}), number, lab),
        )
        connection.execute("INSERT INTO checkpoints VALUES (?, 5, 'pause', 10, 1)", (number,))
        connection.execute("INSERT INTO remarks (run, step, kind, text, created) VALUES (?, 5, 'k', 't', 1)", (number,))
    for name in ("gone", "with BN, gain 0.8", "residual with BN"):
        connection.execute(
            "INSERT INTO traces (run, panel, name, points, x, y) VALUES (2, 'norm', ?, 2, ?, ?)", (name, y, y)
        )
    connection.execute("DELETE FROM traces WHERE name = 'residual with BN'")
    connection.execute("INSERT INTO figures VALUES (2, 'growth', 1.5)")
    connection.close()
    return workspace


def test_a_job_keeps_its_number_its_curves_and_its_checkpoint(before):
    with Reader(before) as reader:
        (job,) = reader.labs.all()
        assert (job.id, job.lab, job.config, job.state) == (2, "gradients", LAB, RunState.PAUSED)
        assert (job.done, job.total, job.versions) == (5, 87, {"torch": "2"})
        assert [curve.name for curve in reader.labs.curves(2)] == [CurveName("gone"), CurveName("with BN", "gain", 0.8)]
        assert reader.labs.curves(2)[1].y.tolist() == [1.0, 2.0]
        assert reader.labs.metrics(2) == {"growth": 1.5}
        assert [[row.step for row in reader.checkpoints.of(run)] for run in (1, 2, 3)] == [[5], [5], [5]]
        assert [row["run"] for row in reader.log.of([1, 2, 3])] == [1, 2, 3]
        assert [row.id for row in reader.runs.all()] == [1, 3]
        assert [race.id for race in reader.races.newest()] == [3, 1]


def test_what_comes_after_goes_on_counting(before):
    with Writer(before) as writer, Reader(before) as reader:
        assert writer.labs.submit(LAB) == 4
        assert writer.races.submit(RACE) == (4, [5])
        cursor = reader.labs.curves(2)[-1].id
        writer.labs.results(2, [])
        with writer.transaction() as connection:
            seq = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'lab_curves'").fetchone()[0]
        assert seq == cursor + 1, "the number of a curve that is gone is not given again"
