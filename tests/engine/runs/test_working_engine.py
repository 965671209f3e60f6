"""One warm engine, shared: what happens to runs that are started, paused, killed, stopped, deleted."""

import os
import signal
import sys
import time

import psutil
import pytest

from engine.errors import CommandRefused, ConfigError, EngineRunning
from engine.events import RunState, Split
from engine.hardware.cores import cores
from engine.runs.supervisor.supervisor import serve
from engine.store.reader import Reader
from tests.engine.runs.conftest import PATIENCE_S

S = RunState


def final_state(room, run):
    from engine.training.checkpoint import load

    return load(room.workspace.checkpoint(run, room.row(run).total_steps))


def test_paused_and_resumed_is_bit_for_bit_uninterrupted(busy_room):
    import torch

    whole, _ = busy_room.race(steps=60)
    parts, _ = busy_room.race(steps=60)
    for step in (8, 30):
        busy_room.until_step(parts, step)
        busy_room.control.commands.give("pause", parts, until_done_s=PATIENCE_S)
        row = busy_room.row(parts)
        assert row.state == S.PAUSED
        assert row.detail == f"paused at step {row.step}"
        assert busy_room.workspace.checkpoint(parts, row.step).exists()
        left = busy_room.workspace.checkpoint(parts, row.step).with_suffix(".part")
        left.write_text("by a killed worker")
        busy_room.control.commands.give("resume", parts)
    for run in (whole, parts):
        busy_room.until_state(run, S.FINISHED)
    assert not left.exists()
    first, second = final_state(busy_room, whole), final_state(busy_room, parts)
    for part in ("model", "momentum"):
        assert first[part].keys() == second[part].keys()
        assert all(torch.equal(first[part][name], second[part][name]) for name in first[part])
    with Reader(busy_room.workspace) as reader:
        for split in Split:
            one, two = reader.points.series(whole, split), reader.points.series(parts, split)
            for column in ("step", "loss", "error"):
                assert one.columns[column].tolist() == two.columns[column].tolist()
        assert reader.points.series(parts, Split.TRAIN).columns["step"].tolist() == list(range(1, 61))
        bounds = reader.checkpoints.totals()[parts]
    assert bounds[0] <= 12
    row = busy_room.row(parts)
    assert (row.threads, row.device) == (1, "cpu")
    assert row.images_per_s > 0
    log = busy_room.workspace.log(parts).read_text()
    assert "config {" in log
    assert log.count("training from step") == 3
    assert "finished after 60 steps" in log


def test_a_killed_worker_is_lost_with_its_signal_and_resume_goes_on(busy_room):
    run, sibling = busy_room.race()
    pid = busy_room.until_step(run, 20).pid
    os.kill(pid, signal.SIGKILL)
    row = busy_room.until_state(run, S.LOST)
    assert "signal 9 (SIGKILL)" in row.cause
    assert row.ended is not None
    assert busy_room.row(sibling).state in {S.STARTING, S.RUNNING}
    busy_room.control.commands.give("resume", run)
    row = busy_room.until_step(run, row.step + 5)
    assert row.cause == ""
    assert row.pid != pid
    for each in (run, sibling):
        busy_room.control.commands.give("stop", each, until_done_s=PATIENCE_S)
        assert busy_room.row(each).state == S.STOPPED


@pytest.mark.slow
def test_a_run_without_a_readable_checkpoint_says_that_it_starts_again(busy_room):
    run = busy_room.race()[0]
    busy_room.until_step(run, 100)  # far enough that the way back up to it is seen
    busy_room.control.commands.give("pause", run, until_done_s=PATIENCE_S)
    stood_at = busy_room.row(run).step
    busy_room.workspace.checkpoint(run, stood_at).unlink()
    busy_room.control.commands.give("resume", run)
    busy_room.until(lambda: busy_room.row(run).state == S.RUNNING and 0 < busy_room.row(run).step < stood_at)
    assert busy_room.row(run).detail == "no readable checkpoint: starts again from step 0"
    with Reader(busy_room.workspace) as reader:
        assert "no readable checkpoint: starts again from step 0" in [row["text"] for row in reader.log.of([run])]
        assert stood_at not in [row.step for row in reader.checkpoints.of(run)]


def test_a_lost_run_that_is_stopped_keeps_no_cause(busy_room):
    run = busy_room.race()[0]
    os.kill(busy_room.until_step(run, 1).pid, signal.SIGKILL)
    assert busy_room.until_state(run, S.LOST).cause
    busy_room.control.commands.give("stop", run, until_done_s=PATIENCE_S)
    row = busy_room.row(run)
    assert (row.state, row.detail, row.cause) == (S.STOPPED, "stopped", "")


