import hashlib
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from engine.data.downloads import fashion_mnist_mini
from engine.data.downloads.fashion_mnist_mini import FILE, SHA256
from engine.errors import DataError

LICENCE = FILE.with_name("fashion-mnist-mini.LICENSE")


def script():
    spec = importlib.util.spec_from_file_location(
        "make_fashion_mnist_mini", FILE.with_name("make_fashion_mnist_mini.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_arrays_are_the_stored_ones():
    with np.load(FILE, allow_pickle=False) as archive:
        assert set(archive.files) == set(SHA256)
        for name in archive.files:
            array = archive[name]
            assert array.dtype == np.uint8
            assert hashlib.sha256(array.tobytes()).hexdigest() == SHA256[name]


def test_file_is_small_balanced_and_licensed():
    assert FILE.stat().st_size <= 12_000_000
    raw = fashion_mnist_mini.load(Path(), lambda text: None)
    assert raw.train_images.shape == (20_000, 1, 28, 28)
    assert np.bincount(raw.train_labels).tolist() == [2000] * 10
    assert raw.test_images.shape == (5_000, 1, 28, 28)
    assert np.bincount(raw.test_labels).tolist() == [500] * 10
    assert "Zalando SE" in LICENCE.read_text()
    assert "MIT License" in LICENCE.read_text()


@pytest.mark.skipif(not script().ARCHIVE.is_dir(), reason="Debian's package dataset-fashion-mnist is not installed")
def test_script_remakes_the_same_bytes(tmp_path):
    make = script()
    make.write(make.make(make.ARCHIVE), tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == FILE.read_bytes()


def test_script_reads_idx_and_takes_the_first_of_each_class(tmp_path, monkeypatch):
    make = script()
    monkeypatch.setattr(make, "TRAIN_PER_CLASS", 2)
    monkeypatch.setattr(make, "TEST_PER_CLASS", 1)
    labels = np.array([*range(10), *range(10), *range(10)], np.uint8)
    images = np.arange(30, dtype=np.uint8)[:, None, None] * np.ones((1, 2, 3), np.uint8)
    for prefix in ("train", "t10k"):
        (tmp_path / f"{prefix}-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + _be(30, 2, 3) + images.tobytes())
        (tmp_path / f"{prefix}-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01" + _be(30) + labels.tobytes())
    arrays = make.make(tmp_path)
    assert arrays["train_images"][:, 0, 0].tolist() == list(range(20))
    assert arrays["test_labels"].tolist() == list(range(10))


def _be(*numbers):
    return b"".join(number.to_bytes(4, "big") for number in numbers)


@pytest.mark.parametrize("harm", ["missing", "cut", "other"])
def test_a_damaged_file_is_one_line(tmp_path, monkeypatch, harm):
    path = tmp_path / "set.npz"
    monkeypatch.setattr(fashion_mnist_mini, "FILE", path)
    if harm == "cut":
        path.write_bytes(FILE.read_bytes()[:1000])
    elif harm == "other":
        np.savez(path, **{name: np.zeros((1, 28, 28), np.uint8) for name in SHA256})
    with pytest.raises(DataError, match=r"restore it from the project's repository$") as caught:
        fashion_mnist_mini.load(Path(), lambda text: None)
    assert "\n" not in str(caught.value)
