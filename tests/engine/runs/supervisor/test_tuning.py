"""Learning rates by trials: which one is taken, and what becomes of trials and runs whatever happens to either."""

import json
from types import SimpleNamespace

import pytest

from engine.cli.output import tuning_document
from engine.config import TRIAL_SEED, TUNED, replace
from engine.errors import ConfigError
from engine.events import ENGINE_GONE, RunState, StepRow
from engine.runs.lockstep import Coordinator
from engine.runs.protocol.forking import plan_fork
from engine.runs.protocol.job import Job
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.runs.protocol.trials import WITH_ITS_RUNS
from engine.runs.supervisor.commands import CommandHandler
from engine.runs.supervisor.dispatch import _waiting
from engine.runs.supervisor.scheduler import Machine, Start, schedule
from engine.runs.supervisor.tuning import Tuning
from engine.runs.supervisor.worker_pool import WorkerPool
from engine.store.reader import Reader
from engine.store.writer import Writer

S = RunState
GRID = (0.01, 0.1, 1.0)


class Lab:
    """A store with one tuned race, the engine's side of it, and workers that do what they are told."""

    def __init__(self, workspace, shortcuts=("none", "A"), seeds=2, **settings):
        self.workspace, self.writer, self.reader = workspace, Writer(workspace), Reader(workspace)
        self.signals, self.living = [], set()
        launcher = SimpleNamespace(launch=self._launch, trouble=str, adopt=lambda row: None)
        self.pool = WorkerPool(launcher, self.reader, self.writer)
        self.tuning = Tuning(self.reader, self.writer, self.pool)
        self.handler = CommandHandler(self.reader, self.writer, self.pool, Coordinator(workspace), lambda: None)
        settings = {"lr": TUNED, "tune_grid": "0.01,0.1,1", "steps": "300", **settings}
        plan = plan_race(RaceRequest((8,), shortcuts, seeds=seeds, settings=settings), workspace)
        self.race, self.runs = self.writer.races.submit(plan)

    def close(self):
        self.reader.close()
        self.writer.close()

    def _launch(self, job):
        run = job.run
        self.living.add(run)
        return SimpleNamespace(
            job=job, place="process 7", is_lost_with_place=False, delay="",
            ended=lambda: None if run in self.living else "worker ended with exit code 0",
            send=lambda word: self.signals.append((run, word)), kill=lambda: None,
        )  # fmt: skip

    def trials(self, arm=None):
        rows = self.reader.tuning.trials(self.race)
        return [row.id for row in rows if arm is None or row.shortcut == arm]

    def state(self, run):
        return self.reader.runs.get(run).state

    def start(self, *runs):
        for run in runs:
            self.writer.jobs.move(run, S.STARTING, device="cpu", threads=1)
            self.writer.jobs.move(run, S.RUNNING)
            self.pool._launched[run] = self._launch(Job(run, self.workspace.path, "cpu", 1))

    def end(self, run, error, state=S.FINISHED, lr=None, **fields):
        if self.state(run) == S.QUEUED:
            self.start(run)
        row = self.reader.runs.get(run)
        rate = row.config.optim.lr if lr is None else lr
        self.writer.points.record(run, [StepRow(row.total_steps, 1.0, error, 1.0, error, rate, 1.0)])
        self.writer.jobs.move(run, state, **fields)
        self.gone(run)

    def gone(self, run):
        self.living.discard(run)
        self.pool.watch()

    def obey(self):
        """Let the workers that were told to pause or to stop do so."""
        for run, word in self.signals:
            if run in self.living:
                self.writer.jobs.move(run, S.PAUSED if word == "pause" else S.STOPPED, detail=f"{word}d at step 30")
                self.gone(run)
        self.signals.clear()

    def do(self, verb, *runs):
        for run in runs:
            self.writer.commands.give(verb, run)
        self.handler.serve()
        return self.tuning.see_to()

    def plan(self, cores=2):
        held = self.tuning.see_to()
        free = [row for row in self.reader.runs.all(states=[S.QUEUED], every=True) if row.id not in held]
        waiting = [_waiting(row, len(self.trials()) if row.tunes else 4) for row in free]
        return schedule(waiting, self.pool.active(), Machine(["cpu"], cores))


@pytest.fixture
def make(workspace):
    made = []

    def make(**what):
        made.append(Lab(workspace, **what))
        return made[-1]

    yield make
    for lab in made:
        lab.close()


