import asyncio
import base64

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.data import probes, streaming
from app.live.layers.routes import follow
from app.live.routes import routes
from app.live.stream.feed import Feed
from engine.config import LabConfig
from engine.events import Probed, RunState
from engine.probes.online.histogram import BINS
from engine.runs.worker.training_job import CODINGS
from engine.store.tables.probes import LayerRow
from tests.app.live.conftest import Listener

NAMES = "response_std,update_size"


def places(layers):
    return [LayerRow("layer", at, f"layer{at}", 1, 2) for at in range(layers)] + [LayerRow("block", 0, "block0", 1, 2)]


def probed(step, layers, value=1.0):
    histogram = np.zeros((layers, BINS + 1), dtype=np.float32)
    histogram[:, BINS // 2] = 1.0
    return Probed(
        step, 10.0 + step, 0.5, 32,
        {
            "response_std": np.full(layers, value, dtype=np.float32),
            "update_size": np.array([0.5], dtype=np.float32),
            "response_histogram": histogram,
            "response_std_channel": np.arange(1, 2 * layers + 1, dtype=np.float32),
        },
    )  # fmt: skip


@pytest.fixture
def recorded(bench):
    """The first run has 3 layers and three probes, the second 5 layers and one, the others none."""
    first, second = bench.runs[:2]
    bench.writer.probes.add_layers(first, places(3))
    bench.writer.probes.add_layers(second, places(5))
    for step in (0, 1, 20):
        bench.writer.probes.add(first, probed(step, 3, 1.0 + step), CODINGS)
    bench.writer.probes.add(second, probed(0, 5), CODINGS)
    return bench


@pytest.fixture
def client(recorded):
    feed = Feed()
    app = Starlette(routes=routes(feed))
    with TestClient(app) as client:
        yield client


def values(document, run, name, columns):
    raw = base64.b64decode(document["runs"][str(run)]["arrays"][name])
    return np.frombuffer(raw, dtype="<u2").reshape(columns, -1)


def test_history_is_everything_that_a_page_needs(client, recorded):
    first, second, third, _ = recorded.runs
    document = client.get(f"/live/probes/history?runs={first},{second},{third},999&quantities={NAMES}").json()
    run = document["runs"][str(first)]
    assert (run["steps"], run["total"], run["images"]) == ([0, 1, 20], 3, 32)
    assert run["share"] == pytest.approx(1.5 / 30, rel=1e-2)
    assert run["layers"] == [["layer0", 1, 2], ["layer1", 1, 2], ["layer2", 1, 2]]
    assert run["blocks"] == [["block0", 1, 2]]
    std = values(document, first, "response_std", 3)
    assert std.shape == (3, 3)
    assert (std[0] < std[1]).all()
    assert values(document, second, "update_size", 1).shape == (1, 1)
    assert document["runs"][str(third)].pop("planned")[:7] == [0, 1, 2, 5, 10, 20, 27]
    assert document["runs"][str(third)] == {
        "total": 0, "steps": [], "share": None, "images": 0, "layers": [], "relus": [], "blocks": [],
        "sublayers": [], "arrays": {},
    }  # fmt: skip
    assert document["d"] == [999]
    assert [card["run"] for card in document["cards"]] == [first, second, third]
    assert document["cursor"] == f"4.{recorded_changes()}"


def recorded_changes():
    return streaming.head().changes


def test_history_is_thinned_to_what_is_asked_for(client, recorded):
    first = recorded.runs[0]
    for step in range(21, 121):
        recorded.writer.probes.add(first, probed(step, 3), CODINGS)
    run = client.get(f"/live/probes/history?runs={first}&quantities={NAMES}&n=20").json()["runs"][str(first)]
    assert run["total"] == 103
    assert len(run["steps"]) <= 20
    assert run["steps"][:2] == [0, 1]
    assert run["steps"][-1] == 120
    assert values({"runs": {str(first): run}}, first, "response_std", len(run["steps"])).shape[1] == 3


def test_detail_is_one_layer_at_the_newest_probe_before_a_step(client, recorded):
    first, second = recorded.runs[:2]
    answer = client.get(f"/live/probes/detail?runs={first},{second}&layer=layer1&step=19").json()["runs"]
    here = answer[str(first)]
    assert (here["step"], here["layer"], here["index"], here["of"], here["std"]) == (1, "layer1", 1, 3, 2.0)
    assert len(here["histogram"]) == BINS
    assert here["histogram"][BINS // 2] == 1
    assert here["not_finite"] == 0
    assert here["channels"] == pytest.approx([4.0, 3.0], rel=0.05)
    assert answer[str(second)]["layer"] == "layer1", "the same name wins over the same relative depth"
    deep = client.get(f"/live/probes/detail?runs={first},{second}&layer=layer4&step=19").json()["runs"]
    assert (deep[str(first)]["layer"], deep[str(second)]["layer"]) == ("layer2", "layer4")


def test_detail_over_time(client, recorded):
    first = recorded.runs[0]
    answer = client.get(f"/live/probes/detail?runs={first}&layer=layer2&over=1").json()
    assert (answer["run"], answer["layer"], answer["steps"]) == (first, "layer2", [0, 1, 20])
    assert [len(histogram) for histogram in answer["histograms"]] == [BINS] * 3


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("history?runs=1", 400, "quantities must name some of activation_cosine"),
        ("history?runs=1&quantities=response_histogram", 400, "(got 'response_histogram')"),
        ("history?runs=1&quantities=charm", 400, "(got 'charm')"),
        ("history?runs=x&quantities=response_std", 400, "runs must be ids with commas"),
        ("history?runs=999&quantities=response_std", 404, "there is no run 999"),
        ("history?runs=1&quantities=response_std&n=3", 400, "n must be a whole number from 20 to 2000"),
        ("detail?runs=1&layer=nowhere&step=0", 404, "none of these runs has a probed layer 'nowhere'"),
        ("detail?runs=3&layer=layer1&over=1", 404, "run 3 has no probed layer 'layer1'"),
        ("history?runs=1&quantities=response_std&about=dead_share", 400, "one of the quantities (got 'dead_share')"),
        ("stream?runs=1&quantities=response_std&since=999.1", 409, "the database was replaced"),
        ("stream?runs=999&quantities=response_std", 404, "there is no run 999"),
        ("stream?runs=1&quantities=response_std&since=x", 400, "since must be a cursor"),
    ],
)
def test_wrong_questions_are_answered_in_one_line(client, path, status, words):
    answer = client.get(f"/live/probes/{path}")
    assert answer.status_code == status
    assert words in answer.text
    assert "\n" not in answer.text


