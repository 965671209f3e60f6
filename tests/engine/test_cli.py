"""The command line's contract: what it prints, where, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from engine.cli import run as cli
from engine.config import RaceConfig
from engine.events import Evaluated, RunState, Split, StepRow
from engine.store.reader import Reader
from engine.store.workspace import PROJECT, Workspace
from engine.store.writer import Writer

TINY = ["--set", "width=4", "--set", "pool=4", "--set", "precision=fp32"]


@pytest.fixture
def call(workspace, capfd):
    """Run a command in this process; return (exit code, stdout, stderr)."""

    def run(*arguments, at=workspace):
        code = cli(["--workspace", str(at.path), *arguments])
        return (code, *capfd.readouterr())

    return run


@pytest.fixture(scope="module")
def engine_workspace(tmp_path_factory):
    """A workspace whose engine the first race starts, and that is told to end."""
    made = Workspace(tmp_path_factory.mktemp("cli") / "workspace")
    yield made
    assert cli(["--workspace", str(made.path), "shutdown"]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["race", "--depths", "21", "--shortcuts", "A"], "not 6n+2 with n = 1 to 200; nearest 20 and 26"),
        (["race", "--depths", "20,x", "--shortcuts", "A"], "for example 20,56"),
        (["race", "--depths", "20", "--shortcuts", "Q"], "choose from none, A, B, C"),
        (["race", "--depths", "20", "--shortcuts", "A", "--steps", "0"], "at least 1 step"),
        (["race", "--depths", "20", "--shortcuts", "A", "--data", "imagenet"], "choose from fashion-mnist-mini"),
        (["race", "--depths", "20", "--shortcuts", "A", "--preset", "slow"], "choose from quick, talk, paper"),
        (["race", "--depths", "20", "--shortcuts", "A", "--set", "lr"], "--set lr=0.05"),
        (["race", "--depths", "20", "--shortcuts", "A", "--set", "rate=1"], "unknown setting 'rate'"),
        (["race", "--depths", ",", "--shortcuts", "A"], "name at least one"),
        (["race", "--steps", "many"], "not a valid integer"),
        (["race", "--pace", "free"], "No such option"),
        (["pause"], "Missing argument"),
        (["pause", "x"], "not a valid integer"),
        (["stop", "7"], "holds no database yet"),
        (["count", "--depth", "21"], "nearest 20 and 26"),
        (["count", "--depth", "20", "--shortcut", "Z"], "choose from none, A, B, C"),
        (["count", "--depth", "20", "--width", "0"], "width"),
        (["count"], "--depth"),
        (["fly"], "No such command 'fly'"),
    ],
)
def test_a_wrong_call_is_one_line_and_makes_nothing(call, workspace, arguments, words):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert words in err
    assert not list(workspace.path.iterdir())


def test_later_verbs_are_absent(capfd):
    assert cli(["--help"]) == 0
    listed = capfd.readouterr().out
    for verb in ("doctor", "race", "runs", "pause", "resume", "stop", "delete", "count", "serve", "shutdown"):
        assert f"\n  {verb} " in listed
    for verb in ("lab", "export", "bench", "fork", "layers", "extend"):
        assert f"\n  {verb} " not in listed


def test_an_unwritable_workspace_is_one_line(call, tmp_path):
    (tmp_path / "file").write_text("")
    code, out, err = call("race", "--depths", "8", "--shortcuts", "A", at=Workspace(tmp_path / "file"))
    assert (code, out) == (2, "")
    assert "cannot be written" in err
    assert "--workspace DIR" in err
    assert len(err.strip().splitlines()) == 1


def test_count_is_the_papers(call):
    code, out, err = call("count", "--depth", "56", "--shortcut", "A", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "depth": 56, "shortcut": "A", "parameters": 853018, "weighted_layers": 56, "multiply_adds": 125485696,
    }  # fmt: skip
    assert call("count", "--depth", "20")[1].startswith("A-20: 269,722 parameters, 20 weighted layers, ")


def test_runs_shows_the_cause_and_the_log(call, workspace):
    assert json.loads(call("runs", "--json")[1]) == {"workspace": str(workspace.path), "runs": []}
    with Writer(workspace) as writer:
        _, (first, _) = writer.submit(RaceConfig(depths=(8, 14), shortcuts=("none",)))
        writer.record(first, [StepRow(1, 2.0, 90.0, 2.0, 88.0, 0.1, 0.5)])
        writer.record(first, evaluations=[Evaluated(1, Split.TEST_SUBSET, 2.1, 89.0, 1000, 0.6, 0.1, "running")])
        writer.move(first, RunState.STARTING)
        writer.move(first, RunState.FAILED, cause="data.bin is damaged; delete it")
        workspace.log(first).parent.mkdir()
        workspace.log(first).touch()
    code, out, _ = call("runs", "--json")
    failed, queued = json.loads(out)["runs"]
    assert code == 0
    assert (failed["state"], failed["cause"], failed["log"]) == (
        "failed", "data.bin is damaged; delete it", str(workspace.log(first)),
    )  # fmt: skip
    assert (failed["train_error"], failed["test_subset_error"], failed["test_error"]) == (88.0, 89.0, None)
    assert (queued["state"], queued["log"], queued["arm"]) == ("queued", None, "plain-14")
    assert "data.bin is damaged" in call("runs")[1].replace("\n", " ")


def test_unknown_runs_are_refused_before_anything_is_done(call, workspace):
    with Writer(workspace) as writer:
        writer.submit(RaceConfig(depths=(8,), shortcuts=("none",)))
    code, _, err = call("stop", "1", "9")
    assert (code, err) == (2, "there is no run 9; `python -m engine runs` lists them\n")
    with Reader(workspace) as reader:
        assert reader.run(1).state == RunState.QUEUED
        assert reader.open_commands() == []


def test_a_damaged_database_is_named_by_every_verb_and_moved_by_doctor(call, workspace):
    workspace.database.write_bytes(b"nonsense" * 1000)
    for arguments in (
        ["runs"], ["pause", "1"], ["shutdown"], ["serve"], ["race", "--depths", "8", "--shortcuts", "A"],
    ):  # fmt: skip
        code, out, err = call(*arguments)
        assert (code, out) == (2, "")
        assert "is damaged" in err
        assert "doctor --new-database" in err
        assert len(err.strip().splitlines()) == 1
    code, out, _ = call("doctor", "--json")
    report = json.loads(out)
    assert code == 1
    assert report["workspace"]["database"] == "damaged"
    assert workspace.database.read_bytes() == b"nonsense" * 1000
    code, out, err = call("doctor", "--json", "--new-database")
    report = json.loads(out)
    assert code == 0
    assert report["workspace"]["database"] == "none"
    assert report["workspace"]["moved_aside"] in err
    assert report["device"]["precision"] in {"bf16", "fp32"}
    assert report["data"][0] == {
        "name": "fashion-mnist-mini", "label": "Fashion-MNIST, embedded", "present": True,
    }  # fmt: skip
    code, _, err = call("doctor", "--new-database")
    assert code == 2
    assert "nothing to move aside" in err


def test_count_and_race_load_no_torch():
    script = (
        "import sys; from engine.cli import run; run(['count', '--depth', '20']); import engine.runs.supervisor;"
        "import engine.runs.worker; import engine.runs.launchers.local; print('torch' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, timeout=30)
    assert result.stdout.splitlines()[-1] == "False", result.stderr


def test_race_prints_one_document_and_exits_0(call, engine_workspace):
    code, out, err = call(
        "race", "--depths", "8,14", "--shortcuts", "none,A", "--steps", "20", "--first-seed", "3", *TINY, "--json",
        at=engine_workspace,
    )  # fmt: skip
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert [(r["depth"], r["shortcut"], r["seed"]) for r in document["runs"]] == [
        (8, "none", 3), (14, "none", 3), (8, "A", 3), (14, "A", 3),
    ]  # fmt: skip
    for result in document["runs"]:
        assert list(result) == [
            "run", "depth", "shortcut", "seed", "state", "step", "train_loss", "train_error", "train_clean_error",
            "test_loss", "test_error", "images_per_s", "seconds",
        ]  # fmt: skip
        assert (result["state"], result["step"]) == ("finished", 20)
        assert 0 < result["train_error"] < 100
        assert 0 < result["test_error"] < 95
    with Reader(engine_workspace) as reader:
        assert reader.clients() == []
        last = reader.last_points([document["runs"][0]["run"]])[document["runs"][0]["run"], Split.TRAIN]
        assert document["runs"][0]["train_error"] == last["running_error"]


def test_race_exits_1_when_a_run_did_not_finish_and_shows_a_table(call, engine_workspace):
    code, out, err = call(
        "race", "--depths", "8,14", "--shortcuts", "A", "--steps", "30", *TINY, "--set", "lr=100",
        "--set", "weight_decay=1", at=engine_workspace,
    )  # fmt: skip
    assert (code, out) == (1, "")
    assert "diverged" in err


def test_ctrl_c_pauses_the_runs_and_says_how_to_go_on(call, engine_workspace):
    command = [
        sys.executable, "-m", "engine", "--workspace", str(engine_workspace.path), "race", "--depths", "8",
        "--shortcuts", "none,A", "--steps", "100000", *TINY, "--json",
    ]  # fmt: skip
    follower = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        with Reader(engine_workspace) as reader:
            deadline = time.monotonic() + 20
            while len(runs := [r for r in reader.runs(states=[RunState.RUNNING]) if r.step > 2]) < 2:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert [kind for _, _, kind in reader.clients()] == ["race"]
            follower.send_signal(signal.SIGINT)
            out, err = follower.communicate(timeout=20)
            assert follower.returncode == 130
            ids = [run.id for run in runs]
            assert err == f"paused; `python -m engine resume {ids[0]} {ids[1]}` goes on\n"
            assert [r["state"] for r in json.loads(out)["runs"]] == ["paused", "paused"]
            assert reader.clients() == []
            steps = {run: reader.run(run).step for run in ids}
            assert call("resume", *map(str, ids), at=engine_workspace)[0] == 0
            deadline = time.monotonic() + 20
            while any(reader.run(run).step <= steps[run] for run in ids):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            code, _, err = call("delete", str(ids[0]), at=engine_workspace)
            assert (code, err) == (2, f"run {ids[0]} is running; stop it before deleting it\n")
            code, _, err = call("stop", *map(str, ids), at=engine_workspace)
            assert (code, err) == (0, f"run {ids[0]} is stopped\nrun {ids[1]} is stopped\n")
            assert call("delete", str(ids[0]), at=engine_workspace)[0] == 0
            assert reader.run(ids[0]) is None
    finally:
        if follower.poll() is None:
            follower.kill()
            follower.wait()


def test_a_follower_outlives_its_engine(engine_workspace):
    command = [
        sys.executable, "-m", "engine", "--workspace", str(engine_workspace.path), "race", "--depths", "8",
        "--shortcuts", "none,A", "--steps", "150", *TINY, "--json",
    ]  # fmt: skip
    follower = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        with Reader(engine_workspace) as reader:
            deadline = time.monotonic() + 20
            while len([r for r in reader.runs(states=[RunState.RUNNING]) if r.step > 20]) < 2:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            engine = psutil.Process(reader.engine().pid)
            os.kill(engine.pid, signal.SIGKILL)
        out, err = follower.communicate(timeout=60)
    finally:
        if follower.poll() is None:
            follower.kill()
            follower.wait()
    assert follower.returncode == 0, err
    assert err.splitlines() == ["the engine has vanished; starting another one, which resumes the runs"]
    assert [r["step"] for r in json.loads(out)["runs"]] == [150, 150]