def test_sigterm_to_a_worker_writes_a_checkpoint(busy_room):
    run = busy_room.race()[0]
    os.kill(busy_room.until_step(run, 5).pid, signal.SIGTERM)
    row = busy_room.until_state(run, S.PAUSED)
    assert "SIGTERM" in row.detail
    assert busy_room.workspace.checkpoint(run, row.step).exists()


@pytest.mark.slow
def test_repeats_are_harmless_and_illegal_moves_are_refused(busy_room):
    control = busy_room.control
    # Four runs fill the two cores' four slots, the others wait and say for what.
    runs = busy_room.race(seeds=3)
    busy_room.until_step(runs[0], 1)
    cap = sum(busy_room.row(run).state != S.QUEUED for run in runs)
    waiting = runs[-1]
    if cap < len(runs):
        busy_room.until(lambda: busy_room.row(waiting).detail)
        assert busy_room.row(waiting).detail.startswith("waits")
    commands = [control.commands.ask("pause", runs[0]) for _ in range(3)]
    assert all(control.commands.await_done(command, PATIENCE_S) for command in commands)
    with Reader(busy_room.workspace) as reader:
        answers = [reader.commands.get(command) for command in commands]
    assert all(answer.created <= answer.acknowledged <= answer.done for answer in answers)
    assert [answer.refusal for answer in answers] == [None] * 3
    with pytest.raises(CommandRefused, match=f"run {runs[1]} is .*; stop it before deleting it"):
        control.commands.ask("delete", runs[1])
    assert control.commands.give("pause", waiting, until_done_s=PATIENCE_S)
    assert busy_room.row(waiting).state == S.PAUSED
    assert control.commands.give("resume", waiting, until_done_s=PATIENCE_S)
    assert control.commands.give("resume", waiting, until_done_s=PATIENCE_S)
    for run in runs:
        assert control.commands.give("stop", run, until_done_s=PATIENCE_S)
        assert control.commands.give("stop", run, until_done_s=PATIENCE_S)
        assert busy_room.row(run).state == S.STOPPED
    with pytest.raises(CommandRefused, match="is stopped; only paused, lost and failed runs can be resumed"):
        control.commands.ask("resume", runs[0])
    with pytest.raises(CommandRefused, match="is stopped; only queued, starting and running runs can be paused"):
        control.commands.ask("pause", runs[0])
    assert busy_room.workspace.run(runs[0]).exists()
    for run in runs:
        assert control.commands.give("delete", run, until_done_s=PATIENCE_S)
    assert busy_room.row(runs[0]) is None
    assert not busy_room.workspace.run(runs[0]).exists()
    with pytest.raises(CommandRefused, match=f"there is no run {runs[0]}"):
        control.commands.ask("delete", runs[0])
    with pytest.raises(CommandRefused, match="unknown command 'fly'"):
        control.commands.ask("fly", runs[0])


def test_finished_runs_refuse_everything_but_delete(busy_room):
    run = busy_room.race(steps=2, shortcuts=("A", "none"))[0]
    busy_room.until_state(run, S.FINISHED)
    for verb, words in (("pause", "can be paused"), ("resume", "can be resumed"), ("stop", "nothing to stop")):
        with pytest.raises(CommandRefused, match=words):
            busy_room.control.commands.ask(verb, run)


def test_diverged_ends_at_a_named_step_and_the_sibling_goes_on(busy_room):
    # Decay larger than 2 / lr multiplies every weight by -99 at each step.
    plan = busy_room.plan(steps=60, depths=(8, 14), shortcuts=("A",))
    plan = plan.model_copy(update={"per_depth": {14: {"optim.lr": 100.0, "optim.weight_decay": 1.0}}})
    _, (healthy, exploding) = busy_room.control.start_race(plan)
    row = busy_room.until_state(exploding, S.DIVERGED)
    with Reader(busy_room.workspace) as reader:
        points = reader.points.series(exploding, Split.TRAIN).columns
    bad = [int(step) for step, loss in zip(points["step"], points["loss"], strict=True) if loss != loss]
    assert bad == [row.step], "the step whose loss is not finite is the last on record"
    assert row.cause == f"loss is not finite at step {row.step}"
    busy_room.until_state(healthy, S.FINISHED)


