import os
import re

import pytest

from engine.data.files import folder, paths
from engine.data.files.folder import listing
from engine.data.files.paths import path_source
from engine.data.presence import present
from engine.data.registry import get_source
from engine.errors import ConfigError, DataError
from tests.engine.data import pictures
from tests.engine.data.pictures import pixels, png, put


def names(found, split):
    return [(item.name, item.label) for item in found.items(split)]


def complaint(path, resize=0) -> str:
    with pytest.raises(DataError) as caught:
        path_source(f"folder:{path}", resize)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_classes_and_images_come_by_name_and_every_sixth_is_for_the_test(tmp_path):
    pictures.folder(tmp_path, ("dogs", "cats"), each=13)
    found = listing(tmp_path)
    assert found.classes == ("cats", "dogs")
    assert names(found, "test") == [(f"{name}/{i:03}.png", k) for k, name in enumerate(found.classes) for i in (5, 11)]
    assert found.counts == {"train": 22, "test": 4}
    row = path_source(f"folder:{tmp_path}")
    assert "22 images to train, 4 to test (1 in 6 of each class is kept for the test)" in row.help
    assert (row.name, row.channels, row.image_size) == (f"folder:{tmp_path}", 3, 8)
    assert (row.classes, row.train_images, row.test_images, row.embedded) == (("cats", "dogs"), 22, 4, False)


@pytest.mark.parametrize("test_folder", ["test", "val", "Test"])
def test_train_and_test_folders_are_taken_as_they_are(tmp_path, test_folder):
    pictures.folder(tmp_path / "train", each=5)
    pictures.folder(tmp_path / test_folder, each=2)
    found = listing(tmp_path)
    assert (found.counts, found.note) == ({"train": 10, "test": 4}, "")
    assert [name for name, _ in names(found, "test")][0] == f"{test_folder}/cats/000.png"


def test_a_test_folder_without_classes_gives_way_to_val(tmp_path):
    pictures.folder(tmp_path / "train", each=5)
    pictures.folder(tmp_path / "val", each=2)
    put(tmp_path / "test" / "unlabelled.png", png(pixels(0)))
    assert listing(tmp_path).counts == {"train": 10, "test": 4}


def test_a_class_may_be_called_train(tmp_path):
    pictures.folder(tmp_path, ("bus", "train"), each=6)
    assert listing(tmp_path).classes == ("bus", "train")


def test_a_lonely_train_folder_is_split(tmp_path):
    pictures.folder(tmp_path / "train", each=6)
    assert listing(tmp_path).counts == {"train": 10, "test": 2}


def test_nested_files_odd_suffixes_hidden_files_and_loops(tmp_path):
    pictures.folder(tmp_path, each=2)
    put(tmp_path / "cats" / "deep" / "er" / "x.PNG", png(pixels(1)))
    put(tmp_path / "cats" / ".hidden.png", png(pixels(1)))
    put(tmp_path / "cats" / "notes.txt", b"no image")
    put(tmp_path / ".git" / "x.png", png(pixels(1)))
    put(tmp_path / "__MACOSX" / "x.png", png(pixels(1)))
    (tmp_path / "cats" / "deep" / "loop").symlink_to(tmp_path / "cats")
    (tmp_path / "cats" / "self").symlink_to(tmp_path / "cats" / "self")
    found = listing(tmp_path)
    assert found.classes == ("cats", "dogs")
    assert [name for name, _ in names(found, "train")] == ["cats/000.png", "cats/001.png", "dogs/000.png"]
    assert [name for name, _ in names(found, "test")] == ["cats/deep/er/x.PNG", "dogs/001.png"]


def test_the_digest_sees_names_sizes_and_times(tmp_path):
    pictures.folder(tmp_path, each=3)
    digests = [listing(tmp_path).digest, listing(tmp_path).digest]
    assert digests[0] == digests[1]
    path = tmp_path / "cats" / "001.png"
    os.utime(path, (1, 1))
    digests.append(listing(tmp_path).digest)
    path.write_bytes(path.read_bytes() + b" ")
    os.utime(path, (1, 1))
    digests.append(listing(tmp_path).digest)
    path.rename(path.with_name("002b.png"))
    digests.append(listing(tmp_path).digest)
    assert len(set(digests)) == 4


def test_grey_images_have_one_channel_and_one_colour_makes_three(tmp_path):
    pictures.folder(tmp_path, each=4, channels=1)
    assert path_source(f"folder:{tmp_path}").channels == 1
    put(tmp_path / "dogs" / "colour.png", png(pixels(3)))
    assert path_source(f"folder:{tmp_path}").channels == 3


def test_a_row_is_remembered_until_something_is_added(tmp_path, monkeypatch):
    pictures.folder(tmp_path, each=4)
    looked = []
    monkeypatch.setattr(paths, "listing_of", lambda name, real=paths.listing_of: looked.append(name) or real(name))
    for _ in range(3):
        assert path_source(f"folder:{tmp_path}").train_images == 6
    assert len(looked) == 1
    put(tmp_path / "dogs" / "new.png", png(pixels(3)))
    assert path_source(f"folder:{tmp_path}").train_images == 7
    assert path_source(f"folder:{tmp_path}", 16).image_size == 16
    assert len(looked) == 2


