"""``talk``: checks the file of a talk, and writes it as one page that needs no server."""

from io import BytesIO
from pathlib import Path
from typing import Any

import click

from engine.cli.output import echo_json
from engine.cli.parsing.message import name_on_a_line
from engine.errors import ConfigError
from engine.exchange.registry import TALK_WRITER, load
from engine.exchange.transfer import to_file
from engine.store.workspace import Workspace
from engine.talks.files import TalkFaults, get_talk_file, read_talk
from engine.talks.scenes import Talk


@click.command()
@click.argument("talk", metavar="TALK")
@click.option("--out", metavar="PATH", type=click.Path(path_type=Path), help="The HTML file to write.")
@click.option("--replace", is_flag=True, help="Write over a file of that name.")
@click.option("--check", is_flag=True, help="Only check the file; each fault has a line with its scene.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def talk(workspace: Workspace, /, talk: str, out: Path | None, **options: bool) -> int | None:
    """Check a talk, or write it as one HTML file with its recorded races and labs inside.

    TALK is a file, or the name of a talk of the project or of the workspace.
    """
    if (out is None) != options["check"]:
        raise ConfigError("name what to do with the talk: --check, or --out PATH")
    path = Path(talk) if talk.endswith(".toml") else get_talk_file(talk, workspace.path)
    try:
        found = read_talk(path)
        size = _written(path, found, out, options["replace"])
    except TalkFaults as error:
        if options["as_json"]:
            raise
        for line in error.lines:
            click.echo(f"{name_on_a_line(path.name)}: {line}", err=True)
        return 2
    document: dict[str, Any] = {"talk": found.title, "scenes": len(found.scenes), "minutes": found.minutes}
    if out is not None:
        document |= {"path": str(out), "bytes": size}
    if options["as_json"]:
        echo_json(document)
    else:
        done = f"{name_on_a_line(out)}, {document['bytes'] / 1e6:,.1f} MB" if out else "no fault"
        click.echo(
            f"{found.title}: {_counted(len(found.scenes), 'scene')}, {_counted(found.minutes, 'minute')}; {done}",
            err=True,
        )
    return None


def _written(path: Path, found: Talk, out: Path | None, replace: bool) -> int:
    """Write the page, to nowhere where it is only checked: nothing that refuses it later stays unsaid."""
    writer = load(TALK_WRITER)
    if out is not None:
        return to_file(out, lambda file: writer(path.stem, found, file), replace=replace)
    page = BytesIO()
    writer(path.stem, found, page)
    return page.tell()


def _counted(number: float, what: str) -> str:
    return f"{number:g} {what}{'s' * (number != 1)}"