@pytest.mark.slow
def test_a_foreign_checkpoint_is_put_aside_and_a_run_without_another_fails_with_cause_and_log(busy_room):
    control, workspace = busy_room.control, busy_room.workspace
    run, sibling = busy_room.race(shortcuts=("none", "A"))
    control.commands.give("stop", sibling)
    stood_at = []
    for step in (12, 24):
        busy_room.until_step(run, step)
        control.commands.give("pause", run, until_done_s=PATIENCE_S)
        stood_at.append(busy_room.row(run).step)
        control.commands.give("resume", run, until_done_s=PATIENCE_S)
    busy_room.until_step(run, stood_at[1] + 1)
    control.commands.give("pause", run, until_done_s=PATIENCE_S)
    newest = busy_room.row(run).step
    # Checkpoints of another net: a plain mistake that only the worker can find.
    other = busy_room.race(steps=10, depths=(14,), shortcuts=("A",))[0]
    busy_room.until_state(other, S.FINISHED)
    foreign = workspace.checkpoint(other, 10).read_bytes()
    child = control.interventions.fork(run, newest)
    control.commands.give("pause", child, until_done_s=PATIENCE_S)
    for file in (workspace.checkpoint(run, newest), *workspace.checkpoint(child, newest).parent.glob("*.pt")):
        file.unlink()  # the fork's is the same file
        file.write_bytes(foreign)
    for each in (run, child):
        control.commands.give("resume", each)
    busy_room.until_step(run, newest + 1)
    with Reader(busy_room.workspace) as reader:
        (text,) = [row["text"] for row in reader.log.of([run]) if row["kind"] == "checkpoint"]
    assert f"step {newest}: the checkpoint is of run {other}; put aside as " in text
    assert text.endswith(f"went back to step {stood_at[1]}")
    assert workspace.checkpoint(run, newest).with_suffix(".pt.bad").exists()
    row = busy_room.until_state(child, S.FAILED)
    assert row.cause == f"no readable checkpoint of this fork of run {run}; delete it and fork again"
    assert "Traceback" in workspace.log(child).read_text()


def test_a_second_engine_is_refused(busy_room):
    with pytest.raises(EngineRunning, match="lives for workspace .* already; .*shutdown"):
        serve(busy_room.workspace)
    assert busy_room.control.engine.status().state == "alive"
    assert busy_room.control.engine.ensure().pid == busy_room.engine.pid


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to see which libraries are mapped")
def test_the_engine_has_no_torch_in_its_memory_and_leads_its_group(busy_room):
    engine = psutil.Process(busy_room.engine.pid)
    worker = busy_room.until_step(busy_room.race()[0], 1)
    assert not [m.path for m in engine.memory_maps() if "torch" in m.path]
    assert [m.path for m in psutil.Process(worker.pid).memory_maps() if "libtorch" in m.path]
    assert os.getpgid(engine.pid) == engine.pid
    assert os.getpgid(os.getpid()) != engine.pid


def test_orders_that_come_before_the_training_begins(busy_room):
    first, second = busy_room.race()
    commands = [busy_room.control.commands.ask("pause", first), busy_room.control.commands.ask("stop", second)]
    assert all(busy_room.control.commands.await_done(command, PATIENCE_S) for command in commands)
    assert busy_room.row(first).state == S.PAUSED
    assert busy_room.row(second).state == S.STOPPED
    busy_room.control.commands.give("resume", first)
    busy_room.until_step(first, 3)


def test_a_single_run_gets_all_cores(busy_room):
    run = busy_room.race(shortcuts=("A",))[0]
    assert busy_room.until_state(run, S.STARTING, S.RUNNING).threads == cores()


@pytest.mark.slow
def test_a_lab_is_a_job_that_can_be_paused_resumed_stopped_and_deleted(busy_room):
    control = busy_room.control
    training = busy_room.race(seeds=2)  # fills every slot; the lab starts all the same
    # Large enough to be met at work: 66 units of some 20 ms.
    job = control.start_lab("gradients", {"layers": 50, "width": 128, "seeds": 12, "sweep": False})
    busy_room.until(lambda: busy_room.row(job).state == S.RUNNING and busy_room.row(job).done >= 2)
    assert control.commands.give("pause", job, until_done_s=PATIENCE_S)
    paused = busy_room.row(job)
    assert (paused.state, paused.detail) == (S.PAUSED, "paused")
    assert 2 <= paused.done < paused.total
    with Reader(busy_room.workspace) as reader:
        before = {(trace.panel, trace.name) for trace in reader.labs.curves(job)}
        assert before
        assert busy_room.workspace.checkpoint(job, paused.done).exists()
    assert control.commands.give("resume", job, until_done_s=PATIENCE_S)
    busy_room.until_state(job, S.FINISHED)
    with Reader(busy_room.workspace) as reader:
        assert before <= {(trace.panel, trace.name) for trace in reader.labs.curves(job)}
        figures = reader.labs.metrics(job)
    assert 1.1 < figures["bn_gradient_growth_per_layer"] < 1.3
    assert busy_room.row(job).seconds > paused.seconds
    assert all(busy_room.row(run).state in {S.STARTING, S.RUNNING, S.QUEUED} for run in training)
    with pytest.raises(CommandRefused, match="nothing to stop"):
        control.commands.ask("stop", job)
    assert control.commands.give("delete", job, until_done_s=PATIENCE_S)
    assert busy_room.row(job) is None
    other = control.start_lab("gradients", {"layers": 60, "seeds": 20})
    busy_room.until(lambda: busy_room.row(other).done >= 1)
    assert control.commands.give("stop", other, until_done_s=PATIENCE_S)
    assert busy_room.row(other).state == S.STOPPED