def test_trials_are_a_race_of_their_own_that_no_list_shows(make):
    lab = make()
    rows = [lab.reader.runs.get(run) for run in lab.trials()]
    assert [(row.shortcut, row.config.optim.lr, row.seed) for row in rows] == [
        (shortcut, rate, TRIAL_SEED) for shortcut in ("none", "A") for rate in GRID
    ]
    assert {(row.total_steps, row.config.probe.images, tuple(row.config.evaluation_steps())) for row in rows} == {
        (100, 0, (100,))
    }
    assert {row.tunes for row in rows} == {lab.race}
    assert [row.id for row in lab.reader.runs.all()] == lab.runs
    assert [race.id for race in lab.reader.races.newest()] == [lab.race]
    assert lab.reader.races.get(rows[0].race).tunes == lab.race
    assert {row.id for row in lab.reader.runs.all(every=True)} == {*lab.runs, *lab.trials()}
    assert lab.reader.tuning.arms(999) == []


@pytest.mark.parametrize(
    ("steps", "asked", "given"), [(300, "", 100), (90, "", 60), (40, "", 40), (300, "7", 7), (50, "80", 50)]
)
def test_how_long_a_trial_is_and_that_the_schedule_keeps_its_shape(make, steps, asked, given):
    lab = make(steps=str(steps), drops="[0.5]", warmup_lr="0.01", **({"tune_steps": asked} if asked else {}))
    optim = lab.reader.runs.get(lab.trials()[-1]).config.optim
    assert (optim.steps, optim.warmup_lr) == (given, 0.01)
    drop = round(given / 2)
    assert [optim.lr_at(step) for step in (drop, drop + 1)] == [1.0, pytest.approx(0.1)]


def test_trials_that_an_older_version_planned_with_the_first_seed_still_decide(make):
    lab = make(shortcuts=("A",), seeds=1)
    with lab.writer.transaction() as connection:
        for run in lab.trials():
            config = replace(lab.reader.runs.get(run).config, {"seed": 0}).to_json()
            connection.execute("UPDATE runs SET seed = 0, config = ? WHERE id = ?", (config, run))
    for run, error in zip(lab.trials(), (60.0, 30.0, 40.0), strict=True):
        lab.end(run, error)
    assert lab.tuning.see_to() == {}
    assert [lab.reader.runs.get(run).config.optim.lr for run in lab.runs] == [0.1]
    assert {trial.seed for arm in lab.reader.tuning.arms(lab.race) for trial in arm.trials} == {0}


def test_runs_wait_and_take_the_best_rate_arm_by_arm(make):
    lab = make()
    waits = lab.tuning.see_to()
    assert waits == dict.fromkeys(lab.runs, "waits for its learning rate: 0 of 3 trials done")
    for run, error in zip(lab.trials("none"), (60.0, 30.0, 40.0), strict=True):
        lab.end(run, error)
    lab.tuning.see_to()
    plain = [run for run in lab.runs if lab.reader.runs.get(run).shortcut == "none"]
    assert [lab.reader.runs.get(run).config.optim.lr for run in lab.runs] == [0.1, TUNED, 0.1, TUNED]
    waits = lab.tuning.see_to()
    assert plain[0] not in waits, "it need not wait for the other arm"
    assert waits[plain[1]] == "waits until every arm has its learning rate: seed 0 goes first"
    (remark,) = lab.reader.log.of([plain[1]])
    assert (remark["step"], remark["kind"]) == (0, "tuned")
    assert remark["text"] == "learning rate 0.1: best of 3 after 100 steps (30.0 % training error)"
    for run, error in zip(lab.trials("A"), (20.0, 20.0, 20.5), strict=True):
        lab.end(run, error)
    lab.tuning.see_to()
    assert lab.tuning.see_to() == {}
    plain_arm, residual = lab.reader.tuning.arms(lab.race)
    assert (plain_arm.arm, plain_arm.lr, plain_arm.at_edge) == ("plain-8", 0.1, False)
    assert (residual.arm, residual.lr, residual.at_edge) == ("A-8", 0.01, True)
    assert "at the edge of the grid" in lab.reader.log.of([lab.runs[1]])[0]["text"]
    document = tuning_document(lab.reader, lab.race)
    assert [(t["lr"], t["error"], t["state"]) for t in document[1]["trials"]] == [
        (0.01, 20.0, "finished"), (0.1, 20.0, "finished"), (1.0, 20.5, "finished"),
    ]  # fmt: skip
    json.dumps(document, allow_nan=False)
    assert lab.reader.races.get(lab.race).config.run.optim.lr == TUNED, "what was asked for stays on record"


