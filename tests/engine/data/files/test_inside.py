import os
from pathlib import Path

import numpy as np
import pytest

from engine.data import limits
from engine.data.files import folder, image_files, inside
from engine.data.files.cache import load_decoded
from engine.data.files.parquet.listing import linked, listing
from engine.data.files.paths import path_source
from engine.data.files.pixels import Unreadable, decode
from engine.errors import DataError
from tests.engine.data import pictures
from tests.engine.data.pictures import pixels, png, put, table

EVEN = [0, 1] * 12


@pytest.fixture
def two(tmp_path):
    """A set, and another one elsewhere."""
    return pictures.folder(tmp_path / "set", each=6), pictures.folder(tmp_path / "elsewhere", each=6)


def test_links_out_of_the_folder_are_counted_and_not_followed(two):
    root, elsewhere = two
    (root / "cats" / "one.png").symlink_to(elsewhere / "cats" / "000.png")
    (root / "mice").symlink_to(elsewhere / "cats")
    (root / "dogs" / "more").symlink_to("../../elsewhere/dogs")
    found = folder.listing(root)
    assert found.classes == ("cats", "dogs")
    assert sum(found.counts.values()) == 12
    (line,) = found.left_out
    assert line.startswith("3 links that lead out of it (")
    assert "mice" in line
    assert line.endswith("; name it linked-folder:PATH to follow links)")
    row = path_source(f"linked-folder:{root}")
    assert row.classes == ("cats", "dogs", "mice")
    assert row.train_images + row.test_images == 12 + 1 + 6 + 6


def test_links_inside_of_the_folder_are_followed_and_loops_end(two):
    root, _ = two
    for place in range(2):
        put(root / "pool" / "deep" / f"{place}.png", png(pixels(5 + place)))
    (root / "cats" / "same").symlink_to("../pool/deep")
    (root / "dogs" / "up").symlink_to("..")
    (root / "dogs" / "self").symlink_to("self")
    (root / "cats" / "gone.png").symlink_to("nothing.png")
    found = folder.listing(root)
    names = [item.name for split in ("train", "test") for item in found.items(split)]
    assert "cats/same/0.png" in names
    assert not [line for line in found.left_out if "lead out" in line]


def test_a_set_may_be_named_by_a_link(two):
    root, _ = two
    (root.parent / "shortcut").symlink_to(root)
    assert folder.listing(root.parent / "shortcut").counts == {"train": 10, "test": 2}


def test_a_refusal_names_the_links_that_were_not_followed(tmp_path, two):
    elsewhere = two[1]
    (tmp_path / "links").mkdir()
    for name in ("cats", "dogs"):
        (tmp_path / "links" / name).symlink_to(elsewhere / name)
    with pytest.raises(DataError, match="holds no images.*not followed: 2 links that lead out of it .cats, dogs; name"):
        folder.listing(tmp_path / "links")
    assert folder.linked(tmp_path / "links").counts == {"train": 10, "test": 2}


@pytest.mark.parametrize("swapped", ["cats/000.png", "cats"])
def test_a_link_that_is_put_in_after_the_look_is_not_read(two, swapped):
    root, elsewhere = two
    items = list(folder.listing(root).items("train"))
    (root / swapped).rename(root / "away")
    (root / swapped).symlink_to(elsewhere / swapped)
    with pytest.raises(Unreadable, match="^a link that leads out of the folder$"):
        decode(items[0], 3, 0)
    followed = next(iter(folder.linked(root).items("train")))
    assert np.array_equal(decode(followed, 3, 0)[1], pixels(0).transpose(2, 0, 1))


def test_a_pipe_that_is_put_in_after_the_look_is_not_waited_for(two):
    root, _ = two
    items = list(folder.listing(root).items("train"))
    items[0].content.unlink()
    os.mkfifo(items[0].content)
    with pytest.raises(Unreadable, match="no regular file"):
        decode(items[0], 3, 0)


