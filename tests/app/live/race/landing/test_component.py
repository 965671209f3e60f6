"""The curves of the first visit: served as they are, and those of the recorded race that a press opens."""

import json

from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.data.exchange import recordings
from app.data.workspace import use
from app.live.race.landing.component import _arms
from app.live.routes import routes
from app.live.stream.feed import Feed
from assets.make_stills import POINTS
from engine.exchange.recordings import get_recording
from engine.exchange.transfer import import_from
from engine.store.workspace import Workspace

CURVES = "/live/recorded-curves.json"


def test_the_curves_are_those_of_the_recorded_race(tmp_path):
    """After another recording: ``python assets/make_stills.py``."""
    workspace = Workspace.at(use(tmp_path / "workspace")).prepare()
    imported = import_from(workspace, get_recording(recordings.FIRST).path, lambda done, total, what: None)
    (runs,) = imported.races.values()
    client = TestClient(Starlette(routes=routes(Feed())))
    query = {"runs": ",".join(map(str, runs)), "n": str(POINTS)}
    assert client.get("/live/recording", params=query).json() == recordings.first_curves()
    answer = client.get(CURVES)
    assert answer.json() == recordings.first_curves()
    assert set(_arms()) == {card["arm"] for card in answer.json()["cards"]}
    use(tmp_path / "elsewhere")


def test_without_curves_the_answer_is_a_line(tmp_path, monkeypatch):
    monkeypatch.setattr(recordings, "CURVES", tmp_path / "curves.json")
    answer = TestClient(Starlette(routes=routes(Feed()))).get(CURVES)
    assert (answer.status_code, answer.text) == (404, "there are no curves")
    recordings.CURVES.write_text(json.dumps({"cards": []}))
    assert recordings.first_curves() == {"cards": []}


def test_the_picture_has_an_address_that_outlives_the_page(tmp_path, monkeypatch):
    client = TestClient(Starlette(routes=routes(Feed())))
    for scheme in ("light", "dark"):
        answer = client.get(f"/live/recorded-picture-{scheme}.png")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert answer.content == recordings.first_still(scheme).read_bytes()
    assert client.get("/live/recorded-picture-blue.png").status_code == 404
    monkeypatch.setattr(recordings, "CURVES", tmp_path / "curves.json")
    assert client.get("/live/recorded-picture-light.png").text == "there is no picture"
