"""Folders and Parquet from the path to the tensors a run trains on."""

import os
import shutil
import tracemalloc

import numpy as np
import pytest
import torch

from engine.config import DataConfig
from engine.data import images
from engine.data.files import cache, decoding, paths
from engine.data.images import load_images
from engine.errors import CheckpointError, ConfigError, DataError
from engine.training.trainer import Trainer
from tests.engine.data import pictures
from tests.engine.data.pictures import pixels, png, put
from tests.engine.training import tiny


def load(name, workspace, report=lambda text: None, **changes):
    return load_images(DataConfig(name=name, **changes), workspace, report)


def copies(workspace):
    return sorted(path.name for path in (workspace / "data").iterdir() if path.is_dir())


@pytest.fixture
def pets(tmp_path):
    return pictures.folder(tmp_path / "pets", each=120)


@pytest.fixture
def workspace(tmp_path):
    return tmp_path / "workspace"


def test_a_folder_is_decoded_in_order(pets, workspace):
    said = []
    found = load(f"folder:{pets}", workspace, said.append)
    assert (len(found.train), len(found.test), found.classes, found.remark) == (200, 40, ("cats", "dogs"), "")
    expected = [1000 * label + i for label in range(2) for i in range(120)]
    for split, wanted in ((found.train, [i for i in expected if i % 1000 % 6 != 5]), (found.test, expected[5::6])):
        assert split.labels.tolist() == [seed // 1000 for seed in wanted]
        for image, seed in zip(split.pixels, wanted, strict=True):
            assert np.array_equal(image.permute(1, 2, 0).numpy(), pixels(seed))
    assert said[-1] == "decoding pets: 240 of 240 images"
    assert torch.allclose(found.mean, found.train.pixels.float().mean(0))
    assert found.scale == pytest.approx(found.train.pixels.double().sub(found.mean).square().mean().sqrt().item())
    assert load(f"folder:{pets}", workspace, said.append).checksum == found.checksum
    assert len(said) == len(set(said))


def test_parquet_of_the_same_images_gives_the_same_set(tmp_path, workspace):
    for i in range(12):
        put(tmp_path / "pets" / f"class{i % 2}" / f"{i:02}.png", png(pixels(i)))
    table = pictures.table(tmp_path / "pets.parquet", [0, 1] * 6)
    by_folder, by_parquet = load(f"folder:{tmp_path}/pets", workspace), load(f"parquet:{table}", workspace)
    assert torch.equal(by_folder.mean, by_parquet.mean)
    assert torch.equal(by_folder.test.pixels, by_parquet.test.pixels)


def test_broken_images_are_counted_named_and_skipped(pets, workspace):
    whole = load(f"folder:{pets}", workspace)
    put(pets / "cats" / "000.png", b"nothing")
    content = (pets / "dogs" / "005.png").read_bytes()
    put(pets / "dogs" / "005.png", content[:-40])
    for i in range(120, 140):
        put(pets / "cats" / f"{i}.png", png(pixels(i)))
    said = []
    found = load(f"folder:{pets}", workspace, said.append, pool=2)
    assert len(found.train) == len(whole.train) + 17 - 1
    assert len(found.test) == len(whole.test) + 3 - 1
    beside = workspace / "data" / copies(workspace)[0] / "broken.txt"
    named = beside.read_text().splitlines()
    assert [name.partition(" ")[0] for name in named] == ["cats/000.png", "dogs/005.png"]
    assert found.remark.startswith("2 of 260 images cannot be read and are left out: cats/000.png (no image")
    assert any("260 of 260 images, 2 broken" in text for text in said)
    assert not torch.equal(found.train.labels, whole.train.labels)


def test_one_in_a_hundred_is_too_much_and_leaves_nothing(pets, workspace):
    for i in (3, 4, 5):
        content = (pets / "dogs" / f"{i:03}.png").read_bytes()
        put(pets / "dogs" / f"{i:03}.png", content[:-40])  # the header is sound: seen only when it is decoded
    with pytest.raises(DataError, match=r"3 of the 240 images .* cannot be read: dogs/003.png .*1 % or more"):
        load(f"folder:{pets}", workspace)
    assert copies(workspace) == []


def test_sizes_and_colours_that_the_quick_look_missed_are_found(pets, workspace, monkeypatch):
    monkeypatch.setattr(paths, "SAMPLED_IMAGES", 10)
    put(pets / "dogs" / "118.png", png(pixels(0, size=9)))
    with pytest.raises(DataError, match=r"differ in size \(most is 8x8 and dogs/118.png is 9x9\)"):
        load(f"folder:{pets}", workspace)
    put(pets / "dogs" / "118.png", png(pixels(0)[:7]))
    with pytest.raises(DataError, match=r"not square \(dogs/118.png is 8x7\)"):
        load(f"folder:{pets}", workspace)
    assert load(f"folder:{pets}", workspace, resize=16).image_size == 16
    grey = pictures.folder(pets.parent / "grey", each=120, channels=1)
    put(grey / "dogs" / "118.png", png(pixels(0)))
    monkeypatch.setattr(paths, "SAMPLED_S", 0.0)  # else it is found, and all become RGB
    with pytest.raises(DataError, match="dogs/118.png in .* has colours"):
        load(f"folder:{grey}", workspace)
    assert all("resize16" in name for name in copies(workspace))


def test_resize_and_pool_make_copies_of_their_own(pets, workspace):
    plain = load(f"folder:{pets}", workspace)
    resized = load(f"folder:{pets}", workspace, resize=16)
    pooled = load(f"folder:{pets}", workspace, resize=16, pool=4)
    assert (plain.image_size, resized.image_size, pooled.image_size) == (8, 16, 4)
    assert len({plain.checksum, resized.checksum, pooled.checksum}) == len(copies(workspace)) == 3
    with pytest.raises(ConfigError, match="pool 8 does not fit the 16x16 images .*choose from 1, 2, 4"):
        load(f"folder:{pets}", workspace, resize=16, pool=8)
    with pytest.raises(ConfigError, match="resize is for images named by their path"):
        load("cifar10", workspace, resize=16)


def test_a_changed_folder_is_decoded_anew_and_the_old_copy_goes(pets, workspace):
    before = load(f"folder:{pets}", workspace)
    first = copies(workspace)
    put(pets / "cats" / "000.png", png(pixels(77)))
    after = load(f"folder:{pets}", workspace)
    assert after.checksum != before.checksum
    assert len(copies(workspace)) == 1
    assert copies(workspace) != first
    assert torch.equal(before.train.pixels[1], after.train.pixels[1]), "what is mapped stays valid"
    os.utime(pets / "cats" / "000.png", (1, 1))  # touched, not changed: the same content, the same checksum
    assert load(f"folder:{pets}", workspace).checksum == after.checksum


def test_a_run_does_not_go_on_with_other_images(pets, workspace):
    config = tiny.config(model__channels=3, model__classes=2)
    found = load(f"folder:{pets}", workspace)
    state = Trainer(config, found, tiny.device()).state()
    put(pets / "cats" / "000.png", png(pixels(77)))
    with pytest.raises(CheckpointError, match="trained on other images"):
        Trainer(config, load(f"folder:{pets}", workspace), tiny.device(), state)


@pytest.mark.parametrize("large", [False, True])
def test_a_damaged_copy_of_a_large_set_is_found_by_its_size(pets, workspace, monkeypatch, large):
    if large:
        monkeypatch.setattr(cache, "HASHED_BYTES", 100)
    expected = load(f"folder:{pets}", workspace)
    path = workspace / "data" / copies(workspace)[0] / "train_images.npy"
    path.write_bytes(path.read_bytes()[:-5])
    again = load(f"folder:{pets}", workspace)
    assert again.checksum == expected.checksum
    assert torch.equal(again.train.pixels[-1], load(f"folder:{pets}", workspace).train.pixels[-1])


def test_large_arrays_are_not_read_at_the_start(pets, workspace, monkeypatch):
    load(f"folder:{pets}", workspace)
    hashed = []
    monkeypatch.setattr(cache, "digest", lambda array, real=cache.digest: hashed.append(array.nbytes) or real(array))
    monkeypatch.setattr(cache, "HASHED_BYTES", 5000)
    load(f"folder:{pets}", workspace)
    assert hashed
    assert max(hashed) <= 5000


@pytest.fixture
def both(pets, workspace, monkeypatch):
    """The same set in memory and on the disk."""
    in_memory = load(f"folder:{pets}", workspace)
    monkeypatch.setattr(images, "MEMORY_SHARE", 0.0)
    monkeypatch.setattr(cache, "HASHED_BYTES", 100)
    on_disk = load(f"folder:{pets}", workspace)
    assert (in_memory.train.on_disk, on_disk.train.on_disk, on_disk.test.on_disk) == (False, True, True)
    assert in_memory.checksum == on_disk.checksum
    return in_memory, on_disk


def test_a_set_on_the_disk_trains_the_same_net_bit_for_bit(both):
    config = tiny.config(model__channels=3, model__classes=2, optim__steps=6, eval_every=3)
    trainers = [Trainer(config, found, tiny.device()) for found in both]
    events = [list(trainer.events()) for trainer in trainers]
    assert tiny.same_weights(*trainers)
    assert tiny.rows(events[0]) == tiny.rows(events[1])
    assert tiny.evaluations(events[0]) == tiny.evaluations(events[1])


def test_batches_are_the_same_and_only_they_travel(both):
    in_memory, on_disk = both
    indices = torch.tensor([7, 0, 199, 7])
    for one, other in zip(in_memory.train.batch(indices), on_disk.train.batch(indices), strict=True):
        assert torch.equal(one, other)
    elsewhere = torch.device("meta")
    moved, stayed = in_memory.to(elsewhere), on_disk.to(elsewhere)
    assert moved.train.pixels.device == stayed.mean.device == stayed.train.labels.device == elsewhere
    assert stayed.train.pixels is on_disk.train.pixels
    pixels, labels = stayed.train.batch(indices)
    assert (pixels.device, pixels.shape, labels.shape) == (elsewhere, (4, 3, 8, 8), (4,))


@pytest.mark.gpu
def test_on_a_gpu_batches_of_a_set_on_the_disk_are_those_in_memory(both):
    device = torch.device("cuda")
    in_memory, on_disk = (found.to(device) for found in both)
    assert in_memory.train.pixels.is_cuda
    assert not on_disk.train.pixels.is_cuda
    for indices in (torch.tensor([7, 0, 199, 7]), torch.tensor([7, 0, 199, 7], device=device)):
        for one, other in zip(in_memory.train.batch(indices), on_disk.train.batch(indices), strict=True):
            assert one.is_cuda
            assert torch.equal(one, other)


def test_decoding_takes_memory_for_a_few_pieces_only(pets, workspace, monkeypatch):
    load(f"folder:{pets}", workspace)  # imports and caches
    monkeypatch.setattr(decoding, "_PIECE_BYTES", 200_000)
    monkeypatch.setattr(decoding, "MAX_THREADS", 2)
    tracemalloc.start()
    try:
        found = load(f"folder:{pets}", workspace, resize=128)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.train.pixels.nbytes > 9_000_000
    assert peak < 5_000_000


def test_a_set_that_does_not_fit_on_the_disk_is_refused_before_decoding(pets, workspace, monkeypatch):
    usage = shutil.disk_usage(pets)
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda path: usage._replace(free=1_000_000))
    load(f"folder:{pets}", workspace)  # 46 kB
    said = []
    with pytest.raises(DataError, match=r"takes 47 MB decoded, and .* has 1 MB left; free some or move"):
        load(f"folder:{pets}", workspace, said.append, resize=256)
    assert not said
    assert len(copies(workspace)) == 1


