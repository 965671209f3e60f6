"""A lent workspace: the page's own functions see what an export sees, in its thread, and nothing else changes."""

import threading

from app.data import races, workspace
from app.data.exchange import offline
from engine.exchange.registry import ExportSource
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.engine.exchange.recorded_workspace import fill, small_race


def test_reads_see_the_moment_of_the_export_and_others_the_present(workspace, tmp_path):
    elsewhere = Workspace.at(tmp_path / "elsewhere").prepare()
    runs = fill(elsewhere)
    served = races.races()
    with Reader(elsewhere) as reader, reader.snapshot():
        source = ExportSource(reader, tuple(reader.runs.known(run) for run in runs))
        with Writer(elsewhere) as writer:
            writer.races.submit(small_race())
            writer.notes.rename_race(2, "renamed since")
        with offline.opened(source):
            assert workspace_of() == elsewhere.path
            assert [race.id for race in races.races()] == [2, 1]
            (race,) = offline.races_of(source)
            assert race.name.startswith("before")
            assert "/home" not in race.as_command
            found = []
            other = threading.Thread(target=lambda: found.append(workspace_of()))
            other.start()
            other.join()
            assert found != [elsewhere.path]
    assert races.races() == served


def workspace_of():
    return workspace.current().workspace.path


def test_a_summary_of_a_file_has_ended_and_names_no_cause():
    running = {"run": 1, "state": "running", "detail": "waits for /mnt/x", "cause": "", "outdated": True}
    assert offline.ended(running) == {"run": 1, "state": "stopped", "detail": "", "cause": "", "outdated": False}
    failed = {"run": 1, "state": "failed", "detail": "", "cause": "no room on /mnt/x"}
    assert offline.ended(failed)["state"] == "failed"
    assert offline.ended(failed)["cause"] == ""


def test_every_text_of_a_document_is_portable():
    document = {"a": ["see /home/ada/notes/2026", 3, None], "b": {"c": "folder:/home/ada/cats"}, "d": (1.5, "x/y")}
    assert offline.portable(document) == {"a": ["see 2026", 3, None], "b": {"c": "folder:cats"}, "d": [1.5, "x/y"]}
