"""Splits or classes: by names together with what lies inside, refused where both are possible."""

import unicodedata

import pytest

from engine.data.files.annotations import annotations_in
from engine.data.files.folder import listing
from engine.data.files.image_files import masks_among
from engine.data.files.layout import layout_of
from engine.errors import DataError
from tests.engine.data import pictures
from tests.engine.data.pictures import pixels, png, put

NFD, NFC = unicodedata.normalize("NFD", "café"), unicodedata.normalize("NFC", "café")


class Anything:
    """Holds every name."""

    def __contains__(self, name) -> bool:
        return True


def labels_in(folder, classes) -> dict[str, str] | None:
    """All labels of the list in a folder, None where there is none."""
    found = annotations_in(folder, classes)
    return found.labels(Anything()) if found else None


def refusal(path) -> str:
    with pytest.raises(DataError) as caught:
        listing(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    "train", ["train", "Training", "TRAIN", "seg_train", "train_images", "partial-train", "x_train"]
)
@pytest.mark.parametrize(
    "test", ["Testing", "TEST", "seg_test", "dev", "Valid", "eval", "holdout", "val2017", "x_test"]
)
def test_splits_by_any_usual_name(tmp_path, train, test):
    if train == "x_train" and test != "x_test":
        return  # a name of its own is a split's only where both have it
    pictures.folder(tmp_path / train, each=4)
    pictures.folder(tmp_path / test, each=2)
    if test == "x_test" and train != "x_train":
        assert "could be splits or classes" in refusal(tmp_path)
        return
    found = listing(tmp_path)
    assert (found.classes, found.counts) == (("cats", "dogs"), {"train": 8, "test": 4})
    assert found.taken == {"train": f"from {train}", "test": f"from {test}"}


@pytest.mark.parametrize("above", ["archive", "archive/pets", "train data/v1", "train"])
def test_folders_around_the_set_are_gone_through(tmp_path, above):
    pictures.folder(tmp_path / above / "Training" / "Training", each=4)
    pictures.folder(tmp_path / above / "Testing" / "images", each=2)
    assert listing(tmp_path).counts == {"train": 8, "test": 4}


def test_deep_and_endless_folders_end(tmp_path):
    place = tmp_path
    for _ in range(200):
        place = place / "a"
    pictures.folder(place, each=2)
    assert "one class only (a)" in refusal(tmp_path)
    (tmp_path / "loop").mkdir()
    (tmp_path / "loop" / "loop").symlink_to(tmp_path / "loop")
    assert "loop" in refusal(tmp_path / "loop")


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        (("cats", "dogs", "test"), "test in"),
        (("training", "testing"), "training and testing in"),
        (("test/cats", "test/dogs", "val/cats", "val/dogs"), "test and val in"),
        (("Train1/cats", "Train1/dogs", "Train2/cats", "Train2/dogs", "Test/cats"), "Train1 and Train2 and Test in"),
        (("train/cats", "train/dogs", "bus/cats", "bus/dogs"), "train and bus in"),
        (
            ("train/train/cats", "train/train/dogs", "train/val/cats", "train/val/dogs", "test/train"),
            "train and val in",
        ),
        (("cats/train", "cats/test", "dogs/train", "dogs/test"), "has splits below its classes"),
        (("data_part1", "data_part2", "data_part3"), "data_part1 and data_part2 and data_part3 in"),
    ],
)
def test_what_could_be_both_is_refused_and_says_how_to_name_it(tmp_path, folders, said):
    for folder in folders:
        put(tmp_path / folder / "0.png", png(pixels(0)))
        put(tmp_path / folder / "1.png", png(pixels(1)))
    message = refusal(tmp_path)
    assert said in message
    assert "train/CLASS/IMAGE" in message


@pytest.mark.parametrize(
    "classes", [("valid", "invalid"), ("bus", "train"), ("0", "1"), ("test_tube", "train_station"), ("fold", "flat")]
)
def test_classes_with_such_names_stay_classes(tmp_path, classes):
    pictures.folder(tmp_path, classes, each=3)
    assert listing(tmp_path).classes == tuple(sorted(classes))
    assert layout_of(tmp_path).usual


