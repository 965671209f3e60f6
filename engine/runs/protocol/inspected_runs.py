"""The trainings that a lab inspects: which ones, whether it can inspect them, and copies of their states.

The settings of a job name runs and steps as they were when it was submitted. A paused job therefore goes on with the
same states, whatever became of the runs. Torch-free.
"""

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from engine.config import RunConfig, diff
from engine.config.values import shown, whole_from
from engine.errors import ConfigError
from engine.events import RunState
from engine.labs.registry import LABS
from engine.labs.spec import LabSpec
from engine.runs.protocol.checkpoint_names import damage_of, saved_step, share, whole_step
from engine.runs.protocol.comparable_runs import difference_at, differences
from engine.store.reader import Reader
from engine.store.rows import ChangeRow, LabJobRow, RunRow
from engine.store.workspace import Workspace

#: Trainings that stand still: their newest checkpoint is what they are.
RESTING = (RunState.FINISHED, RunState.PAUSED, RunState.STOPPED)
#: The setting beside those of runs: which saved step; ``NEWEST`` for each run's newest.
STEP, NEWEST = "step", -1
MAX_INSPECTED_RUNS = 4
#: Trainings among which a lab chooses by itself.
MAX_SUITABLE = 500
_ABOUT = "about.json"


class Resolved(NamedTuple):
    """A job's settings with runs and step named, and where it computes: as its (first) training did."""

    settings: dict[str, Any]
    device: str
    threads: int


def resolve(reader: Reader, lab: LabSpec, settings: Mapping[str, Any], whole: bool = True) -> Resolved:
    """Find the trainings that the checked ``settings`` of a lab mean.

    ``whole``: their checkpoint files are read, and the newest means the newest whole one; else the record counts.
    Raises ConfigError in one line: no such run, it still trains, it has no such checkpoint, the lab cannot look at it.
    """
    option = lab.run_option
    assert option is not None
    asked = _asked(settings[option.name])
    several = option.run_reference == "runs"
    rows = [reader.runs.known(run) for run in asked] if asked else _newest(reader, lab, several)
    find = whole_step if whole else saved_step
    steps = []
    for row in rows:
        if row.state not in RESTING:
            raise ConfigError(f"run {row.id} is {row.state}; a lab looks at runs that are paused, stopped or finished")
        steps.append(find(reader, row.id, _step(settings)))
    if asked and (reason := _refusal(lab, rows)):
        raise ConfigError(reason)
    found = dict(settings)
    found[option.name] = rows[0].id if option.run_reference == "run" else ",".join(str(row.id) for row in rows)
    if len(rows) == 1 and STEP in settings:
        (found[STEP],) = steps
    return Resolved(found, rows[0].device.partition(":")[0] or "cpu", rows[0].threads)


def suitable(reader: Reader, lab: LabSpec, at_most: int = MAX_SUITABLE) -> list[RunRow]:
    """Return the newest trainings that a lab could look at by themselves, newest first."""
    # One by one: of thousands of runs only the newest are read.
    rows = (row for run in reader.runs.saved(RESTING) if (row := reader.runs.get(run)) and not _refusal(lab, [row]))
    return list(islice(rows, at_most))


def inspected_differences(reader: Reader, lab: LabSpec, job: LabJobRow) -> dict[int, str]:
    """Return what makes runs that a job looked at arms of their own: ``A-20, run 9: shortcuts cut at step 169``.

    By run. Comparable runs and deleted ones are left out, and so is what was changed after the state looked at.
    """
    settings, option = job.config.settings, lab.run_option
    if option is None:
        return {}
    step = int(settings.get(STEP, NEWEST))

    def counts(change: ChangeRow) -> bool:
        seen = change.created <= job.created
        return seen and (step == NEWEST or change.step is None or change.step <= step)

    rows = [row for run in _asked(settings.get(option.name, option.default)) if (row := reader.runs.get(run))]
    found = differences(reader, rows, counts)
    return {row.id: f"{row.arm}, run {row.id}: {found[row.id].text}" for row in rows if row.id in found}


def awaited_steps(reader: Reader, run: int) -> set[int]:
    """Return the saved steps of a run that a job names which has not begun, so has not taken them over."""
    steps: set[int] = set()
    for job in reader.labs.all((RunState.QUEUED, RunState.STARTING)):
        option, settings = LABS[job.lab].run_option if job.lab in LABS else None, job.config.settings
        # What such a job names wrongly is its own fault, and no matter of this run.
        with suppress(ConfigError):
            step = _step(settings)
            if option is not None and step is not None and run in _asked(settings.get(option.name, option.default)):
                steps.add(step)
    return steps


