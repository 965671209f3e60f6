"""The recorded races as the page has them: imported at the first press, found at the next, named afterwards."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from app.data import authorization, races
from app.data.exchange import imports, recordings
from app.data.workspace import use
from engine.errors import ConfigError, DataError, NotPresenter
from engine.exchange import recordings as table
from engine.store.workspace import Workspace
from tests.engine.exchange.recorded_workspace import fill

SMALLEST = "cut"


@pytest.fixture
def place(tmp_path):
    yield use(tmp_path / "workspace")
    use(tmp_path / "elsewhere")


def test_the_menu_has_every_recorded_race_and_the_first_visit_one_of_them(place):
    rows = recordings.available()
    assert [row.name for row in rows] == [*table.recordings()]
    assert recordings.FIRST in {row.name for row in rows}


def test_a_recorded_race_is_imported_once_whoever_presses(place):
    with ThreadPoolExecutor(3) as visitors:
        numbers = {*visitors.map(recordings.watched, [SMALLEST] * 3)}
    assert len(numbers) == 1
    assert [race.id for race in races.races()] == [*numbers]
    assert recordings.watched(SMALLEST) in numbers


def test_a_recorded_race_says_what_it_shows_and_others_do_not(place):
    fill(Workspace(place))
    number = recordings.watched(SMALLEST)
    assert recordings.recording_of(number) == table.get_recording(SMALLEST)
    assert imports.origin(number).startswith("Imported: recorded elsewhere by version ")
    assert recordings.recording_of(2) is None


def test_an_installation_without_bundles_offers_none(place, tmp_path, monkeypatch):
    bare = tmp_path / "bare"
    bare.mkdir()
    monkeypatch.setattr(recordings, "recordings", lambda: table.recordings(bare))
    assert recordings.available() == ()
    shutil.copy(table.FOLDER / table.TABLE, bare)
    table.recordings.cache_clear()
    assert recordings.available() == ()


def test_a_damaged_bundle_is_one_line_and_changes_nothing(place, tmp_path, monkeypatch):
    row = table.get_recording(SMALLEST)
    damaged = replace(row, path=tmp_path / f"{SMALLEST}.skipscope")
    damaged.path.write_bytes(row.path.read_bytes()[:-9])
    monkeypatch.setattr(recordings, "get_recording", lambda name: damaged)
    with pytest.raises(DataError, match="is not imported"):
        recordings.watched(SMALLEST)
    assert [*place.iterdir()] == []


def test_an_unknown_name_and_the_audience_are_refused(place, monkeypatch):
    with pytest.raises(ConfigError, match="unknown recorded race"):
        recordings.watched("none")
    monkeypatch.setattr(authorization, "_guard", lambda: False)
    with pytest.raises(NotPresenter):
        recordings.watched(SMALLEST)
    assert not place.exists() or [*place.iterdir()] == []