@pytest.mark.parametrize("name", ["evaluation", "test", "valid", "train"])
def test_below_a_split_a_class_may_be_called_like_another_split(tmp_path, name):
    for split, each in (("train", 4), ("test", 2)):
        pictures.folder(tmp_path / split, ("cats", name), each=each)
    found = listing(tmp_path)
    assert (found.classes, found.counts) == (("cats", name), {"train": 8, "test": 4})


def test_one_name_in_two_unicode_forms_is_one_class(tmp_path):
    pictures.folder(tmp_path / "train", (NFC, "tea"), each=4)
    pictures.folder(tmp_path / "test", (NFD, "tea"), each=2)
    found = listing(tmp_path)
    assert (found.classes, found.counts) == ((NFC, "tea") if NFC < "tea" else ("tea", NFC), {"train": 8, "test": 4})
    pictures.folder(tmp_path / "train", (NFD,), each=3)
    assert listing(tmp_path).counts == {"train": 8 + 3 - (3 if (tmp_path / "train" / NFC).samefile(
        tmp_path / "train" / NFD) else 0), "test": 4}  # fmt: skip


def test_files_of_systems_are_no_class_and_counted(tmp_path):
    pictures.folder(tmp_path, each=6)
    for name in ("@eaDir", "lost+found", "$RECYCLE.BIN", ".ipynb_checkpoints", "cats/@eaDir", "__MACOSX/cats"):
        put(tmp_path / name / "x.png", png(pixels(0)))
    put(tmp_path / "cats" / "Thumbs.db", b"x")
    put(tmp_path / "cats" / "._000.png", b"x")
    found = listing(tmp_path)
    assert (found.classes, found.counts) == (("cats", "dogs"), {"train": 10, "test": 2})
    assert found.left_out[0].startswith("8 files of the system (")


def test_labels_from_a_list_are_matched_to_files_and_never_opened(tmp_path):
    pictures.folder(tmp_path / "train", each=4)
    for i in range(4):
        put(tmp_path / "val" / "images" / f"{i}.png", png(pixels(i)))
    rows = ["0.png\tcats\t0", "1.png\tdogs", "../../etc/x.png\tcats", "2.png\tbirds", "/dev/zero.png\tcats", "junk"]
    put(tmp_path / "val" / "list.txt", "\n".join(rows).encode() + b"\n\xff\xfe\x00" + b"9" * 100_000)
    found = listing(tmp_path)
    assert [(item.name, item.label) for item in found.items("test")] == [
        ("val/images/0.png", 0),
        ("val/images/1.png", 1),
    ]
    assert found.left_out == ("2 images that list.txt does not name (val/images/2.png, val/images/3.png)",)
    before = found.digest
    put(tmp_path / "val" / "list.txt", "\n".join(rows).replace("0.png\tcats", "0.png\tdogs").encode())
    assert listing(tmp_path).digest != before, "other labels are another set"


def test_a_list_lies_beside_the_images_or_one_folder_above_and_nowhere_deeper(tmp_path):
    place = tmp_path / "val"
    for depth in range(3):
        place.mkdir(parents=True)
        put(place / "list.csv", b"path,height,label\n0.png,3,1\n1.png,1,00\n")
        assert labels_in(tmp_path / "val", {"00", "01"}) == ({"0.png": "01", "1.png": "00"} if depth < 2 else None)
        (place / "list.csv").unlink()
        place = place / "images"
    (tmp_path / "loop").mkdir()
    (tmp_path / "loop" / "loop").symlink_to(tmp_path / "loop")
    assert annotations_in(tmp_path / "loop", {"00", "01"}) is None


@pytest.mark.parametrize(
    ("names", "masks"),
    [
        (("images", "masks"), {"masks"}),
        (("masks", "x.png"), set()),
        (
            ("x.png", "x_mask.png", "x_mask_1.PNG", "y_mask.png", "x-seg.tif"),
            {"x_mask.png", "x_mask_1.PNG", "x-seg.tif"},
        ),
        (("x.png", "x_masked.png", "x_mask.txt", "mask.png", "xmask.png"), set()),
    ],
)
def test_masks_are_told_by_what_lies_beside_them(names, masks):
    assert masks_among(names) == masks


