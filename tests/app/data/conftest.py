"""A workspace of its own for every test, and races in it."""

import pytest

from app.data.workspace import use
from engine.config import RaceConfig, replace
from engine.config.presets import PRESETS
from engine.store.workspace import Workspace
from engine.store.writer import Writer


@pytest.fixture
def place(tmp_path):
    yield Workspace(use(tmp_path / "workspace"))
    use(tmp_path / "elsewhere")


def submit(place, **changes):
    run = replace(PRESETS["quick"].run, {"optim.steps": 120, **changes.pop("run", {})})
    with Writer(place.prepare()) as writer:
        return writer.races.submit(RaceConfig(preset="quick", run=run, **changes))
