"""Labs: their specifications, their jobs, and the results of a job so far."""

import logging
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.data.authorization import requires_presenter
from app.data.workspace import current, reading, view_only
from engine.errors import ConfigError, SkipscopeError
from engine.events import AT_WORK, Found, RunState
from engine.exchange import lab_reference as lab_reference_files
from engine.exchange.lab_reference import LabReference as LabReference
from engine.hardware.cores import cores
from engine.labs.registry import LABS as LABS
from engine.labs.registry import LabSpec as LabSpec
from engine.labs.registry import Option as Option
from engine.labs.registry import Panel as Panel
from engine.labs.registry import check_setting, check_settings, get_lab
from engine.runs.client.conclusions import lab_differences, lab_findings
from engine.runs.protocol.comparable_runs import differences
from engine.runs.protocol.inspected_runs import MAX_INSPECTED_RUNS as MAX_INSPECTED_RUNS
from engine.runs.protocol.inspected_runs import STEP, resolve, suitable
from engine.store.reader import Reader
from engine.store.rows import LabJobRow as LabJobRow
from engine.store.tables.labs import CurveRow

#: The estimate for a lab that is too short to have one.
_SHORT_S = 5.0
#: Newest jobs among which a finished one counts, and trainings in a list.
_JOBS, _TRAININGS = 20, 200

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LabNews:
    """One job of a lab at one moment.

    ``cursor`` is (newest change of the store, newest curve of this job). ``traces`` are the curves after a cursor,
    ``log`` is the file of the worker, ``differences`` what makes inspected runs arms of their own.
    """

    job: LabJobRow
    traces: list[CurveRow]
    figures: dict[str, float | None]
    findings: list[Found]
    cursor: tuple[int, int]
    log: Path
    differences: list[str]


def lab_setting(name: str, option: str, text: str) -> bool | int | float | str | None:
    """Return a setting's value from a text as in ``--set``, None for an invalid text."""
    row = next(row for row in get_lab(name).options if row.name == option)
    try:
        return check_setting(row, text) if text else None
    except ConfigError:
        return None


def lab_refusal(name: str, settings: Mapping[str, Any]) -> str:
    """Return in one line why a lab cannot start with these settings, '' where it can."""
    if words := view_only():
        return words
    try:
        check_settings(get_lab(name), settings)
    except ConfigError as error:
        return str(error)
    return ""


def lab_time(name: str, settings: Mapping[str, Any]) -> str:
    """Return the estimated duration in words, scaled by the newest finished job."""
    return f"About {_spoken(_estimate(get_lab(name), settings))}."


def _estimate(lab: LabSpec, settings: Mapping[str, Any]) -> float:
    """Return the estimated seconds, scaled by the newest finished job."""
    reckon = lab.seconds
    if reckon is None:
        return _SHORT_S
    for job in _newest(lab.name, _JOBS):
        # A job of an earlier version may lack a setting.
        before = reckon(lab.defaults() | job.config.settings)
        if job.state == RunState.FINISHED and job.seconds > 0 and before > 0:
            return reckon(settings) * job.seconds / before
    return reckon(settings) / lab.threads_here


def unmeasured() -> list[str]:
    """Return the labs without a job at their defaults, queued ones included. Raises SkipscopeError."""
    return [name for name, lab in LABS.items() if not any(_is_usual(lab, job) for job in _newest(name, _JOBS))]


def _is_usual(lab: LabSpec, job: LabJobRow) -> bool:
    counts = job.state in (*AT_WORK, RunState.PAUSED, RunState.FINISHED)
    return counts and not lab_changed(lab.name, lab.defaults(), job.config.settings)


def lab_obstacle(name: str) -> str:
    """Return why a lab cannot start at its defaults, '' for a lab that can: some look at trainings of the workspace."""
    if words := view_only():
        return words
    lab = get_lab(name)
    if lab.run_option is None or current().pool.file() is None:
        return "" if lab.run_option is None else "there is no training to look at yet; run a race first"
    try:
        with reading() as reader:
            resolve(reader, lab, lab.defaults(), whole=False)
    except ConfigError as error:
        return str(error)
    return ""


def time_of_all(names: Iterable[str]) -> str:
    """Return the estimated duration of labs at their defaults, side by side on all cores: ``about 2 min``."""
    labs = [LABS[name] for name in names]
    seconds = [_estimate(lab, lab.defaults()) for lab in labs]
    work = sum(time * lab.threads_here for time, lab in zip(seconds, labs, strict=True))
    return f"about {_spoken(max([*seconds, work / cores()]))}"


def _newest(name: str, limit: int) -> list[LabJobRow]:
    if current().pool.file() is None:
        return []
    with reading() as reader:
        return reader.labs.newest(name, limit=limit)


def _spoken(seconds: float) -> str:
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 100 * 60 else f"{seconds / 3600:.1f} h"


