"""The labs' snapshot and stream, with a writer in the worker's place."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

from app.data import labs, streaming
from app.live.labs.routes import follow
from app.live.routes import routes
from app.live.stream.feed import Feed
from engine.config import LabConfig
from engine.events import CurveName, CurveUpdated, MetricReported, Progressed, RunState
from engine.labs.registry import LABS
from tests.app.live.conftest import Listener


@pytest.fixture
def lab(bench):
    """A running job of the gradients lab with one curve."""
    run = bench.writer.labs.submit(LabConfig(lab="gradients", settings=LABS["gradients"].defaults()))
    bench.run_states(run, RunState.STARTING, RunState.RUNNING)
    bench.writer.labs.progress(run, Progressed(1, 87, "gradient norms: with BN, gain 1.0, seed 0"), 0.1234567)
    y = [123456.7, 0.00012345678, float("nan")]
    bench.writer.labs.results(run, [CurveUpdated("norm", CurveName("with BN", "gain", 1.0), [1, 2, 3], y)])
    return run


@pytest.fixture
def client(bench):
    feed = Feed()

    @asynccontextmanager
    async def lifespan(_):
        feed.start()
        yield
        await feed.stop()

    with TestClient(Starlette(routes=routes(feed), lifespan=lifespan)) as client:
        yield client


def test_the_snapshot_is_all_that_the_page_draws(bench, client, lab):
    bench.writer.labs.results(
        lab, [], [MetricReported("bn_gradient_total", 11498.7), MetricReported("plain_gradient_total", 1e999)]
    )
    document = client.get("/live/lab", params={"run": lab}).json()
    assert document["traces"] == [
        {
            "panel": "norm", "kind": "with BN", "setting": "gain", "value": 1.0, "x": [1, 2, 3],
            "y": [123500.0, 0.0001235, None],
        }
    ]  # fmt: skip
    assert [(found["name"], found["kind"], found["value"]) for found in document["findings"]] == [
        ("norm", "with BN", 1.0), ("direction", "with BN", 1.0),
    ]  # fmt: skip
    assert document["figures"] == {"bn_gradient_total": 11500.0, "plain_gradient_total": None}
    card = document["card"]
    assert (card["run"], card["lab"], card["state"]) == (lab, "gradients", "running")
    assert (card["step"], card["total"], card["seconds"]) == (1, 87, 0.1235)
    assert card["detail"] == "gradient norms: with BN, gain 1.0, seed 0"
    assert card["settings"] == LABS["gradients"].defaults()
    assert card["log"].endswith("run.log")
    assert document["cursor"] == f"{streaming.head().changes}.1"


@pytest.mark.parametrize(
    ("path", "query", "status", "words"),
    [
        ("lab", "", 400, "run must name a job"),
        ("lab", "run=x", 400, "run must be a whole number"),
        ("lab", "run=0", 400, "run must be a whole number"),
        ("lab", "run=99", 404, "there is no lab job 99"),
        ("lab", "run=1", 404, "there is no lab job 1"),
        ("lab/stream", "", 400, "run must name a job"),
        ("lab/stream", "run=99", 404, "there is no lab job 99"),
        ("lab/stream", "run=5&since=7", 400, "cursor"),
        ("lab/stream", "run=5&since=99999.0", 409, "replaced"),
        ("lab/stream", "run=5&since=0.99999", 409, "replaced"),
    ],
)
def test_wrong_parameters_get_one_line(client, lab, path, query, status, words):
    assert lab == 5
    answer = client.get(f"/live/{path}?{query}")
    assert answer.status_code == status
    assert words in answer.text
    assert "\n" not in answer.text


def test_only_get_is_answered_and_the_last_event_id_wins(client, lab):
    for path in ("/live/lab?run=5", "/live/lab/stream?run=5"):
        assert client.post(path).status_code == 405
    answer = client.get("/live/lab/stream?run=5&since=0.0", headers={"Last-Event-ID": "0.99999"})
    assert answer.status_code == 409


def test_a_store_that_cannot_be_read_is_said(client, lab, monkeypatch):
    from engine.errors import DatabaseDamaged

    def refuse(*_):
        raise DatabaseDamaged("the database is damaged")

    monkeypatch.setattr(labs, "lab_news", refuse)
    for path in ("lab", "lab/stream"):
        answer = client.get(f"/live/{path}?run={lab}")
        assert (answer.status_code, answer.text) == (503, "the database is damaged")


async def _stream(feed, run, since, listener):
    async for chunk in follow(feed, run, since):
        listener.hear(chunk)


async def _until(met):
    async with asyncio.timeout(60):
        while not met():
            await asyncio.sleep(0.01)


def test_the_stream_tells_what_is_new_and_ends_when_the_job_is_deleted(bench, lab):
    async def scenario():
        feed, listener = Feed(), Listener()
        feed.start()
        try:
            viewer = asyncio.create_task(_stream(feed, lab, (0, 1), listener))
            await _until(lambda: listener.all("card"))
            assert not listener.all("traces"), "the first curve lies before the cursor"
            bench.writer.labs.results(lab, [CurveUpdated("collapse", CurveName("with BN", "gain", 1.0), [1], [0.3])])
            await _until(lambda: listener.all("traces"))
            assert [trace["panel"] for trace in listener.all("traces")[0]] == ["collapse"]
            assert listener.cursor[1] == 2
            seen = len(listener.all("card"))
            bench.steps(bench.runs[0], 1, 2)  # a race beside it is no news of the lab
            bench.writer.jobs.move(bench.runs[1], RunState.STARTING)
            bench.writer.labs.results(lab, [], [MetricReported("bn_gradient_total", 7.0)])
            await _until(lambda: {"bn_gradient_total": 7} in listener.all("figures"))
            assert len(listener.all("card")) == seen
            assert len(listener.all("traces")) == 1
            bench.writer.jobs.move(lab, RunState.FINISHED, seconds=1.5)
            await _until(lambda: listener.all("card")[-1]["state"] == "finished")
            bench.writer.jobs.delete(lab)
            async with asyncio.timeout(60):
                await viewer
            assert listener.documents[-1] == {"gone": True}
            assert feed._observers == 0
        finally:
            await feed.stop()

    asyncio.run(scenario())


def test_the_stream_says_how_the_engine_is_and_ends_with_the_feed(bench, lab):
    class Silent(Feed):
        def _engine_status(self):
            return {"state": "none", "message": "no engine runs"}

    async def scenario():
        feed, listener = Silent(), Listener()
        feed.start()
        viewer = asyncio.create_task(_stream(feed, lab, (0, 0), listener))
        await _until(lambda: listener.all("engine"))
        assert listener.all("engine")[0]["state"] == "none"
        feed.close()
        async with asyncio.timeout(60):
            await viewer
        await feed.stop()

    asyncio.run(scenario())


def test_the_route_answers_with_a_stream(bench, lab):
    """The test client would wait for the end of the stream, so the route is called by hand."""

    async def scenario():
        feed = Feed()
        feed.start()
        try:
            route = next(route for route in routes(feed) if route.path == "/live/lab/stream")
            scope = {"type": "http", "method": "GET", "headers": [], "query_string": f"run={lab}".encode()}
            answer = await route.endpoint(Request(scope))
            assert answer.status_code == 200
            assert answer.media_type == "text/event-stream"
            chunks = answer.body_iterator
            assert await anext(chunks) == b"retry:1000\n\n"
            first = (await anext(chunks)).decode()
            cursor, body = first.strip().split("\n")
            assert cursor.startswith("id:")
            assert len(json.loads(body.removeprefix("data:"))["traces"]) == 1
            await chunks.aclose()
        finally:
            await feed.stop()

    asyncio.run(scenario())
