import os
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from engine.data import limits
from engine.data.files.listing import printable
from engine.data.files.parquet.listing import listing
from engine.data.files.paths import path_source
from engine.errors import DataError
from tests.engine.data.pictures import pixels, png, put, table

SAMPLE = Path(__file__).parents[6] / "shared" / "data" / "cifar10-jpeg"
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


def test_a_file_that_lists_its_names_in_another_order_keeps_what_its_labels_mean(tmp_path):
    table(tmp_path / "train-0.parquet", EVEN, names=("cat", "dog"))
    table(tmp_path / "test-0.parquet", [0, 0, 1], names=("dog", "cat"))
    found = listing(tmp_path)
    assert found.classes == ("cat", "dog")
    assert [label for _, label, _ in read(found, "test")] == [1, 1, 0]


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
    line = complaint(tmp_path)
    assert "has the columns text, label; it takes img or image, and label or fine_label" in line
    assert line.endswith(": none is known as that of the images, so rename the right one")
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


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()], ids=str)
def test_labels_of_every_whole_type_are_read(tmp_path, kind):
    path = table(tmp_path / "pets.parquet", pa.array(EVEN, kind), names=("cat", "dog"))
    assert [label for _, label, _ in read(listing(path), "train")][:3] == [0, 1, 0]
    assert "1 rows without a label" in complaint(table(path, pa.array([0, None, 1], kind)))


def test_labels_beyond_all_numbers_are_one_line(tmp_path):
    path = table(tmp_path / "pets.parquet", pa.array([0, 2**64 - 1], pa.uint64()))
    assert f"{path} has a label above 9223372036854775807" in complaint(path)


@pytest.mark.parametrize(
    "labels",
    [
        pa.array([0.0, 1.0] * 6, pa.float32()),
        pa.array([[0], [1, 2]] * 6),
        pa.array([{"x": 1}] * 12),
        pa.array([None] * 12, pa.null()),
        pa.array([0.5, 1.5] * 6).dictionary_encode(),
        pa.array([b"a", b"b"] * 6),
        pa.array([0, 1] * 6, pa.date32()),
        pa.array([[(0, 1)]] * 12, pa.map_(pa.int32(), pa.int32())),
        pa.array([{"a\nb": 1}] * 12),
    ],
    ids=lambda array: str(array.type),
)
def test_labels_of_other_types_are_one_line(tmp_path, labels):
    path = table(tmp_path / "pets.parquet", labels)
    kind = parquet.read_schema(path).field("label").type
    assert f"{path} keeps {printable(str(kind))} in label; labels are whole numbers or texts" in complaint(path)


def test_a_file_whose_name_is_not_utf8_is_read_and_named(tmp_path):
    path = table(tmp_path / os.fsdecode(b"train-\xff.parquet"), EVEN)
    found = listing(tmp_path)
    assert read(found, "test")[0][0] == "train-?.parquet row 10"
    path.write_bytes(b"nothing")
    assert f"{tmp_path}/train-?.parquet cannot be read as Parquet" in complaint(tmp_path)
    table(path, [0, 1, None])
    assert f"{tmp_path}/train-?.parquet has 1 rows without a label" in complaint(tmp_path)


@pytest.mark.parametrize("twice", ["label", "img"])
def test_two_columns_of_one_name_are_one_line(tmp_path, twice):
    columns = {"img": pa.array([png(pixels(i)) for i in range(12)]), "label": pa.array([0, 1] * 6)}
    names = [*columns, twice]
    written = pa.Table.from_arrays([columns[name] for name in names], names)
    parquet.write_table(written, tmp_path / "pets.parquet")
    assert f"has 2 columns called {twice}; it takes one" in complaint(tmp_path / "pets.parquet")


def test_columns_below_the_same_name_are_left_alone(tmp_path):
    rows = pa.array([{"bytes": png(pixels(i))} for i in range(12)])
    columns = {"img.bytes": ["x"] * 12, "img": rows, "label.old": ["x"] * 12, "label": [0, 1] * 6}
    parquet.write_table(pa.table(columns), tmp_path / "pets.parquet")
    found = listing(tmp_path / "pets.parquet")
    assert found.classes == ("0", "1")
    assert read(found, "train")[3] == ("pets.parquet row 3", 1, png(pixels(3)))


