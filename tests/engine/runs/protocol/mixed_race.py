"""A race in which three runs are arms of their own: a fork, a run that was changed live, a run of a second recipe."""

from typing import NamedTuple

from engine.config import Change, RaceConfig, RunConfig, replace
from engine.events import RunState
from engine.store.reader import Reader
from engine.store.rows import ForkPlan
from engine.store.writer import Writer
from tests.engine.runs.conftest import write_checkpoint

_TO_FINISHED = (RunState.STARTING, RunState.RUNNING, RunState.FINISHED)
STEPS = 300


class MixedRace(NamedTuple):
    """``ordinary``: plain-20, plain-56, A-20, A-56 of one seed; the others are of the next seed, or begin with A-56."""

    race: int
    ordinary: list[int]
    changed: int
    recipe: int
    fork: int

    @property
    def own(self) -> tuple[int, int, int]:
        return self.changed, self.recipe, self.fork


def mixed_race(writer: Writer, reader: Reader) -> MixedRace:
    """Store such a race, all runs finished, each with one checkpoint at its end."""
    config = RaceConfig(preset="quick", run=replace(RunConfig(), {"optim.steps": STEPS}), seeds=2)
    race, runs = writer.races.submit(config)
    ordinary, (plain_20, plain_56, a_20, a_56) = runs[:4], runs[4:]
    for run in (plain_56, a_56):
        writer.jobs.delete(run)
    writer.interventions.add_change(a_20, "strength", 0.0, 1.0)
    change = reader.interventions.changes(a_20)[0].id
    writer.interventions.take_over(a_20, change, 169, "shortcut strength 1 to 0")
    other = replace(reader.runs.known(plain_20).config, {"optim.weight_decay": 0.001})
    with writer.interventions._transaction() as connection:
        connection.execute("UPDATE runs SET config = ? WHERE id = ?", (other.to_json(), plain_20))
    parent = reader.runs.known(ordinary[3])
    plan = ForkPlan(parent.config, 60, (Change(0, "strength", 0.0),))
    writer.interventions.fork(parent, plan, 2.0, lambda run: 7)
    fork = reader.interventions.fork_of(parent.id, 2.0)
    assert fork is not None
    for run in (*ordinary, a_20, plain_20, fork):
        for state in _TO_FINISHED:
            writer.jobs.move(run, state)
        writer.jobs.update(run, step=STEPS, device="cpu", precision="fp32", threads=1)
        size = write_checkpoint(reader.workspace.checkpoint(run, STEPS), f"run {run}")
        writer.checkpoints.add(run, STEPS, "end", size)
    return MixedRace(race, ordinary, a_20, plain_20, fork)
