"""An import beside running trainings: others write meanwhile, nobody sees a half, a killed one leaves nothing."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, contextmanager

import pytest

from engine.config import RaceConfig
from engine.errors import DataError
from engine.events import Split, StepRow
from engine.exchange.bundle import restoring
from engine.exchange.transfer import ExportRequest, export_to
from engine.hardware.machine import this_process
from engine.paths import PROJECT
from engine.runs.temporary_folder import TemporaryFolder, new_folder
from engine.runs.unfinished_imports import UnfinishedImports, reserved
from engine.store.reader import Reader
from engine.store.tables.imported.imports import ImportWriter
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.engine.exchange.bundle.packing import taken
from tests.engine.exchange.recorded_workspace import fill

STEPS = 20_000
#: Tables whose rows belong to a run or a job of a lab, and the column that names it.
OF_RUNS = {"point_blocks": "run", "probes": "run", "layers": "run", "lab_curves": "job"}


def rows(run, count):
    return [StepRow(s, 2.5 / s, 78.125, 1 / (s + 2), 700 / (s + 9), 0.1, s / 7) for s in range(1, count + 1)]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The recorded workspace with a long run."""
    folder = tmp_path_factory.mktemp("long")
    workspace = Workspace.at(folder / "workspace")
    runs = fill(workspace)
    with Writer(workspace) as writer:
        writer.points.record(runs[0], [row for row in rows(runs[0], STEPS) if row.step > 60])
        writer.jobs.update(runs[0], total_steps=STEPS)
    export_to(workspace, ExportRequest(runs), folder / "race.skipscope", lambda done, total, what: None)
    return folder / "race.skipscope"


def strays(workspace):
    """Return how many rows belong to no run and no job, by table."""
    with closing(sqlite3.connect(workspace.database)) as connection:
        known = "(SELECT id FROM runs UNION SELECT id FROM lab_jobs)"
        counts = {
            table: connection.execute(f"SELECT count(*) FROM {table} WHERE {key} NOT IN {known}").fetchone()[0]
            for table, key in OF_RUNS.items()
        }
        arrays = "SELECT count(*) FROM arrays WHERE probe NOT IN (SELECT id FROM probes)"
        counts["arrays"] = connection.execute(arrays).fetchone()[0]
        counts["unfinished"] = connection.execute("SELECT count(*) FROM unfinished_imports").fetchone()[0]
    return {table: count for table, count in counts.items() if count}


def files(workspace):
    return {path.name for path in workspace.path.iterdir() if not path.name.startswith("skipscope.db")}


