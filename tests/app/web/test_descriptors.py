"""The limit of open files, and how many viewers it is enough for."""

import subprocess
import sys

import pytest

from app import command_line
from app.web import descriptors
from engine.paths import PROJECT


@pytest.mark.parametrize(("limit", "viewers"), [(64, 1), (1_024, 51), (2_511, 199), (2_512, 200), (65_536, 200)])
def test_so_many_viewers_as_their_descriptors_are_there_for(limit, viewers):
    assert descriptors.viewers(limit) == viewers
    assert descriptors.connections(limit) >= min(6 * viewers, 16)


@pytest.mark.parametrize("limit", [700, 1_024, 2_511, 2_512, 4_096, 8_192, 65_536])
def test_connections_sessions_and_files_of_answers_together_stay_below_the_limit(limit):
    viewers, files = descriptors.viewers(limit), descriptors.files(limit)
    sessions = 3 * viewers + descriptors.LEFT_SESSIONS
    assert descriptors.connections(limit) + files + sessions + descriptors.OWN <= limit
    assert viewers <= files <= descriptors.connections(limit)
    assert descriptors.connections(limit) >= 6 * viewers


def test_the_limit_under_which_all_are_served_is_told():
    assert descriptors.viewers(descriptors.needed()) == descriptors.MAX_VIEWERS
    assert descriptors.viewers(descriptors.needed() - 1) < descriptors.MAX_VIEWERS


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_the_soft_limit_goes_up_to_the_hard_one():
    script = (
        "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (256, 700)); "
        "from app.web import descriptors as d; print(d.open_limit(), d.raise_limit(), d.open_limit(), d.viewers()); "
        "from app.command_line import room_words; print(room_words())"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    first, words = said.splitlines()
    assert first == "256 700 700 18"
    assert words == (
        "There is room for 18 viewers: this system lets a process open 700 files, and 200 take 2,512 (ulimit -Hn)"
    )


def test_with_enough_of_them_the_number_alone_is_said(monkeypatch):
    monkeypatch.setattr(descriptors, "open_limit", lambda: 65_536)
    assert command_line.room_words() == "There is room for 200 viewers"
