import json
import multiprocessing
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.config import DataConfig
from engine.data.files import cache
from engine.data.images import load_images
from engine.data.presence import present
from engine.errors import ConfigError, DataError
from tests.engine.data import sources


@pytest.fixture
def tiny(monkeypatch):
    sources.register(monkeypatch)
    monkeypatch.setattr(sources, "decoded", 0)
    return DataConfig(name=sources.NAME)


def test_decoded_once_then_mapped(tiny, tmp_path):
    said = []
    first = load_images(tiny, tmp_path, said.append)
    again = load_images(tiny, tmp_path, said.append)
    assert sources.decoded == 1
    assert first.checksum == again.checksum
    assert torch.equal(first.train.pixels, torch.from_numpy(sources.raw().train_images))
    assert torch.equal(again.test.labels, torch.from_numpy(sources.raw().test_labels))
    assert (first.channels, first.image_size, len(first.train), len(first.test)) == (1, 8, 40, 20)
    assert present(sources.NAME, tmp_path)


def test_normalised_training_set_has_mean_0_per_pixel_and_deviation_1(tiny, tmp_path):
    images = load_images(tiny, tmp_path)
    normalised = images.normalise(images.train.pixels)
    assert normalised.dtype == torch.float32
    assert normalised.mean(0).abs().max() < 1e-6
    assert normalised.std(correction=0).item() == pytest.approx(1.0, abs=1e-6)


def test_pooling_averages_and_rounds(tiny, tmp_path):
    pooled = load_images(tiny.model_copy(update={"pool": 2}), tmp_path)
    whole = load_images(tiny, tmp_path)
    assert sources.decoded == 1
    assert pooled.image_size == 4
    expected = torch.nn.functional.avg_pool2d(whole.test.pixels.float(), 2).round().to(torch.uint8)
    assert torch.equal(pooled.test.pixels, expected)
    assert pooled.checksum != whole.checksum


@pytest.mark.parametrize("pool", [3, 4, 16])
def test_pooling_that_does_not_fit_names_the_choices(tiny, tmp_path, pool):
    with pytest.raises(ConfigError, match=rf"^pool {pool} does not fit the 8x8 images of tiny; choose from 1, 2$"):
        load_images(tiny.model_copy(update={"pool": pool}), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("harm", ["cut", "flip", "meta", "format", "missing"])
def test_a_damaged_copy_is_found_and_made_anew(tiny, tmp_path, harm):
    sound = load_images(tiny, tmp_path)
    folder = tmp_path / "data" / sources.NAME
    pixels, meta = folder / "train_images.npy", folder / "meta.json"
    content = bytearray(pixels.read_bytes())
    expected = sound.train.pixels.clone()
    if harm == "cut":
        pixels.write_bytes(content[:-5])
    elif harm == "flip":
        content[-1] ^= 1
        pixels.write_bytes(content)
    elif harm == "meta":
        meta.write_text("{")
    elif harm == "format":
        meta.write_text(json.dumps(json.loads(meta.read_text()) | {"format": 0}))
    else:
        pixels.unlink()
    said = []
    assert torch.equal(load_images(tiny, tmp_path, said.append).train.pixels, expected)
    assert sources.decoded == 2
    assert "damaged or old" in said[0]
    assert [path.name for path in folder.parent.iterdir() if path.name.endswith(".part")] == []


def test_half_written_folders_are_never_used(tiny, tmp_path):
    stale = tmp_path / "data" / f".{sources.NAME}-killed.part"
    stale.mkdir(parents=True)
    (stale / "train_images.npy").write_bytes(b"half")
    load_images(tiny, tmp_path)
    assert not stale.exists()


def test_nothing_stays_when_writing_fails(tiny, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.np, "save", full)
    with pytest.raises(DataError, match="cannot be written .No space left on device."):
        load_images(tiny, tmp_path)
    assert [path.name for path in (tmp_path / "data").iterdir() if path.is_dir()] == []
    assert not present(sources.NAME, tmp_path)


def test_a_workspace_that_is_a_file_is_one_line(tiny, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        load_images(tiny, tmp_path / "file")


def test_a_loader_that_returns_other_shapes_is_refused(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "raw", lambda: _raw_with(train_labels=np.zeros(39, int)))
    with pytest.raises(DataError, match="tiny: train images are"):
        load_images(tiny, tmp_path)
    monkeypatch.setattr(sources, "raw", lambda: _raw_with(test_labels=np.full(20, 10)))
    with pytest.raises(DataError, match="tiny: test labels lie outside 0 to 9"):
        load_images(tiny, tmp_path)


_raw = sources.raw


def _raw_with(**changes):
    return replace(_raw(), **changes)


@pytest.mark.slow
def test_four_processes_at_once_decode_once(tiny, tmp_path):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([sources.__name__])  # read once, not by each of them
    barrier, answers = context.Barrier(4), context.Queue()
    processes = [context.Process(target=sources.start, args=(barrier, tmp_path, answers)) for _ in range(4)]
    for process in processes:
        process.start()
    results = {answers.get(timeout=200) for _ in processes}
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert len(results) == 1
    assert (tmp_path / "data" / "decoded.txt").read_text() == "x"
