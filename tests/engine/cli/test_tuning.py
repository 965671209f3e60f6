"""``race --set lr=tuned`` from a shell: what it prints, and Ctrl-C while the trials run."""

import json
import signal
import subprocess
import sys
import time

import pytest

from engine.cli.group import run as cli
from engine.cli.tuning import curves, under_way
from engine.events import RunState
from engine.paths import PROJECT
from engine.store.reader import Reader
from engine.store.tables.tuning import CHOSEN, ArmTuning, TrialRow
from engine.store.workspace import Workspace
from engine.store.writer import Writer

TINY = ["--set", "width=4", "--set", "pool=4", "--set", "precision=fp32", "--set", "lr=tuned"]


@pytest.fixture(scope="module")
def engine_workspace(tmp_path_factory):
    made = Workspace(tmp_path_factory.mktemp("tuned") / "workspace").prepare()
    Writer(made).close()
    yield made
    assert cli(["--workspace", str(made.path), "shutdown"]) == 0


@pytest.mark.slow
def test_a_tuned_race_prints_its_curves(call, engine_workspace):
    code, out, err = call(
        "race", "--depths", "8", "--shortcuts", "none,A", "--steps", "20", *TINY, "--set", "tune_grid=0.0001,0.05",
        "--set", "tune_steps=12", "--json", at=engine_workspace,
    )  # fmt: skip
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert list(document) == ["race", "runs", "verdict", "tuning"]
    assert [(r["shortcut"], r["state"], r["step"]) for r in document["runs"]] == [
        ("none", "finished", 20), ("A", "finished", 20),
    ]  # fmt: skip
    for arm in document["tuning"]:
        assert (arm["lr"], arm["at_edge"]) == (0.05, True)
        assert [(t["lr"], t["state"], t["step"]) for t in arm["trials"]] == [
            (0.0001, "finished", 12), (0.05, "finished", 12),
        ]  # fmt: skip
        assert arm["trials"][1]["error"] < arm["trials"][0]["error"]
    with Reader(engine_workspace) as reader:
        assert [row.config.optim.lr for row in reader.runs.all()] == [0.05, 0.05]
        trials = reader.tuning.trials(document["race"])
        assert {reader.checkpoints.totals().get(row.id) for row in trials} == {None}
        assert not list(engine_workspace.run(trials[0].id).glob("checkpoints/*.pt"))
    listed = json.loads(call("runs", "--json", at=engine_workspace)[1])
    assert [run["run"] for run in listed["runs"]] == [run["run"] for run in document["runs"]]
    assert [(t["race"], t["arm"], t["lr"]) for t in listed["trials"]] == [
        (document["race"], arm, rate) for arm in ("plain-8", "A-8") for rate in (0.0001, 0.05)
    ]  # fmt: skip
    assert "for race" in call("runs", at=engine_workspace)[1]


@pytest.mark.slow
def test_ctrl_c_pauses_the_trials_too_and_resume_goes_on_with_them(call, engine_workspace):
    command = [
        sys.executable, "-m", "engine", "--workspace", str(engine_workspace.path), "race", "--depths", "8",
        "--shortcuts", "none,A", "--steps", "100000", *TINY, "--json",
    ]  # fmt: skip
    follower = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        with Reader(engine_workspace) as reader:

            def until(met):
                deadline = time.monotonic() + 90
                while not met():
                    assert time.monotonic() < deadline
                    time.sleep(0.02)

            until(lambda: any(row.step > 2 and row.state == RunState.RUNNING for row in reader.tuning.trials()))
            follower.send_signal(signal.SIGINT)
            out, err = follower.communicate(timeout=90)
            assert follower.returncode == 130
            document = json.loads(out)
            ids = [str(run["run"]) for run in document["runs"]]
            assert err == f"paused; `python -m engine resume {' '.join(ids)}` goes on\n"
            trials = reader.tuning.trials(document["race"])
            assert {row.state for row in trials} == {RunState.PAUSED}
            assert call("resume", *ids, at=engine_workspace)[0] == 0
            steps = {row.id: row.step for row in trials}
            until(lambda: any(row.step > steps[row.id] > 0 for row in reader.tuning.trials(document["race"])))
            assert call("stop", *ids, at=engine_workspace)[0] == 0
            until(lambda: {row.state for row in reader.tuning.trials(document["race"])} == {RunState.STOPPED})
            assert call("delete", *ids, at=engine_workspace)[0] == 0
            until(lambda: reader.tuning.trials(document["race"]) == [])
    finally:
        if follower.poll() is None:
            follower.kill()
            follower.wait()


def test_the_lines_of_the_live_table_and_the_curves_at_the_end(capsys, monkeypatch):
    from rich.console import Console

    def trial(lr, state=RunState.FINISHED, error=40.0, detail=""):
        return TrialRow(1, lr, state, 60, 60, error, False, detail, "")

    arms = [
        ArmTuning(20, "none", (trial(0.01), trial(0.1, error=30.0, detail=CHOSEN))),
        ArmTuning(56, "none", (trial(0.01), trial(0.1, RunState.DIVERGED, None))),
        ArmTuning(56, "A", (trial(0.01), trial(0.1, RunState.RUNNING, None))),
    ]
    assert under_way(arms).plain == ("learning rates: plain-20 0.1 (edge), plain-56 2 of 2 trials, A-56 1 of 2 trials")
    Console(width=160).print(curves(arms))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "training error by learning rate, after 60 steps",
        "arm 0.01 0.1 taken",
        "plain-20 40.0 % 30.0 %* 0.1",
        "plain-56 40.0 % diverged none",
        "A-56 40.0 % running none",
        "plain-20: 0.1 is at the edge of the grid, a better one may lie outside",
    ]
