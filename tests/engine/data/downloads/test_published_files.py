"""CIFAR-100, Fashion-MNIST and SVHN from small files of the authors' formats; the download itself: test_cifar10."""

import gzip
import hashlib
import io
import pickle
import tarfile
import urllib.error
from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name

import numpy as np
import pytest

from engine.data.downloads import archives
from engine.data.downloads.cifar import CIFAR100_CLASSES
from engine.data.presence import present
from engine.data.registry import SOURCES
from engine.errors import DataError

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
rng = np.random.default_rng(0)


def quiet(text):
    pass


def archive(name: str) -> archives.Archive:
    """Return the loader of a registered set."""
    return resolve_name(SOURCES[name].loader)


def put(name: str, data: Path, contents: dict[str, bytes], monkeypatch) -> None:
    """Lay files where a person would, and let their checksums be the authors'."""
    folder = archive(name).folder(data)
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in contents.items():
        (folder / file).write_bytes(content)
    files = tuple(
        replace(
            file,
            md5=hashlib.md5(contents[file.name]).hexdigest(),
            content=file.content and hashlib.sha256(gzip.decompress(contents[file.name])).hexdigest(),
        )
        for file in archive(name).files
    )
    monkeypatch.setattr(SOURCES[name].loader.replace(":", "."), replace(archive(name), files=files))


def cifar100_files(monkeypatch) -> tuple[dict[str, bytes], np.ndarray]:
    from torchvision.datasets import CIFAR100

    pixels, content, sums = rng.integers(0, 256, (9, 3, 32, 32), dtype=np.uint8), io.BytesIO(), {}
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, document in {
            "train": {"data": pixels[:6].reshape(6, -1), "fine_labels": [0, 99, 3, 4, 5, 6], "coarse_labels": [0] * 6},
            "test": {"data": pixels[6:].reshape(3, -1), "fine_labels": [7, 8, 9], "coarse_labels": [0] * 3},
            "meta": {"fine_label_names": list(CIFAR100_CLASSES)},
        }.items():
            data = pickle.dumps(document, protocol=2)
            info = tarfile.TarInfo(f"cifar-100-python/{name}")
            info.size, sums[name] = len(data), hashlib.md5(data).hexdigest()
            archive.addfile(info, io.BytesIO(data))
    monkeypatch.setattr(CIFAR100, "train_list", [["train", sums["train"]]])
    monkeypatch.setattr(CIFAR100, "test_list", [["test", sums["test"]]])
    monkeypatch.setattr(CIFAR100, "meta", CIFAR100.meta | {"md5": sums["meta"]})
    monkeypatch.setattr(CIFAR100, "tgz_md5", hashlib.md5(content.getvalue()).hexdigest())
    return {"cifar-100-python.tar.gz": content.getvalue()}, pixels


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


def fashion_files(monkeypatch) -> tuple[dict[str, bytes], np.ndarray]:
    pixels, labels = rng.integers(0, 256, (9, 1, 28, 28), dtype=np.uint8), np.arange(9, dtype=np.uint8)
    plain = {
        "train-images-idx3-ubyte.gz": idx(pixels[:6, 0]),
        "train-labels-idx1-ubyte.gz": idx(labels[:6]),
        "t10k-images-idx3-ubyte.gz": idx(pixels[6:, 0]),
        "t10k-labels-idx1-ubyte.gz": idx(labels[6:]),
    }
    return {name: gzip.compress(content, 1) for name, content in plain.items()}, pixels


def svhn_files(monkeypatch) -> tuple[dict[str, bytes], np.ndarray]:
    from scipy.io import savemat
    from torchvision.datasets import SVHN

    pixels, contents, listed = rng.integers(0, 256, (9, 3, 32, 32), dtype=np.uint8), {}, dict(SVHN.split_list)
    for split, chosen in (("train", slice(0, 6)), ("test", slice(6, 9))):
        content, name = io.BytesIO(), f"{split}_32x32.mat"
        labels = np.arange(1, 10)[chosen, None] + (split == "test")  # 10 is the digit 0
        savemat(content, {"X": pixels[chosen].transpose(2, 3, 1, 0), "y": labels.astype(np.uint8)})
        contents[name] = content.getvalue()
        listed[split] = [listed[split][0], name, hashlib.md5(contents[name]).hexdigest()]
    monkeypatch.setattr(SVHN, "split_list", listed)
    return contents, pixels


FILES = {"cifar100": cifar100_files, "fashion-mnist": fashion_files, "svhn": svhn_files}
LABELS = {
    "cifar100": ([0, 99, 3, 4, 5, 6], [7, 8, 9]),
    "fashion-mnist": ([0, 1, 2, 3, 4, 5], [6, 7, 8]),
    "svhn": ([1, 2, 3, 4, 5, 6], [8, 9, 0]),
}