def test_trials_come_first_and_all_arms_of_the_first_seed_before_the_second(make):
    lab = make(shortcuts=("none", "A", "B"), seeds=2)
    later, _ = lab.writer.races.submit(plan_race(RaceRequest((8,), ("none", "A")), lab.workspace))
    started = []
    while True:
        plan = lab.plan(cores=1)  # two slots
        if not plan.starts and not lab.living:
            break
        for start in plan.starts:
            started.append(start.run)
            lab.start(start.run)
        run = min(lab.living)
        lab.end(run, 50.0)
    trials = lab.trials()
    assert started[: len(trials)] == trials
    runs = [run for run in started if run in lab.runs]
    assert runs == lab.runs
    assert [lab.reader.runs.get(run).seed for run in runs] == [0, 0, 0, 1, 1, 1]
    others = [row.id for row in lab.reader.runs.all(later)]
    assert started.index(others[0]) > started.index(runs[0]), "the race before goes first"
    assert set(others) <= set(started)


def test_a_race_submitted_before_is_not_overtaken_by_trials(make, workspace):
    with Writer(workspace) as writer:
        _, earlier = writer.races.submit(plan_race(RaceRequest((8,), ("none", "A")), workspace))
    lab = make()
    assert lab.plan(cores=1).starts == tuple(Start(run, "cpu", 1) for run in earlier)


def test_trials_that_give_no_rate_fail_their_arm_with_the_cause_and_no_other(make):
    lab = make()
    first, second, third = lab.trials("none")
    lab.end(first, 50.0, S.DIVERGED)
    lab.end(second, 50.0, S.FAILED, cause="out of memory")
    assert lab.tuning.see_to()[lab.runs[0]] == "waits for its learning rate: 2 of 3 trials done"
    lab.end(third, float("nan"))
    lab.tuning.see_to()
    for run in (lab.runs[0], lab.runs[2]):
        row = lab.reader.runs.get(run)
        assert (row.state, row.cause) == (
            S.FAILED,
            "none of the 3 trials gave a learning rate "
            "(1 diverged; 1 failed: out of memory; 1 without a finite error); choose other rates (--set tune_grid=...)",
        )
    assert [lab.state(run) for run in (lab.runs[1], lab.runs[3])] == [S.QUEUED, S.QUEUED]
    # Mended: the failed trial and then the run are resumed.
    lab.do("resume", second, lab.runs[0])
    assert lab.state(second) == S.QUEUED
    lab.end(second, 44.0)
    lab.tuning.see_to()
    assert lab.reader.runs.get(lab.runs[0]).config.optim.lr == 0.1


def test_a_warm_up_that_never_ended_says_nothing_about_the_rate(make):
    lab = make(warmup_lr="0.02", shortcuts=("A",))
    for run in lab.trials():
        lab.end(run, 85.0, lr=0.02)
    lab.tuning.see_to()
    row = lab.reader.runs.get(lab.runs[0])
    assert row.state == S.FAILED
    assert "3 never out of the warm-up" in row.cause
    assert "tune_steps" in row.cause


def test_trials_pause_and_go_on_with_the_runs_that_wait(make):
    lab = make()
    one, two, three = lab.trials("none")
    lab.start(one)
    plain = [lab.runs[0], lab.runs[2]]
    lab.do("pause", plain[0])
    assert (lab.signals, lab.state(two)) == ([], S.QUEUED), "another seed still waits"
    lab.do("pause", plain[1])
    assert lab.signals == [(one, "pause")]
    lab.obey()
    lab.tuning.see_to()
    assert [lab.reader.runs.get(run).detail for run in (one, two, three)] == [WITH_ITS_RUNS] * 3
    assert {lab.state(run) for run in lab.trials("A")} == {S.QUEUED}
    lab.do("resume", plain[1])
    assert {lab.state(run) for run in (one, two, three)} == {S.QUEUED}


def test_resumed_before_the_trial_had_paused_it_still_goes_on(make):
    lab = make(seeds=1)
    one = lab.trials("none")[0]
    lab.start(one)
    lab.do("pause", lab.runs[0])
    lab.do("resume", lab.runs[0])
    lab.obey()
    lab.tuning.see_to()
    assert lab.state(one) == S.QUEUED


def test_a_trial_that_a_person_paused_stays_paused_and_is_named(make):
    lab = make(seeds=1)
    one = lab.trials("none")[0]
    waits = lab.do("pause", one)
    assert waits[lab.runs[0]] == f"waits for its learning rate: 0 of 3 trials done; paused: {one}"
    assert lab.state(one) == S.PAUSED