def test_the_quick_look_is_bounded(tmp_path, monkeypatch):
    pictures.folder(tmp_path, each=30)
    monkeypatch.setattr(paths, "SAMPLED_IMAGES", 10)
    sample = list(listing(tmp_path).sample(10))
    assert len(sample) == 10
    assert {item.label for item in sample} == {0, 1}
    monkeypatch.setattr(paths, "SAMPLED_S", 0.0)
    put(tmp_path / "dogs" / "000.png", png(pixels(3, size=9)))
    assert path_source(f"folder:{tmp_path}").image_size == 8  # one header was enough of a look


def test_relative_paths_and_home_become_absolute(tmp_path, monkeypatch):
    pictures.folder(tmp_path / "pets", each=3)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("folder:pets", "folder:./pets/", "folder:~/pets"):
        assert path_source(name).name == f"folder:{tmp_path}/pets"
    with pytest.raises(ConfigError, match="names no path; write folder:PATH"):
        path_source("folder:")


def test_what_is_not_there_is_said(tmp_path):
    assert f"{tmp_path}/nothing is not there" in complaint(tmp_path / "nothing")
    file = put(tmp_path / "file", b"")
    assert f"{file} is a file; folder:PATH names a folder of class folders" in complaint(file)


def test_an_empty_folder_is_one_line(tmp_path):
    assert f"{tmp_path} holds no images; folder:PATH takes CLASS/IMAGE" in complaint(tmp_path)
    (tmp_path / "cats").mkdir()
    (tmp_path / "dogs").mkdir()
    assert "holds no images" in complaint(tmp_path)


def test_images_without_class_folders_are_one_line(tmp_path):
    put(tmp_path / "x.png", png(pixels(0)))
    assert "lie in no class folder" in complaint(tmp_path)


def test_parquet_in_a_folder_is_pointed_at(tmp_path):
    put(tmp_path / "train.parquet", b"")
    assert complaint(tmp_path) == f"{tmp_path} holds Parquet files; name it parquet:{tmp_path}"


def test_one_class_only_is_one_line(tmp_path):
    pictures.folder(tmp_path, ("cats",))
    assert "one class only (cats); a race needs at least two" in complaint(tmp_path)


def test_a_class_without_images_is_named(tmp_path):
    pictures.folder(tmp_path)
    (tmp_path / "mice").mkdir()
    assert f"class folder mice in {tmp_path} holds no images; fill it or remove it" in complaint(tmp_path)


def test_a_class_with_one_image_is_named(tmp_path):
    pictures.folder(tmp_path)
    put(tmp_path / "mice" / "x.png", png(pixels(0)))
    assert "class mice" in complaint(tmp_path)


def test_a_class_in_the_test_alone_is_named(tmp_path):
    pictures.folder(tmp_path / "train")
    pictures.folder(tmp_path / "test", ("cats", "dogs", "mice"), each=2)
    assert "class mice is in" in complaint(tmp_path)


def test_train_without_class_folders_is_one_line(tmp_path):
    put(tmp_path / "train" / "x.png", png(pixels(0)))
    put(tmp_path / "test" / "x.png", png(pixels(0)))
    assert f"{tmp_path}/train holds no class folders" in complaint(tmp_path)


def test_mixed_sizes_name_two_and_the_way_out(tmp_path):
    pictures.folder(tmp_path)
    put(tmp_path / "dogs" / "big.png", png(pixels(0, size=9)))
    message = complaint(tmp_path)
    assert "cats/000.png is 8x8 and dogs/big.png is 9x9" in message
    assert "--set data.resize=32" in message
    assert path_source(f"folder:{tmp_path}", 32).image_size == 32


def test_images_that_are_not_square_are_one_line(tmp_path):
    for name in ("cats", "dogs"):
        for i in range(2):
            put(tmp_path / name / f"{i}.png", png(pixels(0)[:6]))
    assert "are not square (cats/0.png is 8x6); add --set data.resize=32" in complaint(tmp_path)


@pytest.mark.parametrize("size", [3, 513])
def test_sizes_that_no_net_takes_are_one_line(tmp_path, size):
    pictures.folder(tmp_path, each=2, size=size)
    assert f"are {size}x{size}; nets take 4 to 512 pixels a side" in complaint(tmp_path)


def test_one_broken_image_in_a_hundred_is_refused_before_anything_starts(tmp_path):
    pictures.folder(tmp_path, each=50)
    put(tmp_path / "dogs" / "000.png", b"nothing")
    assert "1 of the 100 images" in complaint(tmp_path)
    put(tmp_path / "dogs" / "051.png", png(pixels(0)))
    assert path_source(f"folder:{tmp_path}").image_size == 8


