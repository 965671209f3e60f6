"""What a scene plays, by its address: a recorded race that is in no workspace, read once for the whole room."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.data import races
from app.data.talks import talks
from app.live.stream.feed import Feed
from app.live.talk import routes


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=routes.talk_routes(Feed())))


@pytest.fixture(scope="module")
def runs():
    with talks.recorded("cut") as race:
        return [run.id for run in races.runs(race)]


def test_a_recorded_race_is_answered_as_a_replay_has_it_and_made_once(client, runs, monkeypatch):
    address = f"/live/talk/recording/cut?runs={','.join(map(str, runs))}"
    answer = client.get(address)
    assert answer.status_code == 200
    document = answer.json()
    assert [card["step"] for card in document["cards"]] == [300, 300]
    assert document["cards"][1]["parent"] == runs[0]
    monkeypatch.setattr(routes, "recording", None)
    assert client.get(address).text == answer.text


@pytest.mark.parametrize(
    ("address", "status"),
    [("nothing?runs=1", 404), ("cut?runs=999999", 404), ("cut", 400), ("cut?runs=x", 400), ("..%2Fcut?runs=1", 404)],
)
def test_what_is_not_there_is_refused_in_one_line(client, address, status):
    answer = client.get(f"/live/talk/recording/{address}")
    assert answer.status_code == status
    assert "\n" not in answer.text
