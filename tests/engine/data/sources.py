"""A tiny data set for tests, registered for the length of a test."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from engine.data.files.cache import load_decoded
from engine.data.registry import SOURCES
from engine.data.source import RawImages

NAME = "tiny"
decoded = 0


def raw(train: int = 40, test: int = 20, size: int = 8) -> RawImages:
    """Return reproducible noise with labels 0 to 9."""
    generator = np.random.default_rng(0)
    return RawImages(
        train_images=generator.integers(0, 256, (train, 1, size, size), dtype=np.uint8),
        train_labels=np.arange(train) % 10,
        test_images=generator.integers(0, 256, (test, 1, size, size), dtype=np.uint8),
        test_labels=np.arange(test) % 10,
    )


def load(folder, report) -> RawImages:
    """Stand in for a loader; counts how often it runs, in this process and through a file in others."""
    global decoded
    decoded += 1
    with (folder / "decoded.txt").open("a") as file:
        file.write("x")
    return raw()


def is_downloaded(folder) -> bool:
    """Say that no originals are there."""
    return False


def register(monkeypatch) -> None:
    """Add the tiny set to the registry until the test ends."""
    row = replace(
        SOURCES["fashion-mnist-mini"],
        name=NAME, image_size=8, train_images=40, test_images=20, embedded=False, loader=__name__,
    )  # fmt: skip
    monkeypatch.setitem(SOURCES, NAME, row)


def start(barrier, workspace, answers) -> None:
    """Load the tiny set in a process of its own, at the same moment as its siblings."""
    warnings.simplefilter("error")
    with pytest.MonkeyPatch.context() as monkeypatch:
        register(monkeypatch)
        barrier.wait()
        decoded = load_decoded(NAME, 2, workspace, lambda text: None)
        answers.put((decoded.checksum, int(decoded.raw.train_images.sum())))
