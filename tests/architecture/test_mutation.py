"""The table of seeded faults (``python -m tests.mutation``) fits the tree, so that no rename leaves a fault behind."""

import dataclasses

import pytest

from engine.paths import PROJECT
from tests.mutation import table
from tests.mutation.fault import TableError

FAULT = table.ROOMS[0].faults[0]


def test_every_fault_and_every_test_path_is_in_the_tree():
    table.check(PROJECT)


def test_there_are_enough_faults():
    faults = [fault for room in table.ROOMS for fault in room.faults]
    assert sum(not fault.added_late for fault in faults) >= 40
    assert sum(fault.added_late for fault in faults) >= 10
    assert not [room.name for room in table.ROOMS if len(room.faults) < 3 or not room.quick]


@pytest.mark.parametrize(
    "change",
    [
        {"file": "engine/moved.py"}, {"text": "a line that is gone"}, {"text": "\n"}, {"faulty": "return ("},
        {"faulty": FAULT.text},
    ],
)  # fmt: skip
def test_a_fault_that_does_not_fit_is_named(change, monkeypatch):
    room = dataclasses.replace(table.ROOMS[0], faults=(dataclasses.replace(FAULT, **change),))
    monkeypatch.setattr(table, "ROOMS", (room,))
    with pytest.raises(TableError, match=FAULT.name):
        table.check(PROJECT)


def test_a_room_whose_tests_are_gone_is_named(monkeypatch):
    monkeypatch.setattr(table, "ROOMS", (dataclasses.replace(table.ROOMS[0], quick=("tests/test_gone.py",)),))
    with pytest.raises(TableError, match=r"tests/test_gone\.py"):
        table.check(PROJECT)