@pytest.mark.slow
def test_real_runs_keep_in_step_whatever_happens_to_the_slowest(busy_room):
    room = busy_room
    plan = room.plan(depths=(8, 26), shortcuts=("A",)).model_copy(update={"pace": "lockstep:3"})
    race, (fast, slow) = room.control.start_race(plan)
    for run in (slow, fast):
        room.until_step(run, 1)
    seen = []
    room.until(lambda: seen.append(room.steps_of(race, [slow, fast])) or len(seen) > 60)
    assert max(quick - steady for steady, quick in seen) <= 3
    room.control.commands.set_pace(race, "free")
    room.until(lambda: (now := room.steps_of(race, [slow, fast])) and now[1] > now[0] + 80)
    # The slowest stands still, so that the other has somebody to wait for however quick this machine is.
    standing = psutil.Process(room.row(slow).pid)
    standing.suspend()
    try:
        clock = room.row(fast).seconds
        room.control.commands.set_pace(race, "lockstep:1")
        with Reader(room.workspace) as reader:
            assert reader.races.get(race).pace == "lockstep:1"
        room.until(lambda: "slowest run of its race" in room.row(fast).detail)
        stands = room.steps_of(race, [slow, fast])[1]
        time.sleep(0.5)
        assert room.steps_of(race, [slow, fast])[1] == stands
        assert room.row(fast).seconds < clock + 2, "its clock stands still"
    finally:
        standing.resume()
    # Paused, it holds nobody; resumed behind the others, it holds them until it has caught up.
    room.control.commands.give("pause", slow, until_done_s=PATIENCE_S)
    before = room.row(fast).step
    room.until_step(fast, before + 20)
    assert room.row(fast).detail == ""
    room.control.commands.give("resume", slow)
    room.until(lambda: room.steps_of(race, [slow, fast]) is not None)
    room.until(lambda: "slowest run of its race" in room.row(fast).detail)
    stood = room.steps_of(race, [slow, fast])[1]
    room.until_step(slow, room.row(slow).step + 2)
    assert room.steps_of(race, [slow, fast])[1] <= max(stood, room.row(slow).step + 1)
    # Killed, it holds nobody either.
    os.kill(room.row(slow).pid, signal.SIGKILL)
    room.until_state(slow, S.LOST)
    room.until_step(fast, stood + 30)
    with pytest.raises(ConfigError, match="a pace is free or lockstep:K"):
        room.control.commands.set_pace(race, "slow")
    with pytest.raises(CommandRefused, match="there is no race 999"):
        room.control.commands.set_pace(999, "free")
    for run in (slow, fast):
        room.control.commands.give("stop", run, until_done_s=PATIENCE_S)
        room.control.commands.give("delete", run, until_done_s=PATIENCE_S)
    assert not room.workspace.shared_steps(race).exists()


def test_one_command_for_several_runs_at_once_says_what_became_of_each(busy_room):
    control = busy_room.control
    ended = busy_room.race(steps=2, seeds=2)
    busy, _ = busy_room.race()
    for run in ended:
        busy_room.until_state(run, S.FINISHED)
    busy_room.until_state(busy, S.RUNNING)
    said = control.commands.ask_each("delete", [*ended, busy, 999], until_done_s=PATIENCE_S)
    assert all(said.pop(run) == "" for run in ended)
    assert said[busy] == f"run {busy} is running; stop it before deleting it"
    assert said[999].startswith("there is no run 999")
    assert all(busy_room.row(run) is None for run in ended)
    assert busy_room.row(busy).state == S.RUNNING
    with pytest.raises(CommandRefused, match="unknown command 'fly'"):
        control.commands.ask_each("fly", [busy])
