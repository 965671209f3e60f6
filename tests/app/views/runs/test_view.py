"""The selection of a table by id: rows that a filter hides, and places that a browser sends once more."""

from types import SimpleNamespace

import pytest

from app.views.runs import view
from app.views.runs.view import RUNS


@pytest.fixture
def session(monkeypatch):
    """A session without a browser, and its clock."""
    state, clock = {}, SimpleNamespace(now=100.0)
    monkeypatch.setattr(view, "st", SimpleNamespace(session_state=state))
    monkeypatch.setattr(view, "time", SimpleNamespace(monotonic=lambda: clock.now))
    state["clock"] = clock
    return state


def clicked(session, rows):
    """The browser sends the places of the marked rows."""
    session["runs_table"] = {"selection": {"rows": rows, "columns": [], "cells": []}}
    RUNS.take()


def test_a_selection_goes_by_id_whatever_rows_come_and_go(session):
    RUNS.apply([5, 7, 9])
    clicked(session, [1])
    assert RUNS.ids == [7]
    assert RUNS.apply([4, 5, 7, 9])["selection"]["rows"] == [2]


def test_selected_rows_that_a_filter_hides_stay_selected(session):
    RUNS.choose([1, 2])
    RUNS.apply([2, 3])
    clicked(session, [1])
    assert RUNS.ids == [1, 3], "2 was taken away, 1 cannot be seen"


def test_places_that_a_browser_sends_again_after_a_deletion_select_no_other_run(session):
    RUNS.choose([7])
    RUNS.apply([7, 8])
    clicked(session, [0])
    RUNS.choose([])  # 7 is deleted
    assert RUNS.apply([8])["selection"]["rows"] == []
    clicked(session, [0])
    assert RUNS.ids == []
    assert RUNS.apply([8])["selection"]["rows"] == [] and session["runs_table"]["selection"]["rows"] == []
    clicked(session, [0])
    assert RUNS.ids == [], "however often it is sent"
    session["clock"].now += view._ECHO_S
    clicked(session, [0])
    assert RUNS.ids == [8], "later it is the visitor"


def test_another_choice_after_rows_have_changed_is_taken_at_once(session):
    RUNS.choose([7])
    RUNS.apply([7, 8, 9])
    clicked(session, [0])
    RUNS.choose([])
    RUNS.apply([8, 9])
    clicked(session, [1])
    assert RUNS.ids == [9]
