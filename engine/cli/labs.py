"""``lab``: submits a lab, follows the job, prints metrics and findings. Ctrl-C stops the job."""

import dataclasses
import math
from collections.abc import Sequence
from contextlib import suppress
from threading import Event
from typing import Any

import click
from rich.progress import BarColumn, Progress, TextColumn

from engine.cli.interrupt import ctrl_c_heard, pause
from engine.cli.output import console, echo_json, pairs, table
from engine.errors import CommandRefused, EngineUnreachable
from engine.events import ENDED, Found, RunState
from engine.labs.registry import LABS, LabSpec, get_lab
from engine.runs.client.conclusions import lab_differences, lab_findings
from engine.runs.client.control import Control
from engine.store.reader import Reader
from engine.store.rows import LabJobRow
from engine.store.workspace import Workspace

_POLL_S = 0.1
_STOPPED_WITHIN_S = 10.0


@click.command()
@click.argument("name", metavar="NAME")
@click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help="A setting of the lab; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document when the lab has ended.")
@click.pass_context
def lab(context: click.Context, name: str, settings: tuple[str, ...], as_json: bool) -> int:
    """Run one lab (a small experiment that answers one question) and print its figures."""
    workspace: Workspace = context.obj
    row, control = get_lab(name), Control(workspace)
    job = control.start_lab(name, pairs(settings))
    control.enter("lab")
    try:
        with ctrl_c_heard() as pressed, Reader(workspace) as reader:
            try:
                ended = follow(control, reader, job, pressed, shown=not as_json)
            except KeyboardInterrupt:
                with suppress(CommandRefused):  # the job has ended
                    control.commands.await_done(control.commands.ask("stop", job), _STOPPED_WITHIN_S)
                    click.echo("stopped", err=True)
                context.exit(130)
            if ended is None or ended.state != RunState.FINISHED:
                state, cause = ("deleted", "") if ended is None else (ended.state.value, ended.cause)
                click.echo(f"lab {name} {state}{f': {cause}; log: {workspace.log(job)}' if cause else ''}", err=True)
            findings = [] if ended is None else lab_findings(reader, ended)
            document = _document(row, ended, reader.labs.metrics(job), findings)
            document["differences"] = [] if ended is None else lab_differences(reader, ended)
    finally:
        control.leave()
    if as_json:
        echo_json(document)
    else:
        _print(row, document, findings)
    context.exit(0 if ended is not None and ended.state == RunState.FINISHED else 1)


lab.help = f"{lab.help} Labs: {', '.join(LABS)}."


def follow(control: Control, reader: Reader, job: int, pressed: Event, shown: bool) -> LabJobRow | None:
    """Return the row of the ended job; None for a deleted job."""
    out = console(stderr=True)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), console=out, transient=True,
        disable=not (shown and out.is_terminal),
    ) as progress:  # fmt: skip
        task = progress.add_task("starting", total=None)
        announced = False
        while True:
            row = reader.labs.get(job)
            if row is None or row.state in ENDED:
                return row
            progress.update(task, description=row.detail or row.state, completed=row.done, total=row.total or None)
            if row.state == RunState.PAUSED and not announced:
                announced = True
                click.echo(f"the lab is paused; `python -m engine resume {job}` goes on", err=True)
            if control.engine.status().state == "none":
                raise EngineUnreachable(
                    f"the engine has ended; `python -m engine resume {job}` goes on with the lab (log: "
                    f"{control.workspace.engine_log})"
                )
            pause(pressed, _POLL_S)


def _document(
    row: LabSpec, job: LabJobRow | None, metrics: dict[str, float | None], findings: Sequence[Found]
) -> dict[str, Any]:
    return {
        "lab": row.name,
        "settings": {} if job is None else job.config.settings,
        "seconds": 0.0 if job is None else job.seconds,
        "figures": [
            {"name": metric.name, "value": metrics[metric.name], "unit": metric.unit, "source": metric.source}
            for metric in row.metrics
            if metric.name in metrics
        ],
        "findings": [dataclasses.asdict(found) for found in findings],
    }


def _print(row: LabSpec, document: dict[str, Any], findings: Sequence[Found]) -> None:
    metrics = table("metric", "value", wide="expected", title=row.question)
    expected = {metric.name: metric.expected for metric in row.metrics}
    for metric in document["figures"]:
        value = metric["value"]
        shown = "not finite" if value is None or not math.isfinite(value) else f"{value:.4g}"
        metrics.add_row(metric["name"], f"{shown} {metric['unit']}".strip(), expected[metric["name"]])
    console().print(metrics)
    if document.get("differences"):
        click.echo(f"Measured on runs that are arms of their own: {'; '.join(document['differences'])}.")
    for found in findings:
        if found.holds_at(document["settings"]):
            click.echo(found.text)
    click.echo(row.context)