def test_an_interrupt_ends_decoding_and_leaves_nothing(pets, workspace):
    def report(text):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(f"folder:{pets}", workspace, report)
    assert copies(workspace) == []


def test_a_split_whose_images_are_all_broken_is_one_line(tmp_path, workspace):
    table = pictures.table(tmp_path / "set" / "train.parquet", [0, 1] * 100)
    pictures.table(tmp_path / "set" / "test.parquet", [0], broken=(0,))
    with pytest.raises(DataError, match=r"none of the 1 test images in .*set can be read: test.parquet row 0"):
        load(f"parquet:{table.parent}", workspace)
    assert copies(workspace) == []


def test_parquet_whose_name_is_not_utf8_is_decoded_and_named(tmp_path, workspace):
    table = pictures.table(tmp_path / "set" / os.fsdecode(b"train-\xff.parquet"), [0, 1] * 100, broken=(7,))
    found = load(f"parquet:{table.parent}", workspace)
    assert "train-?.parquet row 7" in found.remark
    beside = workspace / "data" / copies(workspace)[0] / "broken.txt"
    assert beside.read_text(encoding="utf-8").startswith("train-?.parquet row 7 (")


def test_a_path_that_is_not_utf8_writes_nothing(tmp_path, workspace):
    with pytest.raises(ConfigError, match=r"bad\\udcff is not valid UTF-8; rename it"):
        cache.load_decoded(f"folder:{tmp_path}/bad\udcff", 1, workspace, lambda text: None)
    assert not workspace.exists()