def test_a_folder_full_of_broken_images_is_one_line(tmp_path):
    for name in ("cats/1.png", "cats/2.png", "dogs/1.png", "dogs/2.png"):
        put(tmp_path / name, b"")
    assert "none of the images" in complaint(tmp_path)
    assert "cats/1.png (no bytes)" in complaint(tmp_path) or "cats/1.png (empty)" in complaint(tmp_path)


def test_an_unreadable_folder_is_one_line(tmp_path, monkeypatch):
    pictures.folder(tmp_path)

    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(folder.os, "scandir", refused)
    assert f"{tmp_path} cannot be read (Permission denied)" in complaint(tmp_path)


@pytest.mark.parametrize("name", ["folder:bad\udcff", "parquet:/data/bad\udcff/x", "folder:\ud800"])
def test_a_path_that_is_not_utf8_is_refused_in_one_line(name):
    shown = name.encode("utf-8", "backslashreplace").decode().partition(":")[2]
    for refused in (paths.absolute, path_source, get_source):
        with pytest.raises(ConfigError, match=re.escape(shown) + " is not valid UTF-8; rename it$") as caught:
            refused(name)
        assert str(caught.value).encode().isascii()


def test_a_working_directory_that_is_not_utf8_is_refused(tmp_path, monkeypatch):
    pictures.folder(tmp_path / os.fsdecode(b"bad\xff") / "pets", each=3)
    monkeypatch.chdir(tmp_path / os.fsdecode(b"bad\xff"))
    with pytest.raises(ConfigError, match=r"bad\\udcff/pets is not valid UTF-8; rename it"):
        path_source("folder:pets")


def test_the_home_of_nobody_is_one_line():
    with pytest.raises(ConfigError, match="folder:~no-such-user/pets names the home of a user who is not known"):
        path_source("folder:~no-such-user/pets")


def test_a_working_directory_that_is_gone_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(ConfigError, match="folder:pets cannot be made absolute .No such file or directory"):
        path_source("folder:pets")


@pytest.mark.parametrize("kind", paths.KINDS)
def test_a_name_too_long_for_a_file_is_one_line(kind, tmp_path):
    name = f"{kind}:{tmp_path}/{'x' * 300}"
    assert not present(name, tmp_path)
    with pytest.raises(DataError, match="cannot be read .File name too long"):
        path_source(name)


@pytest.mark.parametrize("kind", paths.KINDS)
def test_a_line_break_in_a_path_leaves_one_line(kind, tmp_path):
    name = f"{kind}:{tmp_path}/a\nb"
    for content in (None, "a.txt", "a/x.png"):
        if content:
            put(tmp_path / "a\nb" / content, b"")
        with pytest.raises(DataError, match=r"a\?b") as caught:
            path_source(name)
        assert "\n" not in str(caught.value)
    if kind == "folder":
        for content in ("a/y.png", "b/x.png", "b/y.png"):
            put(tmp_path / "a\nb" / content, b"")
        assert "none of the images" in complaint(tmp_path / "a\nb")


def test_links_to_what_is_no_file_are_no_images(tmp_path):
    pictures.folder(tmp_path / "pets", each=3)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "pets" / "cats" / "pipe.png").symlink_to(tmp_path / "pipe")
    (tmp_path / "pets" / "cats" / "null.png").symlink_to("/dev/null")
    os.mkfifo(tmp_path / "pets" / "dogs" / "pipe.png")
    (tmp_path / "pets" / "dogs" / "whole.png").symlink_to(tmp_path / "pets" / "cats" / "000.png")
    (tmp_path / "pets" / "dogs" / "nowhere.png").symlink_to(tmp_path / "nothing")
    found = listing(tmp_path / "pets")
    assert sorted(name for split in ("train", "test") for name, _ in names(found, split)) == [
        "cats/000.png", "cats/001.png", "cats/002.png",
        "dogs/000.png", "dogs/001.png", "dogs/002.png", "dogs/nowhere.png", "dogs/whole.png",
    ]  # fmt: skip
    message = complaint(tmp_path / "pets")
    assert "1 of the 8 images" in message
    assert "dogs/nowhere.png (No such file or directory)" in message


def test_a_name_that_is_too_long_is_not_repeated():
    with pytest.raises(ConfigError, match=r"^folder: names a path of 5,000 letters, and 4,096 is the most$"):
        path_source(f"folder:{'x' * 5_000}")
    with pytest.raises(ConfigError) as caught:
        get_source("x" * 5_000)
    assert len(str(caught.value)) < 500


def test_classes_whose_names_read_alike_stay_apart(tmp_path):
    pictures.folder(tmp_path, ("\t", "\x1b", "?", "? (2)"), each=2)
    found = listing(tmp_path)
    assert found.classes == ("?", "? (2)", "? (3)", "? (2) (2)")
    assert found.counts == {"train": 4, "test": 4}
