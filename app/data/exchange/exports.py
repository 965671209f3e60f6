"""Runs as files: the formats, and a file made for a browser."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from app.data.workspace import current, reading
from engine.errors import ConfigError, DataError
from engine.exchange.privacy import cell as cell
from engine.exchange.privacy import data_name, portable
from engine.exchange.pytorch_script.script import script_of
from engine.exchange.registry import FORMATS, ExportFormat, get_format
from engine.exchange.transfer import ExportRequest, write

#: Errors about a request: other runs, or fewer, can be exported.
UNFIT = (ConfigError, DataError)


def formats() -> tuple[ExportFormat, ...]:
    """Return the formats in the order of a menu."""
    return tuple(FORMATS.values())


def format_of(name: str) -> ExportFormat:
    """Return a format. Raises SkipscopeError with the choices."""
    return get_format(name)


def portable_text(text: str) -> str:
    """Return a text, or the name of a data set, without the folders of this machine."""
    return portable(data_name(text))


def script(run: int) -> tuple[str, str]:
    """Return (script, '') of a run as PyTorch, ('', the reason in one line) for a run without one."""
    try:
        with reading() as reader:
            return script_of(reader, reader.runs.known(run)), ""
    except UNFIT as error:
        return "", str(error)


@contextmanager
def exported(runs: Sequence[int], name: str) -> Iterator[tuple[BinaryIO, int]]:
    """Yield a file of these runs, at its begin, and its bytes. The file has no name and goes when it is closed.

    Checkpoints stay here: the page loads no torch, and they would be hundreds of megabytes. Raises SkipscopeError.
    """
    workspace = current().workspace
    with tempfile.TemporaryFile(dir=workspace.path) as file:
        write(workspace, ExportRequest(tuple(runs), name), file, lambda done, total, what: None)
        size = file.tell()
        file.seek(0)
        yield file, size
