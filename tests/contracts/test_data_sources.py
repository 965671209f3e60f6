"""What every registered data set must do; a new row in the registry is tested by being there."""

import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest

from engine.data.cache import data_folder, load_decoded
from engine.data.presence import present
from engine.data.registry import SOURCES, get_source
from engine.errors import ConfigError

every_source = pytest.mark.parametrize("name", SOURCES)


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
    assert row.image_size >= 4


@every_source
def test_loader_is_there_and_says_what_is_found(name, tmp_path):
    module, function = SOURCES[name].loader.split(":")
    assert callable(getattr(import_module(module), function))
    assert present(name, tmp_path) is SOURCES[name].embedded
    assert not list(tmp_path.iterdir())


@every_source
def test_presence_loads_no_torch(name, tmp_path):
    code = (
        "import sys; from pathlib import Path; from engine.data.presence import present; "
        f"present({name!r}, Path({str(tmp_path)!r})); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


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


def test_unknown_name_names_the_choices(tmp_path):
    with pytest.raises(ConfigError, match="unknown data set 'mnist'; choose from fashion-mnist-mini, cifar10"):
        present("mnist", tmp_path)
