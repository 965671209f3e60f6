"""The command line: parse, call, print. The verbs are a contract; each prints one JSON document with ``--json``.

Messages go to stderr. A wrong call exits 2 with one line that says what was wrong and what would be right.
Verbs with more to them have files of their own: ``cli_race.py``, ``cli_lab.py`` and so on.
"""

import contextlib
import logging
import os
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from engine.cli.bench import bench
from engine.cli.doctor import doctor
from engine.cli.interventions import extend, fork, set_
from engine.cli.labs import lab
from engine.cli.layers import layers
from engine.cli.output import RUN_ID, echo_json, labs_document, runs_document, trials_document, what_happened
from engine.cli.races import pace, race
from engine.config import ModelConfig, arm_name
from engine.errors import CommandRefused, ConfigError, NoDatabase, SkipscopeError
from engine.events import RunState
from engine.models.count import count as count_net
from engine.models.registry import get_shortcut
from engine.runs.client.control import Control
from engine.store.reader import Reader
from engine.store.workspace import Workspace

#: How long a command waits to be done; a run that is in a long step ends that step first.
DONE_S = 15.0


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        try:
            code = main.main(args=arguments, prog_name="python -m engine", standalone_mode=False)
        finally:
            _flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        return 2
    except click.UsageError as error:
        message = " ".join(error.format_message().split()).rstrip(".")
        path = error.ctx.command_path if error.ctx is not None else "python -m engine"
        _complain(f"{message}; see `{path} --help`")
        return 2
    except click.Abort:
        return 130
    except SkipscopeError as error:
        _complain(str(error))
        return 2
    except sqlite3.Error as error:
        _complain(f"the database cannot be used ({error})")
        return 2
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _complain(f"{place}{error.strerror or error}")
        return 2


def _flush() -> None:
    """Write out what was printed. Raises OSError when nobody takes it, and then leaves nothing for Python's end."""
    if sys.stdout is None or sys.stdout.closed:
        return
    try:
        sys.stdout.flush()
    except OSError as error:
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
        raise OSError(error.errno, error.strerror, "<stdout>") from None


def _complain(message: str) -> None:
    click.echo(" ".join(message.split()), err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--workspace", metavar="DIR", help="Folder of the database and the run files (default: runs/).")
@click.pass_context
def main(context: click.Context, workspace: str | None) -> None:
    """Skipscope's engine: train plain and residual nets side by side."""
    context.obj = Workspace.at(workspace)


main.add_command(bench)
main.add_command(doctor)
main.add_command(race)
main.add_command(pace)
main.add_command(layers)
main.add_command(lab)
for _command in (set_, extend, fork):
    main.add_command(_command)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def runs(workspace: Workspace, as_json: bool) -> None:
    """List what is in the workspace, with the cause of a failure.

    The test error is that of the whole test set; while a run trains, that of a subset, its size in parentheses.
    """
    try:
        with Reader(workspace) as reader:
            found = reader.runs()
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
        with Reader(workspace) as reader:
            unknown = [run for run in runs if reader.run(run) is None]
        if unknown:
            raise ConfigError(f"there is no run {unknown[0]}; `python -m engine runs` lists them")
        control, asked, refused = Control(workspace), {}, []
        for run in runs:
            try:
                asked[run] = control.ask(verb, run)
            except CommandRefused as error:
                refused.append(str(error))
        for run, command in asked.items():
            finished = control.await_done(command, DONE_S)
            words = _outcome(workspace, verb, run, done) if finished else "is in a long step and follows at its end"
            click.echo(f"run {run} {words}", err=True)
        if refused:
            raise CommandRefused("; ".join(refused))

    return steer


#: The states in which a command has done what its word says.
_REACHED = {
    "pause": {RunState.PAUSED},
    "resume": {RunState.QUEUED, RunState.STARTING, RunState.RUNNING},
    "stop": {RunState.STOPPED},
}


def _outcome(workspace: Workspace, verb: str, run: int, done: str) -> str:
    """Return what became of the run: ``done``, or its state if it went another way meanwhile."""
    with Reader(workspace) as reader:
        row = reader.run(run)
    if row is None:
        return "is deleted"
    if row.state in _REACHED.get(verb, ()):
        return done
    return f"is {row.state}: {row.cause}" if row.cause else f"is {row.state}"


for _verb, _text, _done in (
    ("pause", "Write a checkpoint and free the worker.", "is paused"),
    ("resume", "Go on from the newest checkpoint.", "is resumed"),
    ("stop", "End a run for good; its record stays.", "is stopped"),
    ("delete", "Remove a run that does not train, with its files.", "is deleted"),
):
    main.add_command(_steering(_verb, _text, _done))


@main.command()
@click.option("--depth", type=int, required=True, help="Weighted layers: 6n+2, or 18, 34, 50, 101, 152 of imagenet.")
@click.option("--shortcut", default="A", show_default=True, help="NAME[:key=value]..., as in --shortcuts.")
@click.option("--family", default="cifar", show_default=True, help="cifar or imagenet.")
@click.option("--stem", default="auto", show_default=True, help="small (3x3) or large (7x7/2, pooling; imagenet only).")
@click.option("--width", type=int, help="Filters of the first stage.  [default: 16, imagenet 64]")
@click.option("--channels", type=int, default=3, show_default=True)
@click.option("--classes", type=int, help="[default: 10, imagenet 1000]")
@click.option("--size", "image_size", type=int, help="Side of an image in pixels.  [default: 32, imagenet 224]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def count(as_json: bool, **values: Any) -> None:
    """Count parameters, weighted layers and multiply-adds of a net; the defaults are the paper's."""
    config = ModelConfig.checked(**values)
    result = asdict(count_net(config))
    words = ""
    if config.family == "imagenet":
        papers = ModelConfig(family=config.family, depth=config.depth, shortcut=config.shortcut)
        known = {
            row.net.rpartition("-")[2]: row
            for row in get_shortcut(result["shortcut"]).published
            if row.data == "ImageNet" and row.variant == result["shortcut"]
        }
        row = known.get(str(config.depth)) if config == papers else None
        result |= {"family": config.family, "published": asdict(row) if row else None}
        words = f"; published for ImageNet: {row.error} % ({row.kind}; {row.source})" if row else ""
    if as_json:
        echo_json(result)
    else:
        click.echo(
            f"{arm_name(config.depth, result['shortcut'])}: {result['parameters']:,} parameters, "
            f"{result['weighted_layers']} weighted layers, {result['multiply_adds']:,} multiply-adds per image{words}"
        )


@main.command()
@click.option("--idle-seconds", type=click.FloatRange(min=0), default=None, help="End after so long without work.")
@click.pass_obj
def serve(workspace: Workspace, idle_seconds: float | None) -> None:
    """Be the workspace's engine (races and the page start one by themselves)."""
    from engine.runs.supervisor.supervisor import IDLE_S
    from engine.runs.supervisor.supervisor import serve as be_engine

    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    be_engine(workspace, IDLE_S if idle_seconds is None else idle_seconds)


@main.command()
@click.pass_obj
def shutdown(workspace: Workspace) -> None:
    """Pause all runs and end the engine."""
    ended = Control(workspace).shutdown()
    click.echo("the engine has ended; its runs are paused" if ended else "no engine lives for this workspace", err=True)
