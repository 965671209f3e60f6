import asyncio
from contextlib import asynccontextmanager
from functools import partial

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.testclient import TestClient

from app.data import streaming
from app.data.workspace import use
from app.live.race.routes import usual_points
from app.live.routes import routes
from app.live.stream.feed import Feed
from app.live.stream.page_head import PageHead
from app.live.stream.plotly_js import BASIC
from app.live.stream.preload import Preload, links
from app.live.stream.query_params import BadRequest
from app.live.stream.scripts import LIVE, needed, scripts_version
from engine.events import RunState, Split


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


def test_history_is_one_snapshot_with_all_that_the_page_draws(bench, client):
    bench.start_all()
    run = bench.runs[0]
    bench.steps(run, 1, 60)
    bench.evaluation(run, 50, Split.TRAIN_CLEAN, 33.333)
    bench.writer.log.add(run, 30, "lr", "learning rate 0.01")
    answer = client.get("/live/history", params={"runs": ",".join(map(str, reversed(bench.runs)))}).json()
    assert [card["run"] for card in answer["cards"]] == bench.runs[::-1]
    train = answer["runs"][str(run)]["train"]
    assert train["step"] == list(range(1, 61))
    assert {len(column) for column in train.values()} == {60}
    assert set(train) == {"step", "loss", "error", "running_loss", "running_error", "seconds"}
    assert answer["runs"][str(run)]["train_clean"]["error"] == [33.33]
    assert answer["runs"][str(run)]["total"]["train"] == 60
    assert answer["remarks"][0]["text"] == "learning rate 0.01"
    assert answer["g"] == "Training has begun. The comparison starts at step 334."
    assert answer["a"] is None  # nobody watched: when the newest point came is not known
    assert "d" not in answer
    points, changes = answer["cursor"].split(".")
    assert int(points) == 61
    assert int(changes) >= 8


def test_history_decimates_keeps_spikes_and_reads_finer_in_a_range(bench, client):
    run = bench.runs[0]
    bench.steps(run, 1, 700)
    bench.steps(run, 701, 701, loss=9.5)
    bench.steps(run, 702, 1000)
    coarse = client.get("/live/history", params={"runs": run, "n": 100}).json()["runs"][str(run)]
    assert len(coarse["train"]["step"]) <= 100
    assert coarse["total"]["train"] == 1000
    assert max(coarse["train"]["loss"]) == 9.5
    fine = client.get("/live/history", params={"runs": run, "n": 100, "first": 650, "last": 740}).json()
    assert fine["runs"][str(run)]["train"]["step"] == list(range(650, 741))


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("", 400, "1 to 64 runs"),
        ("runs=x", 400, "ids with commas"),
        ("runs=1,,2", 400, "ids with commas"),
        ("runs=" + ",".join(map(str, range(1, 66))), 400, "64"),
        ("runs=1&n=5", 400, "from 100 to 20000"),
        ("runs=1&n=1e9", 400, "from 100 to 20000"),
        ("runs=1,2,3,4&n=5001", 400, "from 100 to 5000"),
        ("runs=1&first=-1", 400, "first must be"),
        ("runs=1&first=9&last=3", 400, "smaller than first"),
        ("runs=99", 404, "there is no run 99"),
        ("runs=98,99", 404, "there is no run 98, 99"),
    ],
)
def test_wrong_history_parameters_get_one_line(client, query, status, words):
    answer = client.get(f"/live/history?{query}")
    assert answer.status_code == status
    assert words in answer.text
    assert "\n" not in answer.text


def test_a_recording_is_the_history_with_what_was_concluded_at_moments(bench, client):
    bench.start_all()
    for run in bench.runs:
        bench.steps(run, 1, 400)
    query = {"runs": ",".join(map(str, bench.runs))}
    answer, history = (client.get(f"/live/{name}", params=query).json() for name in ("recording", "history"))
    assert answer["runs"] == history["runs"]
    parts = answer["moments"]["parts"]
    for by in ("step", "seconds"):
        (first, *_), (_, *last) = answer["moments"][by][0], answer["moments"][by][-1]
        assert first == 0
        said = {key: values[place] for (key, values), place in zip(parts.items(), last, strict=True)}
        assert {key: history[key] for key in said} == said
    assert (answer["cuts"], answer["differences"], answer["ends"]) == ({"step": [], "seconds": []}, {}, {})
    assert len(client.get("/live/recording", params={**query, "n": 100}).json()["runs"]["1"]["train"]["step"]) <= 100


