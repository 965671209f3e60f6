"""Files for a browser, bundles from one, and what is said of an imported race."""

import pytest

from app.data import authorization
from app.data.exchange import exports, imports
from app.data.workspace import use
from engine.errors import DataError, NotPresenter
from engine.provenance import versions
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from tests.engine.exchange.recorded_workspace import fill


def quiet(done, total, what):
    """Hear no progress."""


@pytest.fixture
def bundle(tmp_path):
    runs = fill(Workspace(use(tmp_path / "recorded")))
    with exports.exported(runs, "bundle") as (file, size):
        data = file.read()
        assert len(data) == size
    yield data
    use(tmp_path / "elsewhere")


def test_a_file_for_a_browser_leaves_no_file(bundle, tmp_path):
    names = [path.name for path in (tmp_path / "recorded").iterdir()]
    assert {name for name in names if not name.startswith("skipscope.db")} <= {"run-00009", "run-00010"}


def test_a_bundle_from_a_browser_is_imported_and_said(bundle, tmp_path):
    place = use(tmp_path / "there")
    (race,) = imports.import_bundle(bundle, quiet)
    with Reader(Workspace(place)) as reader:
        assert len(reader.runs.all(race)) == 5
        source = reader.imports.get(1)
    words = imports.origin(race)
    assert words.startswith(f"Imported: recorded elsewhere by version {versions()['skipscope']}, exported on ")
    assert words.endswith(f" as bundle {source.bundle[:12]}.")
    assert [path.name for path in place.iterdir() if path.suffix == ".part"] == []


def test_a_race_of_this_workspace_has_no_origin(tmp_path):
    fill(Workspace(use(tmp_path / "own")))
    assert imports.origin(2) == ""
    use(tmp_path / "elsewhere")


def test_what_is_refused_leaves_nothing(bundle, tmp_path):
    place = use(tmp_path / "there")
    with pytest.raises(DataError, match="is not imported"):
        imports.import_bundle(bundle[:-9], quiet)
    assert [*place.iterdir()] == []


def test_the_audience_imports_nothing(bundle, tmp_path, monkeypatch):
    place = use(tmp_path / "there")
    monkeypatch.setattr(authorization, "_guard", lambda: False)
    with pytest.raises(NotPresenter):
        imports.import_bundle(bundle, quiet)
    assert not place.exists()
