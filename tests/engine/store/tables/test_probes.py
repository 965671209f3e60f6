import json
import sqlite3
import time

import numpy as np
import pytest

from engine import __version__
from engine.config import RaceConfig
from engine.errors import OutdatedDatabase, VersionMismatch
from engine.events import Probed
from engine.store.connection import connect
from engine.store.migrations import MIGRATIONS
from engine.store.reader import Reader
from engine.store.schema import migrate
from engine.store.tables.probes import Coding, LayerRow
from engine.store.writer import Writer

CODINGS = {"std": Coding("f4", 0.01, 100.0), "histogram": Coding("root8", 0.0, 1.0)}
PLACES = [
    LayerRow("layer", 0, "stem/conv", 0, 8),
    LayerRow("layer", 1, "stage1/block1/conv1", 1, 8),
    LayerRow("block", 0, "stage1/block1", 1, 8),
]


def probed(step, value=1.0, took_s=0.5):
    histogram = np.array([[0.25, 0.75, 0.0], [0.0, 0.0, 1.0]], dtype=np.float32)
    arrays = {"std": np.array([value, np.nan], dtype=np.float32), "histogram": histogram}
    return Probed(step, seconds=10.0 + step, took_s=took_s, images=32, arrays=arrays)


@pytest.fixture
def store(workspace):
    with Writer(workspace) as writer:
        _, (run,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
        with Reader(workspace) as reader:
            yield writer, reader, run


def test_what_was_probed_comes_back_with_its_shape(store):
    writer, reader, run = store
    writer.probes.add_layers(run, PLACES)
    writer.probes.add_layers(run, PLACES)  # a resumed run says it again
    assert reader.probes.layers(run) == PLACES
    assert reader.probes.layers(run, "block") == PLACES[2:]
    writer.probes.add(run, probed(0), CODINGS)
    writer.probes.add(run, probed(5, value=2.0), CODINGS)
    rows, total = reader.probes.all(run)
    assert [(row.step, row.took_s, row.images) for row in rows] == [(0, 0.5, 32), (5, 0.5, 32)]
    assert total == 2
    np.testing.assert_array_equal(reader.probes.array(rows[1].id, "std"), np.array([2.0, np.nan], dtype=np.float32))
    histogram = reader.probes.array(rows[0].id, "histogram")
    assert histogram.shape == (2, 3)
    np.testing.assert_allclose(histogram[0], [0.25, 0.75, 0.0], atol=0.01)
    assert reader.probes.array(rows[0].id, "other") is None
    assert list(reader.probes.arrays([row.id for row in rows], "std")) == [row.id for row in rows]
    assert reader.probes.quantities(run) == ["std", "histogram"]
    assert reader.runs.get(run).probe_share == pytest.approx(1.0 / 15.0)


def test_a_step_on_record_keeps_its_first_figures(store):
    writer, reader, run = store
    writer.probes.add(run, probed(5, value=1.0), CODINGS)
    writer.probes.add(run, probed(5, value=9.0), CODINGS)
    (row,), _ = reader.probes.all(run)
    assert reader.probes.array(row.id, "std")[0] == 1.0


def test_thinning_keeps_the_start_the_last_and_stays_where_it_is(store):
    writer, reader, run = store
    writer.probes.add(run, probed(0), {**CODINGS})
    for step in range(1, 100):
        writer.probes.add(run, Probed(step, float(step), 0.0, 32, {}), CODINGS)
    rows, total = reader.probes.all(run, at_most=30)
    steps = [row.step for row in rows]
    assert total == 100
    assert len(steps) <= 30
    assert steps[:6] == [0, 1, 2, 3, 4, 5]
    assert steps[-1] == 99
    writer.probes.add(run, Probed(100, 100.0, 0.0, 32, {}), CODINGS)
    later = [row.step for row in reader.probes.all(run, at_most=30)[0]]
    assert set(steps[:-1]) <= set(later)
    assert later[-1] == 100
    since = rows[10].id
    assert all(row.id > since for row in reader.probes.all(run, since=since)[0])


def test_probes_go_with_their_run_and_ids_are_never_reused(store):
    writer, reader, run = store
    writer.probes.add_layers(run, PLACES)
    writer.probes.add(run, probed(0), CODINGS)
    head = reader.probes.head()
    writer.jobs.delete(run)
    with writer.transaction() as connection:
        left = [connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("layers", "probes", "arrays")]
    assert left == [0, 0, 0]
    assert reader.probes.head() == head


@pytest.fixture
def old_workspace(workspace):
    """A database as version 0.1.0 made it, with one finished run."""
    workspace.prepare()
    old = sqlite3.connect(workspace.database, isolation_level=None)
    old.execute("PRAGMA journal_mode = WAL")
    migrate(old, MIGRATIONS[:1])
    race = RaceConfig(depths=(8,), shortcuts=("A",))
    config = race.runs()[0].model_dump(mode="json")
    del config["probe"]
    old.execute("INSERT INTO races VALUES (1, 'old', 'quick', ?, 0)", (race.to_json(),))
    old.execute(
        "INSERT INTO runs (race, position, depth, shortcut, seed, config, versions, state, total_steps, created,"
        " changed) VALUES (1, 0, 8, 'A', 0, ?, '{}', 'finished', 300, 0, 1)",
        (json.dumps(config),),
    )
    yield workspace, old
    old.close()


def test_whoever_reads_an_older_database_brings_it_up_to_date(old_workspace):
    workspace, _ = old_workspace
    with pytest.raises(OutdatedDatabase, match="was made by an older version"):
        connect(workspace, readonly=True)
    with Reader(workspace) as reader:
        (run,) = reader.runs.all()
        assert (run.probe_share, reader.probes.all(run.id)) == (None, ([], 0))
        assert [race.name for race in reader.races.newest()] == ["old"]


def test_an_older_database_is_left_alone_while_its_engine_lives(old_workspace):
    workspace, old = old_workspace
    old.execute("INSERT INTO engine VALUES (1, 1, 0, '0.1.0', '[]', ?, ?)", (time.time(), time.time()))
    for opened in (Reader, Writer):
        with pytest.raises(
            VersionMismatch, match="an engine of version 0.1.0 lives .*; end it with `python -m engine shut"
        ):
            opened(workspace)
    with Reader(workspace, outdated=True) as reader:
        assert reader.presence.engine().version == "0.1.0"
    assert [name for (name,) in old.execute("SELECT name FROM migrations")] == [MIGRATIONS[0][0]]
    old.execute("UPDATE engine SET heartbeat = heartbeat - 60")  # it is gone without a word
    Reader(workspace).close()
    assert len(list(old.execute("SELECT name FROM migrations"))) == len(MIGRATIONS)


def test_the_version_goes_up_with_the_tables():
    # Engines and pages of different versions refuse each other: raise the version with every migration.
    assert (__version__, MIGRATIONS[-1][0]) == ("0.12.0", "0013-authors")
