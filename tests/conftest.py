"""Shared fixtures: a workspace of its own for every test, and the rules for tests that need a browser or a GPU.

Tests run in two processes (pytest-xdist). Those of a file stay in one process, for its fixtures. Tests in the browser
begin first, for they wait most; each process has a site and a browser of its own.
"""

import gc
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import pytest

from engine.guarded_thread import GuardedThread
from engine.store import connection as store_connection
from engine.store.workspace import ENVIRONMENT, Workspace

# Threads that wait sleep: the engines of the tests share the cores with each other and with browsers, and threads that
# spin while they wait made four of them eight times slower. torch's OpenMP reads this once, as it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NO_BROWSER = "no Chromium found: apt-get install chromium (or put a Chrome on the PATH) to run the browser tests"
MAIN = sys.modules["__main__"]
#: Folders whose files take longest begin first, so that all processes end together.
FIRST = (
    "tests/e2e/", "tests/faults/", "tests/fuzz/", "tests/compatibility/", "tests/engine/runs/", "tests/contracts/",
)  # fmt: skip


@pytest.fixture
def workspace(tmp_path, monkeypatch) -> Workspace:
    """An empty, writable workspace that is also the process's default."""
    path = tmp_path / "workspace"
    monkeypatch.setenv(ENVIRONMENT, str(path))
    return Workspace.at(path).prepare()


@pytest.fixture(scope="session", autouse=True)
def _tables_are_made_once(tmp_path_factory) -> Iterator[None]:
    """Begin each new database of this process as a copy of one: the migrations take longer than most tests."""
    connect = store_connection.connect
    first = Workspace.at(tmp_path_factory.mktemp("tables")).prepare()
    connect(first, readonly=False).close()
    tables = first.database.read_bytes()

    def connect_to_copy(workspace, readonly, **options):
        if not readonly and not workspace.database.exists():
            # Another process may make the database at the same moment: a link takes no file's place.
            copy = workspace.database.with_name(f"copy-{os.getpid()}-{threading.get_ident()}")
            with suppress(OSError):
                try:
                    copy.write_bytes(tables)
                    os.link(copy, workspace.database)
                finally:
                    copy.unlink(missing_ok=True)
        return connect(workspace, readonly=readonly, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_connection, "connect", connect_to_copy)
        yield


@pytest.fixture
def no_threads(monkeypatch) -> None:
    """No guarded thread can begin, as on a system that has no further one for this process."""

    def refused(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(GuardedThread, "start", refused)


@pytest.fixture(autouse=True)
def _own_main(monkeypatch) -> None:
    """Put this process's main module back: Streamlit puts the page there, and forked processes would run it first."""
    monkeypatch.setitem(sys.modules, "__main__", MAIN)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser; asking for it is what makes a test depend on one."""
    assert CHROMIUM, NO_BROWSER
    return CHROMIUM


def pytest_addoption():
    """Say in one line what to install, before an option of a plugin that is missing is called unknown."""
    for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines():
        name, pin, _ = line.partition("==")
        if pin:
            try:
                metadata.version(name)
            except metadata.PackageNotFoundError:
                raise pytest.UsageError(f"{name} is not installed: pip install -r tests/requirements.txt") from None


def pytest_configure():
    """Make up the same few cases every time; SKIPSCOPE_HYPOTHESIS=thorough makes up many, others every time."""
    from hypothesis import HealthCheck, settings

    # A slow machine is no failure, and the fixtures that tests share do not change.
    health = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    common = {"deadline": None, "database": None, "suppress_health_check": health}
    settings.register_profile("few", derandomize=True, max_examples=20, **common)
    settings.register_profile("thorough", max_examples=500, **common)
    settings.load_profile(os.environ.get("SKIPSCOPE_HYPOTHESIS", "few"))
    # Nothing that is collected is garbage: a fifth of the time goes into looking.
    gc.disable()


def pytest_unconfigure():
    """Remove the folder that Streamlit's AppTest makes when it is loaded; at the end of Python that would be a warning.

    The processes of pytest-xdist end without Python's own end, and would leave it in the folder of temporary files.
    """
    if app_test := sys.modules.get("streamlit.testing.v1.app_test"):
        app_test.TMP_DIR.cleanup()


def pytest_collection_finish():
    """Leave torch one thread in each of the processes that share the cores; its nets here are tiny."""
    gc.freeze()
    gc.enable()
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def pytest_collection_modifyitems(items):
    """Put long files first; skip what this machine cannot run, each with one line that says how to change that."""
    items.sort(key=lambda item: [item.nodeid.startswith(folder) for folder in FIRST], reverse=True)
    if not CHROMIUM and os.environ.get("SKIPSCOPE_REQUIRE_BROWSER") != "1":
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=NO_BROWSER))
    gpu_items = [item for item in items if item.get_closest_marker("gpu")]
    for item in gpu_items:
        # torch warns on a GPU of what is no fault (a context that its backward thread makes, a watch that is new).
        item.add_marker(pytest.mark.filterwarnings("default"))
    if gpu_items:
        import torch

        if not torch.cuda.is_available():
            for item in gpu_items:
                item.add_marker(pytest.mark.skip(reason="no CUDA device on this machine"))
