"""Page, TensorBoard, pandas and sqlite3 show the same numbers of one race."""

import json
import math
import sqlite3

import numpy as np
import pandas as pd
import pytest

from app.data import streaming
from app.data.workspace import use
from app.live.race.messages import history_document
from engine.exchange.transfer import ExportRequest, export_to
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.engine.exchange.ghosts.foreign_files import table, taken
from tests.engine.exchange.recorded_workspace import fill

pytest.importorskip("tensorboard", reason="tensorboard is not installed: pip install tensorboard==2.21.0")
#: What the page shows is rounded to so many digits.
DIGITS = {("train", "error"): 3}
COLUMNS = ("loss", "error", "running_loss", "running_error")
QUIET = lambda done, total, what: None  # noqa: E731


@pytest.fixture(scope="module")
def race(tmp_path_factory):
    """A race of five runs with an imported line, in each of the four."""
    folder = tmp_path_factory.mktemp("race")
    workspace = Workspace(use(folder / "workspace"))
    runs = fill(workspace)
    (line,) = taken(workspace, table(folder / "theirs.csv", "step,e\n" + "".join(f"{n},{n / 7}\n" for n in range(90))),
                    {"e": "test_error:percent"}, race=2)  # fmt: skip
    for form, name in (("csv", "race.csv"), ("parquet", "race.parquet"), ("tensorboard", "tensorboard")):
        export_to(workspace, ExportRequest(runs, form), folder / name, QUIET)
    page = json.loads(history_document(streaming.history(runs, 10_000), None))
    database = sqlite3.connect(f"file:{workspace.database}?mode=ro", uri=True)
    yield runs, line, folder, page, database
    database.close()
    use(folder / "elsewhere")


def curve(steps, values) -> dict[int, float]:
    """Return the finite points of a curve by step."""
    found = ((int(step), value) for step, value in zip(steps, values, strict=True))
    return {step: float(value) for step, value in found if value is not None and math.isfinite(value)}


