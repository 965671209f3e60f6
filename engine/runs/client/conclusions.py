"""Conclusions from the stored rows of a race or of a lab's job, for page and command line."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

from engine.analysis.certainty import Certainty
from engine.analysis.comparison import ComparedRun, at_the_end, common_step, compared
from engine.analysis.cut import CUT_CERTAINTY, CutNet, cut_in_words
from engine.analysis.depth_errors import DepthError, depth_errors, over_depth
from engine.analysis.difference import NO_DIFFERENCE, Difference
from engine.analysis.interval import RESOLUTION
from engine.analysis.prediction import CLEAN, RUNNING, Answers, Question, answers, questions_for, taking_part
from engine.analysis.statement import Conclusion, conclude
from engine.analysis.verdict import RaceErrors, Verdict
from engine.config import TUNED
from engine.events import BROKEN, Found, RunState, Split
from engine.labs.registry import LABS
from engine.models.arm_names import run_label
from engine.runs.protocol.comparable_runs import differences
from engine.runs.protocol.inspected_runs import inspected_differences
from engine.store.reader import Reader
from engine.store.rows import LabJobRow, RunRow

#: The errors over depth by the page's name of the curve: where the last one of a run stands.
_LAST_ERRORS = {
    "running": (Split.TRAIN, "running_error"),
    "clean": (Split.TRAIN_CLEAN, "error"),
    "test": (Split.TEST, "error"),
}


def compared_runs(reader: Reader, rows: Sequence[RunRow]) -> list[ComparedRun]:
    """Return the runs of one race for a comparison, without forks, which share the beginning of another run."""
    different = differences(reader, rows)
    race = reader.races.get(rows[0].race) if rows else None
    tuned = race is not None and race.config.run.optim.lr == TUNED
    edges = (
        {(arm.depth, arm.shortcut) for arm in reader.tuning.arms(race.id) if arm.at_edge} if race and tuned else set()
    )
    return [
        ComparedRun(
            run=row.id, arm=run_label(row.config), depth=row.depth, shortcut=row.shortcut,
            family=row.family, seed=row.seed,
            # A rate that is still tuned is never shown: its run has not begun.
            lr=lr if isinstance(lr := row.config.optim.lr, int | float) else 0.0, state=row.state.value, step=row.step,
            total_steps=row.total_steps, warmup_lr=row.config.optim.warmup_lr, tuned=tuned,
            warmup_steps=row.config.optim.warmup_steps, optimizer=row.config.optim.optimizer_in_words,
            changed=difference.changed, recipe=difference.recipe, at_edge=(row.depth, row.shortcut) in edges,
        )
        for row in rows
        if row.parent_run is None
        for difference in [different.get(row.id, NO_DIFFERENCE)]
    ]  # fmt: skip


def verdict(reader: Reader, runs: Sequence[ComparedRun]) -> Conclusion:
    """Return the conclusion from the runs of one race."""
    members, step = compared(runs), common_step(runs)

    running = _errors_at(reader, members, step, Split.TRAIN, "running_error")
    if not at_the_end(runs):
        return conclude(runs, RaceErrors(running))
    clean, test = (_errors_at(reader, members, step, split, "error") for split in (Split.TRAIN_CLEAN, Split.TEST))
    measured = [images for run in members for *_, images in reader.points.evaluated(run.run, step).values()]
    resolution = 100 / min(measured) if measured else RESOLUTION
    return conclude(runs, RaceErrors(running, clean, test, at_end=True, resolution=resolution))


def predictions(reader: Reader, runs: Sequence[ComparedRun]) -> list[tuple[Question, Answers]]:
    """Return the questions to an audience about these runs, each with its answers."""
    # The measure of the verdict, so that nobody finds two numbers for one gap.
    found = []
    for question in questions_for(runs):
        taken = taking_part(question, runs)
        step = min((run.step for run in taken), default=0)
        measure, errors = RUNNING, {}
        if at_the_end(runs):
            measure, errors = CLEAN, _errors_at(reader, taken, step, Split.TRAIN_CLEAN, "error")
        if len(errors) < len(taken):  # an arm that was stopped early has no clean error there
            measure, errors = RUNNING, _errors_at(reader, taken, step, Split.TRAIN, "running_error")
        found.append((question, answers(question, runs, errors, measure)))
    return found


def _errors_at(reader: Reader, runs: Sequence[ComparedRun], step: int, split: Split, column: str) -> dict[int, float]:
    curves = {run.run: _curve(reader, run.run, split, column, (step, step)) for run in runs}
    return {run: curve[step] for run, curve in curves.items() if step in curve}


def cut(
    reader: Reader,
    rows: Sequence[RunRow],
    different: Mapping[int, Difference] | None = None,
    reached: Mapping[int, int] | None = None,
) -> str:
    """Return what cutting the shortcuts did to a net among these runs, '' without a cut; of several the newest.

    ``different`` and ``reached`` are of an earlier moment: the differences of then, and the steps that runs had done.
    """
    forks = [row for row in rows if row.parent_run is not None]
    if different is None:
        different = differences(reader, forks)
    row = next((row for row in reversed(forks) if different.get(row.id, NO_DIFFERENCE).is_cut), None)
    if row is None or row.parent_run is None or row.parent_step is None:
        return ""

    def error(run: int, step: int, curve: str = "running") -> float | None:
        if reached is not None and step > reached.get(run, step):
            return None
        split, column = _LAST_ERRORS[curve]
        return _curve(reader, run, split, column, (step, step)).get(step)

    # As at the names of the curves: clean once the fork and its race have ended.
    runs = compared_runs(reader, rows)
    over = at_the_end(runs) or not compared(runs)
    clean = error(row.id, row.step, "clean") if over and row.state == RunState.FINISHED else None
    curve = "running" if clean is None else "clean"
    return cut_in_words(
        CutNet(
            run_label(row.config), row.parent_step, row.step,
            error(row.parent_run, row.parent_step),
            error(row.id, row.step) if clean is None else clean, error(row.parent_run, row.step, curve),
            row.state in BROKEN, ended=clean is not None,
        )
    )  # fmt: skip


def cut_certainty(concluded: Conclusion) -> Certainty | None:
    """Return how sure a cut is as the finding of a race that compares nothing, None where the race has its own."""
    return CUT_CERTAINTY if concluded.kind == Verdict.NOTHING_TO_COMPARE else None


def errors_over_depth(reader: Reader, runs: Sequence[ComparedRun]) -> dict[str, list[DepthError]]:
    """Return the last errors over depth of the runs of one race, by curve; {} for fewer than three depths."""
    drawn = over_depth(runs)
    points = reader.points.last([run.run for run in drawn]) if drawn else {}
    # A run that was extended later had the errors of its old end.
    early = {run.run: run.step for run in drawn if run.state == RunState.FINISHED and run.step < _last(points, run.run)}
    found = {}
    for curve, (split, column) in _LAST_ERRORS.items():
        rows = {run: row for (run, of), row in points.items() if of == split and row[column] is not None}
        images = [row["images"] for row in rows.values() if row["images"]]
        resolution = 100 / min(images) if images else RESOLUTION
        errors = {run: row[column] for run, row in rows.items() if run not in early}
        for run, step in early.items():
            errors |= _errors_at(reader, [each for each in drawn if each.run == run], step, split, column)
        found[curve] = depth_errors(drawn, errors, resolution)
    return found if drawn else {}


def _last(points: Mapping[tuple[int, Split], Mapping[str, Any]], run: int) -> int:
    """Return the last step of a run on record."""
    return int(points[run, Split.TRAIN]["step"]) if (run, Split.TRAIN) in points else 0


def lab_findings(reader: Reader, job: LabJobRow) -> list[Found]:
    """Return the findings of a lab's job so far; [] for an unknown lab.

    A sentence about a net that is an arm of its own ends with its difference.
    """
    lab = LABS.get(job.lab)
    if lab is None or not lab.findings:
        return []
    found = lab.found(reader.labs.curves(job.id, panels=lab.found_in))
    different = lab_differences(reader, job)
    return [_with_differences(finding, different) for finding in found] if different else found


def lab_differences(reader: Reader, job: LabJobRow) -> list[str]:
    """Return what makes runs that a job looked at arms of their own: ``A-20, run 9: shortcuts cut at step 169``."""
    lab = LABS.get(job.lab)
    return list(inspected_differences(reader, lab, job).values()) if lab else []


def _with_differences(found: Found, different: Sequence[str]) -> Found:
    own = [words for words in different if not found.kind or _is_about(found.kind, words)]
    return replace(found, text=f"{found.text} ({'; '.join(own)})") if own else found


def _is_about(kind: str, words: str) -> bool:
    """Return whether a kind of curve is that of the run: named by its arm, in a job of several by its number too."""
    arm, _, run = words.partition(":")[0].partition(", ")
    parts = kind.split(", ")
    named = [part for part in parts if part.startswith("run ")]
    return parts[0].partition(" ")[0] == arm and (not named or named[0].split(" ")[:2] == run.split(" "))


def _curve(reader: Reader, run: int, split: Split, column: str, steps: tuple[int, int]) -> dict[int, float]:
    """Return the finite errors of a run in percent by step, from the first to the last of ``steps``."""
    columns = reader.points.series(run, split, steps).columns
    points = zip(columns["step"].astype(int).tolist(), columns[column].tolist(), strict=True)
    return {step: error for step, error in points if isfinite(error)}