def lab_changed(name: str, settings: Mapping[str, Any], job: Mapping[str, Any]) -> str:
    """Return the settings of a job that differ from the chosen ones, in words; an open choice of runs is equal."""
    differing = []
    for option in get_lab(name).options:
        measured, chosen = job.get(option.name, option.default), settings[option.name]
        left_open = (option.run_reference or option.name == STEP) and chosen == option.default
        if measured != chosen and not left_open:
            shown = {True: "on", False: "off"}[measured] if isinstance(measured, bool) else measured
            differing.append(f"{option.label.lower()} {shown}")
    return ", ".join(differing)


def lab_trainings(name: str) -> dict[int, str]:
    """Return the runs that a lab can inspect, newest first: id -> name, with what makes a run an arm of its own.

    Raises SkipscopeError.
    """
    if current().pool.file() is None:
        return {}
    with reading() as reader:
        rows = suitable(reader, get_lab(name), _TRAININGS)
        different = differences(reader, rows)
    names = {row.id: f"{row.arm}, seed {row.seed}, step {row.step}, race {row.race}, run {row.id}" for row in rows}
    return {run: f"{words}: {different[run].text}" if run in different else words for run, words in names.items()}


@requires_presenter
def start_lab(name: str, settings: Mapping[str, Any]) -> int:
    """Hand a lab to the engine, started if none lives; return the job's id. Raises SkipscopeError."""
    return current().control.start_lab(name, settings)


def lab_job(run: int) -> LabJobRow | None:
    """Return one job of a lab, None for an unknown id. Raises SkipscopeError."""
    with reading() as reader:
        return reader.labs.get(run)


def job_differences(job: LabJobRow) -> list[str]:
    """Return what makes runs that a job looked at arms of their own, none for comparable runs.

    Raises SkipscopeError.
    """
    with reading() as reader, reader.snapshot():
        return lab_differences(reader, job)


def latest_lab(name: str) -> LabJobRow | None:
    """Return the newest job of a lab or None. Raises SkipscopeError."""
    return next(iter(_newest(name, 1)), None)


def lab_news(run: int, since: int = 0) -> LabNews | None:
    """Return a job with the curves after ``since``, None for an unknown id. Raises SkipscopeError."""
    with reading() as reader, reader.snapshot():
        row = reader.labs.get(run)
        if row is None:
            return None
        traces = reader.labs.curves(run, since)
        cursor = (reader.points.head()[1], traces[-1].id if traces else since)
        findings, different = lab_findings(reader, row), lab_differences(reader, row)
        return LabNews(row, traces, reader.labs.metrics(run), findings, cursor, current().workspace.log(run), different)


def comparable_job(reader: Reader, lab: str, newest: int) -> LabJobRow | None:
    """Return the newest finished job of a lab that looked at comparable runs alone, else the newest of all."""
    if LABS[lab].run_option is not None:
        for job in reader.labs.newest(lab):
            if job.state == RunState.FINISHED and not lab_differences(reader, job):
                return job
    return reader.labs.get(newest)


def basis_of(lab: LabSpec, settings: Mapping[str, Any]) -> str:
    """Return what a job stands on in words: its inspected runs, and the settings that differ from the usual ones."""
    changed = lab_changed(lab.name, lab.defaults(), settings)
    looked_at = str(settings.get(lab.run_option.name, "")) if lab.run_option is not None else ""
    runs = f"{'runs' if ',' in looked_at else 'run'} {looked_at.replace(',', ', ')}" if looked_at else ""
    return ", ".join(filter(None, (runs, changed)))


def lab_reference(name: str) -> LabReference | None:
    """Return the recorded results of a lab, None where there are none or the file is broken."""
    return _read_reference(name, lab_reference_files.stamp(name)) if name in LABS else None


@lru_cache(maxsize=64)
def _read_reference(name: str, stamp: int) -> LabReference | None:
    try:
        return lab_reference_files.read(name)
    except SkipscopeError as error:
        _log.warning("%s", error)  # pages go on without it
        return None


def reference_findings(reference: LabReference) -> list[Found]:
    """Return the sentences that the lab's rules find in the recorded curves."""
    lab = LABS[reference.lab]
    return lab.found(curve for curve in reference.curves if curve.panel in lab.found_in)


def lab_sentence(name: str, kind: str, value: float) -> str:
    """Return the first finding about a kind at the nearest setting, of the newest job, else of the recorded results.

    '' without any. Raises SkipscopeError.
    """
    job, reference = latest_lab(name), lab_reference(name)
    news = lab_news(job.id) if job else None
    for found in (news.findings if news else [], reference_findings(reference) if reference else []):
        about = [one for one in found if one.kind == kind and one.value is not None]
        if about:
            return min(about, key=lambda one: abs((one.value or 0.0) - value)).text
    return ""


def lab_command(name: str, settings: Mapping[str, Any]) -> str:
    """Return the command line that repeats a lab, without settings at their defaults."""
    usual = get_lab(name).defaults()
    words = ["python", "-m", "engine", "lab", name]
    for key, value in settings.items():
        if value != usual.get(key):
            words += ["--set", f"{key}={setting_text(value)}"]
    return shlex.join(words)


def setting_text(value: Any) -> str:
    """Return a setting's value as a text of ``--set`` and of addresses."""
    return str(value).lower() if isinstance(value, bool) else str(value)