@pytest.mark.parametrize(
    "metadata",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"info": {"features": {"label": {"names": [' + b"[" * 900 + b"]" * 900 + b', "dog"]}}}}',
        b"\xff\xfe\x00",
        b'{"info": []}',
        b'{"info": {"features": {"label": {"names": {"0": "cat"}}}}}',
    ],
    ids=["deep", "deep names", "no text", "list", "no list"],
)
def test_odd_metadata_gives_no_names_or_some(tmp_path, metadata):
    path = table(tmp_path / "pets.parquet", EVEN)
    parquet.write_table(parquet.read_table(path).replace_schema_metadata({b"huggingface": metadata}), path)
    assert len(listing(path).classes) == 2


def test_texts_that_are_not_utf8_are_one_line(tmp_path):
    path = table(tmp_path / "pets.parquet", ["cats", "dogs"] * 6)
    parquet.write_table(parquet.read_table(path), path, compression="none", use_dictionary=False)
    path.write_bytes(path.read_bytes().replace(b"cats", b"c\xffts"))
    assert f"{path} cannot be read as Parquet" in complaint(path)
    path = table(path, EVEN)
    parquet.write_table(parquet.read_table(path).rename_columns(["img", "name"]), path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"name", b"n\xffme"))
    complaint(path)


@pytest.mark.parametrize("kind", [pa.string(), pa.list_(pa.uint8()), pa.int64(), pa.null()], ids=str)
def test_struct_bytes_of_another_type_are_one_line(tmp_path, kind):
    images = pa.array([{"bytes": None}] * 12, pa.struct({"bytes": kind}))
    parquet.write_table(pa.table({"img": images, "label": [0, 1] * 6}), tmp_path / "pets.parquet")
    assert "keeps no image bytes in img" in complaint(tmp_path / "pets.parquet")


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (pa.array([None] * 12, pa.null()), "keeps null in img"),
        (pa.array([None] * 12, pa.binary()), "none of the images"),
        (pa.array([None] * 12, pa.struct({"bytes": pa.binary()})), "none of the images"),
        (pa.array([{"bytes": None}] * 12, pa.struct({"bytes": pa.binary()})), "none of the images"),
        (pa.array([b""] * 12), "none of the images"),
    ],
)
def test_images_that_are_nothing_are_one_line(tmp_path, images, said):
    parquet.write_table(pa.table({"img": images, "label": [0, 1] * 6}), tmp_path / "pets.parquet")
    assert said in complaint(tmp_path / "pets.parquet")


def test_files_without_rows_or_row_groups_are_no_test_set(tmp_path):
    table(tmp_path / "train.parquet", EVEN)
    empty = parquet.read_schema(tmp_path / "train.parquet")
    parquet.ParquetWriter(tmp_path / "test.parquet", empty).close()
    assert parquet.ParquetFile(tmp_path / "test.parquet").num_row_groups == 0
    assert listing(tmp_path).counts == {"train": 20, "test": 4}
    table(tmp_path / "validation.parquet", [0, 1])
    assert listing(tmp_path).counts == {"train": 24, "test": 2}
    parquet.ParquetWriter(tmp_path / "only.parquet", empty).close()
    assert "no rows" in complaint(tmp_path / "only.parquet")


def test_row_groups_without_rows_are_not_sampled(tmp_path):
    path = table(tmp_path / "pets.parquet", EVEN)
    whole = parquet.read_table(path)
    with parquet.ParquetWriter(path, whole.schema) as writer:
        for _ in range(40):
            writer.write_table(whole.slice(0, 0), row_group_size=1)
        writer.write_table(whole)
    assert parquet.ParquetFile(path).num_row_groups > 20
    assert len(list(listing(path).sample(8))) == 8


