"""Commands that write look at their target first, say what is wrong in one line, and leave nothing behind."""

import os

import pytest

from engine.cli import reference as command
from engine.cli.group import run
from engine.cli.parsing.message import name_on_a_line
from engine.errors import DataError
from engine.exchange.folder import unpacked
from engine.exchange.reference_files import check_folder


def below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def places(root):
    """What no file can be written into, by name, with a word of the reason."""
    (root / "file").write_bytes(b"")
    (root / "loop").symlink_to(root / "loop")
    return {
        "a file": (root / "file", "Not a directory"),
        "below a file": (root / "file" / "deep", "Not a directory"),
        "a long name": (root / ("x" * 300), "name too long"),
        "a link to itself": (root / "loop", "symbolic links"),
        "a system's": ("/proc/skipscope/deep", "No such file"),
    }


KINDS = ("a file", "below a file", "a long name", "a link to itself", "a system's")


@pytest.mark.parametrize("kind", KINDS)
def test_references_are_not_measured_for_a_place_that_cannot_be_written(tmp_path, monkeypatch, capsys, kind):
    monkeypatch.setattr(command, "_lab", lambda *_: pytest.fail("was measured"))
    monkeypatch.setattr(command, "_race", lambda *_: pytest.fail("was measured"))
    place, reason = places(tmp_path)[kind]
    before = below(tmp_path)
    assert run(["--workspace", str(tmp_path / "workspace"), "reference", "--into", str(place)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert reason in said or "is a file" in said
    assert below(tmp_path) == before


def test_a_folder_that_is_not_there_yet_can_be_written_and_is_not_made(tmp_path):
    check_folder(tmp_path / "a" / "b")
    check_folder(tmp_path)
    assert below(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is refused to root")
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="Permission denied"):
        check_folder(tmp_path / "new")


@pytest.mark.parametrize("kind", ["missing", "full", *KINDS[:4]])
def test_an_export_into_a_folder_looks_at_it_first(tmp_path, kind):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "other.txt").write_bytes(b"")
    odd = {"missing": tmp_path / "a" / "b", "full": tmp_path / "full"}
    place = odd.get(kind) or places(tmp_path)[kind][0]
    before = below(tmp_path)
    with pytest.raises(DataError):
        unpacked(lambda file: pytest.fail("was written"), place)
    assert below(tmp_path) == before


def test_a_name_is_one_line():
    assert name_on_a_line("a\nb\r\x1b[0m\u2028 c.zip") == "a\\nb\\r\\x1b[0m\\u2028 c.zip"