def test_lists_of_other_kinds_give_no_labels(tmp_path):
    put(tmp_path / "a.txt", b"")
    put(tmp_path / "b.csv", b"Width,ClassId\n1,cats\n")
    put(tmp_path / "c.txt", b"0.png\tmice\n")
    (tmp_path / "d.txt").mkdir()
    assert annotations_in(tmp_path, {"cats"}) is None
    put(tmp_path / "e.csv", b'0.png,"cats"\n')
    assert labels_in(tmp_path, {"cats"}) == {"0.png": "cats"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_header_decides_the_delimiter_and_the_column_of_the_label(tmp_path, delimiter):
    rows = [
        ("\ufefffilename", "weather", "class id", "site"),
        ("1.png", "", "3", "4"), ("2.png", "partly cloudy", "3", "4"),
        ("my 3.png", "fog", "4", ""), ('"4.png"', ' "4, 3; 4\t3"', "3", "4"), ("5.png", "fog", "3", "4", "", ""),
        # No label, a field too many before the label, a quote without its other.
        ("6.png", "", "", "4"), ("7.png", "fog", " then sun", "4", "3"), ("8.png", '"fog', "3", "4"),
    ]  # fmt: skip
    put(tmp_path / "list.csv", "\n".join(map(delimiter.join, rows)).encode())
    assert labels_in(tmp_path, {"3", "4"}) == {
        "1.png": "3", "2.png": "3", "my 3.png": "4", "4.png": "3", "5.png": "3", "6.png": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "labels"),
    [
        (("filename   class", "1.png  3", "2.png 4 "), {"1.png": "3", "2.png": "4"}),
        (("1.png,,3,4", "2.png,3,4", "my 3.png,4"), {"1.png": "", "2.png": "3", "my 3.png": "4"}),
        (("1.png\t\t3", "2.png\t3", "a, 3.png\t4"), {"1.png": "", "2.png": "3", "a, 3.png": "4"}),
        (("\ufeff1.png; 3; 4", "my 2.png; 4"), {"1.png": "3", "my 2.png": "4"}),
        (("1.png   3 4", "2.png 4, 3", "3.png 4"), {"1.png": "3", "2.png": "4,", "3.png": "4"}),
        (("1.png,,3", "2.png,,4"), None),
        (("filename,class,site", "1.png,,3", "2.png,,4"), None),
    ],
)
def test_an_empty_field_or_a_space_shifts_no_label(tmp_path, lines, labels):
    put(tmp_path / "list.txt", "\n".join(lines).encode())
    assert labels_in(tmp_path, {"3", "4"}) == labels


def test_every_line_of_a_list_counts(tmp_path):
    names = [f"{number}.png" for number in range(50)]
    put(tmp_path / "list.txt", "\n".join(f"{name}\tcats" for name in names).encode())
    assert sorted(labels_in(tmp_path, {"cats"})) == sorted(names)
    assert annotations_in(tmp_path, {"cats"}).labels({"7.png", "70.png"}) == {"7.png": "cats"}


def test_a_list_is_looked_for_in_the_first_lines_and_ends(tmp_path, monkeypatch):
    pictures.folder(tmp_path / "train", each=4)
    for number in range(4):
        put(tmp_path / "val" / f"{number}.png", png(pixels(number)))
    lines = [*["a line of a note"] * 30, *(f"{number}.png\tcats" for number in range(4))]
    path = put(tmp_path / "val" / "list.txt", "\n".join(lines).encode())
    assert listing(tmp_path).counts == {"train": 8, "test": 4}
    monkeypatch.setattr("engine.data.limits.MAX_LIST_LINES", 33)
    assert f"{path} has more than 33 lines" in refusal(tmp_path)
    monkeypatch.setattr("engine.data.files.annotations._LOOKED_AT", 30)
    assert annotations_in(tmp_path / "val", {"cats", "dogs"}) is None
