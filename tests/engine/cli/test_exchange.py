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
        (["import", "."], "no file in it has tfevents in its name"),
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


def test_a_run_leaves_as_a_script(call, runs, tmp_path):
    out = tmp_path / "net.py"
    code, shown, said = call("export", "1", "--format", "pytorch", "--out", str(out))
    assert (code, shown) == (0, "")
    assert said.startswith(f"{out}: 1 run as pytorch, ")
    assert "import torch" in out.read_text(encoding="utf-8").splitlines()
    for named, words in (((runs[0],), "images named by their path"), (("1", "2"), "takes one run (got 2)")):
        code, shown, said = call("export", *named, "--format", "pytorch", "--out", str(tmp_path / "other.py"))
        assert (code, shown) == (2, "")
        assert words in said
        assert said.count("\n") == 1
    assert [path.name for path in tmp_path.glob("*.py")] == ["net.py"]


def test_lines_of_a_table_stand_beside_a_race(call, runs, tmp_path):
    file = tmp_path / "theirs.csv"
    file.write_text("step,test=acc\n1,50\n2,75\n")
    code, shown, said = call("import", str(file), "--race", "2")
    assert (code, shown) == (2, "")
    assert "theirs.csv has 'test=acc'" in said
    taking = ["import", str(file), "--race", "2", "--as", "test=acc=test_accuracy:percent", "--name", "theirs"]
    code, shown, _ = call(*taking, "--json")
    document = json.loads(shown)
    assert code == 0
    (line,) = document["lines"]
    assert (document["race"], line["name"], line["metric"], line["total"]) == (2, "theirs", "error", 2)
    code, _, said = call(*taking)
    assert code == 2
    assert "has an imported line 'theirs' already" in said
    code, shown, _ = call("ghosts")
    assert (code, shown) == (0, "1  race 2  theirs (CSV column test=acc as test_accuracy:percent), 2 points\n")
    assert json.loads(call("ghosts", "--json")[1])["lines"] == [line]
    code, shown, said = call("ghosts", "1", "--delete")
    assert (code, shown, said) == (0, "", "removed 1\n")
    assert json.loads(call("ghosts", "--json")[1]) == {"lines": []}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["theirs.csv", "--as", "acc"], "--as 'acc' is not COLUMN=QUANTITY"),
        (["theirs.csv", "--as", "a=train_loss", "--as", "a=test_loss"], "--as names 'a' twice"),
        (["race.skipscope", "--race", "1"], "--race is for a CSV or files of TensorBoard"),
        (["race.skipscope", "--as", "a=train_loss"], "--as is for a CSV or files of TensorBoard"),
        (["absent.csv", "--as", "a=train_loss"], "there is no file absent.csv"),
    ],
)
def test_a_wrong_import_of_lines_is_one_line(call, runs, arguments, words):
    code, shown, said = call("import", *arguments)
    assert (code, shown) == (2, "")
    assert words in said
    assert said.count("\n") == 1


def test_removing_no_line_is_one_line(call, runs):
    assert "removes some" in call("ghosts", "1")[2]
    assert "there is no imported line 7" in call("ghosts", "7", "--delete")[2]


def test_an_export_for_tensorboard_is_a_folder_that_nothing_else_is_lost_to(call, runs, tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed: pip install tensorboard==2.21.0")
    out = tmp_path / "logs"
    taking = ["export", *runs, "--format", "tensorboard", "--out", str(out)]
    assert call(*taking)[0] == 0
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert len(files) == len(runs)
    assert all(name.endswith("/events.out.tfevents.skipscope") for name in files)
    assert "is not empty; name another folder, or add --replace" in call(*taking)[2]
    assert call(*taking, "--replace")[0] == 0
    (out / "notes.txt").write_text("mine")
    assert "holds other files, and stays" in call(*taking, "--replace")[2]
    assert (out / "notes.txt").read_text() == "mine"
    assert call(*taking[:-1], str(tmp_path / "logs.zip"))[0] == 0
    assert (tmp_path / "logs.zip").read_bytes()[:2] == b"PK"
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]
