"""The command line's contract: what it prints, where, and how it ends."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli.group import run as cli
from engine.config import RaceConfig
from engine.data.registry import SOURCES
from engine.events import Evaluated, RunState, Split, StepRow
from engine.paths import PROJECT
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.engine.data import pictures


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["race", "--depths", "21", "--shortcuts", "A"], "not 6n+2 with n = 1 to 200; nearest 20 and 26"),
        (["race", "--depths", "20,x", "--shortcuts", "A"], "for example 20,56"),
        (["race", "--depths", "20", "--shortcuts", "Q"], "choose from none, A, B, C"),
        (
            ["race", "--depths", "20", "--shortcuts", "A", "--steps", "0"],
            "--steps is a whole number from 1 to 10,000,000 (got '0')",
        ),
        (["race", "--depths", "20", "--shortcuts", "A", "--data", "imagenet"], "choose from fashion-mnist-mini"),
        (["race", "--depths", "20", "--shortcuts", "A", "--preset", "slow"], "choose from quick, "),
        (["race", "--depths", "20", "--shortcuts", "A", "--set", "lr"], "--set lr=0.05"),
        (["race", "--depths", "20", "--shortcuts", "A", "--set", "rate=1"], "unknown setting 'rate'"),
        (["race", "--depths", ",", "--shortcuts", "A"], "name at least one"),
        (["race", "--steps", "many"], "--steps is a whole number from 1 to 10,000,000 (got 'many')"),
        (["race", "--pace", "fast"], "a pace is free or lockstep:K"),
        (["pace", "1"], "Missing argument"),
        (["pace", "1", "free"], "holds no database yet"),
        (["lab", "magic"], "unknown lab 'magic'; choose from constructed, mapping"),
        (["lab", "gradients", "--set", "gain"], "--set lr=0.05"),
        (["lab", "gradients", "--set", "gain=9"], "gain must be a number from 0.5 to 2 (got 9.0)"),
        (["lab", "gradients", "--set", "colour=1"], "unknown setting 'colour' of lab gradients; choose from"),
        (["layers", "1", "--quantity", "charm"], "unknown quantity 'charm'; choose from response_std"),
        (["pause"], "Missing argument"),
        (["set"], "Missing argument"),
        (["set", "1"], "for example `set 3 4 lr=0.03`"),
        (["set", "lr=0.03"], "for example `set 3 4 lr=0.03`"),
        (["set", "x", "lr=0.03"], "RUN is a whole number from 1 on"),
        (["set", "1", "momentum=0"], "choose from lr, weight_decay, strength"),
        (["set", "1", "lr=-1"], "above 0 and at most 100 (got -1)"),
        (["set", "1", "lr=0.03"], "holds no database yet"),
        (["extend", "1"], "Missing option '--steps'"),
        (["extend", "1", "--steps", "0"], "--steps is a whole number from 1 to 10,000,000 (got '0')"),
        (["extend", "1", "--steps", "600"], "holds no database yet"),
        (["fork"], "Missing argument"),
        (["fork", "1", "--set", "lr"], "--set lr=0.05"),
        (["fork", "1", "--step", "-1"], "--step is a whole number from 0 on (got '-1')"),
        (["fork", "1"], "holds no database yet"),
        (["pause", "x"], "RUN is a whole number from 1 on"),
        (["stop", "7"], "holds no database yet"),
        (["count", "--depth", "21"], "nearest 20 and 26"),
        (["count", "--depth", "20", "--shortcut", "Z"], "choose from none, A, B, C"),
        (["count", "--depth", "20", "--width", "0"], "--width is a whole number from 1 to 1,024 (got '0')"),
        (
            ["count", "--depth", "50", "--family", "vit", "--heads", "0"],
            "--heads is a whole number from 1 to 64, derived where it is left out (got '0')",
        ),
        (["count", "--depth", "20", "--family", "imagenet"], "choose from 18, 34, 50, 101, 152"),
        (["count", "--depth", "20", "--family", "vgg"], "family is cifar, imagenet, mlp or vit (got 'vgg')"),
        (["race", "--preset", "imagenet"], "--data folder:PATH"),
        (["race", "--seeds", "17"], "make 68 runs and a race has at most 64; choose at most 16 seeds"),
        (["count"], "--depth"),
        (["race", "--depths", "8,,14"], "for example --depths 20,56 --shortcuts none,A (got --depths '8,,14')"),
        (["race", "--depths", "２０"], "--depths are whole numbers"),
        (["race", "--shortcuts", "A,none,A"], "shortcuts has A more than once; name each once"),
        (["race", "--seeds", "1_0"], "--seeds is a whole number from 1 to 100 (got '1_0')"),
        (["race", "--set", "lr=" + "[" * 100_000], "optim.lr is a number above 0 and at most 100, or tuned (got '[["),
        (["lab", "gradients", "--set", "layers=" + "[" * 100_000], "layers must be a whole number"),
        (["serve", "--idle-seconds", "nan"], "--idle-seconds is a number from 0 on (got 'nan')"),
        (["serve", "--idle-seconds", "inf"], "--idle-seconds is a number from 0 on (got 'inf')"),
        (["serve", "--idle-seconds", "-1"], "--idle-seconds is a number from 0 on (got '-1')"),
        (["serve", "--launcher", "nope"], "unknown launcher 'nope'; choose from local, ray"),
        (["serve", "--address", "10.0.0.1:6379"], "the launcher local takes no address"),
        (["fly"], "No such command 'fly'"),
    ],
)
def test_a_wrong_call_is_one_line_and_makes_nothing(call, workspace, arguments, words):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert len(err) <= 301
    assert words in err
    assert not list(workspace.path.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        *([verb, "x"] for verb in ("pause", "resume", "stop", "delete", "fork", "layers")),
        ["extend", "x", "--steps", "9"],
        ["pace", "x", "free"],
        ["set", "x", "lr=1"],
    ],
)
def test_a_run_that_is_no_number_is_refused_with_what_is_right(call, workspace, arguments):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert " is a whole number from 1 on; `python -m engine runs` lists the runs (got 'x'); see `" in err
    assert err.count("\n") == 1


def test_every_verb_is_listed(capfd):
    assert cli(["--help"]) == 0
    listed = capfd.readouterr().out
    verbs = (
        "doctor",
        "race",
        "runs",
        "pause",
        "resume",
        "stop",
        "delete",
        "pace",
        "count",
        "layers",
        "lab",
        "bench",
        "set",
        "extend",
        "fork",
        "export",
        "import",
        "serve",
        "shutdown",
    )
    for verb in verbs:
        assert f"\n  {verb} " in listed


def test_an_unwritable_workspace_is_one_line(call, tmp_path):
    (tmp_path / "file").write_text("")
    code, out, err = call("race", "--depths", "8", "--shortcuts", "A", at=Workspace(tmp_path / "file"))
    assert (code, out) == (2, "")
    assert "cannot be used (it is a file, not a folder)" in err
    assert "--workspace DIR" in err
    assert len(err.strip().splitlines()) == 1


def test_count_is_the_papers(call):
    code, out, err = call("count", "--depth", "56", "--shortcut", "A", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "depth": 56, "shortcut": "A", "parameters": 853018, "weighted_layers": 56, "multiply_adds": 125485696,
    }  # fmt: skip
    plain = call("count", "--depth", "20", "--shortcut", "plain", "--json")
    assert plain == call("count", "--depth", "20", "--shortcut", "none", "--json")
    assert call("count", "--depth", "20")[1].startswith("A-20: 269,722 parameters, 20 weighted layers, ")


def test_count_of_the_imagenet_family(call):
    family = ("--family", "imagenet", "--depth", "50", "--shortcut", "B")
    code, out, err = call("count", *family, "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    published = document.pop("published")
    assert document == {
        "depth": 50, "shortcut": "B", "parameters": 25557032, "weighted_layers": 50, "multiply_adds": 4089184256,
        "family": "imagenet",
    }  # fmt: skip
    assert (published["error"], published["net"]) == (22.85, "ResNet-50")
    assert call("count", *family, "--width", "64", "--size", "224", "--classes", "1000", "--json")[1] == out
    assert (
        "22.85 % (top-1; top-5 6.71; 10 crops, validation; He et al. 2015 (1512.03385), Table 3)"
        in call("count", *family)[1]
    )
    assert "published" not in call("count", *family, "--classes", "10")[1]  # another net than the published one


def test_count_of_nets_whose_depth_is_named_by_blocks(call):
    vit = ("count", "--family", "vit", "--shortcut", "A:order=post-ln")
    assert call(*vit, "--blocks", "12")[1] == (
        "A 12 blocks (50 layers) order=post-ln: 104,970 parameters, 50 weighted layers, 1,794,880 multiply-adds per "
        "image, with the two products of attention\n"
    )
    counted = json.loads(call(*vit, "--blocks", "12", "--json")[1])
    assert counted == json.loads(call(*vit, "--depth", "50", "--json")[1])
    assert (counted["family"], counted["blocks"], counted["depth"]) == ("vit", 12, 50)
    assert call("count", "--blocks", "3", "--family", "mlp")[1].startswith("A 3 blocks (8 layers): 38,730 parameters, ")
    for wrong, words in (
        (("--family", "vit"), "name how deep the net is, by --depth or by --blocks\n"),
        (("--depth", "8", "--blocks", "3", "--family", "mlp"), "name how deep the net is, by --depth or by --blocks\n"),
        (("--blocks", "3"), "blocks name the depths of the families mlp and vit; name weighted layers for cifar\n"),
    ):
        assert call("count", *wrong) == (2, "", words)


def test_count_knows_variants(call):
    # A 1x1 gate with biases per block: 16 x 16 + 16 and so on, 9 blocks.
    gates = 3 * (256 + 16) + (512 + 32) + 2 * (1024 + 32) + (2048 + 64) + 2 * (4096 + 64)
    code, out, err = call("count", "--depth", "20", "--shortcut", "gated:bias=-6.0", "--json")
    assert (code, err) == (0, "")
    counted = json.loads(out)
    assert (counted["shortcut"], counted["parameters"]) == ("gated", 269_722 + gates)
    assert call("count", "--depth", "20", "--shortcut", "A:order=full-pre")[1].startswith("A-20 order=full-pre: ")
    code, out, err = call("count", "--depth", "20", "--shortcut", "gated:width=3")
    assert (code, out) == (2, "")
    assert err == "unknown option 'width' of shortcut gated; choose from bias, order, norm, layers\n"
    assert "nearest 20 and 38" in call("count", "--depth", "32", "--shortcut", "A:layers=3")[2]


def test_runs_shows_the_cause_and_the_log(call, workspace, monkeypatch):
    assert json.loads(call("runs", "--json")[1]) == {"workspace": str(workspace.path), "runs": [], "labs": []}
    with Writer(workspace) as writer:
        _, (first, _) = writer.races.submit(RaceConfig(depths=(8, 14), shortcuts=("none",)))
        writer.points.record(first, [StepRow(1, 2.0, 90.0, 2.0, 88.0, 0.1, 0.5)])
        writer.points.record(first, evaluations=[Evaluated(1, Split.TEST_SUBSET, 2.1, 89.0, 1000, 0.6, 0.1, "running")])
        writer.jobs.move(first, RunState.STARTING)
        writer.jobs.move(first, RunState.FAILED, cause="data.bin is damaged; delete it")
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
    monkeypatch.setenv("COLUMNS", "200")
    shown = call("runs")[1].replace("\n", " ")
    assert "data.bin is damaged" in shown
    assert "89.0 % (1,000)" in shown
    with Writer(workspace) as writer:
        writer.points.record(first, evaluations=[Evaluated(1, Split.TEST, 2.1, 88.5, 5000, 0.6, 0.1, "running")])
    shown = call("runs")[1]
    assert "88.5 %" in shown
    assert "(1,000)" not in shown


def test_unknown_runs_are_refused_before_anything_is_done(call, workspace):
    with Writer(workspace) as writer:
        writer.races.submit(RaceConfig(depths=(8,), shortcuts=("none",)))
    code, _, err = call("stop", "1", "9")
    assert (code, err) == (2, "there is no run 9; `python -m engine runs` lists them\n")
    with Reader(workspace) as reader:
        assert reader.runs.get(1).state == RunState.QUEUED
        assert reader.commands.pending() == []


def test_a_locked_database_is_one_line(call, workspace, monkeypatch):
    monkeypatch.setattr("engine.store.connection.BUSY_TIMEOUT_S", 0.05)
    Writer(workspace).close()
    other = sqlite3.connect(workspace.database, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        refused = call("race", "--depths", "8", "--shortcuts", "A", "--steps", "2")
        assert refused == (2, "", "the database is locked by another program; nothing was changed, try again\n")
    finally:
        other.close()


@pytest.mark.parametrize(
    ("verb", "state", "cause", "words"),
    [
        ("pause", "paused", "", "is paused"),
        ("pause", "lost", "worker was ended by signal 9", "is lost: worker was ended by signal 9"),
        ("resume", "starting", "", "is resumed"),
        ("resume", "failed", "no data", "is failed: no data"),
        ("stop", "finished", "", "is finished"),
    ],
)
def test_a_command_says_what_became_of_the_run(call, workspace, monkeypatch, verb, state, cause, words):
    with Writer(workspace) as writer:
        writer.races.submit(RaceConfig(depths=(8,), shortcuts=("none",)))

        def ask(self, verb, run):
            with writer.transaction() as connection:
                connection.execute("UPDATE runs SET state = ?, cause = ?", (state, cause))

        monkeypatch.setattr("engine.runs.client.commands.CommandClient.ask", ask)
        monkeypatch.setattr("engine.runs.client.commands.CommandClient.await_done", lambda self, command, seconds: True)
        assert call(verb, "1") == (0, "", f"run 1 {words}\n")


@pytest.mark.parametrize("place", ["x" * 300, "~nobody-of-this-name/x", "file"])
@pytest.mark.parametrize("verb", ["runs", "shutdown"])
def test_a_workspace_that_cannot_be_is_one_line(capfd, tmp_path, monkeypatch, place, verb):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert cli(["--workspace", place, verb]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "cannot be used" in err
    assert "--workspace DIR" in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [["runs", "--json"], ["count", "--depth", "20"]])
def test_output_that_nobody_takes_is_one_line(workspace, arguments):
    command = [sys.executable, "-m", "engine", "--workspace", str(workspace.path), *arguments]
    buffered = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            command, cwd=PROJECT, env=buffered, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120
        )
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert "No space left" in result.stderr


def test_ctrl_c_while_the_program_loads_is_130():
    script = (
        "import sys, builtins; load = builtins.__import__\n"
        "def interrupted(name, *rest):\n"
        "    if name == 'engine.cli.group': raise KeyboardInterrupt\n"
        "    return load(name, *rest)\n"
        "builtins.__import__ = interrupted\n"
        "from engine.__main__ import main; sys.exit(main())"
    )
    result = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "")


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


def test_doctor_lists_every_set_and_what_lies_below_the_data_folder(call, workspace, tmp_path, monkeypatch):
    below = pictures.folder(tmp_path / "sets" / "pets", each=2)
    monkeypatch.setenv("SKIPSCOPE_DATA", str(tmp_path / "sets"))
    (workspace.path / "data").mkdir(parents=True)
    (workspace.path / "data" / "cifar-100-python.tar.gz").write_bytes(b"")
    code, out, _ = call("doctor", "--json")
    assert code == 0
    present = {row["name"]: row["present"] for row in json.loads(out)["data"]}
    assert list(present) == [*SOURCES, f"folder:{below}"]
    assert [name for name, there in present.items() if there] == ["fashion-mnist-mini", "cifar100", f"folder:{below}"]
    _, out, _ = call("doctor")
    assert "svhn (not here yet)" in out
    assert f"folder:{below} (present)" in out


def test_doctor_counts_the_runs_of_instant_races_whose_files_it_counts(call, workspace):
    with Writer(workspace) as writer:
        planned = plan_race(RaceRequest((8,), ("A",)), workspace)
        for instant in (False, True):
            _, (run,) = writer.races.submit(planned, instant=instant)
            writer.checkpoints.add(run, 30, "tenth", 500_000)
    _, out, _ = call("doctor")
    assert "database    ok, 2 runs, checkpoints 1.0 MB" in out


def test_count_and_race_load_no_torch():
    script = (
        "import sys; from engine.cli.group import run; run(['count', '--depth', '20']); "
        "import engine.runs.supervisor.supervisor;"
        "import engine.runs.worker.worker; import engine.runs.launchers.local; print('torch' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert result.stdout.splitlines()[-1] == "False", result.stderr
