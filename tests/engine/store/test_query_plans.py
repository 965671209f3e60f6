"""What the queries of thousands of runs promise: seeks in an index instead of scans, by the plans of SQLite."""

import sqlite3

import pytest

from engine.config import RaceConfig
from engine.events import ALIVE, Evaluated, Split, StepRow
from engine.store.reader import Reader
from engine.store.writer import Writer


@pytest.fixture
def reader(workspace):
    with Writer(workspace) as writer:
        for _ in range(3):
            _, runs = writer.races.submit(RaceConfig(depths=(8, 14), shortcuts=("A",)))
            for run in runs:
                writer.points.record(run, [StepRow(s, 1.0, 50.0, 1.0, 50.0, 0.1, s) for s in range(1, 40)])
                tested = Evaluated(39, Split.TEST, 1.0, 40.0, 20, 2.0, 0.1, "running")
                writer.points.record(run, evaluations=[tested])
    with Reader(workspace) as reader:
        yield reader


#: Reads, and the tables that they may scan: those of few rows, or all of them where a list is made anew.
READS = {
    "new points": (lambda r: r.points.since(100, 110, [1, 2]), set()),
    "a curve": (lambda r: r.points.series(1, Split.TRAIN), set()),
    "a part of a curve, decimated": (lambda r: r.points.series(1, Split.TRAIN, (5, 30), at_most=8), set()),
    "the last points": (lambda r: r.points.last([1, 2]), set()),
    "evaluations": (lambda r: r.points.evaluated(1, 39), set()),
    "the head": (lambda r: r.points.head(), set()),
    "runs of a race": (lambda r: r.runs.all(1), set()),
    "runs at work": (lambda r: r.jobs.all(ALIVE), {"lab_jobs"}),
    "pulses of runs at work": (lambda r: r.jobs.pulses(ALIVE), {"lab_jobs"}),
    "an outline of races": (lambda r: r.runs.outline([1, 2]), set()),
    "changed runs": (lambda r: r.runs.changed(3), {"deletions"}),
    "what moved": (lambda r: r.run_list.moved(10**6, 10**6), {"deletions", "runs"}),
    "rows that moved": (lambda r: r.run_list.rows(of=[1, 2]), set()),
    "sparklines": (lambda r: r.run_list.running_errors([(1, 5), (2, 7)]), set()),
    "checkpoints of runs": (lambda r: r.checkpoints.totals([1, 2]), set()),
}


@pytest.mark.parametrize("name", READS)
def test_a_read_seeks_what_it_needs(reader, name):
    read, may_scan = READS[name]
    statements: list[str] = []
    reader._connection.set_trace_callback(statements.append)
    read(reader)
    reader._connection.set_trace_callback(None)
    scanned = {table for sql in statements for table in scans(reader.workspace, sql)}
    assert statements
    assert scanned <= may_scan


def scans(workspace, sql):
    """Return the tables that SQLite reads from end to end for a statement."""
    connection = sqlite3.connect(f"file:{workspace.database}?mode=ro", uri=True)
    connection.create_function("value_at", 4, lambda *_: None, deterministic=True)
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    names = dict(connection.execute("SELECT name, name FROM sqlite_master WHERE type = 'table'"))
    names |= {"p": "point_blocks", "train": "point_blocks"}
    steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    connection.close()
    found = {names[step.split()[1]] for step in steps if step.startswith("SCAN") and step.split()[1] in names}
    return found & tables - {"counters", "sqlite_sequence"}
