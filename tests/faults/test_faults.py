"""The short form of the suite of faults, and whether its checks can fail. Nothing here depends on how long it takes."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from engine.config import RaceConfig
from engine.events import StepRow
from engine.store.writer import Writer
from tests.faults.fault import FAULTS, Fault, chosen
from tests.faults.oracle import Ends, Snapshot
from tests.faults.processes import kills
from tests.faults.storage import database, disk
from tests.faults.trial import References, run_trial, works_on

#: Bounds of time are this many times those of the long form.
PATIENCE = 10.0
#: How long a fault of the short form lasts.
SHORT_S = 5.0
SHORT = [
    replace(FAULTS["kills"], inject="test_faults:two_kills"),
    replace(FAULTS["kills"], name="three-kills", inject="test_faults:three_kills"),
    replace(FAULTS["full-disk"], inject="test_faults:short_full_disk"),
    replace(FAULTS["locked-database"], inject="test_faults:short_lock"),
    FAULTS["checkpoint"],
    FAULTS["damaged-pages"],
]
#: Those that CI has no time for.
RARER = {"three-kills", "locked-database", "damaged-pages"}


def two_kills(trial):
    """A worker alone is killed in ``tests/engine/runs/test_working_engine.py``."""
    kills.sequence(trial, ("fork server", "everything"))


def three_kills(trial):
    kills.sequence(trial, ("fork server", "worker", "everything"))


def short_full_disk(trial):
    disk.filled(trial, SHORT_S)


def short_lock(trial):
    database.held(trial, SHORT_S)


@pytest.fixture(scope="module")
def references() -> References:
    return References(patience=PATIENCE, seeds=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [pytest.param(each, id=each.name, marks=[pytest.mark.long] * (each.name in RARER)) for each in SHORT],
)
def test_what_must_hold_holds_after_a_fault(fault: Fault, references):
    outcome = run_trial(fault, 1, references, lambda text: None)
    if outcome.skipped:
        pytest.skip(outcome.skipped)
    assert outcome.findings
    assert [f"{each.check}: {each.text}" for each in outcome.failures] == [], "\n".join(outcome.notes)


@pytest.fixture
def recorded(workspace):
    """A workspace with a run that has twenty points and three log entries."""
    with Writer(workspace) as writer:
        race, (run,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
        writer.points.record(run, [StepRow(step, 2.0, 90.0, 2.0, 90.0, 0.1, step / 10) for step in range(1, 21)])
        for step in range(3):
            writer.log.add(run, step, "lr", f"entry {step}")
    return workspace


@pytest.mark.parametrize(
    ("statement", "lost", "changed"),
    [
        ("DELETE FROM log_entries WHERE step = 2", 1, 0),
        ("UPDATE log_entries SET text = 'other' WHERE step < 2", 0, 2),
        ("UPDATE log_entries SET id = 99 WHERE step = 2", 1, 0),
        ("UPDATE runs SET detail = 'other'", 0, 0),
    ],
)
def test_a_row_that_goes_or_changes_is_seen(recorded, statement, lost, changed):
    before = Snapshot.of(recorded)
    assert len(before.tables["points"]) == 20
    with closing(sqlite3.connect(recorded.database)) as connection:
        connection.execute(statement)
        connection.commit()
    after = Snapshot.of(recorded)
    assert (before.lost(after), before.changed(after)) == (lost, changed)


def test_an_end_that_differs_in_one_value_is_seen():
    point, tensor = (0, "train", 1, 2.0), (0, "/model/conv.weight", "(4, 3) torch.float32 ab")
    end = Ends(frozenset({point}), frozenset(), frozenset({tensor}))
    assert end.differences(end) == []
    (text,) = end.differences(replace(end, points=frozenset({(0, "train", 1, 2.5)})))
    assert text.startswith("1 points more, 1 missing")
    (text,) = end.differences(replace(end, tensors=frozenset()))
    assert text.startswith("1 tensors more, 0 missing")


@pytest.mark.parametrize(
    ("row", "works"),
    [
        ({"state": "running", "detail": ""}, True),
        ({"state": "running", "detail": "engine gone, last heard 15 s ago"}, False),
        ({"state": "lost", "detail": ""}, False),
        ({"state": "queued", "detail": "waits for a free slot"}, False),
    ],
)
def test_who_is_said_to_work(row, works):
    assert works_on(row) == works


def test_every_fault_names_its_function_and_an_unknown_name_is_refused():
    assert all(callable(fault.function) for fault in FAULTS.values())
    assert [fault.name for fault in chosen(["clock"])] == ["clock"]
    with pytest.raises(KeyError, match="unknown fault 'flood'; choose from kills, "):
        chosen(["flood"])
