"""Writes a bundle. Torch-free but for checkpoints."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, BinaryIO

from engine.events import RunState
from engine.exchange.bundle.archive import ArchiveWriter
from engine.exchange.bundle.checkpoints import portable_state
from engine.exchange.bundle.documents import RacesDocument, VerdictsDocument
from engine.exchange.bundle.numbering import inspected, numbered, parents
from engine.exchange.bundle.records import Numbers, ghosts_document, job_records, race_document, run_records, settled
from engine.exchange.registry import ExportSource, Report
from engine.labs.registry import LABS
from engine.provenance import versions
from engine.runs.client.verdict_timeline import verdict_timeline
from engine.store.reader import Reader
from engine.store.rows import CheckpointRow, LabJobRow, RaceRow, RunRow


@dataclass(frozen=True)
class Contents:
    """The rows of a bundle, in its order; trials go with the races that they served."""

    races: tuple[RaceRow, ...]
    runs: tuple[RunRow, ...]
    jobs: tuple[LabJobRow, ...]
    numbers: Numbers


def write(source: ExportSource, file: BinaryIO, report: Report) -> None:
    """Write the bundle of these runs. Raises DataError for more than a bundle holds, or a checkpoint that is gone."""
    write_dated(source, file, report, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def write_dated(source: ExportSource, file: BinaryIO, report: Report, date: str) -> str:
    """Write the bundle with this date; return its id."""
    with ArchiveWriter(file) as archive:
        _write_members(source, archive, report)
        return archive.close(date, versions())


def _write_members(source: ExportSource, archive: ArchiveWriter, report: Report) -> None:
    reader = source.reader
    contents = gather(reader, source.rows)
    numbers = contents.numbers
    saved = {row.id: _saved(source, row) for row in contents.runs}
    total = len(contents.runs) + len(contents.jobs) + sum(map(len, saved.values()))
    done = 0
    archive.add_document(
        "races.json",
        RacesDocument(
            races=[race_document(race, numbers) for race in contents.races], runs=len(contents.runs),
            jobs=len(contents.jobs),
        ),
    )  # fmt: skip
    for row in contents.runs:
        report(done, total, f"{row.arm}, run {row.id}")
        document, points, probes = run_records(reader, row, numbers, saved[row.id])
        folder = f"runs/{numbers.runs[row.id]:04}"
        archive.add_document(f"{folder}/run.json", document)
        archive.add_arrays(f"{folder}/points.bin", points)
        archive.add_arrays(f"{folder}/probes.bin", probes)
        done += 1
        for checkpoint in saved[row.id]:
            report(done, total, f"{row.arm}, run {row.id}, checkpoint at step {checkpoint.step}")
            tree, tensors = portable_state(reader.workspace, row, checkpoint.step)
            archive.add_document(f"{folder}/checkpoints/{checkpoint.step:08}.json", tree)
            archive.add_arrays(f"{folder}/checkpoints/{checkpoint.step:08}.bin", tensors, dense=True)
            done += 1
    for number, job in enumerate(contents.jobs, start=1):
        report(done, total, f"lab {job.lab}")
        described, curves = job_records(reader, job, number, numbers)
        archive.add_document(f"labs/{number:04}/job.json", described)
        archive.add_arrays(f"labs/{number:04}/curves.bin", curves)
        done += 1
    for race in contents.races:
        if (lines := ghosts_document(reader, race.id)) is not None:
            archive.add_document(f"ghosts/{numbers.races[race.id]:04}.json", lines)
    report(done, total, "verdicts")
    archive.add_document("verdicts.json", VerdictsDocument(races=_verdicts(reader, contents)))


def gather(reader: Reader, rows: Sequence[RunRow]) -> Contents:
    """Return the rows that a bundle of these runs holds."""
    races = {row.race: reader.races.known(row.race) for row in rows}
    trials = [trial for race in sorted(races) for trial in reader.tuning.trials(race)]
    races |= {trial.race: reader.races.known(trial.race) for trial in trials}
    runs = tuple(sorted([*rows, *trials], key=lambda row: (row.race, row.position, row.id)))
    numbers_of = numbered([row.id for row in runs])
    of_races = numbered(sorted(races))
    named = [row.parent_run for row in runs if row.parent_run is not None]
    jobs = tuple(job for job in reader.labs.all([RunState.FINISHED]) if _looked_at(job, numbers_of))
    numbers = Numbers(of_races, numbers_of, parents(numbers_of, named))
    return Contents(tuple(races[race] for race in sorted(races)), runs, jobs, numbers)


def _looked_at(job: LabJobRow, runs: dict[int, int]) -> bool:
    lab = LABS.get(job.lab)
    looked_at = inspected(lab, job.config.settings) if lab is not None else ()
    return bool(looked_at) and all(run in runs for run in looked_at)


def _saved(source: ExportSource, row: RunRow) -> list[CheckpointRow]:
    """Return the checkpoints that go with a run; a trial needs none."""
    if source.checkpoints == "none" or row.tunes is not None:
        return []
    rows = source.reader.checkpoints.of(row.id)
    return rows if source.checkpoints == "all" else rows[-1:]


def _verdicts(reader: Reader, contents: Contents) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for race in contents.races:
        members = [replace(row, state=settled(row.state)) for row in contents.runs if row.race == race.id]
        if race.tunes is None:
            found[str(contents.numbers.races[race.id])] = verdict_timeline(reader, members)
    return found
