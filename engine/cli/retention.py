"""``tidy``, ``quota`` and ``backup``: what leaves the record, how much the workspace may take, a copy of it."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, Progress, TextColumn

from engine.cli.output import console, echo_json
from engine.cli.parsing.message import name_on_a_line
from engine.cli.parsing.numbers import Number
from engine.errors import CommandRefused, NoDatabase
from engine.runs.client.commands import UNDER_WAY
from engine.runs.client.control import Control
from engine.runs.client.retention import Keep, Retention, plan
from engine.store.reader import Reader
from engine.store.rows import RaceAge
from engine.store.space.backup import back_up
from engine.store.space.disk import read_disk, size_in_words
from engine.store.vacuum import vacuum
from engine.store.workspace import Workspace
from engine.store.writer import Writer

_DAYS = Number({"type": "number", "minimum": 0, "maximum": 100_000})
_RUNS = Number({"type": "integer", "minimum": 0, "maximum": 10**9})
_GIGABYTES = Number({"type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000})
_GB = 1e9
#: Runs of one batch of commands, and how long a batch may take.
_BATCH, _BATCH_S = 50, 60.0


@click.command()
@click.option("--keep-days", type=_DAYS, help="Keep races that ended in the last D days.")
@click.option("--keep-runs", type=_RUNS, help="Keep the races of the newest N runs.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and delete nothing.")
@click.option("--yes", is_flag=True, help="Delete without a question.")
@click.option("--vacuum", "shrinks", is_flag=True, help="Give the freed space of the database back to the disk.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document; deletes with --yes alone.")
@click.pass_context
def tidy(context: click.Context, /, **options: Any) -> None:
    """Delete old races with their files, and shrink the database.

    A race goes as a whole, once all its runs have ended and no rule keeps it. A race with a name, or with a note on
    one of its runs, always stays.
    """
    workspace, keep, shown = context.obj, Keep(options["keep_days"], options["keep_runs"]), not options["as_json"]
    if keep == Keep() and not options["shrinks"]:
        raise click.UsageError("nothing to do; name --keep-days D, --keep-runs N or --vacuum")
    retention = Retention() if keep == Keep() else _planned(workspace, keep)
    size = read_disk(workspace.path).freed_by(retention.runs)
    if shown and keep != Keep():
        _say(retention, size)
    deletes = bool(retention.leaving) and not options["dry_run"]
    if deletes and not options["yes"]:
        if not shown or not sys.stdin.isatty():
            raise click.UsageError("nothing was deleted; --yes deletes without a question, --dry-run lists alone")
        question = f"Delete {len(retention.runs)} runs with their files? This cannot be undone."
        click.confirm(question, abort=True, err=True)
    if deletes:
        _delete(workspace, keep, retention, shown)
    freed = _shrunk(workspace, shown) if options["shrinks"] and not options["dry_run"] else 0
    if not shown:
        echo_json(_document(retention, size, deletes, freed))


def _planned(workspace: Workspace, keep: Keep) -> Retention:
    try:
        with Reader(workspace) as reader, reader.snapshot():
            return plan(reader, keep, time.time())
    except NoDatabase:
        return Retention()


def _document(retention: Retention, size: int, deleted: bool, freed: int) -> dict[str, Any]:
    return {
        "deleted": deleted,
        "races": [{"race": race.id, "runs": race.runs, "ended": race.ended} for race in retention.leaving],
        "bytes": size,
        "kept": {"at_work": retention.at_work, "marked": retention.marked, "inspected": retention.inspected},
        "vacuumed_bytes": freed,
    }


def _say(retention: Retention, size: int) -> None:
    for race in retention.leaving:
        ended = time.strftime("%Y-%m-%d", time.localtime(race.ended))
        click.echo(f"race {race.id}: {len(race.runs)} runs, ended {ended}")
    click.echo(
        f"{len(retention.leaving)} races with {len(retention.runs)} runs leave, {size_in_words(size)} of files",
        err=True,
    )
    kept = {
        "have not ended": retention.at_work,
        "have a name or a note": retention.marked,
        "wait for a lab": retention.inspected,
    }
    for why, count in kept.items():
        if count:
            click.echo(f"{count} more would leave, but {why}", err=True)


def _delete(workspace: Workspace, keep: Keep, retention: Retention, shown: bool) -> None:
    """Delete what was asked about and still leaves: races change while a question waits, and between batches."""
    control, refused, late = Control(workspace), [], 0
    control.enter("tidy")
    try:
        for races in _progress("deleting", retention.leaving, shown):
            still = {race.id: race.runs for race in _planned(workspace, keep).leaving}
            runs = [run for race in races if still.get(race.id) == race.runs for run in race.runs]
            answers = control.commands.ask_each("delete", runs, _BATCH_S)
            refused += [answer for answer in answers.values() if answer and not answer.endswith(UNDER_WAY)]
            late += sum(answer.endswith(UNDER_WAY) for answer in answers.values())
            kept = [race.id for race in races if still.get(race.id) != race.runs]
            refused += [f"race {race} changed meanwhile and stays" for race in kept]
    finally:
        control.leave()
    if late and shown:
        click.echo(f"{late} deletions are under way and end by themselves", err=True)
    if refused:
        raise CommandRefused(f"not everything was deleted: {'; '.join(dict.fromkeys(refused))}")


def _progress(what: str, races: Sequence[RaceAge], shown: bool) -> Iterator[Sequence[RaceAge]]:
    """Yield the races in batches of whole ones, of ``_BATCH`` runs and what completes the last."""
    out = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed} of {task.total}"))
    with Progress(*columns, console=out, transient=True, disable=not (shown and out.is_terminal)) as progress:
        task = progress.add_task(what, total=sum(len(race.runs) for race in races))
        batch: list[RaceAge] = []
        for race in races:
            batch.append(race)
            if (runs := sum(len(race.runs) for race in batch)) >= _BATCH or race is races[-1]:
                yield batch
                progress.advance(task, runs)
                batch = []


def _shrunk(workspace: Workspace, shown: bool) -> int:
    """Shrink the database; return the bytes that the disk has again."""
    if not workspace.database.exists():
        return 0
    freed, out = 0, console(stderr=True)
    columns = (TextColumn("shrinking the database"), BarColumn())
    with Progress(*columns, console=out, transient=True, disable=not (shown and out.is_terminal)) as progress:
        task = progress.add_task("", total=None)
        for freed, total in vacuum(workspace):  # noqa: B007
            progress.update(task, completed=freed, total=total)
    if shown:
        click.echo(f"the database gave back {size_in_words(freed)}", err=True)
    return freed


@click.command()
@click.argument("size", metavar="[GB|none]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def quota(context: click.Context, size: str | None, as_json: bool) -> None:
    """Say or set how much the workspace may take, in gigabytes of 1000 MB; none removes the quota.

    With the quota reached no new run, fork or lab begins. Those on record go on, and can be resumed.
    """
    workspace: Workspace = context.obj
    limit = None
    if size is not None:
        limit = None if size == "none" else round(_GB * _gigabytes(size, context))
        with Writer(workspace.prepare()) as writer:
            writer.quota.set(limit)
    else:
        with suppress(NoDatabase), Reader(workspace) as reader:
            limit = reader.quota.bytes()
    used = read_disk(workspace.path).total
    if as_json:
        echo_json({"used_bytes": used, "quota_bytes": limit})
    else:
        of = f" of {size_in_words(limit)}" if limit is not None else ", no quota"
        click.echo(f"{size_in_words(used)}{of}")


def _gigabytes(text: str, context: click.Context) -> float:
    number = _GIGABYTES.parsed(text)
    if number is None:
        raise click.UsageError(f"a quota is a number of gigabytes above 0, or none (got {text[:20]!r})", context)
    return number


@click.command()
@click.argument("place", metavar="PATH", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def backup(workspace: Workspace, place: Path, as_json: bool) -> None:
    """Copy the workspace to the new folder PATH while everything runs; --workspace uses the copy.

    It holds the database, and the checkpoints and the log of each run; data sets are decoded anew.
    """
    made = back_up(workspace, place)
    if as_json:
        document = {"path": str(place.expanduser().absolute()), "runs": made.runs, "checkpoints": made.checkpoints}
        echo_json(document | {"bytes": made.size, "missing": made.missing})
        return
    held = f"{made.runs} runs and {made.checkpoints} checkpoints, {size_in_words(made.size)}"
    click.echo(f"{name_on_a_line(place)} holds {held}", err=True)
    if made.missing:
        gone = "; ".join(made.missing)
        click.echo(f"without {len(made.missing)} checkpoints, whose files are gone: {gone}", err=True)
