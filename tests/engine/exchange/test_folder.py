"""A folder is written whole or not at all, whatever path names it: what was there is lost for a new one alone."""

import zipfile
from pathlib import Path

import pytest

from engine.errors import DataError
from engine.exchange.folder import unpacked
from engine.exchange.transfer import to_file


def zipped(text):
    def write(file):
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("run/events", text)

    return write


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_an_earlier_folder_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    out = tmp_path / "tb"
    assert unpacked(zipped("old"), out) == 3
    assert unpacked(zipped("newer"), out, replace=True) == 5
    assert contents(tmp_path) == {"tb/run/events": "newer"}
    assert [path.name for path in tmp_path.iterdir()] == ["tb"]


@pytest.mark.parametrize("path", [".", "..", "run/..", "run/../..", "../tb"])
@pytest.mark.parametrize("replace", [False, True])
def test_the_working_directory_is_never_replaced_and_stays_as_it_was(tmp_path, monkeypatch, path, replace):
    unpacked(zipped("old"), tmp_path / "tb")
    monkeypatch.chdir(tmp_path / "tb")
    with pytest.raises(DataError, match="name another folder"):
        unpacked(zipped("new"), Path(path), replace=replace)
    assert contents(tmp_path) == {"tb/run/events": "old"}
    assert Path.cwd() == tmp_path / "tb"


@pytest.mark.parametrize("path", [".", ".."])
def test_an_empty_working_directory_stays_too(tmp_path, monkeypatch, path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    with pytest.raises(DataError, match="works in"):
        unpacked(zipped("new"), Path(path))
    assert Path.cwd().is_dir()


def test_a_path_with_dots_is_the_folder_that_it_names(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    unpacked(zipped("new"), tmp_path / "a" / "b" / "..")
    assert contents(tmp_path) == {"a/run/events": "new"}


def test_an_earlier_folder_is_back_where_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    out = tmp_path / "tb"
    unpacked(zipped("old"), out)
    rename = Path.rename

    def fails(self, target):
        if self.name == "new":
            raise OSError(16, "Device or resource busy")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(DataError, match="busy"):
        unpacked(zipped("new"), out, replace=True)
    assert contents(tmp_path) == {"tb/run/events": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["tb"]


@pytest.mark.parametrize("replace", [False, True])
def test_a_link_to_nothing_is_no_free_place_for_a_file(tmp_path, replace):
    out = tmp_path / "out.csv"
    out.symlink_to(tmp_path / "gone")
    with pytest.raises(DataError, match="is no usual file, and stays"):
        to_file(out, lambda file: file.write(b"new"), replace=replace)
    assert out.is_symlink()