def test_a_recording_ends_with_the_states_that_the_page_shows(bench, client, monkeypatch):
    bench.start_all()
    first, second = bench.runs[:2]
    seen = {first: {"state": "lost", "detail": "its engine is gone"}}
    monkeypatch.setattr(streaming, "engine_status", lambda: {"state": "none", "seen": seen})
    cards = client.get("/live/recording", params={"runs": f"{first},{second}"}).json()["cards"]
    assert [card["state"] for card in cards] == ["lost", "running"]
    assert cards[0]["detail"] == "its engine is gone"


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [("", 400, "1 to 64 runs"), ("runs=1&n=5", 400, "from 100"), ("runs=99", 404, "no run 99")],
)
def test_wrong_recording_parameters_get_one_line(client, query, status, words):
    answer = client.get(f"/live/recording?{query}")
    assert answer.status_code == status
    assert words in answer.text
    assert "\n" not in answer.text


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("runs=1&since=5", 400, "cursor"),
        ("runs=1&since=5.x", 400, "cursor"),
        ("runs=a", 400, "ids with commas"),
        ("runs=99", 404, "there is no run 99"),
        ("runs=98,99", 404, "there is no run 98, 99"),
        ("runs=1&since=99999.0", 409, "replaced"),
        ("runs=1&since=0.99999", 409, "replaced"),
    ],
)
def test_wrong_stream_parameters_get_one_line(client, query, status, words):
    answer = client.get(f"/live/stream?{query}")
    assert answer.status_code == status
    assert words in answer.text
    assert "\n" not in answer.text


def test_the_last_event_id_wins_over_the_address(client):
    answer = client.get("/live/stream?runs=1&since=0.0", headers={"Last-Event-ID": "99999.0"})
    assert answer.status_code == 409


def test_only_get_is_answered(client):
    for path in ("/live/history?runs=1", "/live/stream?runs=1"):
        assert client.post(path).status_code == 405


def test_modules_are_served_and_nothing_else_of_the_folder(client):
    assert client.get("/live/js/1/shared/event_stream.js").status_code == 200
    for wrong in ("nothing", "race/nothing", "..%2Fserver", "%2e%2e%2f%2e%2e%2fREADME", "stream/feed.py%00"):
        assert client.get(f"/live/js/1/{wrong}.js").status_code == 404


def test_a_finished_race_states_the_clean_gap(bench, client):
    for position, run in enumerate(bench.runs):
        bench.run_states(run, RunState.STARTING, RunState.RUNNING)
        bench.steps(run, 1000, 1000)
        bench.evaluation(run, 1000, Split.TRAIN_CLEAN, error=10.0 + 7 * position)
        bench.run_states(run, RunState.FINISHED)
    answer = client.get("/live/history", params={"runs": ",".join(map(str, bench.runs))}).json()
    assert answer["g"] == (
        "plain-56 learns its training images 7.0 points worse than plain-20. With shortcuts the difference is 7.0."
    )
    why = (
        "Training error measured at the end (clean), after 1,000 steps at one learning rate. "
        "Other seeds and rates may differ."
    )
    assert answer["sure"] == ["One seed: a demonstration", "demonstration", why]
    assert answer["basis"] == [
        "1 seed, compared at step 1,000.",
        "The errors are clean training errors: fixed images without augmentation, in evaluation mode.",
        "One seed has no interval: nothing is known of how much seeds differ.",
        "One learning rate for all: 0.1.",
    ]
    assert answer["rows"] == [
        ["plain-56 minus plain-20", "1 seed", "7.0", "", ""], ["A-56 minus A-20", "1 seed", "7.0", "", ""],
        ["Cure by A", "1 seed", "0.0", "", ""],
    ]  # fmt: skip
    assert answer["gaps"] == {
        "step": 1000, "end": True, "cure": "cure 0.0 points, one seed",
        "of": [["none", 56, 20, 1, 7, None, None], ["A", 56, 20, 1, 7, None, None]],
    }  # fmt: skip
    assert answer["depths"] == {}, "two depths"
    assert answer["a"] is None


