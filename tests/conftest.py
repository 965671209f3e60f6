"""Shared fixtures: a workspace of its own for every test, and the rules for tests that need a browser or a GPU."""

import os
import shutil

import pytest

from engine.store.workspace import ENVIRONMENT, Workspace

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NO_BROWSER = "no Chromium found: apt-get install chromium (or put a Chrome on the PATH) to run the browser tests"


@pytest.fixture
def workspace(tmp_path, monkeypatch) -> Workspace:
    """An empty, writable workspace that is also the process's default."""
    path = tmp_path / "workspace"
    monkeypatch.setenv(ENVIRONMENT, str(path))
    return Workspace.at(path).prepare()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser; asking for it is what makes a test depend on one."""
    assert CHROMIUM, NO_BROWSER
    return CHROMIUM


def pytest_collection_modifyitems(config, items):
    """Skip what this machine cannot run, each with one line that says how to change that."""
    if not CHROMIUM and os.environ.get("SKIPSCOPE_REQUIRE_BROWSER") != "1":
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=NO_BROWSER))
    gpu_items = [item for item in items if item.get_closest_marker("gpu")]
    if gpu_items:
        import torch

        if not torch.cuda.is_available():
            for item in gpu_items:
                item.add_marker(pytest.mark.skip(reason="no CUDA device on this machine"))