class Snapshot(NamedTuple):
    """One training of a job: the step, the file of its state, the files of its other saved states, oldest first.

    ``config`` is the run's, None where any may stand: for the state that a fork began with, and for jobs before 0.7.0.
    ``precision`` and ``threads`` are those of the training; ``stored`` what it recorded after that step, split ->
    (loss, error, images). ``difference`` says in few words what makes it an arm of its own, '' for a comparable run.
    """

    run: int
    step: int
    state: Path
    trail: tuple[tuple[int, Path], ...]
    precision: str
    threads: int
    stored: dict[str, tuple[float, float, int]]
    difference: str = ""
    config: RunConfig | None = None

    def is_of(self, config: RunConfig) -> bool:
        """Return whether a state with this config is of the training, wherever it computed."""
        return self.config is None or not diff(self.config, config).keys() - {"device", "threads"}


def pin(workspace: Workspace, reader: Reader, job: int, lab: LabSpec, settings: Mapping[str, Any]) -> list[Snapshot]:
    """Take over the states that a job looks at into its own folder, once; return where they are.

    Raises ConfigError when a run or its checkpoint is gone and was not taken over before.
    """
    option = lab.run_option
    assert option is not None
    folder = workspace.run(job) / "subjects"
    return [_pinned(workspace, reader, folder, run, settings) for run in _asked(settings[option.name])]


def _pinned(workspace: Workspace, reader: Reader, folder: Path, run: int, settings: Mapping[str, Any]) -> Snapshot:
    # The folder gets its name once everything is in it: a worker that was killed between leaves no half of it.
    kept = folder / f"run-{run:05d}"
    if not kept.exists():
        part = folder / f".run-{run:05d}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _fill(workspace, reader, part, reader.runs.known(run), _step(settings))
        part.rename(kept)
    files = sorted((int(path.stem.removeprefix("step-")), path) for path in kept.glob("step-*.pt"))
    step, state = files[-1]
    about = json.loads((kept / _ABOUT).read_text(encoding="utf-8"))
    stored = {split: tuple(figures) for split, figures in about["stored"].items()}
    config = RunConfig.from_json(about["config"]) if about.get("config") else None
    return Snapshot(
        run, step, state, tuple(files[:-1]), about["precision"], about["threads"], stored, about.get("difference", ""),
        config,
    )  # fmt: skip


def _fill(workspace: Workspace, reader: Reader, folder: Path, row: RunRow, wanted: int | None) -> None:
    """Put the state after step ``wanted`` (None: the newest), earlier ones and what was recorded into ``folder``."""
    step = whole_step(reader, row.id, wanted)
    for saved in reader.checkpoints.of(row.id):
        if saved.step > step or (saved.step < step and damage_of(workspace, saved)):
            continue
        source = workspace.checkpoint(row.id, saved.step)
        try:
            share(source, folder / source.name)
        except OSError as error:
            raise ConfigError(f"the checkpoint of run {row.id} cannot be taken over ({error.strerror})") from None
    different = difference_at(reader, row, step)
    about = {
        "precision": row.precision,
        "threads": row.threads,
        "stored": reader.points.evaluated(row.id, step),
        "difference": different.name if different else "",
        "config": None if step == row.parent_step else row.config.to_json(),
    }
    (folder / _ABOUT).write_text(json.dumps(about), encoding="utf-8")


def _asked(value: int | float | str) -> list[int]:
    """Return the runs that a setting names, none for the newest that suit. Raises ConfigError."""
    if not isinstance(value, str):
        return [int(value)] if value else []
    numbers = [whole_from(word) for word in value.split(",") if word.strip()]
    runs = list(dict.fromkeys(number for number in numbers if number is not None and number > 0))
    if len(runs) < len(set(numbers)):
        raise ConfigError(f'runs must be ids with commas between them, for example "3,4" (got {shown(value)})')
    if len(runs) > MAX_INSPECTED_RUNS:
        raise ConfigError(f"at most {MAX_INSPECTED_RUNS} runs can be looked at together (got {len(runs)})")
    return runs


def _newest(reader: Reader, lab: LabSpec, several: bool) -> list[RunRow]:
    """Return the newest comparable training that suits, or several of its race as the lab chooses them."""
    every = suitable(reader, lab)
    different = differences(reader, every)
    rows = [row for row in every if row.id not in different]
    if every and not rows:
        raise ConfigError(
            f"every training that suits is an arm of its own (run {every[0].id}: {different[every[0].id].text}); name "
            "the one to look at"
        )
    if not rows:
        raise ConfigError("there is no training to look at yet; run a race first, and let it finish or pause it")
    if not several:
        return rows[:1]
    mates = sorted((row for row in rows if row.race == rows[0].race), key=lambda row: row.position)
    chosen = lab.choose([row.config for row in mates]) if lab.choose else range(min(len(mates), MAX_INSPECTED_RUNS))
    return [mates[place] for place in chosen] or rows[:1]


def _step(settings: Mapping[str, Any]) -> int | None:
    """Return the saved step that the settings name, None for the newest."""
    step: int = settings.get(STEP, NEWEST)
    return None if step == NEWEST else step


def _refusal(lab: LabSpec, rows: list[RunRow]) -> str:
    """Return why the lab cannot look at these trainings, '' when it can."""
    return lab.suits([row.config for row in rows]) if lab.suits else ""
