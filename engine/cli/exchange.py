"""``export`` and ``import``: races leave the workspace as a file, and come back from one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from engine.cli.output import console, echo_json
from engine.cli.parsing.message import name_on_a_line
from engine.cli.parsing.numbers import RUN_ID
from engine.errors import ConfigError, missing
from engine.exchange.ghosts.importing import LinesRequest, import_lines, is_lines, remove_lines
from engine.exchange.registry import FORMATS, Report
from engine.exchange.transfer import CHECKPOINTS, ExportRequest, export_to, import_from
from engine.store.reader import Reader
from engine.store.rows import GhostLineRow
from engine.store.workspace import Workspace

_FORMATS = "\n".join(f"  {row.name:<12}{row.help}" for row in FORMATS.values())


@click.command()
@click.argument("runs", metavar="[RUN]...", type=RUN_ID, nargs=-1)
@click.option("--race", type=RUN_ID, help="All runs of this race, in place of their numbers.")
@click.option("--format", "chosen", type=click.Choice([*FORMATS]), default="bundle", show_default=True)
@click.option(
    "--out",
    required=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="The file to write; of tensorboard the folder, or a file that ends in .zip.",
)
@click.option("--checkpoints", type=click.Choice(CHECKPOINTS), default="none", show_default=True,
              help="Saved states that go into a bundle. Without them its runs cannot be forked.")  # fmt: skip
@click.option("--replace", is_flag=True, help="Write over a file of that name.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def export(context: click.Context, /, runs: tuple[int, ...], out: Path, as_json: bool, **options: Any) -> None:
    """Write runs to a file."""
    workspace: Workspace = context.obj
    runs = _named(workspace, runs, options["race"])
    request = ExportRequest(runs, options["chosen"], options["checkpoints"])
    with _shown(f"export {name_on_a_line(out.name)}", not as_json) as report:
        size = export_to(workspace, request, out, report, replace=options["replace"])
    if as_json:
        echo_json({"path": str(out), "format": request.format, "runs": [*runs], "bytes": size})
    else:
        click.echo(
            f"{name_on_a_line(out)}: {len(runs)} run{'s' * (len(runs) != 1)} as {request.format}, {_size(size)}",
            err=True,
        )


export.help = f"Write runs to a file, which holds no folder and no log of this machine.\n\n\b\n{_FORMATS}"


@click.command("import")
@click.argument("path", metavar="PATH", type=click.Path(path_type=Path))
@click.option("--as", "columns", multiple=True, metavar="COLUMN=QUANTITY",
              help="What a column of a CSV, or a tag of TensorBoard, holds: it becomes a line.")  # fmt: skip
@click.option("--race", type=RUN_ID, help="The race that lines stand beside; needed where there are several.")
@click.option("--step", default="", metavar="COLUMN", help="The column of the steps in a CSV.  [default: step]")
@click.option("--name", default="", help="The name of the lines, in place of the file's.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def import_(workspace: Workspace, /, path: Path, as_json: bool, **options: Any) -> None:
    """Take over the races of a bundle. A file that is damaged changes nothing.

    Imported runs have ended. One with checkpoints can be forked; the fork needs the data set.

    A CSV, an event file of TensorBoard, or a folder of such becomes imported lines beside a race.
    """
    if is_lines(path):
        _import_lines(workspace, path, as_json, **options)
        return
    if given := next((name for name in ("columns", "race", "step", "name") if options[name]), None):
        option = "--as" if given == "columns" else f"--{given}"
        raise ConfigError(f"{option} is for a CSV or files of TensorBoard; a bundle brings races of its own")
    with _shown(f"import {name_on_a_line(path.name)}", not as_json) as report:
        imported = import_from(workspace, path, report)
    if imported.left_out:
        click.echo(imported.left_out, err=True)
    if as_json:
        document = asdict(imported)
        document["races"] = [{"race": race, "runs": [*runs]} for race, runs in imported.races.items()]
        echo_json({**document, "labs": [*imported.labs]})
        return
    for race, runs in imported.races.items():
        click.echo(f"race {race}: runs {', '.join(map(str, runs))}", err=True)
    exported = imported.exported.replace("T", " ").removesuffix("Z")
    click.echo(f"imported bundle {imported.bundle[:12]}, exported {exported} UTC by {imported.version}", err=True)


def _import_lines(workspace: Workspace, path: Path, as_json: bool, **options: Any) -> None:
    columns = {}
    for text in options["columns"]:
        column, separator, quantity = text.rpartition("=")
        if not separator or not column:
            raise ConfigError(f"--as {text[:80]!r} is not COLUMN=QUANTITY, for example --as acc=test_accuracy:fraction")
        if column in columns:
            raise ConfigError(f"--as names {column[:80]!r} twice")
        columns[column] = quantity
    request = LinesRequest(columns, options["race"], options["step"], options["name"])
    with _shown(f"import {name_on_a_line(path.name)}", not as_json) as report:
        lines = import_lines(workspace, path, request, report)
    if as_json:
        echo_json({"race": lines[0].race, "lines": [asdict(line) for line in lines]})
        return
    for line in lines:
        click.echo(f"race {line.race}, line {line.id}: {_line(line)}", err=True)


@click.command()
@click.argument("lines", metavar="[LINE]...", type=RUN_ID, nargs=-1)
@click.option("--delete", is_flag=True, help="Remove the named lines.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def ghosts(workspace: Workspace, lines: tuple[int, ...], delete: bool, as_json: bool) -> None:
    """List the imported lines beside races, or remove some."""
    if delete != bool(lines):
        raise ConfigError("`ghosts` lists all lines, and `ghosts LINE... --delete` removes some")
    if delete:
        removed = remove_lines(workspace, list(lines))
        if as_json:
            echo_json({"removed": removed})
        else:
            click.echo(f"removed {', '.join(map(str, removed))}", err=True)
        return
    with Reader(workspace) as reader:
        rows = reader.ghosts.all()
    if as_json:
        echo_json({"lines": [asdict(row) for row in rows]})
        return
    for row in rows:
        click.echo(f"{row.id}  race {row.race}  {_line(row)}")
    if not rows:
        click.echo("no imported lines; `import PATH --as COLUMN=QUANTITY` brings some", err=True)


def _line(row: GhostLineRow) -> str:
    kept = f"{row.points:,} of {row.total:,} points" if row.points < row.total else f"{row.total:,} points"
    return f"{row.name} ({row.source} as {row.quantity}), {kept}"


def _named(workspace: Workspace, runs: tuple[int, ...], race: int | None) -> tuple[int, ...]:
    """Return the runs to export. Raises UsageError, and ConfigError for a race that does not exist."""
    if bool(runs) == (race is not None):
        raise click.UsageError("name runs, RUN..., or a race, --race N" + ("; not both" if runs else ""))
    if race is None:
        return runs
    with Reader(workspace) as reader:
        found = tuple(row.id for row in reader.runs.all(race))
    if not found:
        raise ConfigError(missing(f"race {race}"))
    return found


@contextmanager
def _shown(words: str, wanted: bool) -> Iterator[Report]:
    """Yield a report that draws a progress bar on a terminal."""
    out = console(stderr=True)
    if not (wanted and out.is_terminal):
        yield lambda done, total, what: None
        return
    counts = TextColumn("{task.completed:.0f}/{task.total}")
    columns = (TextColumn(words), BarColumn(), counts, TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=out, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total, what: progress.update(task, completed=done, total=total, description=what)


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"
