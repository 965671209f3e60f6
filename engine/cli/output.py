"""JSON documents of runs, and the arguments and tables that several commands share."""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from operator import attrgetter, itemgetter
from typing import Any

import click
from rich.console import Console
from rich.table import Column, Table

from engine.analysis.comparison import by
from engine.analysis.difference import NO_DIFFERENCE
from engine.config import STEPS, OptimConfig
from engine.config.optim import BETAS, EPS
from engine.errors import ConfigError
from engine.events import Split
from engine.runs.client.conclusions import compared_runs, verdict
from engine.runs.client.observer import with_states
from engine.runs.protocol.comparable_runs import differences
from engine.runs.protocol.liveness import Seen
from engine.store.reader import Reader
from engine.store.rows import RunRow
from engine.store.tables.log_entries import BROKEN_IMAGES, TAKEN
from engine.store.workspace import Workspace

#: How long a command line waits for a command; a run in a long step ends the step first.
DONE_S = 15.0
#: Width for a pipe or a file.
_FILE_COLUMNS = 160
#: Digits of a bundle's id that people see.
_ID_DIGITS = 12


def echo_json(document: dict[str, Any]) -> None:
    """Print the one JSON document of a command on stdout."""
    click.echo(json.dumps(document, indent=2, allow_nan=False))


def console(stderr: bool = False) -> Console:
    """Return the console of a stream, wide enough for every column where it is no terminal and COLUMNS is not set."""
    console = Console(stderr=stderr)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _FILE_COLUMNS
    return console


def table(*titles: str, wide: str, title: str | None = None) -> Table:
    """Return a table without lines and with whole words; the last column ``wide`` is folded."""
    columns = [Column(header, no_wrap=True) for header in titles]
    return Table(*columns, Column(wide, overflow="fold"), box=None, title=title, title_justify="left")


def number(value: float | None, unit: str = " %", digits: int = 1) -> str:
    """Return the text of a number for a table, '' for None."""
    return "" if value is None else f"{value:,.{digits}f}{unit}"


def check_known(workspace: Workspace, runs: Iterable[int]) -> None:
    """Raise ConfigError for a missing run."""
    with Reader(workspace) as reader:
        for run in runs:
            reader.jobs.known(run)


def pairs(settings: tuple[str, ...]) -> dict[str, str]:
    """Return ``--set key=value`` options as a dictionary. Raises ConfigError."""
    pairs: dict[str, str] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise ConfigError(f"a setting is key=value, for example --set lr=0.05 (got {setting!r})")
        key = key.strip()
        # A key may be dotted or only the last part.
        for other in pairs:
            if key == other or key.rsplit(".", 1)[-1] == other or other.rsplit(".", 1)[-1] == key:
                raise ConfigError(f"{key!r} is given twice ({other}={pairs[other]} before); give it once")
        pairs[key] = value.strip()
    return pairs


def race_document(reader: Reader, race: int) -> dict[str, Any]:
    """Return the document of ``race --json``; ``verdict`` is the page's."""
    rows = reader.runs.all(race)
    tuning = tuning_document(reader, race)
    concluded = verdict(reader, compared_runs(reader, rows))
    document = {"kind": concluded.kind, "text": concluded.text, **asdict(concluded)}
    for key in ("statement", "facts"):  # the page's
        del document[key]
    return {
        "race": race,
        "runs": results(reader, rows),
        "verdict": document,
        **({"tuning": tuning} if tuning else {}),
    }


def results(reader: Reader, rows: Sequence[RunRow]) -> list[dict[str, Any]]:
    """Return the runs of ``race --json``; ``train_*`` are running means, ``test_*`` of the full test set at the end.

    Units: losses in nats, errors in percent, None where not measured.
    """
    figure = _figures(reader, rows)
    return [
        {
            "run": row.id,
            **fields(row, "depth", "shortcut", "seed", "state", "step"),
            "train_loss": figure(row, Split.TRAIN, "running_loss"),
            "train_error": figure(row, Split.TRAIN, "running_error"),
            "train_clean_error": figure(row, Split.TRAIN_CLEAN, "error"),
            "test_loss": figure(row, Split.TEST, "loss"),
            "test_error": figure(row, Split.TEST, "error"),
            **fields(row, "images_per_s", "seconds"),
            "recipe": _recipe(row.config.optim) | ({"replicas": n} if (n := row.config.replicas) > 1 else {}),
        }
        for row in rows
    ]


def _recipe(optim: OptimConfig) -> dict[str, Any]:
    sgd = fields(optim, "momentum", "warmup_lr", *["warmup_error"] * (optim.warmup_lr is not None))
    own = {"betas": BETAS, "eps": EPS} if optim.optimizer == "adamw" else sgd
    return {
        **fields(optim, "optimizer", "lr", "weight_decay", "warmup_steps", "drops", "drop_factor", "batch_size"),
        **own,
    }


def _figures(reader: Reader, rows: Sequence[RunRow]) -> Callable[[RunRow, Split, str], float | None]:
    """Return a function that reads a column of a run's newest point, None without a point."""
    last = reader.points.last([row.id for row in rows]) if rows else {}

    def figure(row: RunRow, split: Split, column: str) -> float | None:
        point = last.get((row.id, split))
        return None if point is None else point[column]

    return figure


