"""What-ifs with a real engine: changes of live runs, extensions, forks, each against a training in this process."""

import os
import signal

import pytest
import torch

from engine.config import Change, replace
from engine.data.images import load_images
from engine.errors import CommandRefused, ConfigError
from engine.events import RunState, Split
from engine.hardware.device import choose
from engine.store.reader import Reader
from engine.training.checkpoint import load
from engine.training.live_edits import LiveEdits
from engine.training.state import ParentState
from engine.training.trainer import Trainer
from tests.engine.runs.conftest import PATIENCE_S

S = RunState


def state_at(room, run, step):
    return load(room.workspace.checkpoint(run, step))


def same(first, second):
    return all(
        first[part].keys() == second[part].keys()
        and all(torch.equal(first[part][name], second[part][name]) for name in first[part])
        for part in ("model", "momentum")
    )


def changes(room, run):
    with Reader(room.workspace) as reader:
        return [(row.key, row.value, row.step) for row in reader.interventions.changes(run)]


def remarks(room, run):
    with Reader(room.workspace) as reader:
        return [(row["step"], row["kind"], row["text"]) for row in reader.log.of([run])]


def answer(room, command):
    with Reader(room.workspace) as reader:
        return reader.commands.get(command)


@pytest.mark.slow
def test_a_rate_set_in_a_running_run_holds_from_a_step_that_is_on_record(busy_room):
    plain, residual = busy_room.race()
    busy_room.until_step(residual, 5)
    command = busy_room.control.interventions.set_value(residual, "lr", 0.03)
    assert busy_room.control.commands.await_done(command, PATIENCE_S)
    said = answer(busy_room, command)
    assert said.refusal is None
    assert said.created <= said.acknowledged <= said.done
    ((key, value, step),) = changes(busy_room, residual)
    assert (key, value) == ("lr", 0.03)
    assert (step, "change", "learning rate 0.1 to 0.03") in remarks(busy_room, residual)
    busy_room.until_step(residual, step + 3)
    with Reader(busy_room.workspace) as reader:
        points = reader.points.series(residual, Split.TRAIN).columns
        rates = dict(zip(points["step"].tolist(), points["lr"].tolist(), strict=True))
    assert {rates[at] for at in rates if at < step} == {0.1}
    assert {rates[at] for at in rates if at >= step} == {0.03}
    assert changes(busy_room, plain) == []


def uninterrupted(room, run, rows=None, state=None, forked=False):
    """Train a run's config in this process, its changes at the steps that are on record; return the trainer."""
    row = room.row(run)
    config = replace(row.config, {"device": "cpu", "threads": 1})
    with Reader(room.workspace) as reader:
        asked = reader.interventions.changes(run) if rows is None else rows
    changes = LiveEdits(config.optim, [Change(one.id, one.key, one.value, one.step) for one in asked])
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        images = load_images(config.data, room.workspace.path, lambda text: None)
        trainer = Trainer(config, images, choose(config), ParentState(state) if forked else state, changes)
        for _ in trainer.events():
            pass
    finally:
        torch.set_num_threads(before)
    return trainer


def resume_from_before(room, run, step):
    """Kill a run's worker, take away what it saved from ``step`` on, and let it go on: it does those steps again."""
    os.kill(room.row(run).pid, signal.SIGKILL)
    room.until_state(run, S.LOST)
    with Reader(room.workspace) as reader:
        for saved in reader.checkpoints.of(run):
            if saved.step >= step:
                room.workspace.checkpoint(run, saved.step).unlink()
    room.control.commands.give("resume", run)


@pytest.mark.slow
def test_killed_and_resumed_with_changes_is_bit_for_bit_uninterrupted(busy_room):
    run, other = busy_room.race(steps=100, shortcuts=("A", "none"))
    for key, value, at in (("lr", 0.03, 8), ("strength", 0.25, 20), ("weight_decay", 0.01, 21)):
        busy_room.until_step(run, at)
        assert busy_room.control.commands.await_done(
            busy_room.control.interventions.set_value(run, key, value), PATIENCE_S
        )
    steps = [step for _, _, step in changes(busy_room, run)]
    assert steps == sorted(steps)
    busy_room.until_step(run, steps[-1] + 2)
    resume_from_before(busy_room, run, steps[1])
    busy_room.until(lambda: busy_room.row(run).state == S.RUNNING)
    late = busy_room.control.interventions.set_value(run, "lr", 0.01)  # while it does again what is on record
    busy_room.until_state(run, S.FINISHED)
    assert answer(busy_room, late).done
    assert [step for _, _, step in changes(busy_room, run)][:3] == steps
    assert changes(busy_room, run)[3][2] > steps[-1]
    texts = [text for _, kind, text in remarks(busy_room, run) if kind == "change"]
    assert texts == [
        "learning rate 0.1 to 0.03", "shortcut strength 1 to 0.25", "weight decay 0.0001 to 0.01",
        "learning rate 0.03 to 0.01",
    ]  # fmt: skip
    state = state_at(busy_room, run, 100)
    assert [entry[1:] for entry in state["progress"]["changes"]] == [list(row) for row in changes(busy_room, run)]
    assert same(state, uninterrupted(busy_room, run).state())
    busy_room.until_state(other, S.FINISHED)