@pytest.mark.parametrize("name", FILES)
def test_files_put_there_by_hand_are_decoded(name, tmp_path, monkeypatch):
    contents, pixels = FILES[name](monkeypatch)
    put(name, tmp_path / "data", contents, monkeypatch)
    assert present(name, tmp_path)
    before = sorted(tmp_path.rglob("*"))
    raw = archive(name).load(tmp_path / "data", quiet)
    assert np.array_equal(raw.train_images, pixels[:6])
    assert np.array_equal(raw.test_images, pixels[6:])
    assert (raw.train_labels.tolist(), raw.test_labels.tolist()) == LABELS[name]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named_and_kept(name, tmp_path, monkeypatch):
    contents, _ = FILES[name](monkeypatch)
    put(name, tmp_path, contents, monkeypatch)
    last = list(contents)[-1]
    path = archive(name).folder(tmp_path) / last
    harmed = bytearray(path.read_bytes())
    harmed[len(harmed) // 2] ^= 0xFF
    path.write_bytes(harmed)
    with pytest.raises(DataError, match=f"{last} is damaged or incomplete; delete it") as caught:
        archive(name).load(tmp_path, quiet)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == harmed


def test_files_that_were_zipped_again_are_as_good(tmp_path, monkeypatch):
    contents, pixels = fashion_files(monkeypatch)
    put("fashion-mnist", tmp_path, contents, monkeypatch)
    for name, content in contents.items():
        again = gzip.compress(gzip.decompress(content), 9)
        assert again != content
        (archive("fashion-mnist").folder(tmp_path) / name).write_bytes(again)
    assert np.array_equal(archive("fashion-mnist").load(tmp_path, quiet).train_images, pixels[:6])


@pytest.mark.parametrize("name", ["cifar10", *FILES])
def test_without_network_one_line_says_which_file_goes_where(name, tmp_path, monkeypatch):
    def offline(*_, timeout, **__):
        assert timeout == archives.TIMEOUT_S
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(archives.urllib.request, "urlopen", offline)
    with pytest.raises(DataError) as caught:
        archive(name).load(tmp_path, quiet)
    message, files = str(caught.value), ", ".join(file.name for file in archive(name).files)
    assert f"(Name or service not known); put {files} into {archive(name).folder(tmp_path)}" in message
    assert "fashion-mnist-mini" in message
    assert "\n" not in message
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_only_what_is_missing_is_named(tmp_path, monkeypatch):
    folder = archive("svhn").folder(tmp_path)
    folder.mkdir()
    (folder / "train_32x32.mat").write_bytes(b"there")

    def offline(*_, **__):
        raise TimeoutError("timed out")

    monkeypatch.setattr(archives.urllib.request, "urlopen", offline)
    with pytest.raises(DataError, match=r"SVHN could not be downloaded \(timed out\); put test_32x32.mat into"):
        archive("svhn").load(tmp_path, quiet)


@pytest.mark.parametrize("name", FILES)
def test_checksums_and_addresses_are_torchvisions(name):
    from torchvision import datasets

    kind = {"cifar100": datasets.CIFAR100, "fashion-mnist": datasets.FashionMNIST, "svhn": datasets.SVHN}[name]
    known = {
        "cifar100": lambda: {(kind.url, kind.tgz_md5)},
        "fashion-mnist": lambda: {(kind.mirrors[0] + file, md5) for file, md5 in kind.resources},
        "svhn": lambda: {(kind.split_list[split][0], kind.split_list[split][2]) for split in ("train", "test")},
    }[name]()
    assert {(file.url, file.md5) for file in archive(name).files} == known


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's package dataset-fashion-mnist is not installed")
def test_debians_files_are_the_whole_of_fashion_mnist(tmp_path):
    from engine.data.downloads.fashion_mnist_mini import load

    whole = archive("fashion-mnist")
    folder = whole.folder(tmp_path)
    folder.mkdir()
    for file in whole.files:
        (folder / file.name).symlink_to(DEBIAN / file.name)
    raw, mini = whole.load(tmp_path, quiet), load(tmp_path, quiet)
    row = SOURCES["fashion-mnist"]
    assert (len(raw.train_images), len(raw.test_images)) == (row.train_images, row.test_images)
    chosen = np.sort(np.concatenate([np.flatnonzero(raw.train_labels == label)[:2000] for label in range(10)]))
    assert np.array_equal(raw.train_images[chosen], mini.train_images)
