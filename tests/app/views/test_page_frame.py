"""What pages have in common: texts in the address, commands of components and their refusals."""

from types import SimpleNamespace

import pytest

from app.data import commands
from app.views import page_frame
from engine.errors import CommandRefused


@pytest.fixture
def session(monkeypatch):
    """A session and an address without a browser."""
    page = SimpleNamespace(session_state={}, query_params={})
    monkeypatch.setattr(page_frame, "st", page)
    return page


@pytest.mark.parametrize(("text", "number"), [("7", 7), ("0", None), ("-1", None), ("x", None), ("9" * 19, None)])
def test_a_number_in_the_address_is_one_that_a_race_may_have(session, text, number):
    session.query_params["race"] = text
    assert page_frame.number_param("race") == number
    assert page_frame.number_param("job") is None


def test_a_text_of_the_address_is_written_kept_and_removed(session):
    for text, present in (("a", {"key": "a"}), ("", {"key": ""}), (None, {}), (None, {})):
        page_frame.put_param("key", text)
        assert session.query_params == present


def test_a_command_goes_to_the_page_or_to_the_engine_and_its_refusal_is_reported(session, monkeypatch):
    received, reports = [], []

    def refuse(verb, run):
        raise CommandRefused(f"{verb} of run {run}: not now")

    monkeypatch.setattr(commands, "start_engine", lambda: received.append("engine"))
    monkeypatch.setattr(commands, "command", refuse)
    page_frame.obey("chart", reports.append, {})
    for verb in ("measure", "engine", "pause"):
        session.session_state["chart"] = SimpleNamespace(command={"verb": verb, "run": 3})
        page_frame.obey("chart", reports.append, {"measure": lambda command: received.append(command["run"])})
    assert (received, reports) == ([3, "engine"], ["pause of run 3: not now"])
