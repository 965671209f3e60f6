"""Checkpoints in a bundle: bit for bit, without pickle, the same file again; an imported run can be forked."""

import io
import json
import zipfile

import pytest
import torch

from engine.errors import CheckpointError, DataError
from engine.events import RunState, Split
from engine.exchange.bundle import checkpoints
from engine.exchange.bundle.archive import canonical
from engine.exchange.transfer import ExportRequest, write
from engine.runs.protocol.forking import plan_fork
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from engine.training import checkpoint
from engine.training.portable_state import from_plain, to_plain
from tests.engine.exchange.bundle.packing import parts, repacked, taken
from tests.engine.exchange.recorded_workspace import SECRETS, small_race


def quiet(done, total, what):
    """Hear no progress."""


def state_of(config, step):
    torch.manual_seed(step)
    return {
        "format": 2, "config": config.to_json(), "data": "1" * 64,
        "model": {"conv": torch.randn(4, 3, 3, 3), "count": torch.tensor(step), "half": torch.randn(5).bfloat16()},
        "momentum": [torch.zeros(0), torch.randn(2, 2).T, None], "nested": {3: (1, 2.5, float("nan"), True, "text")},
        "progress": {"step": step, "changes": [[17, "lr", 0.01, 5]]},
    }  # fmt: skip


@pytest.fixture
def run(workspace):
    with Writer(workspace) as writer, Reader(workspace) as reader:
        race, (run, *_) = writer.races.submit(small_race(**{"data.name": f"folder:{SECRETS['folder']}"}))
        config = reader.runs.known(run).config
        for step in (6, 12):
            path = workspace.checkpoint(run, step)
            checkpoint.save({**state_of(config, step), "run": run}, path)
            writer.checkpoints.add(run, step, "tenth", path.stat().st_size)
        for state in (RunState.STARTING, RunState.RUNNING, RunState.FINISHED):
            writer.jobs.move(run, state, step=12)
    return run


def bundled(workspace, run, which="all") -> bytes:
    file = io.BytesIO()
    write(workspace, ExportRequest((run,), checkpoints=which), file, quiet)
    return file.getvalue()


def undated(data: bytes) -> dict[str, bytes]:
    found = parts(data)
    return {**found, "manifest.json": canonical({**json.loads(found["manifest.json"]), "date": ""})}


def equal(one, other) -> bool:
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and one.shape == other.shape and torch.equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(equal, one, other))
    return one == other or (one != one and other != other)


def test_with_checkpoints_the_same_file_comes_back(workspace, run, tmp_path):
    data = bundled(workspace, run)
    file, place = tmp_path / "a.skipscope", Workspace.at(tmp_path / "elsewhere")
    file.write_bytes(data)
    found = taken(file, place)
    assert found.checkpoints == 2
    assert undated(bundled(place, 1)) == undated(data)
    for step in (6, 12):
        before, after = (checkpoint.load(each.checkpoint(run, step)) for each in (workspace, place))
        # The state of this workspace names its folder and a row of its table.
        assert (before.pop("run"), "run" in after) == (run, False)
        after["progress"]["changes"][0][0] = 17
        after["config"] = before["config"]
        assert equal(before, after)
    assert sorted(path.name for path in place.path.iterdir() if "skipscope" not in path.name) == ["run-00001"]


def test_only_the_newest_or_none(workspace, run):
    names = [name for name in parts(bundled(workspace, run, "newest")) if "checkpoints" in name]
    assert names == [f"runs/0001/checkpoints/00000012.{kind}" for kind in ("json", "bin")]
    assert not [name for name in parts(bundled(workspace, run, "none")) if "checkpoints" in name]


def test_nothing_in_it_is_a_pickle_or_names_a_folder(workspace, run):
    data = bundled(workspace, run)
    for name, part in parts(data).items():
        assert b"/home" not in part, name
        assert not part.startswith((b"\x80\x02", b"PK")), name
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {info.filename.rpartition(".")[2] for info in archive.infolist()} == {"json", "bin"}


