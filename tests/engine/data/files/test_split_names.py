"""Words of splits in the names of folders and files, and names that only look like them."""

import pytest

from engine.data.files.split_names import read_name


@pytest.mark.parametrize(
    ("role", "names"),
    [
        (
            "train",
            "train Training TRAIN seg_train train_images partial-train TrainSet train2017 trainval my.train.data",
        ),
        ("train", "asl_alphabet_train train_val 01_train trainset"),
        ("test", "test Testing seg_test test_images partial-test TESTSET eval evaluation holdout hold-out held_out"),
        ("validation", "val Valid validation dev val2017 partial-validation"),
        ("", "cats invalid devil latest contest trainer restrain train_test_split 東京 evaluated x"),
    ],
)
def test_words_between_marks_digits_and_cases_tell_the_split(role, names):
    assert {name: read_name(name).role for name in names.split()} == dict.fromkeys(names.split(), role)


def test_other_words_of_weight_are_kept_apart():
    assert read_name("train_station").stem == ("station",)
    assert read_name("asl_alphabet_test").stem == ("asl", "alphabet")
    assert read_name("seg_train_images").stem == ()


def test_test_images_are_preferred_to_those_for_validation():
    names = ["dev", "holdout", "val", "test", "testing", "eval"]
    assert sorted(names, key=lambda name: read_name(name).rank) == ["test", "testing", "eval", "holdout", "val", "dev"]


def test_endless_names_are_read_to_a_limit():
    assert read_name("a_" * 1_000_000 + "train").role == ""
    assert read_name("A" * 1_000_000).role == ""
