"""Every registered format: the same rows give the same bytes, every run is inside, nothing of this machine is."""

import base64
import getpass
import gzip
import io
import re
import socket
import zipfile
from pathlib import Path

import pytest

from engine.errors import ConfigError, DataError
from engine.exchange import limits
from engine.exchange.registry import FORMATS, get_format, load
from engine.exchange.transfer import ExportRequest, export_to, import_from, write
from tests.engine.exchange.recorded_workspace import SECRETS, fill

#: A run of the race before those that ``fill`` returns.
ONE_RUN = 1
QUIET = lambda done, total, what: None  # noqa: E731


@pytest.fixture
def runs(workspace, request):
    """Runs that a format takes: all of a workspace; of a format for one run one of embedded images, which trained."""
    everything = fill(workspace)
    name = request.node.callspec.params.get("name") if hasattr(request.node, "callspec") else None
    return (ONE_RUN,) if name and FORMATS[name].one_run else everything


def exported(workspace, runs, name: str, **options) -> bytes:
    file = io.BytesIO()
    write(workspace, ExportRequest(runs, name, **options), file, QUIET)
    return file.getvalue()


def decoded(data: bytes, words: bool = False) -> bytes:
    """Return all that a file says: of an archive its names and members, of a table its text. ``words``: no arrays."""
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if not (words and name.endswith(".bin"))]
            return b"\n".join(part for name in names for part in (name.encode(), archive.read(name)))
    if data[:4] == b"PAR1":
        import pyarrow.parquet as pq

        table = pq.read_table(io.BytesIO(data))
        return b"\n".join((*table.schema.metadata.values(), table.to_pandas().to_csv().encode()))
    if data[:9] == b"<!doctype":
        blocks = re.findall(rb'data-packed="([^"]+)"[^>]*>([A-Za-z0-9+/=]*)<', data)
        own = [gzip.decompress(base64.b64decode(text)) for name, text in blocks if name not in (b"plotly", b"modules")]
        if words:  # the page's own words about quantities know roots of means
            own = [text.replace(b"root mean square", b"") for text in own]
        return b"\n".join((re.sub(rb"<(script|style).*?</\1>", b"", data, flags=re.DOTALL), *own))
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def undated(data: bytes) -> bytes:
    return re.sub(rb'"date":"[^"]*"', b'"date":""', decoded(data))


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_rows_are_the_same_bytes(workspace, runs, name):
    first, second = exported(workspace, runs, name), exported(workspace, runs, name)
    assert len(first) == len(second) > 1000
    assert undated(first) == undated(second)
    assert undated(exported(workspace, tuple(reversed(runs)), name)) == undated(first)


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_of_this_machine_leaves(workspace, runs, name):
    data = exported(workspace, runs, name)
    private = {
        "workspace": str(workspace.path), "home": str(Path.home()), "project": str(Path(__file__).parents[2]),
        "temporary": str(workspace.path.parent), "pid": "4321", **SECRETS,
    }  # fmt: skip
    for text in (data, decoded(data)):
        assert [what for what, secret in private.items() if secret.encode() in text] == []
    # Any two letters stand somewhere in compressed bytes, so short names are looked for in words.
    for word in (getpass.getuser(), socket.gethostname(), "ada", "lovelace"):
        assert not re.search(rb"\b%s\b" % re.escape(word.encode()), decoded(data, words=True)), word
    assert b"secret-holiday" in decoded(data) or name == "csv" or FORMATS[name].one_run, (
        "the name of the data set stays"
    )


@pytest.mark.parametrize("name", [name for name, row in FORMATS.items() if row.one_run])
def test_a_format_for_one_run_takes_no_more(workspace, runs, name):
    assert b"run 1 " in exported(workspace, runs, name)
    with pytest.raises(ConfigError, match=f"{name} takes one run \\(got 2\\); name one"):
        exported(workspace, (1, 2), name)


@pytest.mark.parametrize("name", [name for name, row in FORMATS.items() if not row.one_run])
def test_every_run_is_inside_and_fewer_are_less(workspace, runs, name):
    sizes = [len(decoded(exported(workspace, runs[:count], name))) for count in range(1, len(runs) + 1)]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("name", FORMATS)
def test_progress_reaches_its_end(workspace, runs, name):
    seen = []
    write(workspace, ExportRequest(runs, name), io.BytesIO(), lambda *each: seen.append(each))
    done, totals, words = zip(*seen, strict=True)
    assert list(done) == sorted(done)
    assert len({*totals}) == 1
    assert done[-1] == totals[0]
    assert all(words)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_explained_and_its_code_is_there(name):
    row = FORMATS[name]
    assert row.name == name
    assert row.label
    assert row.help.endswith(".")
    assert re.fullmatch("[a-z]+", row.extension)
    assert callable(load(row.write))
    assert not row.read or callable(load(row.read))


@pytest.mark.parametrize("name", [name for name, row in FORMATS.items() if row.read])
def test_what_is_imported_is_exported_as_it_was(workspace, runs, name, tmp_path):
    file = tmp_path / f"race.{FORMATS[name].extension}"
    export_to(workspace, ExportRequest(runs, name), file, QUIET)
    elsewhere = type(workspace).at(tmp_path / "elsewhere")
    imported = import_from(elsewhere, file, QUIET)
    again = tuple(run for members in imported.races.values() for run in members)
    assert len(again) == len(runs)
    assert undated(exported(elsewhere, again, name)) == undated(file.read_bytes())


@pytest.mark.parametrize("name", [name for name, row in FORMATS.items() if not row.holds_checkpoints])
def test_a_format_without_checkpoints_says_so(workspace, runs, name):
    with pytest.raises(ConfigError, match="holds no checkpoints; choose the format bundle"):
        exported(workspace, runs, name, checkpoints="all")


def test_an_unknown_format_is_one_line():
    with pytest.raises(ConfigError, match=f"unknown format 'docx'; choose from {', '.join(FORMATS)}"):
        get_format("docx")


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_is_no_bundle_is_refused_and_leaves_nothing(workspace, runs, name, tmp_path):
    file = tmp_path / "race"
    file.write_bytes(exported(workspace, runs, name)[:-1])
    elsewhere = type(workspace).at(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="race is not imported: "):
        import_from(elsewhere, file, QUIET)
    assert not elsewhere.path.exists() or not [*elsewhere.path.iterdir()]


def test_the_limits_are_in_one_module():
    """A limit elsewhere would be one that no other reader of foreign files keeps."""
    assert limits.expanded(1024) < 2 * limits.FREE_BYTES
    assert limits.expanded(limits.MAX_FILE_BYTES) == limits.MAX_TOTAL_BYTES