def test_trials_of_an_engine_that_was_told_to_end_go_on_with_their_runs(make):
    lab = make(seeds=1)
    for run in (*lab.runs, *lab.trials()):
        lab.writer.jobs.move(run, S.PAUSED, detail="paused at step 30")
    lab.tuning.see_to()  # the next engine, before it serves a command
    lab.do("resume", *lab.runs)
    assert {lab.state(run) for run in lab.trials()} == {S.QUEUED}


def test_trials_of_an_engine_that_was_killed_are_adopted(make):
    lab = make(seeds=1)
    one, two, _ = lab.trials("none")
    lab.writer.jobs.move(one, S.STARTING)
    lab.writer.jobs.move(one, S.PAUSED, detail=ENGINE_GONE)
    lab.writer.jobs.move(two, S.STARTING)
    lab.pool.adopt()
    lab.tuning.see_to()
    assert [lab.state(run) for run in (one, two)] == [S.QUEUED, S.QUEUED]


def test_stopping_all_runs_of_an_arm_stops_its_trials(make):
    lab = make()
    one, two, three = lab.trials("none")
    lab.start(one)
    lab.end(three, 40.0)
    lab.do("stop", lab.runs[0])
    assert lab.signals == []
    lab.do("stop", lab.runs[2])
    assert lab.signals == [(one, "stop")]
    lab.obey()
    assert [lab.state(run) for run in (one, two, three)] == [S.STOPPED, S.STOPPED, S.FINISHED]
    assert {lab.state(run) for run in lab.trials("A")} == {S.QUEUED}


def test_deleting_the_race_deletes_its_trials_and_their_files(make):
    lab = make(seeds=1)
    one = lab.trials()[0]
    lab.start(one)
    lab.workspace.run(one).mkdir()
    lab.do("stop", *lab.runs)
    lab.do("delete", *lab.runs)
    assert lab.trials() == [one], "it still has a worker"
    lab.obey()
    lab.tuning.see_to()
    assert lab.reader.runs.all(every=True) == []
    assert not lab.workspace.run(one).exists()
    with lab.writer.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM races").fetchone()[0] == 0


def test_deleted_trials_are_missed_by_their_runs_in_one_line(make):
    lab = make(shortcuts=("A",), seeds=1)
    lab.do("delete", *lab.trials())
    assert lab.tuning.see_to() == {}
    row = lab.reader.runs.get(lab.runs[0])
    assert (row.state, row.cause) == (
        S.FAILED, "its learning rate was to be tuned and its trials were deleted; start a new race",
    )  # fmt: skip


def test_checkpoints_of_trials_that_are_done_go(make):
    lab = make(seeds=1)
    one, two, *_ = lab.trials()
    lab.start(one, two)
    for run in (one, two):
        path = lab.workspace.checkpoint(run, 30)
        path.parent.mkdir(parents=True)
        path.touch()
        lab.writer.checkpoints.add(run, 30, "autosave", 0)
    lab.end(one, 40.0)
    lab.tuning.see_to()
    assert not lab.workspace.checkpoint(one, 30).exists()
    assert lab.reader.checkpoints.of(one) == []
    assert lab.workspace.checkpoint(two, 30).exists(), "it goes on from there if it is paused"
    lab.end(two, 40.0)
    for run in lab.trials()[2:]:
        lab.end(run, 40.0)
    lab.tuning.see_to()
    for run in lab.runs:
        lab.end(run, 30.0)
    assert lab.reader.tuning.pending() == []


def test_one_arm_may_have_a_rate_of_its_own(workspace):
    plan = plan_race(RaceRequest((8, 14), ("A",), settings={"lr": TUNED}), workspace)
    plan = plan.model_copy(update={"per_depth": {14: {"optim.lr": 0.05}}})
    assert {run.model.depth for run in plan.trials()} == {8}
    assert plan_race(RaceRequest((8,), ("A",)), workspace).trials() == []


@pytest.mark.parametrize(
    ("verb", "argument"), [("set", "lr=0.5"), ("extend", "900"), ("fork", '{"step": 1, "settings": {}}')]
)
def test_interventions_are_for_the_runs_not_for_their_trials(make, verb, argument):
    lab = make()
    one = lab.trials()[0]
    command = lab.writer.commands.give(verb, one, argument)
    lab.handler.serve()
    assert lab.reader.commands.get(command).refusal == (
        f"run {one} is a trial for race {lab.race}; interventions are for the runs of that race"
    )
    with pytest.raises(ConfigError, match=f"run {one} is a trial for race {lab.race}; fork a run of that race"):
        plan_fork(lab.reader, lab.reader.runs.get(one), None, {})
