"""The command line without torch: what trains is refused in one line, all else works."""

import json

import pytest

from engine.cli.group import main
from engine.exchange.recordings import FOLDER
from engine.hardware import training
from engine.runs.client.control import Control
from tests.without_torch import python

WORDS = "this installation only views, because torch is not installed; pip install -r requirements.txt adds it"
TRAINING = {
    "race": ["--depths", "8", "--steps", "5"], "lab": ["gradients"], "bench": [], "reference": ["gradients"],
    "resume": ["1"], "extend": ["1", "--steps", "600"],
}  # fmt: skip
VIEWING = {
    "doctor": ["--json"], "runs": ["--json"], "layers": ["1", "--json"], "count": ["--depth", "56", "--shortcut", "A"],
    "export": ["1", "--format", "pytorch", "--out"], "quota": [],
    "tidy": ["--keep-runs", "9", "--dry-run"], "ghosts": [], "talk": ["why-depth-hurt", "--check"],
    "backup": [], "delete": ["2"], "shutdown": [],
}  # fmt: skip
#: Verbs for runs at work, of which there are none; ``fork`` needs a checkpoint, which needs torch.
#: ``import`` is what the test begins with, ``serve`` what the page starts.
OTHERS = {"set", "pace", "pause", "stop", "fork", "import", "serve"}
_RUN_EACH = """
import contextlib, io, json, sys
from engine.cli.group import run

said = []
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = run(arguments)
    said.append([code, out.getvalue(), err.getvalue()])
print(json.dumps([said, "torch" in sys.modules]))
"""


@pytest.fixture
def called(workspace, tmp_path):
    """Run commands one after the other in a process without torch; return (code, stdout, stderr) of each."""

    def run(*commands) -> list[tuple[int, str, str]]:
        at = ["--workspace", str(workspace.path)]
        done = python(tmp_path, "-c", _RUN_EACH, json.dumps([[*at, *command] for command in commands]))
        assert done.returncode == 0, done.stderr
        said, torch = json.loads(done.stdout)
        assert not torch
        return [tuple(each) for each in said]

    return run


def test_every_command_is_tried_or_needs_no_torch():
    assert {*TRAINING, *VIEWING, *OTHERS} == {*main.commands}


@pytest.mark.slow
def test_what_trains_is_refused_in_one_line_and_all_else_works(workspace, called, tmp_path):
    imported, *refused = called(
        ["import", str(FOLDER / "cut.skipscope")], *([verb, *arguments] for verb, arguments in TRAINING.items())
    )
    assert imported[0] == 0, imported
    assert dict(zip(TRAINING, refused, strict=True)) == dict.fromkeys(TRAINING, (2, "", f"{WORDS}\n"))
    assert Control(workspace).engine.status().state == "none", "nothing was started to be refused"
    out = tmp_path / "net.py"
    paths = {"export": [str(out)], "backup": [str(tmp_path / "copy")]}
    commands = [[verb, *arguments, *paths.get(verb, [])] for verb, arguments in VIEWING.items()]
    said = dict(zip(VIEWING, called(*commands), strict=True))
    assert {verb: each for verb, each in said.items() if each[0]} == {}
    doctor = json.loads(said["doctor"][1])
    assert doctor["device"]["device"] == "none"
    assert doctor["device"]["name"] == WORDS
    assert doctor["workspace"]["healthy"]
    assert json.loads(said["layers"][1])["layers"]
    assert said["delete"][2] == "run 2 is deleted\n"
    assert "import torch" in out.read_text(encoding="utf-8")


def test_here_something_can_be_trained():
    assert training.view_only() == ""
    training.require_torch()


@pytest.fixture
def only_views(monkeypatch):
    for module in ("engine.hardware.training", "engine.runs.launchers.local"):
        monkeypatch.setattr(f"{module}.view_only", lambda: WORDS)


def test_a_run_on_record_waits_with_the_reason_and_the_engine_lives(workspace, only_views):
    from engine.runs.launchers.local import LocalLauncher

    launcher = LocalLauncher()
    try:
        launcher.warm()
        assert launcher.trouble() == WORDS
        assert launcher._tasks.empty()
    finally:
        launcher.close()
