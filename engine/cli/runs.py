"""``runs``, ``pause``, ``resume``, ``stop``, ``delete``: lists and moves the runs of a workspace."""

from collections.abc import Sequence
from typing import Any

import click

from engine.cli import output
from engine.cli.output import DONE_S, cause_or_detail, check_known, echo_json, number
from engine.cli.parsing.numbers import RUN_ID
from engine.errors import CommandRefused, NoDatabase
from engine.events import PAUSABLE, RunState
from engine.runs.client.control import Control
from engine.runs.client.observer import observe, with_states, workspace_notes
from engine.store.reader import Reader
from engine.store.workspace import Workspace

#: The states of a run after a done command.
_REACHED = {"pause": {RunState.PAUSED}, "resume": PAUSABLE, "stop": {RunState.STOPPED}}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def runs(workspace: Workspace, as_json: bool) -> None:
    """List what is in the workspace, with the cause of a failure.

    The test error is that of the whole test set; while a run trains, that of a subset, its size in parentheses. The
    last races of the page Instant stand apart. A run whose processes are gone is lost, whatever its record says.
    """
    try:
        with Reader(workspace) as reader:
            seen = observe(reader)
            stored = with_states(reader.runs.all(), seen)
            instant = [run for race, _ in reader.races.ring() for run in with_states(reader.runs.all(race), seen)]
            rows, apart = (output.runs_document(workspace, reader, runs) for runs in (stored, instant))
            trials = output.trials_document(workspace, reader, seen)
            labs = output.labs_document(workspace, reader, seen)
    except NoDatabase:
        stored, rows, apart, trials, labs = [], [], [], [], []
    for line in workspace_notes(workspace):
        click.echo(line, err=True)
    if as_json:
        optional = {key: part for key, part in {"trials": trials, "instant": apart}.items() if part}
        echo_json({"workspace": str(workspace.path), "runs": rows, **optional, "labs": labs})
        return
    if not rows and not labs and not apart:
        click.echo(f"no runs in {workspace.path}; `python -m engine race` starts some", err=True)
        return
    subsets = {run.id: run.config.data.eval_images for run in stored}
    _print(
        ("run", "race", "arm", "seed", "state", "step", "train", "test"),
        [
            (
                str(row["run"]), str(row["race"]), row["arm"], str(row["seed"]), row["state"], _steps(row),
                number(row["train_error"]), _test_error(row, subsets[row["run"]]), output.what_happened(row),
            )
            for row in rows
        ],
    )  # fmt: skip
    _print(
        ("trial", "for race", "arm", "rate", "state", "step", "train"),
        [
            (
                str(trial["run"]), str(trial["race"]), trial["arm"], f"{trial['lr']:g}", trial["state"], _steps(trial),
                number(trial["train_error"]), cause_or_detail(trial),
            )
            for trial in trials
        ],
    )  # fmt: skip
    if apart:
        click.echo(
            f"{len(apart)} runs of {len({row['race'] for row in apart})} instant races; --json lists them", err=True
        )
    _print(
        ("run", "lab", "state", "unit", "seconds"),
        [
            (str(job["run"]), job["lab"], job["state"], _steps(job), f"{job['seconds']:.1f}", cause_or_detail(job))
            for job in labs
        ],
    )


def _print(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = output.table(*titles, wide="what happened")
    for row in rows:
        table.add_row(*row)
    if rows:
        output.console().print(table)


def _steps(row: dict[str, Any]) -> str:
    return f"{row['step']}/{row['total_steps']}"


def _test_error(row: dict[str, Any], subset: int) -> str:
    if row["test_error"] is None and row["test_subset_error"] is not None:
        return f"{number(row['test_subset_error'])} ({subset:,})"
    return number(row["test_error"])


def _steering(verb: str, text: str, done: str) -> click.Command:
    @click.command(name=verb, help=text)
    @click.argument("runs", metavar="RUN...", type=RUN_ID, nargs=-1, required=True)
    @click.pass_obj
    def steer(workspace: Workspace, runs: tuple[int, ...]) -> None:
        check_known(workspace, runs)
        control, refused = Control(workspace), []
        submitted: dict[int, int] = {}
        for run in runs:
            try:
                submitted[run] = control.commands.ask(verb, run)
            except CommandRefused as error:
                refused.append(str(error))
        for run, command in submitted.items():
            finished = control.commands.await_done(command, DONE_S)
            outcome = _outcome(workspace, verb, run, done) if finished else "is in a long step and follows at its end"
            click.echo(f"run {run} {outcome}", err=True)
        if refused:
            raise CommandRefused("; ".join(refused))

    return steer


def _outcome(workspace: Workspace, verb: str, run: int, done: str) -> str:
    """Return ``done``, or the state of a run that went another way meanwhile."""
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