def test_what_is_no_regular_file_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "train.parquet")
    assert "holds no .parquet files" in complaint(tmp_path)
    assert "holds no .parquet files" in complaint(tmp_path / "train.parquet")
    path = table(tmp_path / "pets.parquet", EVEN)
    found = listing(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(DataError, match="cannot be read as Parquet .no regular file"):
        list(found.items("train"))


def test_a_file_that_loses_its_columns_is_one_line(tmp_path):
    path = table(tmp_path / "pets.parquet", EVEN)
    found = listing(path)
    parquet.write_table(pa.table({"other": EVEN}), path)
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        list(found.items("train"))


@pytest.mark.parametrize("name", ["label", "labels", "target", "targets", "category", "fine_label", "Class"])
@pytest.mark.parametrize(
    "kind",
    [
        pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()),
        pa.dictionary(pa.int8(), pa.large_string()),
    ],
    ids=str,
)  # fmt: skip
def test_usual_columns_of_every_kind_of_text_are_labels(tmp_path, name, kind):
    texts = pa.array(["dog", "cat"] * 6)
    path = table(tmp_path / "pets.parquet", texts if kind == pa.string() else texts.cast(kind), label=name)
    found = listing(path)
    assert found.classes == ("cat", "dog")
    assert [label for _, label, _ in read(found, "train")][:4] == [1, 0, 1, 0]
    assert found.taken["train"].endswith(f"columns img and {name}")


def test_true_and_false_are_classes(tmp_path):
    found = listing(table(tmp_path / "pets.parquet", pa.array([True, False] * 6)))
    assert found.classes == ("false", "true")
    assert [label for _, label, _ in read(found, "train")][:3] == [1, 0, 1]
    assert "1 rows without a label" in complaint(table(tmp_path / "pets.parquet", pa.array([True, None, False])))


@pytest.mark.parametrize(
    "kind", [pa.binary(), pa.large_binary(), pa.binary_view(), pa.dictionary(pa.int32(), pa.binary())], ids=str
)
def test_images_of_every_kind_of_bytes_are_read(tmp_path, kind):
    images = pa.array([png(pixels(i % 3)) for i in range(12)])
    images = images.dictionary_encode() if pa.types.is_dictionary(kind) else images.cast(kind)
    parquet.write_table(pa.table({"image": images, "label": [0, 1] * 6}), tmp_path / "pets.parquet")
    found = listing(tmp_path / "pets.parquet")
    assert read(found, "train")[3] == ("pets.parquet row 3", 1, png(pixels(0)))


def test_images_as_lists_of_numbers_are_named(tmp_path):
    images = pa.array([[1, 2, 3]] * 12, pa.list_(pa.uint8()))
    parquet.write_table(pa.table({"image": images, "label": [0, 1] * 6}), tmp_path / "pets.parquet")
    line = complaint(tmp_path / "pets.parquet")
    assert "keeps list<element: uint8> in image; it takes a struct with bytes, as Hugging Face writes it" in line


def test_more_classes_than_a_net_has_are_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_CLASSES", 3)
    for labels in (["a", "b", "c", "d"] * 3, [0, 1, 2, 3] * 3):
        path = table(tmp_path / "pets.parquet", labels)
        assert re.search("different labels; a net tells at most (so many|3) classes apart", complaint(path))


def test_types_that_only_a_second_schema_names_are_not_needed(tmp_path):
    images = pa.array([png(pixels(number)) for number in range(24)], pa.binary_view())
    labels = pa.array(["cat", "dog"] * 12).dictionary_encode()
    path = tmp_path / "set.parquet"
    parquet.write_table(pa.table({"img": images, "label": labels}), path)
    whole = listing(path)
    assert (whole.classes, whole.counts) == (("cat", "dog"), {"train": 20, "test": 4})
    content = path.read_bytes()
    at = content.rindex(b"ARROW:schema") + 20
    path.write_bytes(content[:at] + b"!" * 40 + content[at + 40 :])
    assert listing(path).classes == whole.classes
    assert read(listing(path), "test") == read(whole, "test")


def test_a_file_without_columns_says_so(tmp_path):
    parquet.write_table(pa.table({}), tmp_path / "set.parquet")
    assert "has no columns; it takes img or image" in complaint(tmp_path / "set.parquet")