def tensorboard(folder):
    """Return the scalars and histograms of every run, by TensorBoard's own reader."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = {}
    for run in sorted((folder / "tensorboard").iterdir()):
        read = EventAccumulator(str(run), size_guidance={"scalars": 0, "histograms": 0, "tensors": 0})
        read.Reload()
        found[int(run.name.split()[1])] = read
    return found


def test_all_four_show_the_same_curves(race):
    runs, _, folder, page, database = race
    boards, seen = tensorboard(folder), 0
    tables = [pd.read_csv(folder / "race.csv"), pd.read_parquet(folder / "race.parquet")]
    assert {*boards} == {*runs}
    for run in runs:
        for split, columns in page["runs"][str(run)].items():
            for name in (each for each in COLUMNS if each in columns):
                shown = curve(columns["step"], columns[name])
                sql = f"SELECT step, {name} FROM points WHERE run = ? AND split = ? ORDER BY step"
                stored = curve(*zip(*database.execute(sql, (run, split)), strict=True)) if shown else {}
                for frame in tables:
                    rows = frame[(frame["run"] == run) & (frame["split"] == split)]
                    assert curve(rows["step"], rows[name]) == stored
                kind = name.removeprefix("running_")
                tag = f"{kind}/{split}{'_running' if name != kind else ''}"
                drawn = {each.step: each.value for each in boards[run].Scalars(tag)} if shown else {}
                assert drawn == {step: float(np.float32(value)) for step, value in stored.items()}
                digits = DIGITS.get((split, name), 4)
                assert shown.keys() == stored.keys()
                for step, value in shown.items():
                    assert value == pytest.approx(stored[step], rel=0.5 * 10 ** (1 - digits), abs=1e-12)
                seen += len(shown)
    assert seen > 1000


def test_rates_settings_and_distributions_are_in_tensorboard(race):
    runs, _, folder, _, database = race
    boards = tensorboard(folder)
    for run in runs:
        sql = "SELECT step, lr FROM points WHERE run = ? AND split = 'train'"
        rates = curve(*zip(*database.execute(sql, (run,)), strict=True))
        assert {each.step: each.value for each in boards[run].Scalars("lr")} == {
            step: float(np.float32(value)) for step, value in rates.items()
        }
        text = boards[run].Tensors("settings")[0].tensor_proto.string_val[0].decode()
        assert json.loads(text.strip("`\n"))["model"]["depth"] in (8, 14)
    (probe, data, length, width) = database.execute(
        "SELECT step, data, length, width FROM arrays JOIN probes ON probes.id = arrays.probe"
        " WHERE run = ? AND quantity = 'response_histogram' ORDER BY step LIMIT 1", (runs[0],),
    ).fetchone()  # fmt: skip
    shares = (np.frombuffer(data, np.uint8).reshape(length, width) / 255.0) ** 2
    tags = boards[runs[0]].Tags()["histograms"]
    assert len(tags) == length
    for tag, of_layer in zip(tags, shares, strict=True):
        first = boards[runs[0]].Histograms(tag)[0]
        assert first.step == probe
        np.testing.assert_allclose(first.histogram_value.bucket, of_layer[:-1], atol=1e-6)


def test_an_imported_line_is_the_same_everywhere_but_in_tensorboard_which_has_runs_alone(race):
    _, line, folder, page, database = race
    steps, numbers = database.execute("SELECT steps, numbers FROM ghost_lines WHERE id = ?", (line.id,)).fetchone()
    stored = curve(np.frombuffer(steps, "<f8"), np.frombuffer(numbers, "<f8"))
    assert stored == {step: step / 7 for step in range(90)}
    for frame in (pd.read_csv(folder / "race.csv"), pd.read_parquet(folder / "race.parquet")):
        rows = frame[frame["difference"] == "imported line"]
        assert {*rows["arm"]} == {"imported: theirs, e"}
        assert rows["run"].isna().all()
        assert curve(rows["step"], rows["error"]) == stored
    (shown,) = page["ghosts"]
    assert (shown["name"], shown["metric"], shown["split"], shown["total"]) == ("theirs, e", "error", "test_subset", 90)
    for step, value in curve(shown["step"], shown["value"]).items():
        assert value == pytest.approx(stored[step], rel=5e-4)


def test_the_page_hears_of_lines_that_come_and_go(tmp_path):
    workspace = Workspace(use(tmp_path / "workspace"))
    runs = fill(workspace)
    points, changes, *_ = streaming.head()
    (line,) = taken(workspace, table(tmp_path / "theirs.csv", "step,e\n1,2\n"), {"e": "train_loss"}, race=2)
    after = streaming.head()
    assert after.changes > changes
    told = streaming.delta(runs, (points, changes), (after.points, after.changes))
    assert told.ghosts
    assert not streaming.delta(runs, (after.points, after.changes), (after.points, after.changes)).ghosts
    others = [1, 2]
    assert not streaming.delta(others, (points, changes), (after.points, after.changes)).ghosts
    with Writer(workspace) as writer:
        writer.ghosts.remove([line.id])
    last = streaming.head()
    assert streaming.delta(runs, (after.points, after.changes), (last.points, last.changes)).ghosts
    assert "ghosts" not in json.loads(history_document(streaming.history(runs, 100), None))
    use(tmp_path / "elsewhere")


def test_a_number_that_is_next_to_nothing_is_a_number_of_the_page(tmp_path):
    workspace = Workspace(use(tmp_path / "workspace"))
    runs = fill(workspace)
    small = table(tmp_path / "theirs.csv", "step,e\n1,1e-310\n2,5e-324\n3,1e30\n4,nan\n")
    taken(workspace, small, {"e": "train_loss"}, race=2)
    text = history_document(streaming.history(runs, 100), None)
    assert "NaN" not in text
    assert json.loads(text)["ghosts"][0]["value"] == [0, 0, 1e30, None]
    use(tmp_path / "elsewhere")


def test_finer_points_come_without_the_lines(tmp_path):
    workspace = Workspace(use(tmp_path / "workspace"))
    runs = fill(workspace)
    taken(workspace, table(tmp_path / "theirs.csv", "step,e\n1,2\n"), {"e": "train_loss"}, race=2)
    assert len(streaming.history(runs, 100).ghosts) == 1
    assert streaming.history(runs, 100, {runs[0]: (5, 20)}).ghosts == ()
    use(tmp_path / "elsewhere")