@pytest.mark.slow
def test_the_stream_brings_new_columns_once_and_what_else_happened(recorded):
    first, second, third, _ = recorded.runs

    async def scenario():
        feed, listener = Feed(), Listener()
        feed.start()
        head = streaming.head()
        since = (head.probes, head.changes)

        async def listen():
            async for chunk in follow(feed, (first, third), (("response_std",), ""), since):
                listener.hear(chunk)

        task = asyncio.create_task(listen())
        await asyncio.sleep(0.3)
        recorded.writer.probes.add(first, probed(30, 3, 7.0), CODINGS)
        recorded.writer.probes.add(second, probed(1, 5), CODINGS)  # not asked for
        await asyncio.sleep(0.8)
        recorded.writer.probes.add_layers(third, places(4))
        recorded.writer.probes.add(third, probed(0, 4), CODINGS)
        recorded.run_states(third, RunState.STARTING)
        await asyncio.sleep(0.8)
        recorded.writer.jobs.delete(first)
        await asyncio.sleep(0.8)
        feed.close()
        await asyncio.wait_for(task, 2)
        await feed.stop()
        return listener

    listener = asyncio.run(scenario())
    columns = [column for group in listener.all("b") for column in group]
    assert [(run, step) for run, step, _, _ in columns] == [(first, 30), (third, 0)]
    assert len(base64.b64decode(columns[0][3]["response_std"])) == 2 * 3
    assert list(columns[0][3]) == ["response_std"]
    assert [len(places["layers"]) for group in listener.all("l") for places in group.values()] == [4]
    assert [card["state"] for group in listener.all("c") for card in group] == ["starting"]
    assert listener.all("d") == [[first]]
    head = streaming.head()
    assert listener.cursor == (head.probes, head.changes)