def test_a_set_of_constant_images_is_refused(tmp_path, workspace, monkeypatch):
    for label, name in enumerate(("cats", "dogs")):
        for i in range(12):
            put(tmp_path / "flat" / name / f"{i}.png", png(np.full((8, 8, 3), 10 * i + label, np.uint8)))
    with pytest.raises(DataError, match="every image in .*flat is of one value all over"):
        load(f"folder:{tmp_path}/flat", workspace)
    put(tmp_path / "flat" / "cats" / "x.png", png(pixels(0)))
    assert len(load(f"folder:{tmp_path}/flat", workspace).train) == 21
    monkeypatch.setattr(paths.Sample, "all_constant", False)  # where a quick look was not enough, decoding finds it
    (tmp_path / "flat" / "cats" / "x.png").unlink()
    with pytest.raises(DataError, match="of one value all over"):
        load(f"folder:{tmp_path}/flat", workspace)


def test_wide_values_are_scaled_by_the_whole_set_and_a_copy_without_is_made_anew(tmp_path, workspace, monkeypatch):
    for label, name in enumerate(("cats", "dogs")):
        for i in range(12):
            array = pixels(12 * label + i, channels=1).astype(np.uint16) + 100 * label
            put(tmp_path / "wide" / name / f"{i:02}.png", png(array))
    found = load(f"folder:{tmp_path}/wide", workspace)
    everything = np.concatenate([found.train.pixels.numpy(), found.test.pixels.numpy()])
    assert (everything.min(), everything.max()) == (0, 255)
    assert "values 0 to 355, scaled to 0 to 255 by this range of the whole set" in found.description
    pooled = load(f"folder:{tmp_path}/wide", workspace, pool=2)
    assert pooled.description == found.description
    for name in copies(workspace):  # as an earlier version left them
        meta = workspace / "data" / name / "meta.json"
        meta.write_text(meta.read_text().replace('"description"', '"other"'))
    said = []
    assert load(f"folder:{tmp_path}/wide", workspace, said.append, pool=2).checksum == pooled.checksum
    assert sum("damaged or old" in text for text in said) == 1


def test_an_older_copy_is_kept_and_told(pets, workspace):
    found = load(f"folder:{pets}", workspace)
    meta = workspace / "data" / copies(workspace)[0] / "meta.json"
    meta.write_text(meta.read_text().replace('"description"', '"other"'))
    said = []
    again = load(f"folder:{pets}", workspace, said.append)
    assert (again.description, again.checksum, said) == (found.description, found.checksum, [])
    assert '"description"' in meta.read_text(), "written down, so that it is looked through once"
    assert [path.name for path in meta.parent.iterdir() if path.name.startswith("tmp")] == []
