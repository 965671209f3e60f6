"""``set``, ``extend``, ``fork``: interventions in a run."""

import click

from engine.cli.output import DONE_S, check_known, echo_json, fields, pairs
from engine.cli.parsing.numbers import RUN_ID, Number
from engine.config import OptimConfig, check_change
from engine.errors import CommandRefused, ConfigError
from engine.runs.client.commands import answer
from engine.runs.client.control import Control
from engine.store.reader import Reader
from engine.store.workspace import Workspace

_STEP = Number({"type": "integer", "minimum": 0})


@click.command(name="set")
@click.argument("words", metavar="RUN... key=value", nargs=-1, required=True)
@click.pass_obj
def set_(workspace: Workspace, words: tuple[str, ...]) -> None:
    """Change lr, weight_decay or strength (of the shortcuts, 0 to 1) of live runs from their next step on."""
    settings = pairs(tuple(word for word in words if "=" in word))
    context = click.get_current_context()
    runs = list(dict.fromkeys(int(RUN_ID(word, ctx=context)) for word in words if "=" not in word))
    if not runs or not settings:
        raise ConfigError("name runs and what to change in them, for example `set 3 4 lr=0.03`")
    values = {key: check_change(key, text) for key, text in settings.items()}
    check_known(workspace, runs)
    control, submitted, refused = Control(workspace), [], []
    for run in runs:
        for key, value in values.items():
            try:
                submitted.append((run, key, control.interventions.set_value(run, key, value)))
            except CommandRefused as error:
                refused.append(str(error))
    for run, key, command in submitted:
        done = control.commands.await_done(command, DONE_S)
        with Reader(workspace) as reader:
            row = answer(reader, command)
            changes = (c for c in reader.interventions.changes(run) if (c.key, c.created) == (key, row.created))
            change = next(changes, None)
        if row.refusal:
            refused.append(row.refusal)
        elif change is None or change.step is None:
            when = "when it goes on" if done else "at the end of this step"
            click.echo(f"run {run} takes {key}={values[key]:g} over {when}", err=True)
        else:
            click.echo(f"run {run} has {key}={values[key]:g} from step {change.step} on", err=True)
    if refused:
        raise CommandRefused("; ".join(dict.fromkeys(refused)))


@click.command()
@click.argument("run", metavar="RUN", type=RUN_ID)
@click.option(
    "--steps", type=Number.of(OptimConfig, "steps"), required=True, help="Steps in total, more than the run has done."
)
@click.pass_obj
def extend(workspace: Workspace, run: int, steps: int) -> None:
    """Let a finished run go on; drops stay where they were, the last learning rate goes on."""
    check_known(workspace, [run])
    Control(workspace).interventions.extend(run, steps)
    click.echo(f"run {run} goes on to {steps} steps", err=True)


@click.command()
@click.argument("run", metavar="RUN", type=RUN_ID)
@click.option("--step", type=_STEP, default=None, help="A saved step of the run; default: the newest.")
@click.option("--set", "settings", metavar="key=value", multiple=True, help="What differs from there on.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def fork(workspace: Workspace, run: int, step: int | None, settings: tuple[str, ...], as_json: bool) -> None:
    """Start a new run in the same race from a saved step of RUN, with any change that keeps its weights loadable."""
    changed = pairs(settings)
    check_known(workspace, [run])
    child = Control(workspace).interventions.fork(run, step, changed)
    with Reader(workspace) as reader:
        row = reader.runs.known(child)
    if as_json:
        columns = fields(row, "race", "parent_run", "parent_step", "total_steps")
        echo_json({"run": child, **columns, "settings": changed})
    else:
        click.echo(f"run {child} is a fork of run {run} at step {row.parent_step}", err=True)