def test_a_paused_run_takes_changes_over_when_it_goes_on(busy_room):
    control = busy_room.control
    run, plain = busy_room.race(shortcuts=("A", "none"))
    busy_room.until_step(run, 3)
    control.commands.give("pause", run, until_done_s=PATIENCE_S)
    stood_at = busy_room.row(run).step
    assert control.commands.await_done(control.interventions.set_value(run, "strength", "0.5"), PATIENCE_S)
    assert changes(busy_room, run) == [("strength", 0.5, None)]
    control.commands.give("resume", run)
    busy_room.until_step(run, stood_at + 2)
    assert changes(busy_room, run) == [("strength", 0.5, stood_at + 1)]
    with pytest.raises(CommandRefused, match=r"\(plain-8\) has no shortcut whose strength could be set"):
        control.interventions.set_value(plain, "strength", 0.5)
    with pytest.raises(ConfigError, match="choose from lr, weight_decay, strength"):
        control.interventions.set_value(run, "momentum", 0.5)
    with pytest.raises(CommandRefused, match="choose from lr, weight_decay, strength"):
        control.commands.ask("set", run, "momentum=0.5")
    control.commands.give("stop", run, until_done_s=PATIENCE_S)
    with pytest.raises(CommandRefused, match=f"run {run} is stopped; only running, starting, queued and paused"):
        control.interventions.set_value(run, "lr", 0.5)


def test_commands_that_follow_a_change_are_served_although_it_is_under_way(busy_room):
    control = busy_room.control
    run, _ = busy_room.race()
    busy_room.until_step(run, 3)
    commands = [
        control.commands.ask("set", run, "lr=0.03"),
        control.commands.ask("pause", run),
        control.commands.ask("set", run, "lr=0.02"),
    ]
    commands += [control.commands.ask("resume", run), control.commands.ask("pause", run)]
    assert all(control.commands.await_done(command, PATIENCE_S) for command in commands)
    assert busy_room.row(run).state == S.PAUSED
    assert [row[:2] for row in changes(busy_room, run)] == [("lr", 0.03), ("lr", 0.02)]
    assert {answer(busy_room, command).refusal for command in commands} == {None}


@pytest.mark.slow
def test_an_extended_run_goes_on_and_outlasts_a_kill(busy_room):
    control = busy_room.control
    run, other = busy_room.race(steps=40, shortcuts=("A", "none"))
    with pytest.raises(CommandRefused, match="only finished runs can be extended"):
        control.interventions.extend(run, 80)
    busy_room.until_state(run, S.FINISHED)
    first = state_at(busy_room, run, 40)
    with Reader(busy_room.workspace) as reader:
        before = {split: reader.points.series(run, split).columns for split in Split}
    for steps in (40, 7, 10**9):
        with pytest.raises(CommandRefused, match=f"run {run} has done 40 steps; extend it to more"):
            control.interventions.extend(run, steps)
    with pytest.raises(CommandRefused, match="only paused, lost and failed runs can be resumed"):
        control.commands.ask("resume", run)
    control.interventions.extend(run, 120)
    assert busy_room.row(run).total_steps == 120
    busy_room.until_step(run, 60)
    resume_from_before(busy_room, run, 50)
    busy_room.until_state(run, S.FINISHED)
    row = busy_room.row(run)
    assert (row.step, row.total_steps, row.config.optim.steps) == (120, 120, 40)
    assert changes(busy_room, run) == [("steps", 120.0, 40)]
    assert (40, "change", "steps 40 to 120") in remarks(busy_room, run)
    with Reader(busy_room.workspace) as reader:
        for split, columns in before.items():
            after = reader.points.series(run, split).columns
            for name in ("step", "loss", "error", "lr", "seconds"):
                assert after[name][: len(columns[name])].tolist() == pytest.approx(
                    columns[name].tolist(), rel=0, abs=0, nan_ok=True
                )
        assert reader.points.series(run, Split.TRAIN).columns["step"].tolist() == list(range(1, 121))
        assert reader.points.series(run, Split.TEST).columns["step"].tolist() == [40, 120]
        assert [probe.step for probe in reader.probes.all(run)[0]][-1] == 120
    assert same(state_at(busy_room, run, 120), uninterrupted(busy_room, run).state())
    short = uninterrupted(busy_room, run, rows=[])
    assert same(first, short.state())
    busy_room.until_state(other, S.FINISHED)


