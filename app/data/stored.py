"""Races and runs as they are stored: the list, the cards."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.data.card import card
from app.data.place import here, reading
from app.data.race import Race, summary
from engine.config import RunConfig
from engine.config.presets import PRESETS
from engine.data.registry import SOURCES
from engine.store.reader import Reader, RunRow
from engine.store.tables.tuning import ArmTuning


def races() -> list[Race]:
    """Return the races, newest first, at most 200. Read again only when something changed. Raises SkipscopeError.

    Without a database there are none.
    """
    at = here()
    if at.pool.file() is None:
        return []
    with reading() as reader, reader.snapshot():
        key = (at.pool.file(), reader.head()[1])
        cached = at.races
        if cached and cached[0] == key:
            return cached[1]
        by_race: dict[int, list[RunRow]] = {}
        for run in reader.runs():
            by_race.setdefault(run.race, []).append(run)
        found = [summary(row, by_race.get(row.id, []), *_start_of(row.preset)) for row in reader.races()]
    at.races = (key, found)
    return found


def _start_of(name: str) -> tuple[RunConfig, Mapping[int, Mapping[str, Any]]]:
    """Return what a preset's races start from, and its exceptions by depth."""
    preset = PRESETS.get(name)
    return (preset.run, preset.per_depth) if preset else (RunConfig(), {})


def race(race: int) -> Race | None:
    """Return one race, of the list or older, None when there is none. Raises SkipscopeError."""
    listed = next((found for found in races() if found.id == race), None)
    if listed or here().pool.file() is None:
        return listed
    with reading() as reader, reader.snapshot():
        row = reader.race(race)
        return summary(row, reader.runs(race), *_start_of(row.preset)) if row and row.tunes is None else None


def first_shown(asked: str) -> tuple[int, ...]:
    """Return the runs of the race that a fresh page shows: the one asked for, else the newest; () without any.

    Raises SkipscopeError.
    """
    found = races()
    chosen = next((race for race in found if str(race.id) == asked), found[0] if found else None)
    return chosen.runs if chosen else ()


def runs(race: int) -> list[RunRow]:
    """Return the runs of a race in starting order. Raises SkipscopeError."""
    with reading() as reader:
        return reader.runs(race)


def cards(race: int) -> list[dict[str, Any]]:
    """Return the cards of a race's runs in starting order. Raises SkipscopeError."""
    with reading() as reader, reader.snapshot():
        return cards_of(reader, reader.runs(race))


def tuning(race: int) -> list[ArmTuning]:
    """Return the learning-rate curve of every arm of a race; empty unless they are tuned. Raises SkipscopeError.

    Per arm ``trials`` (``lr``, ``error`` in percent, ``state``, ``step`` of ``total_steps``), ``lr`` that was taken
    (None so far) and ``at_edge``: the best was the smallest or largest that was tried.
    """
    with reading() as reader, reader.snapshot():
        return reader.tuning(race)


def known_runs(runs: Sequence[int]) -> set[int]:
    """Return those of ``runs`` that exist and are trainings, no jobs of a lab. Raises SkipscopeError."""
    with reading() as reader:
        return {run for run in runs if (row := reader.run(run)) is not None and not row.lab}


def cards_of(reader: Reader, rows: Sequence[RunRow]) -> list[dict[str, Any]]:
    """Return the cards of stored runs, with the number and size of their checkpoints."""
    totals = reader.checkpoint_totals() if rows else {}
    remarks: dict[int, list[Any]] = {}
    for remark in reader.remarks([row.id for row in rows]) if rows else ():
        remarks.setdefault(remark["run"], []).append(remark)
    place = here().workspace
    return [
        card(row, place.log(row.id), _train_images(row), *totals.get(row.id, (0, 0)), remarks.get(row.id, ()))
        for row in rows
    ]


def _train_images(row: RunRow) -> int:
    """Return what the run found when it started; of one recorded before that was stored, what the registry says."""
    source = SOURCES.get(row.config.data.name)
    return row.train_images or (source.train_images - row.config.data.validation if source else 0)
