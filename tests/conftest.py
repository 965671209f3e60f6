"""Shared fixtures: a workspace of its own for every test, and the rules for tests that need a browser or a GPU.

Tests run in two processes (pytest-xdist). Those of a file stay together, for its fixtures; those in the browser, which
share a site and a browser and take longest, are all in one process and begin first.
"""

import os
import shutil
import sys

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


def pytest_collection_finish():
    """Leave torch one thread in each of the processes that share the cores; its nets here are tiny."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Hand out the tests by file, those in the browser all together."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            path = nodeid.partition("::")[0]
            return "tests/e2e" if path.startswith("tests/e2e/") else path

    return ByFile(config, log)


def pytest_collection_modifyitems(config, items):
    """Skip what this machine cannot run, each with one line that says how to change that."""
    if hasattr(config, "workerinput"):  # in the order in which the processes take them
        items.sort(key=lambda item: item.path.parent.name != "e2e")
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