def test_others_write_meanwhile_and_see_all_of_it_or_nothing(bundle, workspace):
    with Writer(workspace) as writer:
        _, (run,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    ended, seen, waits = threading.Event(), set(), []

    def train():
        step = 0
        with Writer(workspace) as writer, Reader(workspace) as reader:
            while not ended.is_set():
                began, step = time.monotonic(), step + 1
                writer.points.record(run, [StepRow(step, 1.0, 50.0, 1.0, 50.0, 0.1, step / 7)])
                waits.append(time.monotonic() - began)
                with reader.snapshot():
                    seen.add((len(reader.runs.all(every=True)), len(reader.labs.all())))
                time.sleep(0.002)
            seen.add((len(reader.runs.all(every=True)), len(reader.labs.all())))

    training = threading.Thread(target=train)
    training.start()
    try:
        found = taken(bundle, workspace)
    finally:
        ended.set()
        training.join()
    assert seen == {(1, 0), (6, 1)}
    assert len(waits) > 20
    first = next(iter(found.races.values()))[0]
    with Reader(workspace) as reader:
        assert len(reader.points.series(first, Split.TRAIN)) == STEPS
        assert len(reader.points.series(run, Split.TRAIN)) == len(waits)
    assert strays(workspace) == {}
    assert files(workspace) == set()


def test_an_import_that_fails_late_leaves_nothing(bundle, workspace, monkeypatch):
    def stopped(*_):
        assert strays(workspace)["point_blocks"] > STEPS / 32
        raise KeyboardInterrupt

    monkeypatch.setattr(restoring._Restoring, "_add_races", stopped)
    with pytest.raises(KeyboardInterrupt):
        taken(bundle, workspace)
    assert strays(workspace) == {}
    assert files(workspace) == set()


def test_an_import_that_was_recorded_stays_though_it_is_interrupted_right_after(bundle, workspace, monkeypatch):
    together, finish, finished = Writer.together, ImportWriter.finish, []

    @contextmanager
    def interrupted(writer):
        with together(writer):
            yield
        if finished:
            raise KeyboardInterrupt

    monkeypatch.setattr(ImportWriter, "finish", lambda *given: finished.append(1) or finish(*given))
    monkeypatch.setattr(Writer, "together", interrupted)
    with pytest.raises(KeyboardInterrupt):
        taken(bundle, workspace)
    with Reader(workspace) as reader:
        first = min(row.id for row in reader.runs.all(every=True))
        assert len(reader.points.series(first, Split.TRAIN)) == STEPS
    assert strays(workspace) == {}


def test_an_import_that_another_process_took_for_dead_is_no_import(bundle, workspace, monkeypatch):
    def swept(*_):
        with Reader(workspace) as reader, Writer(workspace) as writer:
            for each in reader.imports.unfinished():
                writer.imports.take(each)

    monkeypatch.setattr(restoring._Restoring, "_place", swept)
    with pytest.raises(DataError, match="import it again"):
        taken(bundle, workspace)
    with Reader(workspace) as reader:
        assert reader.runs.all(every=True) == []
        (left,) = reader.imports.unfinished()
    with Writer(workspace) as writer:
        UnfinishedImports(workspace, writer).remove()
    assert left.pid == 0
    assert strays(workspace) == {}


def test_what_a_killed_import_left_is_removed_and_a_living_one_is_let_be(workspace):
    with Writer(workspace) as writer, ExitStack() as stack:
        _, (stays,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
        writer.points.record(stays, rows(stays, 100))
        me = this_process()
        dead = writer.imports.begin(3, 2**22 + 1, 5.0)
        lives = stack.enter_context(reserved(workspace, writer, 2))
        failed = writer.imports.begin(1, me.pid, me.started)  # of this process, and no thread makes it any more
        assert [(each.first_run, each.last_run) for each in (dead, lives, failed)] == [(2, 4), (5, 6), (7, 7)]
        with writer.early_rows():
            for run in (3, 5, 7):
                writer.points.record(run, rows(run, 40_000))
        _, (later,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
        assert later == 8
        workspace.checkpoint(3, 60).parent.mkdir(parents=True)
        for name in ("import-abc.part", "sent-abc.part"):
            (workspace.path / name).mkdir()
        rounds, left = 0, UnfinishedImports(workspace, writer)
        while not left.remove_some():
            rounds += 1
        assert rounds > 1, "each round is short"
        with Reader(workspace) as reader:
            assert [each.id for each in reader.imports.unfinished()] == [lives.id]
        assert writer.imports.finish(lives)
    with Reader(workspace) as reader:
        counts = dict(reader.rows("SELECT run, count(*) FROM points GROUP BY run"))
        assert counts == {stays: 100, 5: 40_000}
    assert files(workspace) == set()


def test_folders_of_a_killed_process_go_with_the_next_engine(workspace):
    mine = new_folder(workspace, "import")
    theirs = mine.rename(mine.with_name(mine.name.replace(str(os.getpid()), str(2**22 + 1), 1)))
    mine = new_folder(workspace, "import")
    with TemporaryFolder(workspace) as folder:
        folder.sweep()
        assert mine.exists()
        assert not theirs.exists()
        folder.remove()


@pytest.mark.slow
@pytest.mark.parametrize("remover", ["engine", "import"])
def test_a_killed_import_is_removed_by_the_next_engine_or_import(bundle, workspace, remover):
    workspace.prepare()
    command = [sys.executable, "-m", "engine", "--workspace", str(workspace.path)]
    process = subprocess.Popen([*command, "import", str(bundle)], cwd=PROJECT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not workspace.database.exists() or "point_blocks" not in _strays_if_any(workspace):
        assert time.monotonic() < deadline
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert files(workspace) == {"tmp"}
    if remover == "engine":
        # Rounds of an engine without clients: it ends once it is idle.
        subprocess.run([*command, "serve", "--idle-seconds", "2"], cwd=PROJECT, check=True, capture_output=True)
    else:
        subprocess.run([*command, "import", str(bundle)], cwd=PROJECT, check=True, capture_output=True)
    assert strays(workspace) == {}
    assert not workspace.temporary.exists() or remover == "import"


def _strays_if_any(workspace):
    try:
        return strays(workspace)
    except sqlite3.OperationalError:  # no tables yet
        return {}
