"""Layouts as people publish them: read right, told, or refused in one line that helps."""

import numpy as np
import pytest

from engine.data.files.cache import load_decoded
from engine.data.files.paths import path_source
from engine.errors import DataError
from tests.engine.data.files.published import FOLDERS, TABLES

EVERY = {**FOLDERS, **TABLES}


@pytest.mark.parametrize("name", [name for name, row in EVERY.items() if not row.refused])
def test_a_published_layout_is_read_right_and_told(name, tmp_path):
    row = EVERY[name]
    path = row.build(tmp_path / "set")
    source = path_source(path)
    assert (source.classes, source.train_images, source.test_images) == (row.classes, row.train, row.test)
    told = "; ".join(source.description.lines())
    assert row.said in told
    decoded = load_decoded(path, 1, tmp_path / "workspace", lambda text: None)
    assert decoded.raw.train_images.shape[1:] == (source.channels, 8, 8)
    assert decoded.raw.train_images.min() < 30
    assert decoded.raw.train_images.max() > 225
    assert len(np.unique(decoded.raw.test_labels)) == len(row.classes)
    assert row.said in decoded.description


@pytest.mark.parametrize("name", [name for name, row in EVERY.items() if row.refused])
def test_what_could_be_several_layouts_is_refused_in_one_line(name, tmp_path):
    row = EVERY[name]
    with pytest.raises(DataError) as caught:
        path_source(row.build(tmp_path / "set"))
    assert row.refused in str(caught.value)
    assert "\n" not in str(caught.value)
