"""The route of the exports: a file with its length and name, one line for a wrong request."""

import io

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.data.exchange import exports
from app.data.workspace import use
from app.live.race.export_routes import export_routes
from engine.exchange import limits
from engine.exchange.registry import FORMATS
from engine.exchange.transfer import ExportRequest, write
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.engine.exchange.recorded_workspace import fill, small_race


@pytest.fixture
def place(tmp_path):
    yield Workspace(use(tmp_path / "workspace"))
    use(tmp_path / "elsewhere")


@pytest.fixture
def client():
    with TestClient(Starlette(routes=export_routes())) as client:
        yield client


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_comes_whole_with_its_name(place, client, name):
    everything = fill(place)
    runs = (1,) if FORMATS[name].one_run else everything
    answer = client.get("/live/export", params={"runs": ",".join(map(str, runs)), "format": name})
    file = io.BytesIO()
    write(place, ExportRequest(runs, name), file, lambda done, total, what: None)
    assert answer.status_code == 200
    assert len(answer.content) == len(file.getvalue()) == int(answer.headers["content-length"])
    word = "-report" if name == "report" else ""  # beside the HTML that plays
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="skipscope-runs-{"-".join(map(str, runs[:4]))}{word}.{FORMATS[name].extension}"'
    )
    assert answer.headers["content-type"] == FORMATS[name].media_type
    assert answer.headers["cache-control"] == "no-store"
    assert [path.name for path in place.path.iterdir() if not path.name.startswith(("skipscope.db", "run-"))] == []


@pytest.mark.parametrize(
    ("query", "status", "line"),
    [
        ("runs=1&format=zip", 400, f"unknown format 'zip'; choose from {', '.join(FORMATS)}"),
        ("runs=1", 400, f"unknown format ''; choose from {', '.join(FORMATS)}"),
        ("format=csv", 400, "runs must name 1 to 64 runs (got 0)"),
        ("runs=1;2&format=csv", 400, "runs must be ids with commas, for example runs=1,2 (got '1;2')"),
        ("runs=1,99&format=csv", 404, "there is no run 99"),
        ("runs=1,2&format=pytorch", 400, "pytorch takes one run (got 2); name one"),
        (
            "runs=5&format=pytorch",
            400,
            "run 5 has no script: a script cannot read images named by their path as "
            "Skipscope does; take a registered data set",
        ),
    ],
)
def test_a_wrong_request_is_one_line(place, client, query, status, line):
    fill(place)
    answer = client.get(f"/live/export?{query}")
    assert (answer.status_code, answer.text) == (status, line)


def test_runs_that_a_file_cannot_hold_are_a_wrong_request(place, client, monkeypatch):
    run, *_ = fill(place)
    with Writer(place) as writer, Reader(place) as reader:
        race, _ = writer.races.submit(small_race(**{"optim.lr": "tuned", "optim.tune_grid": [0.01, 0.1]}))
        trial = reader.tuning.trials(race)[0].id
    answer = client.get(f"/live/export?runs={trial}&format=csv")
    assert answer.status_code == 400
    assert answer.text.startswith(f"run {trial} is a trial for race {race}; name runs of that race")
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 1000)
    answer = client.get(f"/live/export?runs={run}&format=bundle")
    assert answer.status_code == 400
    assert answer.text.endswith("export fewer runs or fewer checkpoints")


def test_a_workspace_without_a_database_is_one_line(place, client):
    answer = client.get("/live/export?runs=1&format=csv")
    assert answer.status_code == 503
    assert answer.text.count("\n") == 0


def test_a_disk_without_room_is_one_line(place, client, monkeypatch):
    fill(place)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exports, "write", full)
    answer = client.get("/live/export?runs=5&format=bundle")
    assert answer.status_code == 503
    assert "No space left" in answer.text
