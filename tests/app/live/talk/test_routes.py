"""What a scene plays, by its address: a recorded race that is in no workspace, read once for the whole room."""

import asyncio
import threading

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.data.talks import talks
from app.live.stream.feed import Feed
from app.live.stream.query_params import BadRequest
from app.live.talk import recorded_answers, routes
from app.live.talk.recorded_answers import RecordedAnswers, played_runs
from engine.talks.files import USUAL


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=routes.talk_routes(Feed())))


@pytest.fixture(scope="module")
def runs():
    return played_runs("cut", ())


def test_a_recorded_race_is_answered_as_a_replay_has_it_and_made_once(client, runs, monkeypatch):
    address = f"/live/talk/recording/cut?runs={','.join(map(str, runs))}"
    answer = client.get(address)
    assert answer.status_code == 200
    document = answer.json()
    assert [card["step"] for card in document["cards"]] == [300, 300]
    assert document["cards"][1]["parent"] == runs[0]
    monkeypatch.setattr(recorded_answers, "recording", None)
    assert client.get(address).text == answer.text


def test_every_scene_of_the_talk_is_answered(client, monkeypatch):
    monkeypatch.setattr(recorded_answers, "recording", lambda runs, points: runs)
    monkeypatch.setattr(recorded_answers, "recording_document", lambda found: str(list(found)))
    scenes = [scene for scene in talks.get(USUAL).scenes if isinstance(scene, talks.Played)]
    assert scenes
    for scene in scenes:
        played = played_runs(scene.recording, scene.arms)
        found = asyncio.run(RecordedAnswers().get(scene.recording, played))
        assert found == str(list(played)) != "[]"


def test_runs_that_no_scene_plays_are_refused_before_anything_is_read(runs, monkeypatch):
    monkeypatch.setattr(recorded_answers, "recording", lambda runs, points: pytest.fail("it was read"))
    for other in (runs[:1], runs[::-1], (*runs, 999_999)):
        with pytest.raises(BadRequest) as refused:
            asyncio.run(RecordedAnswers().get("cut", other))
        assert refused.value.status_code == 404


def test_an_answer_that_is_there_waits_for_none_that_is_made_and_each_is_made_once(monkeypatch):
    begun, go, made = threading.Event(), threading.Event(), []

    def make(name, runs):
        made.append(runs)
        if runs == (2,):
            begun.set()
            assert go.wait(60)
        return f"{name} {runs}"

    monkeypatch.setattr(recorded_answers, "_made", make)

    async def room():
        answers = RecordedAnswers()
        assert await answers.get("cut", (1,)) == "cut (1,)"
        slow = [asyncio.create_task(answers.get("cut", (2,))) for _ in range(3)]
        try:
            assert await asyncio.to_thread(begun.wait, 20)
            assert await asyncio.wait_for(answers.get("cut", (1,)), 5) == "cut (1,)"
            assert not any(task.done() for task in slow)
        finally:
            go.set()
        assert await asyncio.gather(*slow) == ["cut (2,)"] * 3

    asyncio.run(room())
    assert made == [(1,), (2,)]


def test_so_many_answers_are_kept_and_the_oldest_leaves(monkeypatch):
    made = []
    monkeypatch.setattr(recorded_answers, "_made", lambda name, runs: made.append(runs) or name)
    monkeypatch.setattr(recorded_answers, "MAX_KEPT", 2)

    async def ask():
        answers = RecordedAnswers()
        for run in (1, 2, 3, 3, 2, 1):
            await answers.get("cut", (run,))

    asyncio.run(ask())
    assert made == [(1,), (2,), (3,), (1,)]


@pytest.mark.parametrize(
    ("address", "status"),
    [("nothing?runs=1", 404), ("cut?runs=999999", 404), ("cut", 400), ("cut?runs=x", 400), ("..%2Fcut?runs=1", 404)],
)
def test_what_is_not_there_is_refused_in_one_line(client, address, status):
    answer = client.get(f"/live/talk/recording/{address}")
    assert answer.status_code == status
    assert "\n" not in answer.text
