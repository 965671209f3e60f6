"""What every registered data set must do; a new row in the registry is tested by being there."""

import subprocess
import sys
from pkgutil import resolve_name

import numpy as np
import pytest

from engine.config import DataConfig, ModelConfig
from engine.data.files.cache import data_folder, load_decoded
from engine.data.files.paths import KINDS
from engine.data.presence import present
from engine.data.registry import SOURCES, get_source
from engine.data.source import MAX_SIZE, MIN_SIZE
from engine.errors import ConfigError, DataError
from engine.paths import PROJECT
from tests.engine.data import pictures

every_source = pytest.mark.parametrize("name", SOURCES)
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """For every kind of path one with 20 images of two classes; a new kind needs one here."""
    root = tmp_path_factory.mktemp("places")
    return {
        "folder": pictures.folder(root / "pets", each=10),
        "parquet": pictures.table(root / "pets.parquet", [0, 1] * 10, names=("cats", "dogs")),
    }


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return tmp_path_factory.mktemp("workspace")


@every_source
def test_row_is_explained(name):
    row = get_source(name)
    assert row.name == name
    assert row.help.endswith(".")
    assert row.licence
    assert row.source
    assert len(set(row.classes)) == len(row.classes) >= 2
    assert MIN_SIZE <= row.image_size <= MAX_SIZE


@every_source
def test_loader_is_there_and_says_what_is_found(name, tmp_path):
    assert callable(resolve_name(SOURCES[name].loader).load)
    assert present(name, tmp_path) is SOURCES[name].embedded
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [name for name, row in SOURCES.items() if row.embedded])
def test_embedded_set_is_what_the_row_says(name, workspace):
    row = SOURCES[name]
    decoded = load_decoded(name, 1, workspace, lambda text: None)
    raw = decoded.raw
    shape = (row.channels, row.image_size, row.image_size)
    assert raw.train_images.shape == (row.train_images, *shape)
    assert raw.test_images.shape == (row.test_images, *shape)
    assert raw.train_images.dtype == raw.test_images.dtype == np.uint8
    assert set(raw.train_labels.tolist()) == set(range(len(row.classes)))
    assert decoded.mean.shape == shape
    assert (data_folder(workspace) / name / "meta.json").is_file()


@every_source
def test_loaders_of_sets_that_are_not_embedded_say_what_they_look_for(name):
    if not SOURCES[name].embedded:
        archive = resolve_name(SOURCES[name].loader)
        assert archive.name == name
        assert all(len(file.md5) == 32 and file.url.endswith(file.name) for file in archive.files)


@every_kind
def test_path_is_a_source_like_any_other(kind, places, tmp_path):
    name = f"{kind}:{places[kind.removeprefix('linked-')]}"
    row = get_source(name)
    assert (row.name, row.channels, row.image_size, row.classes) == (name, 3, 8, ("cats", "dogs"))
    assert (row.train_images, row.test_images) == (18, 2)
    assert row.help.endswith(".")
    assert row.label
    assert row.source
    assert row.licence
    assert present(name, tmp_path)
    assert not list(tmp_path.iterdir())
    decoded = load_decoded(name, 1, tmp_path, lambda text: None)
    assert decoded.raw.train_images.shape == (18, 3, 8, 8)
    assert decoded.raw.test_images.shape == (2, 3, 8, 8)
    assert set(decoded.raw.train_labels.tolist()) == {0, 1}
    assert decoded.classes == row.classes
    assert get_source(name, 16).image_size == 16
    assert load_decoded(name, 2, tmp_path, lambda text: None, 16).mean.shape == (3, 8, 8)


@every_kind
def test_listing_keeps_its_contract(kind, places):
    listing = resolve_name(KINDS[kind].listing)(places[kind.removeprefix("linked-")])
    for split, count in listing.counts.items():
        items = list(listing.items(split))
        assert len(items) == count
        assert items == list(listing.items(split)), "always in the same order"
        assert len({item.name for item in items}) == count
    assert len(list(listing.sample(1000))) == sum(listing.counts.values())
    assert 0 < len(list(listing.sample(8))) <= 8
    assert listing.stamps


@every_kind
def test_path_that_is_not_there_is_one_line(kind, tmp_path):
    name = f"{kind}:{tmp_path}/nothing"
    assert not present(name, tmp_path)
    with pytest.raises(DataError, match="nothing is not there") as caught:
        get_source(name)
    assert "\n" not in str(caught.value)


def test_looking_for_a_set_or_through_a_path_loads_no_torch(places, tmp_path):
    paths = [f"{kind}:{place}" for kind, place in places.items()]
    code = (
        "import sys; from pathlib import Path; from engine.data.presence import present; "
        "from engine.data.registry import SOURCES, get_source\n"
        f"for name in [*SOURCES, *{paths!r}]:\n"
        f"    present(name, Path({str(tmp_path)!r})); get_source(name)\n"
        "    if 'torch' in sys.modules: sys.exit(name)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_sizes_are_those_of_the_configs():
    bounds = {type(bound).__name__: bound for bound in ModelConfig.model_fields["image_size"].metadata}
    assert (bounds["Ge"].ge, bounds["Le"].le) == (MIN_SIZE, MAX_SIZE)
    for resize in (1, 3, MAX_SIZE + 1):
        with pytest.raises(ConfigError, match="resize"):
            DataConfig.checked(resize=resize)
    assert DataConfig.checked(resize=MIN_SIZE).resize == MIN_SIZE


def test_unknown_name_names_the_choices(tmp_path):
    with pytest.raises(ConfigError, match="unknown data set 'mnist'; choose from fashion-mnist-mini, .*folder:PATH"):
        present("mnist", tmp_path)
