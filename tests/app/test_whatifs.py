"""The door for what-ifs: the page may not name what only the command line may."""

import pytest

from app import data
from app.data import whatifs
from engine.errors import ConfigError


@pytest.mark.parametrize("key", ["name", "data.name"])
@pytest.mark.parametrize("path", ["folder:/etc", "parquet:/home"])
def test_a_fork_from_the_page_names_no_path(key, path, monkeypatch):
    monkeypatch.setattr(whatifs, "here", lambda: pytest.fail("the engine was asked"))
    with pytest.raises(ConfigError, match="the page trains on registered data sets"):
        data.fork(1, 6, {key: path})
