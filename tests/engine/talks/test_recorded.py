"""Recorded races for talks: unpacked once, in a folder of their own, for any thread."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.errors import ConfigError
from engine.talks import recorded
from engine.talks.recorded import RecordedRaces


@pytest.fixture
def shelf():
    return RecordedRaces()


def test_a_recording_is_unpacked_once_whoever_asks(shelf, monkeypatch):
    unpacked = []
    own = recorded.import_from
    monkeypatch.setattr(recorded, "import_from", lambda *given: unpacked.append(given[1].stem) or own(*given))

    def steps(name):
        with shelf.opened(name) as (reader, race):
            return sorted(
                (row.depth, row.shortcut, row.parent_run is not None, row.step) for row in reader.runs.all(race)
            )

    with ThreadPoolExecutor(3) as threads:
        found = [*threads.map(steps, ["cut"] * 3)]
    assert found == [[(56, "A", False, 300), (56, "A", True, 300)]] * 3
    assert unpacked == ["cut"]


def test_runs_of_two_recordings_have_numbers_of_their_own(shelf):
    numbers = []
    for name in ("cut", "depth"):
        with shelf.opened(name) as (reader, race):
            numbers.append({row.id for row in reader.runs.all(race)})
    assert not numbers[0] & numbers[1]


def test_what_was_never_recorded_is_refused(shelf):
    with pytest.raises(ConfigError, match="unknown recorded race"), shelf.opened("nothing"):
        pass
