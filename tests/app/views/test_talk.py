"""Which race a talk shows as live: what the presenter started, also after a reload, and what is given to the room."""

from types import SimpleNamespace

import pytest

from app.data import races
from app.data.talks import room, talks
from app.views import talk as page
from engine.talks.files import FOLDER, USUAL, read_talk

TALK = read_talk(FOLDER / f"{USUAL}.toml")
LIVE = next(number for number, scene in enumerate(TALK.scenes, 1) if isinstance(scene, talks.LiveScene))
KNOWN = 7


@pytest.fixture
def visit(monkeypatch):
    """The session's state and the address in Streamlit's place, and one race."""
    state, address = {}, {}
    monkeypatch.setattr(page.st, "session_state", state)
    monkeypatch.setattr(page.st, "query_params", address)
    race = SimpleNamespace(id=KNOWN, short_title="Race 7: quick", seeds=1)
    monkeypatch.setattr(races, "race", lambda number: race if number == KNOWN else None)
    monkeypatch.setattr(page, "runs_of", lambda _: [])
    return SimpleNamespace(state=state, address=address)


def shown(leads=True, given=None):
    live = page._live(given or room.Showing(), TALK, leads)
    return live and (live["scene"], live["race"])


def test_a_reload_has_the_live_race_from_its_address(visit):
    assert shown() is None
    visit.address["live"] = f"{LIVE}-{KNOWN}"
    assert page._live(room.Showing(), TALK, True) == {
        "scene": LIVE, "race": KNOWN, "title": "Race 7: quick", "seeds": 1, "runs": [],
    }  # fmt: skip


def test_what_was_started_in_this_visit_counts_before_the_address(visit):
    visit.address["live"] = f"{LIVE}-3"
    visit.state[page._LIVE] = LIVE, KNOWN
    assert shown() == (LIVE, KNOWN)


@pytest.mark.parametrize(
    "text", ["", "x", "7", f"{LIVE}-", f"{LIVE}-x", f"1-{KNOWN}", f"99-{KNOWN}", f"0-{KNOWN}", f"{LIVE}-8"]
)
def test_an_address_without_a_live_scene_and_its_race_shows_none(visit, text):
    visit.address["live"] = text
    assert shown() is None


def test_the_audience_has_the_race_that_is_given_and_no_other(visit):
    visit.address["live"] = f"{LIVE}-{KNOWN}"
    assert shown(leads=False) is None
    assert shown(leads=False, given=room.Showing(talk=USUAL, scene=LIVE, race=KNOWN)) == (LIVE, KNOWN)
