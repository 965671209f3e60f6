"""The stream of the instant races, with a writer in the engine's place."""

import asyncio
from dataclasses import replace

from starlette.requests import Request

from app.data.instant import ring
from app.live.race.instant.component import ABOUT, _rows
from app.live.race.instant.messages import race_document
from app.live.race.instant.routes import instant_routes
from app.live.stream.feed import Feed
from engine.events import RunState, Split
from engine.runs.protocol.instant import SHORTCUTS, instant_request, usual
from engine.runs.protocol.planning import plan_race
from tests.app.live.conftest import Listener


async def _hear(feed, listener):
    [route] = instant_routes(feed)
    answer = await route.endpoint(Request({"type": "http", "headers": []}))
    async for chunk in answer.body_iterator:
        listener.hear(chunk)


async def _until(met):
    async with asyncio.timeout(5):
        while not met():
            await asyncio.sleep(0.01)


def test_a_viewer_gets_each_race_once_and_again_when_something_of_it_is_new(bench):
    planned = plan_race(instant_request(usual()), bench.workspace)
    first, _ = bench.writer.races.submit(planned, instant=True)

    async def scenario():
        feed, listener = Feed(), Listener()
        feed.start()
        try:
            viewer = asyncio.create_task(_hear(feed, listener))
            await _until(lambda: listener.all("races"))
            assert [race["race"] for race in listener.all("races")[0]] == [first]
            assert listener.all("busy") == [[bench.race]], "the ordinary race of the bench waits for its turn"
            second, runs = bench.writer.races.submit(planned, instant=True)
            await _until(lambda: len(listener.all("races")) > 1)
            assert [race["race"] for race in listener.all("races")[1]] == [second]
            bench.run_states(runs[0], RunState.STARTING)
            await _until(lambda: len(listener.all("races")) > 2)
            [changed] = listener.all("races")[2]
            assert [run["state"] for run in changed["runs"]] == ["starting", "queued", "queued", "queued"]
            assert {"light", "dark"} == set(changed["runs"][0]["color"])
            bench.writer.races.keep(first)
            await _until(lambda: listener.all("gone"))
            assert listener.all("gone") == [[first]]
            assert listener.all("whole") == [True], "the first message alone"
            again = Listener()
            other = asyncio.create_task(_hear(feed, again))
            await _until(lambda: again.all("whole"))
            assert [race["race"] for race in again.all("races")[0]] == [second]
            viewer.cancel()
            other.cancel()
        finally:
            await feed.stop()

    asyncio.run(scenario())


def test_only_a_finished_net_has_an_error_and_the_dialled_shortcut_one_look_at_every_strength(bench):
    looks = set()
    for strength in (1.0, 0.5, 0.0):
        choice = replace(usual(), strength=strength)
        _, runs = bench.writer.races.submit(plan_race(instant_request(choice), bench.workspace), instant=True)
        for run in runs:
            bench.steps(run, 200, 200)
        bench.run_states(runs[2], RunState.STARTING, RunState.RUNNING, RunState.DIVERGED)
        bench.evaluation(runs[3], 200, Split.TRAIN_CLEAN, 18.25)
        bench.run_states(runs[3], RunState.STARTING, RunState.RUNNING, RunState.FINISHED)
        shown = race_document(ring.ring()[0])["runs"]
        assert [run["error"] for run in shown] == [None, None, None, 18.25], "no running error"
        looks.add((shown[3]["mark"], shown[3]["color"]["light"]))
    assert len(looks) == 1


def test_each_shortcut_has_a_line_and_depths_are_told_in_blocks():
    rows = {row["key"]: row for row in _rows(ring.settings())}
    assert ABOUT.keys() == SHORTCUTS.keys()
    assert [value["about"] for value in rows["shortcut"]["values"]] == [ABOUT[name] for name in SHORTCUTS]
    assert {"value": 32, "label": "15 blocks (32 layers)"} in rows["depth"]["values"]