def test_deleted_and_unknown_runs_are_left_out_of_the_history_and_listed(bench, client):
    first, second = bench.runs[:2]
    bench.steps(first, 1, 3)
    bench.writer.jobs.delete(second)
    answer = client.get("/live/history", params={"runs": f"{second},{first},99"})
    assert answer.status_code == 200
    document = answer.json()
    assert document["d"] == [second, 99]
    assert list(document["runs"]) == [str(first)]
    assert [card["run"] for card in document["cards"]] == [first]
    assert client.get("/live/history", params={"runs": second}).status_code == 404


def test_a_stream_that_names_a_deleted_run_too_is_answered(bench):
    """The test client would wait for the end of the stream, so the route is called by hand."""
    bench.steps(bench.runs[0], 1, 3)
    bench.writer.jobs.delete(bench.runs[1])

    async def scenario():
        feed = Feed()
        feed.start()
        try:
            route = next(route for route in routes(feed) if route.path == "/live/stream")
            scope = {"type": "http", "method": "GET", "headers": []}
            some = scope | {"query_string": f"runs={bench.runs[0]},{bench.runs[1]},99".encode()}
            assert (await route.endpoint(Request(some))).status_code == 200
            none = scope | {"query_string": f"runs={bench.runs[1]}".encode()}
            with pytest.raises(BadRequest, match="404"):
                await route.endpoint(Request(none))
        finally:
            await feed.stop()

    asyncio.run(scenario())


def test_modules_are_sent_packed_to_browsers_that_unpack(client):
    address = "/live/js/1/shared/event_stream.js"
    answers = [client.get(address, headers={"Accept-Encoding": coding}) for coding in ("gzip", "identity")]
    assert [answer.headers.get("content-encoding") for answer in answers] == ["gzip", None]
    assert answers[0].content == answers[1].content == (LIVE / "shared/event_stream.js").read_bytes()


def test_a_page_names_all_modules_that_its_curves_wait_for():
    named = links("race/view.js").decode()
    assert named.startswith(f'<link rel="preload" as="script" href="{BASIC.address}">')
    for name in ("race/view.js", "race/chart/figure.js", "shared/decimate.js", "shared/event_stream.js"):
        assert f'<link rel="modulepreload" href="live/js/{scripts_version()}/{name}">' in named
    assert len(needed("race/view.js")) == len(set(needed("race/view.js")))


@pytest.fixture
def document():
    """The page's document as a browser gets it, and its headers."""

    async def page(scope, receive, send):
        await HTMLResponse("<html><head></head><p>a page</p></html>")(scope, receive, send)

    return partial(TestClient(Preload(PageHead(page))).get, headers={"Accept": "text/html"})


def test_a_page_names_the_points_of_the_race_that_it_will_show(bench, document):
    points = f"<live/history?runs={'%2C'.join(map(str, bench.runs))}>; rel=preload; as=fetch; crossorigin"
    for address in ("/", f"/?race={bench.race}", "/race?race=%C2%B2"):
        assert document(address).headers["link"] == points
        assert f"{links('race/view.js').decode()}</head>" in document(address).text
    recording = points.replace("history", "recording")
    assert recording in document(f"/?race={bench.race}&replay=1").headers["link"]
    assert f"{links('layers/view.js').decode()}</head>" in document("/layers").text
    for address in ("/layers", "/runs"):
        assert "link" not in document(address).headers
    assert "<link" not in document("/runs").text


def test_a_page_without_a_race_takes_its_time_with_plotly(workspace, document):
    use(workspace.path)
    for address in ("/", "/layers"):
        text = document(address).text
        assert f'<link rel="prefetch" as="script" href="{BASIC.address}">' in text
        assert 'rel="preload"' not in text


def test_so_many_points_are_sent_that_a_page_can_draw_them():
    assert [usual_points(runs) for runs in (1, 8, 16, 50, 64, 1000)] == [2000, 2000, 1000, 320, 250, 100]


def test_each_run_may_have_a_range_of_its_own(bench, client):
    first, second = bench.runs[:2]
    for run in (first, second):
        bench.steps(run, 1, 300)
    query = {"runs": f"{first},{second}", "first": "10,200", "last": "20,205"}
    runs = client.get("/live/history", params=query).json()["runs"]
    assert [runs[str(run)]["train"]["step"] for run in (first, second)] == [list(range(10, 21)), list(range(200, 206))]
    assert client.get("/live/history", params={**query, "first": "1,2,3"}).status_code == 400
    assert "whole numbers" in client.get("/live/history", params={**query, "last": "20,x"}).text