def test_a_lab_is_no_run_whose_insides_or_curves_could_be_shown(client, recorded):
    job = recorded.writer.labs.submit(LabConfig(lab="gradients"))
    for path in (
        f"probes/history?runs={job}&quantities={NAMES}",
        f"history?runs={job}",
        f"probes/stream?runs={job}&quantities={NAMES}",
    ):
        assert client.get(f"/live/{path}").status_code == 404, path
    assert streaming.delta([job], (0, 0), (10**6, 10**6)).run_summaries == []
    assert (
        probes.inside_news([job, recorded.runs[0]], ["response_std"], (0, 0)).run_summaries[0]["run"]
        == recorded.runs[0]
    )


def test_the_first_columns_of_a_run_bring_its_layers_whatever_their_step(recorded):
    third = recorded.runs[2]
    before = probes.inside([third], ["response_std"], 100)
    assert before.layers[third] == []
    recorded.writer.probes.add_layers(third, places(4))
    recorded.writer.probes.add(third, probed(120, 4), CODINGS)
    news = probes.inside_news([third], ["response_std"], before.cursor)
    assert len(news.layers[third]) == 5
    recorded.writer.probes.add(third, probed(140, 4), CODINGS)
    assert probes.inside_news([third], ["response_std"], news.cursor).layers == {}


def test_who_missed_too_much_is_sent_back_to_the_history(client, recorded, monkeypatch):
    monkeypatch.setattr("app.live.layers.routes.MAX_MISSED", 2)
    answer = client.get(f"/live/probes/stream?runs={recorded.runs[0]}&quantities={NAMES}&since=0.0")
    assert (answer.status_code, answer.text) == (409, "too much happened since; load the history again")


def test_nothing_is_lost_between_the_history_and_the_stream(recorded):
    first = recorded.runs[0]
    before = probes.inside([first], ["response_std"], 100)
    recorded.writer.probes.add(first, probed(40, 3), CODINGS)
    recorded.writer.probes.add(first, probed(60, 3), CODINGS)
    news = probes.inside_news([first], ["response_std"], before.cursor)
    steps = [probe.step for found in (before, news) for probe in found.columns[first].probes]
    assert steps == [0, 1, 20, 40, 60]


def test_findings_come_with_the_columns_and_again_when_another_run_has_come_as_far(client, recorded):
    first, second = recorded.runs[:2]
    names = ["response_std", "update_size"]
    asked = f"/live/probes/history?runs={first},{second}&quantities={NAMES}"
    assert client.get(asked).json()["f"] == {}
    document = client.get(f"{asked}&about=response_std").json()
    depths = "plain-20", "plain-56"
    assert document["f"]["0"] == [
        "Mean over the layers at step 0:", {depth: f"{depth} 1.000" for depth in depths}, "",
        "Training has just begun. The layers are compared from step 334 on.", None,
    ]  # fmt: skip
    assert document["f"]["20"][:3] == ["Mean over the layers at step 20:", {"plain-20": "plain-20 21.000"}, ""]
    assert "Mean over the blocks" in client.get(f"{asked}&about=update_size").json()["f"]["20"][0]
    cursor = tuple(map(int, document["cursor"].split(".")))
    assert probes.inside_news([first, second], names, cursor, "response_std").findings == {}
    recorded.writer.probes.add(second, probed(5, 5, 2.0), CODINGS)
    recorded.writer.probes.add(second, probed(20, 5, 3.0), CODINGS)
    news = probes.inside_news([first, second], names, cursor, "response_std")
    assert {step: list(found.arms.values()) for step, found in news.findings.items()} == {
        1: ["plain-20 2.000", "plain-56 1.000"], 5: ["plain-20 2.000", "plain-56 2.000"],
        20: ["plain-20 21.000", "plain-56 3.000"],
    }  # fmt: skip
    assert probes.inside([first, second], names, 100, "response_std").findings.items() >= news.findings.items()
    assert probes.inside_news([first, second], names, cursor).findings == {}
