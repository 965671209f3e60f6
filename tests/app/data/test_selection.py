"""Any runs on one chart: what an address may name, and what is said of runs of different races."""

import pytest

from app.data import selection, streaming
from app.data.workspace import use
from engine.config import RaceConfig, RunConfig, replace
from engine.events import RunState
from engine.store.workspace import Workspace
from engine.store.writer import Writer


@pytest.fixture
def writer(tmp_path):
    with Writer(Workspace(use(tmp_path / "workspace")).prepare()) as writer:
        yield writer
    use(tmp_path / "elsewhere")


def submit(writer, **changes):
    seeds = {"first_seed": changes.pop("seed", 0)}
    run = replace(RunConfig(), changes)
    return writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",), run=run, **seeds))[1][0]


@pytest.mark.parametrize(
    ("text", "runs", "problem"),
    [
        ("3,7,12", [3, 7, 12], ""),
        ("", [], ""),
        (" 3 , 3,,7", [3, 7], ""),
        ("3,x", [3], "runs in an address are numbers such as 3,7,12 (left out: 'x')"),
        ("-1,0,1e3,007", [], "runs in an address are numbers such as 3,7,12 (left out: '-1')"),
        ("9" * 30, [], f"runs in an address are numbers such as 3,7,12 (left out: '{'9' * 20}')"),
        (",".join(map(str, range(1, 71))), list(range(1, 65)), "an address names at most 64 runs; 6 are left out"),
    ],
)
def test_what_an_address_names(text, runs, problem):
    assert selection.numbers_from(text) == (runs, problem)


def test_runs_of_one_race_need_no_words(writer):
    _, runs = writer.races.submit(RaceConfig(depths=(8, 14), shortcuts=("none", "A"), seeds=2))
    assert selection.difference(runs) == ""
    assert selection.difference([]) == ""


def test_equal_races_saw_the_same_batches(writer):
    runs = [submit(writer), submit(writer)]
    assert selection.difference([*runs, 99]) == (
        "Runs of 2 races (1, 2) with the same settings but for the nets. They saw the same batches."
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"data.name": "cifar10"},
            "They differ in data (fashion-mnist-mini / cifar10). "
            "Runs that differ in data did not see the same batches.",
        ),
        ({"seed": 4}, "They differ in seed (0 / 4). Only runs of the same seed saw the same batches."),
        (
            {"optim.batch_size": 64, "optim.lr": 0.05, "seed": 1},
            "They differ in batch size (128 / 64), seed (0 / 1) and learning rate (0.1 / 0.05). "
            "Runs that differ in batch size or seed did not see the same batches.",
        ),
        (
            {"data.flip": False},
            "They differ in mirroring (true / false). They saw the same batches, the images treated differently.",
        ),
        ({"optim.steps": 900}, "They differ in steps (300 / 900). They saw the same batches."),
    ],
)
def test_it_says_exactly_what_differs(writer, changes, said):
    runs = [submit(writer), submit(writer, **changes)]
    assert selection.difference(runs) == f"Runs of 2 races (1, 2). {said}"


def test_what_a_run_does_not_know_yet_is_no_difference(writer):
    runs = [submit(writer), submit(writer)]
    writer.jobs.move(runs[0], RunState.STARTING, device="cpu", precision="bf16", train_images=20_000)
    assert "but for the nets. They saw the same batches." in selection.difference(runs)
    writer.jobs.move(runs[1], RunState.STARTING, device="cuda:0", precision="bf16", train_images=20_000)
    assert "They differ in device (cpu / cuda:0). They saw the same batches." in selection.difference(runs)


def test_files_of_a_path_may_have_changed_between_races(writer):
    runs = [submit(writer, **{"data.name": "folder:/pets"}) for _ in range(2)]
    assert selection.difference(runs).endswith(
        "They saw the same batches if the files of the data set are still the same."
    )


def test_many_differences_are_counted(writer):
    changes = {"data.name": "svhn", "optim.batch_size": 64, "optim.lr": 0.2, "optim.momentum": 0.5, "model.width": 4}
    runs = [submit(writer), submit(writer, seed=3, **changes, **{"optim.weight_decay": 0.1, "optim.steps": 9})]
    assert "and 2 more. Runs that differ in data, batch size or seed did not" in selection.difference(runs)


def test_the_gap_is_not_stated_across_races(writer):
    runs = [submit(writer), submit(writer)]
    assert streaming.conclusions(runs).statement.text == "No verdict: these runs come from different races."
