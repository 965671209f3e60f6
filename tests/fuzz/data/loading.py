"""What becomes of a made-up data set: refused in one line, or loaded; and nothing besides."""

import itertools
from pathlib import Path

import numpy as np

from engine.data import limits
from engine.data.files.cache import load_decoded
from engine.data.files.paths import path_source
from engine.errors import ConfigError, DataError
from tests.fuzz.data.folders import SECRET

_numbers = itertools.count()


def new_place(below: Path) -> Path:
    """Return a folder that no case had before: what is known of a path is remembered."""
    place = below / str(next(_numbers))
    place.mkdir(parents=True)
    return place


def outcome(name: str, workspace: Path, resize: int = 0) -> str:
    """Load a data set; return '' for one that is usable, else the refusal. Anything else is raised."""
    try:
        row = path_source(name, resize)
    except (ConfigError, DataError) as error:
        return refusal(error)
    assert 2 <= len(row.classes) == len({*row.classes}) <= limits.MAX_CLASSES
    for line in (row.label, row.help, *row.classes, row.description.in_one_line()):
        line.encode()
        assert line.isprintable()
    try:
        decoded = load_decoded(name, 1, workspace, lambda text: None, resize)
    except DataError as error:
        return refusal(error)
    raw = decoded.raw
    assert raw.train_images.dtype == np.uint8
    assert len(raw.train_images) == len(raw.train_labels) > 0
    assert len(raw.test_images) == len(raw.test_labels) > 0
    assert raw.train_labels.min() >= 0
    assert max(raw.train_labels.max(), raw.test_labels.max()) < len(decoded.classes)
    assert np.isfinite(decoded.mean).all()
    assert SECRET not in row.classes
    assert not (_has_one_colour(raw.train_images) or _has_one_colour(raw.test_images)), "a picture from outside"
    return ""


def _has_one_colour(images: np.ndarray) -> bool:
    """Return whether one of the images is of one colour: only those outside of what is made up are."""
    flat = images.reshape(*images.shape[:2], -1)
    return bool((flat == flat[:, :, :1]).all(axis=(1, 2)).any())


def refusal(error: Exception) -> str:
    """Return the text of a refusal, which is one line that every surface can show."""
    text = str(error)
    text.encode()
    assert text.isprintable(), repr(text)
    assert 10 < len(text) <= limits.MAX_LINE
    return text