def test_without_paths_of_descriptors_the_opened_file_is_looked_for_again(two, monkeypatch):
    root, elsewhere = two
    monkeypatch.setattr(inside, "_DESCRIPTORS", "/nowhere")
    monkeypatch.setattr(inside.sys, "platform", "any")
    inside.open_inside(root / "cats" / "000.png", str(root)).close()
    (root / "out.png").symlink_to(elsewhere / "cats" / "000.png")
    with pytest.raises(inside.Outside, match="leads out of the folder"):
        inside.open_inside(root / "out.png", str(root))
    # Between opening and looking, the link was put back.
    real = os.path.realpath
    monkeypatch.setattr(os.path, "realpath", lambda path, strict: real(root / "dogs" / "000.png"))
    with pytest.raises(inside.Outside, match="changed while it was followed"):
        inside.open_inside(root / "out.png", str(root))


def test_parquet_behind_links_out_of_the_folder_is_named(tmp_path):
    table(tmp_path / "blobs" / "x.parquet", EVEN)
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "train.parquet").symlink_to("../blobs/x.parquet")
    with pytest.raises(DataError, match=r"holds no .parquet files, but 1 link .*train.parquet; name it linked-parquet"):
        listing(tmp_path / "set")
    table(tmp_path / "set" / "test.parquet", EVEN)
    with pytest.raises(DataError, match=r"starts with train; not followed: 1 link .*train.parquet; name"):
        listing(tmp_path / "set")
    (tmp_path / "set" / "test.parquet").unlink()
    assert linked(tmp_path / "set").counts == {"train": 20, "test": 4}
    assert listing(tmp_path / "set" / "train.parquet").counts == {"train": 20, "test": 4}
    table(tmp_path / "set" / "own.parquet", EVEN)
    found = listing(tmp_path / "set")
    assert found.counts == {"train": 20, "test": 4}
    assert found.left_out == (
        "1 link that leads out of it (train.parquet; name it linked-parquet:PATH to follow links)",
    )
    (tmp_path / "set" / "own.parquet").unlink()
    (tmp_path / "set" / "own.parquet").symlink_to("../blobs/x.parquet")
    with pytest.raises(DataError, match="cannot be read as Parquet .a link that leads out of the folder"):
        next(found.items("train"))


def test_a_linked_set_is_a_copy_of_its_own(two, tmp_path):
    root, elsewhere = two
    (root / "mice").symlink_to(elsewhere / "cats")
    report = lambda text: None  # noqa: E731
    assert load_decoded(f"folder:{root}", 1, tmp_path / "workspace", report).classes == ("cats", "dogs")
    assert load_decoded(f"linked-folder:{root}", 1, tmp_path / "workspace", report).classes == ("cats", "dogs", "mice")


def test_files_and_depth_are_bounded(two, monkeypatch):
    root, _ = two
    deep = root / "cats" / "a" / "b" / "c"
    put(deep / "x.png", png(pixels(1)))
    monkeypatch.setattr(limits, "MAX_DEPTH", 2)
    with pytest.raises(DataError, match="has folders more than 2 deep; put the images higher"):
        folder.listing(root)
    monkeypatch.setattr(limits, "MAX_DEPTH", 3)
    folder.listing(root)
    monkeypatch.setattr(limits, "MAX_ENTRIES", 12)
    with pytest.raises(DataError, match="holds more than 12 files; name a part of it"):
        folder.listing(root)
    table(Path(root, "train.parquet"), EVEN)
    with pytest.raises(DataError, match="holds more than 12 files"):
        listing(root)


def test_a_bound_of_entries_bounds_a_walk_through_folders_without_files(tmp_path, monkeypatch):
    for place in range(9):
        (tmp_path / f"{place}").mkdir()
    (tmp_path / "5" / "deep.png").touch()
    (tmp_path / "linked").symlink_to("5")
    (tmp_path / "self").symlink_to("self")
    assert sum(1 for _ in inside.entries_in(tmp_path)) == 12
    assert image_files.files_below(tmp_path) == 2
    assert image_files.any_image_below(tmp_path)
    monkeypatch.setattr(image_files, "_COUNTED", 3)
    looked = []
    scan = os.scandir
    monkeypatch.setattr(inside.os, "scandir", lambda place: looked.append(place) or scan(place))
    assert not image_files.any_image_below(tmp_path)
    assert len(looked) == 1
    monkeypatch.setattr(limits, "MAX_ENTRIES", 8)
    with pytest.raises(DataError, match="more than 8 files"):
        listing(tmp_path)
