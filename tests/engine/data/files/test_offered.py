import os

import pytest

from engine.data.files import offered as module
from engine.data.files.offered import ENVIRONMENT, kind_of, offered
from engine.data.files.paths import path_source
from tests.engine.data import pictures
from tests.engine.data.pictures import pixels, png, put


@pytest.fixture
def below(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    monkeypatch.setattr(module, "_FRESH_S", 0.0)
    return tmp_path


def test_class_folders_and_parquet_are_offered_and_nothing_else(below):
    pictures.folder(below / "pets", each=3)
    pictures.folder(below / "split" / "train", each=3)
    pictures.table(below / "one.parquet", [0, 1] * 6)
    pictures.table(below / "hub" / "data" / "train-0.parquet", [0, 1] * 6)
    put(below / "notes.txt", b"")
    put(below / "photos" / "x.png", png(pixels(0)))
    put(below / "code" / "a" / "x.py", b"")
    put(below / "code" / "b" / "x.py", b"")
    put(below / ".hidden" / "a" / "x.png", png(pixels(0)))
    (below / "loop").symlink_to(below / "loop")
    names = [offer.name for offer in offered()]
    assert names == [
        f"parquet:{below}/hub", f"parquet:{below}/one.parquet", f"folder:{below}/pets", f"folder:{below}/split",
    ]  # fmt: skip
    assert all(path_source(name).name == name for name in names)
    assert offered()[2].label == "pets (folder of class folders)"


def test_nothing_is_offered_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    assert offered() == ()
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "nothing"))
    assert offered() == ()


def test_the_folder_is_not_read_at_every_turn(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    looked = []
    monkeypatch.setattr(module, "_look", lambda root: looked.append(root) or [])
    offered()
    offered()
    assert looked == [tmp_path]


def test_a_glance_never_fails(tmp_path):
    assert kind_of(tmp_path / "nothing") == ""


def test_names_that_are_not_utf8_are_not_offered(below, monkeypatch):
    pictures.folder(below / "pets", each=3)
    bad = below / os.fsdecode(b"bad\xff")
    pictures.folder(bad / "inside", each=3)
    pictures.folder(bad / "within", each=3)
    pictures.table(below / os.fsdecode(b"bad\xff.parquet"), [0, 1] * 6)
    assert [offer.name for offer in offered()] == [f"folder:{below}/pets"]
    monkeypatch.setenv(ENVIRONMENT, str(bad))
    assert offered() == ()


def test_the_home_of_nobody_offers_nothing(monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, "~no-such-user/data")
    assert offered() == ()
