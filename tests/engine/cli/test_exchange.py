"""``export`` and ``import`` on the command line."""

import json

import pyarrow.parquet as pq
import pytest

from engine.exchange.tidy_points import COLUMNS
from tests.engine.exchange.recorded_workspace import STEPS, fill

PAGE_COLUMNS = [
    "run", "arm", "depth", "shortcut", "seed", "split", "step", "epoch", "seconds", "loss", "error", "running_loss",
    "running_error", "difference",
]  # fmt: skip


@pytest.fixture
def runs(workspace):
    return [str(run) for run in fill(workspace)]


def test_a_race_travels(call, runs, workspace, tmp_path):
    out = tmp_path / "race.skipscope"
    code, shown, _ = call("export", *runs, "--out", str(out), "--json")
    document = json.loads(shown)
    assert code == 0
    assert document == {"path": str(out), "format": "bundle", "runs": [*map(int, runs)], "bytes": out.stat().st_size}
    there = type(workspace).at(tmp_path / "there")
    code, shown, _ = call("import", str(out), "--json", at=there)
    found = json.loads(shown)
    assert code == 0
    assert found["races"] == [{"race": 1, "runs": [1, 2, 3, 4, 5]}]
    assert (found["labs"], found["checkpoints"], found["left_out"]) == ([6], 0, "")
    _, shown, _ = call("runs", "--json", at=there)
    assert {run["imported"] for run in json.loads(shown)["runs"]} == {found["bundle"]}
    _, shown, _ = call("runs", at=there)
    assert f"imported, bundle {found['bundle'][:12]}" in shown
    _, shown, _ = call("runs", "--json")
    assert {run["imported"] for run in json.loads(shown)["runs"]} == {None}


def test_a_race_names_all_of_its_runs(call, runs, tmp_path):
    by_race, by_run = tmp_path / "race.csv", tmp_path / "runs.csv"
    code, shown, _ = call("export", "--race", "2", "--format", "csv", "--out", str(by_race), "--json")
    assert code == 0
    assert json.loads(shown)["runs"] == [int(run) for run in runs]
    assert call("export", *runs, "--format", "csv", "--out", str(by_run))[0] == 0
    assert by_race.read_bytes() == by_run.read_bytes()


def test_words_go_to_the_error_stream(call, runs, tmp_path, workspace):
    out = tmp_path / "race.csv"
    code, shown, said = call("export", runs[0], "--format", "csv", "--out", str(out))
    assert (code, shown) == (0, "")
    assert said.startswith(f"{out}: 1 run as csv, ")
    call("export", *runs, "--out", str(tmp_path / "b"))
    code, shown, said = call("import", str(tmp_path / "b"), at=type(workspace).at(tmp_path / "there"))
    assert (code, shown) == (0, "")
    assert said.startswith("race 1: runs 1, 2, 3, 4, 5\nimported bundle ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "--out", "x"], "RUN"), (["export", "1"], "--out"), (["export", "99", "--out", "x"], "no run 99"),
        (["export", "--race", "99", "--out", "x"], "race 99"),
        (["export", "1", "--race", "1", "--out", "x"], "not both"),
        (["export", "1", "1", "--out", "x"], "run 1 is named twice"),
        (["export", "1", "--out", "x", "--format", "zip"], "bundle"),
        (["export", "1", "--out", "x", "--format", "csv", "--checkpoints", "all"], "holds no checkpoints"),
        (["import", "nothing"], "there is no file nothing"), (["import"], "PATH"),
        (["import", "."], "there is no file ."),
    ],
)  # fmt: skip
def test_a_wrong_call_is_one_line(call, runs, arguments, words):
    code, shown, said = call(*arguments)
    assert (code, shown) == (2, "")
    assert words in said
    assert said.count("\n") == 1


def test_csv_and_parquet_are_one_table(call, runs, tmp_path):
    import pandas as pd

    for name in ("csv", "parquet"):
        assert call("export", *runs, "--format", name, "--out", str(tmp_path / name))[0] == 0
    table, text = pd.read_parquet(tmp_path / "parquet"), pd.read_csv(tmp_path / "csv")
    assert [*table.columns] == [*text.columns] == [*COLUMNS]
    assert [*COLUMNS][: len(PAGE_COLUMNS)] == PAGE_COLUMNS, "the page's table has these names"
    pd.testing.assert_frame_equal(table.fillna({"difference": ""}), text.fillna({"difference": ""}), check_dtype=False)
    first = table[(table.run == int(runs[0])) & (table.split == "train")]
    assert [*first.step] == [*range(1, STEPS + 1)]
    assert first.loss.isna().sum() == 1, "a loss that was not finite"
    assert set(table.split) == {"train", "test_subset", "train_clean"}
    card = json.loads(pq.read_schema(tmp_path / "parquet").metadata[b"skipscope"])
    assert [run["run"] for run in card["runs"]] == [*map(int, runs)]
    assert card["runs"][0]["config"]["data"]["name"] == "folder:secret-holiday"
