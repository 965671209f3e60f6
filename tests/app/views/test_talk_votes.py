"""What the page Talk does with the votes of a room, without a browser."""

from types import SimpleNamespace

import pytest

from app.data import authorization
from app.data.talks import room, talks
from app.data.workspace import use
from app.views import talk
from app.web import first_votes, presenter_link, visitor
from engine.talks.files import USUAL
from engine.talks.scenes import PredictionScene


@pytest.fixture
def page(workspace, monkeypatch):
    """The page's surroundings in Streamlit's place, while a question is open."""
    use(workspace.path)
    workspace.prepare()
    monkeypatch.setattr(presenter_link, "_presenter", None)
    monkeypatch.setattr(authorization, "_guard", None)
    scenes = talks.get(USUAL).scenes
    number = next(i for i, scene in enumerate(scenes, 1) if isinstance(scene, PredictionScene))
    talks.show(USUAL, number)
    presenter_link.share(8501)
    monkeypatch.setattr(talk, "first_votes", first_votes.FirstVotes())
    stage = SimpleNamespace(session_state={}, context=SimpleNamespace(cookies={}, ip_address="192.0.2.1"))
    monkeypatch.setattr(talk.st, "session_state", stage.session_state)
    monkeypatch.setattr(talk.st, "context", stage.context)
    yield stage
    presenter_link._presenter = None
    use(workspace.path)


def vote(page, cookie, choice, question="plain"):
    """Return what a vote is refused with, '' for one that is taken."""
    page.context.cookies = {"skipscope_visitor_8501": cookie}
    command = {"verb": "vote", "question": question, "choice": choice}
    page.session_state[talk.COMPONENT] = SimpleNamespace(command=command)
    talk._on_command(USUAL)
    return page.session_state.pop(talk._NOTICE, "")


def test_new_voters_of_one_address_are_bounded_and_who_voted_may_change_his_vote(page, monkeypatch):
    monkeypatch.setattr(first_votes, "AT_ONCE", 1)
    known, new = visitor.new_cookie(), visitor.new_cookie()
    assert "not open" in vote(page, known, 1, "shortcut")
    assert vote(page, known, 1) == ""
    assert "new voters" in vote(page, new, 2)
    assert "one vote at a time" in vote(page, known, 3)
    assert "Load this page anew" in vote(page, "made up", 1)
    assert room.showing().votes == 1
    page.context.ip_address = "192.0.2.2"
    assert vote(page, new, 2) == ""
    assert room.showing().votes == 2