@pytest.mark.slow
def test_a_fork_without_changes_equals_its_parent_which_may_be_deleted(busy_room):
    control = busy_room.control
    parent, other = busy_room.race(steps=60, shortcuts=("A", "none"))
    busy_room.until_step(parent, 10)
    assert control.commands.await_done(control.interventions.set_value(parent, "lr", 0.05), PATIENCE_S)
    busy_room.until_state(parent, S.FINISHED)
    expected = state_at(busy_room, parent, 60)
    with Reader(busy_room.workspace) as reader:
        theirs = reader.points.series(parent, Split.TRAIN).columns
        tests = reader.points.series(parent, Split.TEST).columns
    child = control.interventions.fork(parent, 30)
    changed = control.interventions.fork(parent, 30, {"lr": "0.2", "shortcut": "none", "steps": "50"})
    control.commands.give("delete", parent, until_done_s=PATIENCE_S)
    for run in (child, changed):
        busy_room.until_state(run, S.FINISHED)
    row = busy_room.row(child)
    assert (row.parent_run, row.parent_step, row.threads, row.device, row.step) == (parent, 30, 1, "cpu", 60)
    assert same(state_at(busy_room, child, 60), expected)
    with Reader(busy_room.workspace) as reader:
        own = reader.points.series(child, Split.TRAIN).columns
        assert own["step"].tolist() == list(range(31, 61))
        for name in ("loss", "error", "running_loss", "running_error", "lr"):
            assert own[name].tolist() == theirs[name][30:].tolist()
        assert reader.points.series(child, Split.TEST).columns["error"].tolist() == tests["error"].tolist()
        assert reader.checkpoints.of(child)[0].reason == "fork"
        rates = reader.points.series(changed, Split.TRAIN).columns["lr"]
        assert set(rates.tolist()) == {0.2}
    assert changes(busy_room, changed)[1:] == [("lr", 0.2, 31)]
    assert (31, "change", "learning rate 0.05 to 0.2") in remarks(busy_room, changed)
    assert busy_room.row(changed).shortcut == "none"
    # The fork is a run like any other: it can be extended, and forked.
    grandchild = control.interventions.fork(changed, 50, {"steps": "55"})
    control.interventions.extend(child, 70)
    for run in (grandchild, child):
        busy_room.until_state(run, S.FINISHED)
    assert busy_room.row(child).step == 70
    busy_room.until_state(other, S.FINISHED)


@pytest.mark.slow
def test_a_fork_whose_checkpoint_is_gone_says_so_instead_of_starting_anew(busy_room):
    control = busy_room.control
    parent, other = busy_room.race(steps=30, shortcuts=("A", "none"))
    busy_room.until_state(parent, S.FINISHED)
    with pytest.raises(ConfigError, match="saved are 3, 6, 9"):
        control.interventions.fork(parent, 7)
    busy_room.workspace.checkpoint(parent, 9).unlink()
    with pytest.raises(CommandRefused, match=f"run {parent}, step 9: there is no checkpoint at"):
        control.interventions.fork(parent, 9)
    last = busy_room.workspace.checkpoint(parent, 30)
    last.write_bytes(last.read_bytes()[:-1])
    newest = control.interventions.fork(parent, None, {"steps": "31"})
    assert busy_room.row(newest).parent_step == 27, "the newest whole one"
    child = control.interventions.fork(parent, 12, {"steps": "100000"})
    busy_room.until_step(child, 14)
    control.commands.give("pause", child, until_done_s=PATIENCE_S)
    for file in busy_room.workspace.run(child).glob("checkpoints/*.pt"):
        file.unlink()
    assert busy_room.workspace.checkpoint(parent, 12).exists()
    control.commands.give("resume", child)
    row = busy_room.until_state(child, S.FAILED)
    assert row.cause == f"no readable checkpoint of this fork of run {parent}; delete it and fork again"
    busy_room.until_state(other, S.FINISHED)
