import json

import numpy as np
import pytest

from engine.data.files import array_writer
from engine.data.files.array_writer import ArrayWriter


@pytest.mark.parametrize("count", [1, 9, 10, 1234])
@pytest.mark.parametrize("each", [1, 7, 5000])
def test_pieces_make_the_array_that_numpy_would_have_saved(tmp_path, monkeypatch, count, each):
    monkeypatch.setattr(array_writer, "_PIECE_BYTES", 5 * 48)
    images = np.random.default_rng(0).integers(0, 256, (count, 3, 4, 4), dtype=np.uint8)
    labels = np.arange(count) % 3
    writer = ArrayWriter(tmp_path, 3, 4)
    for start in range(0, count, each):
        writer.append("train", images[start : start + each], labels[start : start + each])
    writer.append("test", images[::-1], labels[::-1])
    writer.finish(note="x")
    assert np.array_equal(np.load(tmp_path / "train_images.npy"), images)
    assert np.array_equal(np.load(tmp_path / "test_images.npy", mmap_mode="r"), images[::-1])
    np.save(tmp_path / "whole.npy", images)
    assert (tmp_path / "train_images.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()
    assert np.load(tmp_path / "test_labels.npy").tolist() == labels[::-1].tolist()
    mean = images.astype(np.float64).mean(0)
    assert np.array_equal(np.load(tmp_path / "mean.npy"), mean.astype(np.float32))
    meta = json.loads((tmp_path / "meta.json").read_text())
    wanted = np.sqrt(np.square(images - mean).mean()) or 1.0
    assert meta["scale"] == pytest.approx(wanted, rel=1e-9)
    assert meta["note"] == "x"
    assert meta["sha256"]["train_images"] == array_writer.digest(images)
