"""Trials of learning rates: runs of a race whose ``races.tunes`` names the race that the trials serve. Torch-free."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.config import TUNED, RunConfig, arm_name, replace
from engine.events import ENDED, RunState, Split
from engine.store.connection import ReadingConnection, ReadingTable, WritingTable
from engine.store.revision import update_job
from engine.store.rows import RunRow
from engine.store.tables.log_entries import log
from engine.store.tables.points import PointReader
from engine.store.tables.runs import RunReader

#: Detail of the trial whose rate the runs of its arm take.
CHOSEN = "chosen"


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One trial of one rate; ``warming``: the last step had the rate of the warm-up, not ``lr``.

    Units: running training ``error`` of the last step in percent, None where not finite or missing.
    """

    run: int
    lr: float
    state: RunState
    step: int
    total_steps: int
    error: float | None
    warming: bool
    detail: str
    cause: str
    seed: int = 0
    device: str = ""
    precision: str = ""
    threads: int = 0


@dataclass(frozen=True, slots=True)
class ArmTuning:
    """The trials of one arm, rates ascending."""

    depth: int
    shortcut: str
    trials: tuple[TrialRow, ...]
    family: str = "cifar"

    @property
    def arm(self) -> str:
        """The arm's name, for example ``plain-56``."""
        return arm_name(self.depth, self.shortcut, self.family)

    @property
    def lr(self) -> float | None:
        """The chosen rate, None without a choice."""
        return next((trial.lr for trial in self.trials if trial.detail == CHOSEN), None)

    @property
    def at_edge(self) -> bool:
        """Whether the chosen rate is the smallest or largest of the grid: a better rate may lie outside."""
        return self.lr is not None and self.lr in (self.trials[0].lr, self.trials[-1].lr)

    @property
    def done(self) -> int:
        """The number of ended trials."""
        return sum(trial.state in ENDED for trial in self.trials)


class TuningWriter(WritingTable):
    """Records chosen rates."""

    def take(self, runs: Sequence[int], trial: int, lr: float, text: str) -> None:
        """Give the rate of ``trial`` to these runs while queued or paused without a rate, with a log entry."""
        with self._transaction() as connection:
            for run in runs:
                row = connection.execute("SELECT config, state FROM runs WHERE id = ?", (run,)).fetchone()
                if row is None or row["state"] not in (RunState.QUEUED, RunState.PAUSED):
                    continue
                config = RunConfig.from_json(row["config"])
                if config.optim.lr != TUNED:
                    continue
                update_job(connection, run, config=replace(config, {"optim.lr": lr}).to_json())
                log(connection, run, 0, "tuned", text)
            update_job(connection, trial, detail=CHOSEN)


class TuningReader(ReadingTable):
    """Reads trials."""

    def __init__(self, connection: ReadingConnection):
        super().__init__(connection)
        self._runs, self._points = RunReader(connection), PointReader(connection)

    def pending(self) -> list[tuple[int, int]]:
        """Return (race of trials, served race) for all trials with work left."""
        rows = self._rows(
            "SELECT id, tunes FROM races AS trials WHERE tunes IS NOT NULL AND ("
            " NOT EXISTS (SELECT 1 FROM races WHERE id = trials.tunes)"
            " OR EXISTS (SELECT 1 FROM runs WHERE race = trials.tunes AND state IN ('queued', 'paused'))"
            " OR EXISTS (SELECT 1 FROM runs WHERE race = trials.id"
            "   AND state NOT IN ('finished', 'diverged', 'stopped', 'failed', 'lost'))"
            " OR EXISTS (SELECT 1 FROM checkpoints JOIN runs ON runs.id = checkpoints.run WHERE race = trials.id"
            "   AND state IN ('finished', 'diverged', 'stopped'))) ORDER BY id"
        )
        return [(row["id"], row["tunes"]) for row in rows]

    def trials(self, race: int | None = None) -> list[RunRow]:
        """Return the trials for a race, or for all races, in starting order."""
        races = self._rows(
            "SELECT id FROM races WHERE tunes IS NOT NULL AND (? IS NULL OR tunes = ?) ORDER BY id", race, race
        )
        return [run for row in races for run in self._runs.all(row["id"])]

    def arms(self, race: int) -> list[ArmTuning]:
        """Return the trials of every arm of a race in starting order; [] without tuning."""
        rows = self.trials(race)
        points = self._points.last([row.id for row in rows]) if rows else {}
        arms: dict[tuple[int, str, str], list[TrialRow]] = {}
        for row in rows:
            optim, point = row.config.optim, points.get((row.id, Split.TRAIN))
            assert not isinstance(optim.lr, str), "a trial has a rate"
            arms.setdefault((row.depth, row.shortcut, row.family), []).append(
                TrialRow(
                    row.id, optim.lr, row.state, row.step, row.total_steps,
                    None if point is None else point["running_error"],
                    point is not None and optim.warmup_lr is not None and point["lr"] != optim.lr_at(point["step"]),
                    row.detail, row.cause, row.seed, row.device, row.precision, row.threads,
                )
            )  # fmt: skip
        return [
            ArmTuning(depth, shortcut, tuple(sorted(trials, key=lambda trial: trial.lr)), family)
            for (depth, shortcut, family), trials in arms.items()
        ]