def fields(row: object, *names: str) -> dict[str, Any]:
    """Return these attributes of a row by name."""
    return {name: getattr(row, name) for name in names}


def _log(workspace: Workspace, run: int) -> str | None:
    log = workspace.log(run)
    return str(log) if log.exists() else None


def runs_document(workspace: Workspace, reader: Reader, rows: Sequence[RunRow]) -> list[dict[str, Any]]:
    """Return the runs of ``runs --json``: ``results`` with state, cause and log."""
    figure, totals, names = _figures(reader, rows), reader.checkpoints.totals(), reader.run_list.race_names()
    said = by(
        (row for row in reader.log.of([row.id for row in rows]) if row["kind"] in (TAKEN, BROKEN_IMAGES)),
        itemgetter("run"),
    )
    changes = by(reader.interventions.changes_of([row.id for row in rows]), attrgetter("run"))
    different = differences(reader, rows)
    found = (reader.imports.get(imported) for imported in sorted({row.imported for row in rows if row.imported}))
    bundles = {source.id: source.bundle for source in found if source}
    return [
        {
            **result,
            "race": row.race,
            "race_name": names.get(row.race, ""),
            **fields(row, "arm", "note"),
            "imported": bundles.get(row.imported or 0),
            "changes": [fields(change, "key", "value", "step") for change in changes.get(row.id, ())],
            "difference": different.get(row.id, NO_DIFFERENCE).text,
            **fields(row, "parent_run", "parent_step", "detail", "cause"),
            "log": _log(workspace, row.id),
            "total_steps": row.total_steps,
            "test_subset_error": figure(row, Split.TEST_SUBSET, "error"),
            "validation_error": figure(row, Split.VALIDATION, "error"),
            **fields(row, "parameters", "device", "precision", "threads", "probe_share"),
            **dict(zip(("checkpoints", "checkpoint_bytes"), totals.get(row.id, (0, 0)), strict=True)),
            "data_remarks": [remark["text"] for remark in said.get(row.id, ())],
            "versions": row.versions,
        }
        for row, result in zip(rows, results(reader, rows), strict=True)
    ]


def what_happened(row: dict[str, Any]) -> str:
    """Return the remarks on a run of ``runs_document``: fork, changes, cause or detail, note, race."""
    changes = filter(None, map(_not_yet_or_extended, row["changes"]))
    note = f"note: {row['note']}" if row["note"] else ""
    race = f"race {row['race']}: {row['race_name']}" if row["race_name"] else ""
    imported = f"imported, bundle {row['imported'][:_ID_DIGITS]}" if row["imported"] else ""
    return "; ".join(filter(None, (row["difference"], *changes, cause_or_detail(row), note, race, imported)))


def cause_or_detail(row: dict[str, Any]) -> str:
    """Return the cause of a failure with the log's path, else the detail."""
    log = f" (log: {row['log']})" if row["log"] else ""
    return f"{row['cause']}{log}" if row["cause"] else row["detail"]


def _not_yet_or_extended(change: dict[str, Any]) -> str:
    """Return an extension, or a change that no step goes by yet; '' for what is part of the run's difference."""
    if change["key"] == STEPS:
        return f"extended from {change['step']} to {change['value']:g} steps"
    return "" if change["step"] is not None else f"{change['key']} {change['value']:g} not taken over yet"


def tuning_document(reader: Reader, race: int) -> list[dict[str, Any]]:
    """Return the ``lr=tuned`` part of ``race --json``: per arm the chosen rate and every trial, rates ascending."""
    return [
        {
            **fields(arm, "arm", "depth", "shortcut", "lr", "at_edge"),
            "trials": [
                fields(trial, "run", "lr", "error", "state", "step", "total_steps", "cause") for trial in arm.trials
            ],
        }
        for arm in reader.tuning.arms(race)
    ]


def trials_document(workspace: Workspace, reader: Reader, seen: Mapping[int, Seen]) -> list[dict[str, Any]]:
    """Return the trials of ``runs --json``; ``race`` is the served race."""
    rows = with_states(reader.tuning.trials(), seen)
    return [
        {
            **result,
            "race": row.tunes,
            "arm": row.arm,
            "lr": row.config.optim.lr,
            **fields(row, "total_steps", "detail", "cause"),
            "log": _log(workspace, row.id),
        }
        for row, result in zip(rows, results(reader, rows), strict=True)
    ]


def labs_document(workspace: Workspace, reader: Reader, seen: Mapping[int, Seen]) -> list[dict[str, Any]]:
    """Return the jobs of labs of ``runs --json``; ``step`` of ``total_steps`` tasks are done."""
    return [
        {
            "run": row.id,
            "lab": row.lab,
            "settings": row.config.settings,
            "state": row.state.value,
            "step": row.done,
            "total_steps": row.total,
            **fields(row, "seconds", "detail", "cause"),
            "log": _log(workspace, row.id),
            "figures": reader.labs.metrics(row.id),
            "versions": row.versions,
        }
        for row in with_states(reader.labs.all(), seen)
    ]
