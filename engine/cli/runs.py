"""``runs``, ``pause``, ``resume``, ``stop``, ``delete``: what is in a workspace, and where each run goes from here."""

from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from engine.cli.output import (
    DONE_S,
    RUN_ID,
    check_known,
    echo_json,
    labs_document,
    runs_document,
    trials_document,
    what_happened,
)  # fmt: skip
from engine.errors import CommandRefused, NoDatabase
from engine.events import PAUSABLE, RunState
from engine.runs.client.control import Control
from engine.store.reader import Reader
from engine.store.workspace import Workspace

#: The states in which a command has done what its word says.
_REACHED = {
    "pause": {RunState.PAUSED},
    "resume": PAUSABLE,
    "stop": {RunState.STOPPED},
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def runs(workspace: Workspace, as_json: bool) -> None:
    """List what is in the workspace, with the cause of a failure.

    The test error is that of the whole test set; while a run trains, that of a subset, its size in parentheses.
    """
    try:
        with Reader(workspace) as reader:
            found = reader.runs.all()
            rows = runs_document(workspace, reader, found)
            trials, labs = trials_document(workspace, reader), labs_document(workspace, reader)
    except NoDatabase:
        found, rows, trials, labs = [], [], [], []
    if as_json:
        tried = {"trials": trials} if trials else {}
        echo_json({"workspace": str(workspace.path), "runs": rows, **tried, "labs": labs})
        return
    if not rows and not labs:
        click.echo(f"no runs in {workspace.path}; `python -m engine race` starts some", err=True)
        return
    table = Table(box=None)
    for title in ("run", "race", "arm", "seed", "state", "step", "train", "test"):
        table.add_column(title, no_wrap=True)
    table.add_column("what happened", overflow="fold")
    for row, run in zip(rows, found, strict=True):
        error = _percent(row["test_error"])
        if row["test_error"] is None and row["test_subset_error"] is not None:
            error = f"{_percent(row['test_subset_error'])} ({run.config.data.eval_images:,})"
        table.add_row(
            str(row["run"]), str(row["race"]), row["arm"],
            str(row["seed"]), row["state"], f"{row['step']}/{row['total_steps']}", _percent(row["train_error"]), error,
            what_happened(row),
        )  # fmt: skip
    if rows:
        Console().print(table)
    if trials:
        _print_trials(trials)
    if labs:
        _print_labs(labs)


def _print_trials(trials: list[dict[str, Any]]) -> None:
    table = Table(box=None)
    for title in ("trial", "for race", "arm", "rate", "state", "step", "train"):
        table.add_column(title, no_wrap=True)
    table.add_column("what happened", overflow="fold")
    for trial in trials:
        words = f"{trial['cause']} (log: {trial['log']})" if trial["cause"] else trial["detail"]
        steps = f"{trial['step']}/{trial['total_steps']}"
        table.add_row(
            str(trial["run"]), str(trial["race"]), trial["arm"], f"{trial['lr']:g}", trial["state"], steps,
            _percent(trial["train_error"]), words,
        )  # fmt: skip
    Console().print(table)


def _print_labs(labs: list[dict[str, Any]]) -> None:
    table = Table(box=None)
    for title in ("run", "lab", "state", "unit", "seconds"):
        table.add_column(title, no_wrap=True)
    table.add_column("what happened", overflow="fold")
    for job in labs:
        words = f"{job['cause']} (log: {job['log']})" if job["cause"] else job["detail"]
        units = f"{job['step']}/{job['total_steps']}"
        table.add_row(str(job["run"]), job["lab"], job["state"], units, f"{job['seconds']:.1f}", words)
    Console().print(table)


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} %"


def _steering(verb: str, text: str, done: str) -> click.Command:
    @click.command(name=verb, help=text)
    @click.argument("runs", metavar="RUN...", type=RUN_ID, nargs=-1, required=True)
    @click.pass_obj
    def steer(workspace: Workspace, runs: tuple[int, ...]) -> None:
        check_known(workspace, runs)
        control, refused = Control(workspace), []
        asked: dict[int, int] = {}
        for run in runs:
            try:
                asked[run] = control.commands.ask(verb, run)
            except CommandRefused as error:
                refused.append(str(error))
        for run, command in asked.items():
            finished = control.commands.await_done(command, DONE_S)
            words = _outcome(workspace, verb, run, done) if finished else "is in a long step and follows at its end"
            click.echo(f"run {run} {words}", err=True)
        if refused:
            raise CommandRefused("; ".join(refused))

    return steer


def _outcome(workspace: Workspace, verb: str, run: int, done: str) -> str:
    """Return what became of the run: ``done``, or its state if it went another way meanwhile."""
    with Reader(workspace) as reader:
        row = reader.jobs.get(run)
    if row is None:
        return "is deleted"
    if row.state in _REACHED.get(verb, ()):
        return done
    return f"is {row.state}: {row.cause}" if row.cause else f"is {row.state}"


STATE_COMMANDS: Sequence[click.Command] = (
    _steering("pause", "Write a checkpoint and free the worker.", "is paused"),
    _steering("resume", "Go on from the newest checkpoint.", "is resumed"),
    _steering("stop", "End a run for good; its record stays.", "is stopped"),
    _steering("delete", "Remove a run that does not train, with its files.", "is deleted"),
)
