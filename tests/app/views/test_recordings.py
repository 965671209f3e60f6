"""The recorded races on the first visit and in the dialog of Runs, through Streamlit's AppTest."""

import pytest
from streamlit.testing.v1 import AppTest

from app.data import races
from app.data.exchange import recordings
from app.data.workspace import SkipscopeError, use
from app.views import recordings as views
from app.web import presenter_link
from engine.exchange import recordings as table
from engine.paths import PROJECT

MAIN = str(PROJECT / "app" / "main.py")
DIALOG = "from app.views.runs import import_dialog\nimport_dialog._ask()"
NAMES = [*table.recordings()]
SMALLEST = "cut"


@pytest.fixture
def place(workspace):
    use(workspace.path)
    yield workspace
    use(workspace.path)


def test_the_first_visit_plays_a_recorded_race_and_nothing_is_trained(place, monkeypatch):
    monkeypatch.setattr(recordings, "FIRST", SMALLEST)
    page = AppTest.from_file(MAIN, default_timeout=90).run()
    assert not page.exception
    button = page.button(key="watch_recorded")
    assert button.label == "Watch a recorded race"
    button.click().run()
    assert not page.exception
    (race,) = races.races()
    assert "".join(page.query_params["race"]) == str(race.id)
    assert "".join(page.query_params["replay"]) == "1"
    assert race.name == table.get_recording(SMALLEST).title
    assert not page.error
    said = " ".join(caption.value for caption in page.main.caption)
    assert "Imported: recorded elsewhere" in said
    assert table.get_recording(SMALLEST).caveats[0] in said.replace("\\", "")


@pytest.mark.parametrize(("obstacle", "promised"), [("", True), ("this installation only views", False)])
def test_the_first_picture_promises_a_training_only_where_one_can_be(monkeypatch, obstacle, promised):
    captions: list[str] = []
    monkeypatch.setattr(views.st, "caption", captions.append)
    monkeypatch.setattr(views, "live_landing", lambda _: False)
    monkeypatch.setattr(views.workspace, "view_only", lambda: obstacle)
    views.first_picture()
    assert [caption.startswith("The recorded quick race.") for caption in captions] == [True]
    assert ("Yours will be drawn" in captions[0]) == promised


def test_the_dialog_lists_every_recorded_race_with_its_caveats(place):
    asked = AppTest.from_string(DIALOG, default_timeout=90).run()
    assert not asked.exception
    keys = [button.key for button in asked.button]
    assert [key for key in keys if key.startswith("watch_")] == [f"watch_{name}" for name in NAMES]
    shown, said = ([one.value.replace("\\", "") for one in kind] for kind in (asked.markdown, asked.caption))
    for name in NAMES:
        row = table.get_recording(name)
        assert row.shows in shown, name
        assert " ".join(row.caveats) in said, name


def test_a_refusal_is_one_line(place, monkeypatch):
    def refuse(name):
        raise SkipscopeError("the disk is full")

    monkeypatch.setattr(recordings, "watched", refuse)
    page = AppTest.from_file(MAIN, default_timeout=90).run()
    page.button(key="watch_recorded").click().run()
    assert not page.exception
    assert [error.value for error in page.error] == ["the disk is full"]
    assert races.races() == []


def test_who_looks_on_is_offered_none(place, monkeypatch):
    monkeypatch.setattr(presenter_link, "may_command", lambda: False)
    page = AppTest.from_file(MAIN, default_timeout=90).run()
    assert not [button for button in page.button if (button.key or "").startswith("watch_")]


def test_an_installation_without_bundles_has_no_button(place, monkeypatch):
    monkeypatch.setattr(recordings, "available", lambda: ())
    page = AppTest.from_file(MAIN, default_timeout=90).run()
    assert [button.key for button in page.main.button] == ["start_quick", "try_instant"]
