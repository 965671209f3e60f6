from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from engine.data.parquet import listing
from engine.data.paths import path_source
from engine.errors import DataError
from tests.engine.data.pictures import pixels, png, put, table

SAMPLE = Path(__file__).parents[4] / "shared" / "data" / "cifar10-jpeg"
EVEN = [0, 1] * 12


def complaint(path) -> str:
    with pytest.raises(DataError) as caught:
        path_source(f"parquet:{path}")
    message = str(caught.value)
    assert "\n" not in message
    return message


def read(found, split):
    return [(item.name, item.label, item.content) for item in found.items(split)]


def test_train_and_test_files_are_read_row_by_row(tmp_path):
    table(tmp_path / "train-00000-of-00001.parquet", EVEN, names=("cat", "dog"))
    table(tmp_path / "test-00000-of-00001.parquet", [1, 0, 1], names=("cat", "dog"))
    found = listing(tmp_path)
    assert (found.classes, found.counts, found.note) == (("cat", "dog"), {"train": 24, "test": 3}, "")
    assert read(found, "test")[1] == ("test-00000-of-00001.parquet row 1", 0, png(pixels(1)))
    assert [label for _, label, _ in read(found, "train")] == EVEN
    row = path_source(f"parquet:{tmp_path}")
    assert (row.channels, row.image_size, row.train_images, row.test_images) == (3, 8, 24, 3)


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("data/train-0.parquet", "data/validation-0.parquet"),
        ("train/0000.parquet", "test/0000.parquet"),
        ("plain_text/Train.parquet", "plain_text/Test.parquet"),
        ("training-data/train-0.parquet", "training-data/test-0.parquet"),
    ],
)
def test_names_of_files_and_folders_tell_the_split(tmp_path, train, test):
    table(tmp_path / train, EVEN)
    table(tmp_path / test, [0, 1])
    assert listing(tmp_path).counts == {"train": 24, "test": 2}


def test_one_file_keeps_every_sixth_row_of_a_class(tmp_path):
    path = table(tmp_path / "pets.parquet", EVEN, image="image", label="fine_label")
    found = listing(path)
    assert [name for name, _, _ in read(found, "test")] == [f"pets.parquet row {i}" for i in (10, 11, 22, 23)]
    assert found.counts == {"train": 20, "test": 4}
    assert len(read(found, "train")) == 20
    assert "1 in 6 of each class" in path_source(f"parquet:{path}").help
    assert found.classes == ("0", "1")


def test_unlabelled_test_rows_give_way_to_validation(tmp_path):
    table(tmp_path / "train.parquet", EVEN)
    table(tmp_path / "test.parquet", [-1, -1])
    table(tmp_path / "validation.parquet", [0, 1, 1])
    found = listing(tmp_path)
    assert found.counts == {"train": 24, "test": 3}
    assert found.note == "1 files of other splits are left out"


def test_text_labels_are_class_names(tmp_path):
    path = table(tmp_path / "pets.parquet", ["dog", "cat"] * 6)
    found = listing(path)
    assert found.classes == ("cat", "dog")
    assert [label for _, label, _ in read(found, "train")][:2] == [1, 0]


def test_names_without_images_are_left_out(tmp_path):
    path = table(tmp_path / "pets.parquet", [0, 2] * 6, names=("cat", "cow", "dog"))
    found = listing(path)
    assert found.classes == ("cat", "dog")
    assert {label for _, label, _ in read(found, "train")} == {0, 1}
    assert "1 class names without images are left out" in found.note


def test_bytes_without_a_struct_are_taken(tmp_path):
    rows = [png(pixels(i)) for i in range(12)]
    parquet.write_table(pa.table({"image": rows, "label": [0, 1] * 6}), tmp_path / "pets.parquet")
    found = listing(tmp_path / "pets.parquet")
    assert read(found, "train")[3][2] == rows[3]


def test_the_sample_is_spread_and_bounded(tmp_path):
    path = table(tmp_path / "pets.parquet", [0] * 50 + [1] * 50, group=10)
    sample = list(listing(path).sample(16))
    assert len(sample) == 16
    assert {item.label for item in sample} == {0, 1}


def test_the_digest_sees_a_rewritten_file(tmp_path):
    path = table(tmp_path / "pets.parquet", EVEN)
    before = listing(path).digest
    assert listing(path).digest == before
    table(path, [0, 1] * 13)
    assert listing(path).digest != before


def test_what_is_no_parquet_is_one_line(tmp_path):
    assert "is not there" in complaint(tmp_path / "nothing")
    assert "holds no .parquet files" in complaint(tmp_path)
    path = put(tmp_path / "train.parquet", b"no parquet at all")
    assert f"{path} cannot be read as Parquet" in complaint(tmp_path)
    table(path, EVEN)
    path.write_bytes(path.read_bytes()[:-30])
    assert "cannot be read as Parquet" in complaint(path)


def test_other_columns_are_named(tmp_path):
    parquet.write_table(pa.table({"text": ["a"], "label": [0]}), tmp_path / "x.parquet")
    assert "has the columns text, label; it takes img or image, and label or fine_label" in complaint(tmp_path)
    parquet.write_table(pa.table({"img": ["a.png"], "label": [0]}), tmp_path / "x.parquet")
    assert "keeps string in img" in complaint(tmp_path)
    parquet.write_table(pa.table({"img": [{"path": "a.png"}], "label": [0]}), tmp_path / "x.parquet")
    assert "keeps no image bytes in img" in complaint(tmp_path)
    parquet.write_table(pa.table({"img": [{"bytes": b""}], "label": [0.5]}), tmp_path / "x.parquet")
    assert "keeps double in label" in complaint(tmp_path)


def test_labels_that_do_not_fit_are_one_line(tmp_path):
    path = table(tmp_path / "train.parquet", [0, 1, 2], names=("cat", "dog"))
    assert "has label 2, but names for 0 to 1 only" in complaint(path)
    assert "1 rows without a label" in complaint(table(path, [0, 1, None]))
    assert "one class only" in complaint(table(path, [3] * 12))
    assert "no rows" in complaint(table(path, pa.array([], pa.int64())))
    assert "has one image" in complaint(table(path, [0, 0, 1]))
    table(path, EVEN)
    table(tmp_path / "test.parquet", [0, 2])
    assert "class 2 of" in complaint(tmp_path)
    path.unlink()
    assert "none whose name starts with train" in complaint(tmp_path)


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the JPEG copy of CIFAR-10 is not on this machine")
def test_the_jpeg_copy_of_cifar10():
    row = path_source(f"parquet:{SAMPLE}")
    assert (row.train_images, row.test_images, row.image_size, row.channels) == (50_000, 10_000, 32, 3)
    assert row.classes[:3] == ("airplane", "automobile", "bird")
    labels = np.array([item.label for item in listing(SAMPLE).items("test")])
    assert np.bincount(labels).tolist() == [1000] * 10
