"""The table of the formats in which races leave a workspace, and in which they come back. Torch-free.

    write(source: ExportSource, file: BinaryIO, report: Report) -> None     the file can be sought in
    read(workspace: Workspace, path: Path, report: Report) -> Imported      '' where a format only leaves

``write`` and ``read`` name the code as ``module:attribute``, imported where it is used. The contract, which
``tests/contracts/test_formats.py`` holds over all rows: the same rows give the same bytes, but for a date; every run is
inside; nothing of this machine is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from engine.errors import ConfigError
from engine.store.reader import Reader
from engine.store.rows import RunRow

#: Called with what is done, of how much, and what is worked on.
Report = Callable[[int, int, str], None]
#: Which saved states go with the runs.
Checkpoints = Literal["none", "newest", "all"]


@dataclass(frozen=True)
class ExportSource:
    """What is exported: runs in starting order, all rows of one moment."""

    reader: Reader
    rows: tuple[RunRow, ...]
    checkpoints: Checkpoints = "none"


@dataclass(frozen=True)
class Imported:
    """What an import wrote: the runs of each race, the jobs of labs, and how many checkpoints.

    ``left_out`` says in one line what could not be taken over, '' where all was.
    """

    bundle: str
    exported: str
    version: str
    races: Mapping[int, tuple[int, ...]]
    labs: tuple[int, ...]
    checkpoints: int
    left_out: str = ""


@dataclass(frozen=True)
class ExportFormat:
    """One format; ``holds_checkpoints`` says whether saved states can go with it, ``one_run``: it takes no more.

    ``unpacks``: the command line unpacks the file, a zip, into a folder.
    """

    name: str
    label: str
    help: str
    extension: str
    media_type: str
    write: str
    read: str = ""
    holds_checkpoints: bool = False
    one_run: bool = False
    unpacks: bool = False


FORMATS: dict[str, ExportFormat] = {
    row.name: row
    for row in (
        ExportFormat(
            name="bundle", label="Bundle",
            help="One file with everything on record: settings, curves, layers, changes, forks, verdicts, lab results. "
            "Another workspace imports it.",
            extension="skipscope", media_type="application/zip", write="engine.exchange.bundle.writing:write",
            read="engine.exchange.bundle.restoring:read", holds_checkpoints=True,
        ),
        ExportFormat(
            name="csv", label="CSV, every point",
            help="The curves as a table, one row a point: for spreadsheets and scripts.",
            extension="csv", media_type="text/csv; charset=utf-8", write="engine.exchange.csv_file:write",
        ),
        ExportFormat(
            name="parquet", label="Parquet, every point",
            help="The same table with types, settings in the file's metadata: for pandas and Hugging Face data sets.",
            extension="parquet", media_type="application/vnd.apache.parquet",
            write="engine.exchange.parquet_file:write",
        ),
        ExportFormat(
            name="pytorch", label="PyTorch script",
            help="The training of one run as a script of PyTorch and NumPy, which runs without Skipscope.",
            extension="py", media_type="text/x-python; charset=utf-8",
            write="engine.exchange.pytorch_script.script:write", one_run=True,
        ),
        ExportFormat(
            name="tensorboard", label="TensorBoard, every point",
            help="Curves and the distributions of responses as event files, a folder for each run: `tensorboard "
            "--logdir`. Needs the package tensorboard.",
            extension="zip", media_type="application/zip", write="engine.exchange.tensorboard_file:write", unpacks=True,
        ),
        # The one place where the engine names the page: these files are made of it, and nothing here imports it.
        ExportFormat(
            name="html", label="HTML, offline",
            help="One page that replays the race without a server or a network: curves, layers, verdicts.",
            extension="html", media_type="text/html; charset=utf-8", write="app.live.offline.race.export:write",
        ),
        ExportFormat(
            name="report", label="Report, to print",
            help="One page to print: question, verdict with intervals, curves, layers, table, set-up, versions.",
            extension="html", media_type="text/html; charset=utf-8", write="app.live.offline.report.export:write",
        ),
    )
}  # fmt: skip


#: What writes a talk as one page: ``write(name: str, talk: Talk, file: BinaryIO) -> None``.
TALK_WRITER = "app.live.offline.talk.export:write"


def get_format(name: str) -> ExportFormat:
    """Return a format. Raises ConfigError with the choices."""
    if name not in FORMATS:
        raise ConfigError(f"unknown format {name!r}; choose from {', '.join(FORMATS)}")
    return FORMATS[name]


def load(code: str) -> Any:
    """Return what ``module:attribute`` names."""
    module, _, attribute = code.partition(":")
    return getattr(import_module(module), attribute)
