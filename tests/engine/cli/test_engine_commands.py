"""Verbs that need a real engine, all on one: race, lab, layers, pause, resume, stop, delete, set, extend, fork."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict

import psutil
import pytest

from engine.cli.group import run as cli
from engine.events import RunState, Split
from engine.paths import PROJECT
from engine.runs.client.conclusions import lab_findings
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.engine.data import pictures

TINY = ["--set", "width=4", "--set", "pool=4", "--set", "precision=fp32"]


@pytest.fixture(scope="module")
def engine_workspace(tmp_path_factory):
    """A workspace whose engine the first race starts, and that is told to end."""
    made = Workspace(tmp_path_factory.mktemp("cli") / "workspace")
    yield made
    assert cli(["--workspace", str(made.path), "shutdown"]) == 0


@pytest.mark.slow
def test_race_prints_one_document_and_exits_0(call, engine_workspace):
    code, out, err = call(
        "race", "--depths", "8,14", "--shortcuts", "none,A", "--steps", "20", "--first-seed", "3", *TINY, "--json",
        at=engine_workspace,
    )  # fmt: skip
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert list(document) == ["race", "runs", "verdict"]
    assert [(r["depth"], r["shortcut"], r["seed"]) for r in document["runs"]] == [
        (8, "none", 3), (14, "none", 3), (8, "A", 3), (14, "A", 3),
    ]  # fmt: skip
    for result in document["runs"]:
        assert list(result) == [
            "run", "depth", "shortcut", "seed", "state", "step", "train_loss", "train_error", "train_clean_error",
            "test_loss", "test_error", "images_per_s", "seconds", "recipe",
        ]  # fmt: skip
        assert (result["state"], result["step"]) == ("finished", 20)
        assert list(result["recipe"]) == [
            "optimizer", "lr", "weight_decay", "warmup_steps", "drops", "drop_factor", "batch_size", "momentum",
            "warmup_lr",
        ]  # fmt: skip
        assert 0 < result["train_error"] < 100
        assert 0 < result["test_error"] < 95
    with Reader(engine_workspace) as reader:
        assert reader.presence.clients() == []
        last = reader.points.last([document["runs"][0]["run"]])[document["runs"][0]["run"], Split.TRAIN]
        assert document["runs"][0]["train_error"] == last["running_error"]


def test_layers_prints_what_the_race_probed(call, engine_workspace):
    with Reader(engine_workspace) as reader:
        run = reader.runs.all()[0].id
    code, out, err = call("layers", str(run), "--step", "0", "--json", at=engine_workspace)
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert list(document) == ["run", "step", "quantity", "unit", "absent", "layers"]
    assert (document["run"], document["step"], document["quantity"]) == (run, 0, "response_std")
    assert [layer["layer"] for layer in document["layers"]][:3] == [
        "stem/conv",
        "stage1/block1/conv1",
        "stage1/block1/conv2",
    ]
    assert len(document["layers"]) == 7
    assert all(abs(layer["value"] - 1) < 0.02 for layer in document["layers"])
    last = json.loads(call("layers", str(run), "--json", at=engine_workspace)[1])
    assert last["step"] == 20
    assert last["layers"] != document["layers"]


def test_lab_prints_one_document_with_stable_names(call, engine_workspace):
    small = ["--set", "layers=6", "--set", "width=32", "--set", "images=32", "--set", "seeds=1"]
    code, out, err = call("lab", "gradients", *small, "--json", at=engine_workspace)
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert list(document) == ["lab", "settings", "seconds", "figures", "findings", "differences"]
    assert document["lab"] == "gradients"
    assert document["settings"]["layers"] == 6
    assert document["settings"]["gain"] == 1.0
    figures = {figure["name"]: figure for figure in document["figures"]}
    assert list(figures["bn_gradient_growth_per_layer"]) == ["name", "value", "unit", "source"]
    assert 1.0 < figures["bn_gradient_growth_per_layer"]["value"] < 1.5
    code, out, _ = call("runs", "--json", at=engine_workspace)
    (job,) = json.loads(out)["labs"]
    assert (job["lab"], job["state"]) == ("gradients", "finished")
    with Reader(engine_workspace) as reader:
        assert reader.presence.clients() == []
        assert reader.labs.curves(job["run"])
        findings = lab_findings(reader, reader.labs.known(job["run"]))
    assert [asdict(found) for found in findings] == document["findings"]
    said = [found["text"] for found in document["findings"] if found["value"] == 1.0]
    assert len(said) == 6
    logged = engine_workspace.log(job["run"]).read_text(encoding="utf-8")
    assert all(text in logged for text in said)


def test_race_exits_1_when_a_run_did_not_finish_and_shows_a_table(call, engine_workspace):
    code, out, err = call(
        "race", "--depths", "8,14", "--shortcuts", "A", "--steps", "30", *TINY, "--set", "lr=100",
        "--set", "weight_decay=1", at=engine_workspace,
    )  # fmt: skip
    assert (code, out) == (1, "")
    assert "diverged" in err


@pytest.mark.slow
def test_ctrl_c_pauses_the_runs_and_says_how_to_go_on(call, engine_workspace):
    command = [
        sys.executable, "-m", "engine", "--workspace", str(engine_workspace.path), "race", "--depths", "8",
        "--shortcuts", "none,A", "--steps", "100000", *TINY, "--json",
    ]  # fmt: skip
    follower = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        with Reader(engine_workspace) as reader:
            deadline = time.monotonic() + 90
            while len(runs := [r for r in reader.runs.all(states=[RunState.RUNNING]) if r.step > 2]) < 2:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert [kind for _, _, kind in reader.presence.clients()] == ["race"]
            follower.send_signal(signal.SIGINT)
            out, err = follower.communicate(timeout=90)
            assert follower.returncode == 130
            ids = [run.id for run in runs]
            assert err == f"paused; `python -m engine resume {ids[0]} {ids[1]}` goes on\n"
            assert [r["state"] for r in json.loads(out)["runs"]] == ["paused", "paused"]
            assert reader.presence.clients() == []
            steps = {run: reader.runs.get(run).step for run in ids}
            assert call("resume", *map(str, ids), at=engine_workspace)[0] == 0
            deadline = time.monotonic() + 90
            while any(reader.runs.get(run).step <= steps[run] for run in ids):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            code, _, err = call("delete", str(ids[0]), at=engine_workspace)
            assert (code, err) == (2, f"run {ids[0]} is running; stop it before deleting it\n")
            code, _, err = call("stop", *map(str, ids), at=engine_workspace)
            assert (code, err) == (0, f"run {ids[0]} is stopped\nrun {ids[1]} is stopped\n")
            assert call("delete", str(ids[0]), at=engine_workspace)[0] == 0
            assert reader.runs.get(ids[0]) is None
    finally:
        if follower.poll() is None:
            follower.kill()
            follower.wait()


@pytest.mark.slow
def test_a_follower_outlives_its_engine(engine_workspace):
    Writer(engine_workspace.prepare()).close()
    command = [
        sys.executable, "-m", "engine", "--workspace", str(engine_workspace.path), "race", "--depths", "8",
        "--shortcuts", "none,A", "--steps", "150", *TINY, "--json",
    ]  # fmt: skip
    follower = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        with Reader(engine_workspace) as reader:
            deadline = time.monotonic() + 90
            while len([r for r in reader.runs.all(states=[RunState.RUNNING]) if r.step > 20]) < 2:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            engine = psutil.Process(reader.presence.engine().pid)
            os.kill(engine.pid, signal.SIGKILL)
        out, err = follower.communicate(timeout=120)
    finally:
        if follower.poll() is None:
            follower.kill()
            follower.wait()
    assert follower.returncode == 0, err
    assert err.splitlines() == ["the engine has vanished; starting another one, which resumes the runs"]
    assert [r["step"] for r in json.loads(out)["runs"]] == [150, 150]


@pytest.mark.slow
def test_what_ifs_from_the_shell(call, engine_workspace, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    steps = ["--steps", "20", "--shortcuts", "A,none", "--depths", "8"]
    race = json.loads(call("race", *steps, *TINY, "--json", at=engine_workspace)[1])
    run, plain = (entry["run"] for entry in race["runs"])
    code, out, err = call("set", str(run), str(plain), "lr=0.03", at=engine_workspace)
    assert (code, out) == (2, "")
    assert err.count("is finished; only running, starting, queued and paused runs can be changed") == 2
    assert call("set", "999", "lr=0.03", at=engine_workspace)[::2] == (
        2, "there is no run 999; `python -m engine runs` lists them\n",
    )  # fmt: skip
    assert call("extend", str(plain), "--steps", "40", at=engine_workspace) == (
        0, "", f"run {plain} goes on to 40 steps\n",
    )  # fmt: skip
    code, out, err = call("fork", str(run), "--step", "7", at=engine_workspace)
    assert (code, out) == (2, "")
    assert "saved are 2, 4, 6, 8" in err
    code, out, err = call("fork", str(run), "--step", "10", "--set", "width=8", at=engine_workspace)
    assert code == 2
    assert "stem.conv.weight 4x1x3x3 to 8x1x3x3" in err
    code, out, err = call("fork", str(run), "--step", "10", "--set", "strength=1", at=engine_workspace)
    refusal = f"run {run} has strength (shortcut strength) 1 already at step 10; fork it to another value\n"
    assert (code, out, err) == (2, "", refusal)
    settings = ["--set", "steps=100000", "--set", "strength=0.5"]
    code, out, err = call("fork", str(run), "--step", "10", *settings, "--json", at=engine_workspace)
    assert (code, err) == (0, "")
    fork = json.loads(out)
    assert fork == {
        "run": fork["run"], "race": race["race"], "parent_run": run, "parent_step": 10, "total_steps": 100000,
        "settings": {"steps": "100000", "strength": "0.5"},
    }  # fmt: skip
    code, out, err = call("set", str(fork["run"]), "lr=0.03", "weight_decay=0", at=engine_workspace)
    assert (code, out) == (0, "")
    assert err.startswith(f"run {fork['run']} ")
    assert err.count(f"run {fork['run']} ") == 2
    # Of a run that trains the step is named; that of a second change is its own, not that of the first.
    with Reader(engine_workspace) as reader:
        deadline = time.monotonic() + 90
        while reader.runs.get(fork["run"]).step <= 10:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    said = [call("set", str(fork["run"]), f"lr={rate}", at=engine_workspace)[2] for rate in (0.05, 0.02)]
    first, second = (int(re.search(r"has lr=\S+ from step (\d+) on", words)[1]) for words in said)
    assert 10 < first < second
    rows = {row["run"]: row for row in json.loads(call("runs", "--json", at=engine_workspace)[1])["runs"]}
    assert (rows[fork["run"]]["parent_run"], rows[fork["run"]]["parent_step"]) == (run, 10)
    assert (rows[run]["parent_run"], rows[run]["parent_step"]) == (None, None)
    assert rows[plain]["total_steps"] == 40
    assert f"fork of run {run} at step 10" in call("runs", at=engine_workspace)[1]
    assert call("stop", str(fork["run"]), at=engine_workspace)[0] == 0
    code, _, err = call("fork", str(run), at=engine_workspace)
    assert code == 2
    assert "--set steps=N with more than 20" in err


def test_a_folder_with_broken_images_is_raced_and_says_so(call, engine_workspace, tmp_path):
    pets = pictures.folder(tmp_path / "pets", each=120)
    pictures.put(pets / "cats" / "007.png", b"nothing")
    code, out, err = call(
        "race", "--data", f"folder:{pets}", "--depths", "8", "--shortcuts", "A", "--steps", "5", *TINY[:2],
        "--set", "pool=1", "--set", "precision=fp32", "--set", "probe.images=0",
        at=engine_workspace,
    )  # fmt: skip
    assert (code, out) == (0, "")
    with Reader(engine_workspace) as reader:
        assert reader.runs.all()[-1].train_images == 199
    broken = "1 of 240 images cannot be read and are left out: cats/007.png (no image of a known format)"
    assert broken in err
    lines = err.splitlines()
    at = lines.index(f"folder:{pets} is taken as")
    assert lines[at + 1 : at + 3] == ["  2 classes: cats, dogs", "  200 training images, 100 of each class"]
    assert at < next(place for place, line in enumerate(lines) if broken in line)
    assert err.count("2 classes: cats, dogs") == 1, "told before, not after"
    row = json.loads(call("runs", "--json", at=engine_workspace)[1])["runs"][-1]
    assert row["data_remarks"][0].startswith("2 classes: cats, dogs; 200 training images, 100 of each class; ")
    assert row["data_remarks"][1].startswith(broken)
    code, out, err = call("race", "--data", f"folder:{pets}/cats", at=engine_workspace)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert "lie in no class folder" in err
