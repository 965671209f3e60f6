"""A race that is written as far as its runs had come after so many seconds: what the live page showed at any moment."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.config import Change, RaceConfig, RunConfig, replace
from engine.events import Evaluated, RunState, Split, StepRow
from engine.store.reader import Reader
from engine.store.rows import ForkPlan
from engine.store.workspace import Workspace
from engine.store.writer import Writer


@dataclass(frozen=True)
class Script:
    """One run: its ends in steps (an extension at each but the last), seconds of a step, and the state it ends in.

    ``error`` is that of the first step in percent; it falls by ``falls`` a step.
    """

    ends: tuple[int, ...]
    step_s: float
    error: float
    falls: float = 0.03
    state: RunState = RunState.FINISHED

    def steps_at(self, seconds: float) -> int:
        return min(self.ends[-1], int(seconds / self.step_s + 1e-6))


@dataclass(frozen=True)
class Cut:
    """A fork of a run by its place whose shortcuts are cut."""

    of: int
    step: int
    script: Script


@dataclass(frozen=True)
class ScriptedRace:
    """``planned`` steps of each run; scripts in the order of the runs, cuts in that of their forks."""

    config: RaceConfig
    scripts: Sequence[Script]
    cuts: Sequence[Cut] = ()

    def write(self, place: Workspace, seconds: float = float("inf"), steps: int = 10**9) -> list[int]:
        """Write the race as it was after so many seconds, or when every run had done ``steps``; return its runs."""
        with Writer(place.prepare()) as writer, Reader(place) as reader:
            _, runs = writer.races.submit(self.config)
            for run, script in zip(runs, self.scripts, strict=True):
                _train(writer, run, script, 0, min(script.steps_at(min(seconds, 1e9)), steps))
            for number, cut in enumerate(self.cuts):
                reached = min(cut.script.steps_at(min(seconds, 1e9)), steps)
                if reached <= cut.step:
                    continue
                parent = reader.runs.known(runs[cut.of])
                plan = ForkPlan(parent.config, cut.step, (Change(0, "strength", 0.0),))
                writer.interventions.fork(parent, plan, 2.0 + number, lambda run: 7)
                fork = reader.interventions.fork_of(parent.id, 2.0 + number)
                assert fork is not None
                _train(writer, fork, cut.script, cut.step, reached)
                runs = [*runs, fork]
        return runs


def planned(steps: int, **more: object) -> RaceConfig:
    """Return the config of a race of so many steps."""
    return RaceConfig(run=replace(RunConfig(), {"optim.steps": steps}), **more)  # type: ignore[arg-type]


def _train(writer: Writer, run: int, script: Script, first: int, reached: int) -> None:
    for number, end in enumerate(script.ends):
        if number:
            writer.interventions.extend(run, end, 5.0 + number)
        for state in (RunState.STARTING, RunState.RUNNING):
            writer.jobs.move(run, state, device="cpu", threads=1)
        last = min(reached, end)
        errors = [(step, script.error - script.falls * step) for step in range(first + 1, last + 1)]
        writer.points.record(run, [StepRow(s, 2.0, e, 2.0, e, 0.1, s * script.step_s) for s, e in errors])
        if reached < end:
            return
        if script.state == RunState.FINISHED:
            measured = [
                Evaluated(end, split, 1.0, errors[-1][1] + 1, 1000, end * script.step_s, 0.1, "running")
                for split in Split
            ]
            writer.points.record(run, evaluations=[one for one in measured if one.split is not Split.TRAIN])
        elif script.state == RunState.STOPPED:
            writer.jobs.move(run, RunState.STOPPING)
        writer.jobs.move(run, script.state)
        first = end
        if reached == end:
            return