def test_a_fork_of_an_imported_run_is_a_run_of_this_workspace(workspace, run, tmp_path):
    file, place = tmp_path / "a.skipscope", Workspace.at(tmp_path / "elsewhere")
    file.write_bytes(bundled(workspace, run))
    taken(file, place)
    with Reader(place) as reader, Writer(place) as writer:
        parent = reader.runs.known(1)
        plan = plan_fork(reader, parent, 6, {"lr": "0.02"})
        child = writer.interventions.fork(parent, plan, 1.0, lambda run: 10)
        assert (parent.imported, reader.runs.known(child).imported) == (1, None)
        assert reader.points.series(child, Split.TRAIN).total == 0


def test_a_checkpoint_that_is_gone_is_one_line(workspace, run):
    workspace.checkpoint(run, 12).unlink()
    with pytest.raises(DataError, match="there is no checkpoint at step-00000012.pt; export fewer checkpoints"):
        bundled(workspace, run)


def test_without_torch_the_rest_is_imported_and_said(workspace, run, tmp_path, monkeypatch):
    file, place = tmp_path / "a.skipscope", Workspace.at(tmp_path / "elsewhere")
    file.write_bytes(bundled(workspace, run))
    monkeypatch.setattr(checkpoints, "has_torch", lambda: False)
    found = taken(file, place)
    assert (found.checkpoints, found.left_out) == (0, "checkpoints were left out: torch is not installed here")
    with Reader(place) as reader:
        assert reader.checkpoints.of(1) == []
    with pytest.raises(DataError, match="export without checkpoints, or pip install"):
        bundled(workspace, run)


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree.update(more=1),
        lambda tree: tree["state"].update(map="x"),
        lambda tree: tree["state"]["map"].pop(),
        lambda tree: tree["state"]["map"].append(["x", {"tensor": ["float32", [2**31 - 1, 2**31 - 1]]}]),
        lambda tree: tree["state"]["map"].append(["x", {"tensor": ["float32", [0, 2**30]]}]),
        lambda tree: tree["state"]["map"].append(["x", {"tensor": ["object", [1]]}]),
        lambda tree: tree["state"]["map"].append(["x", {"tensor": ["float32", [-1]]}]),
        lambda tree: tree["state"]["map"].append([["x"], 1]),
        lambda tree: tree["state"]["map"].__setitem__(0, ["format", 99]),
        lambda tree: tree["state"]["map"].__setitem__(1, ["config", "{}"]),
        lambda tree: tree["state"]["map"].__setitem__(1, ["config", 7]),
    ],
)
def test_a_damaged_tree_is_one_line_and_no_file(workspace, run, change, tmp_path):
    found = parts(bundled(workspace, run, "newest"))
    name = "runs/0001/checkpoints/00000012.json"
    tree = json.loads(found[name])
    change(tree)
    file, place = tmp_path / "a.skipscope", Workspace.at(tmp_path / "elsewhere")
    file.write_bytes(repacked({**found, name: canonical(tree)}))
    try:
        taken(file, place)
    except DataError as error:
        assert "\n" not in str(error)
        assert [*place.path.iterdir()] == []
    else:
        assert checkpoint.load(place.checkpoint(1, 12))["model"], "a tensor without entries harms nobody"


def test_a_tree_is_its_state_again():
    state = state_of(small_race().run, 3)
    tree, data = to_plain(state)
    assert equal(from_plain(json.loads(json.dumps(tree)), data), state)
    for wrong in (data[:-1], data + b"\0"):
        with pytest.raises(CheckpointError, match="than its tree says"):
            from_plain(tree, wrong)
    for odd in ({"a": object()}, {1.5: 1}, {"a": torch.zeros(1, dtype=torch.complex64)}):
        with pytest.raises(CheckpointError, match="cannot be exported"):
            to_plain(odd)
    deep = []
    for _ in range(20):
        deep = [deep]
    with pytest.raises(CheckpointError, match="nested too deeply"):
        to_plain(deep)
