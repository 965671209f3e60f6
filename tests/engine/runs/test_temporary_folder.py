"""Temporary files lie in the workspace, under a name that is short enough for a socket, and go with their engine."""

import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from engine.runs import temporary_folder
from engine.runs.temporary_folder import MAX_SOCKET_PATH, TemporaryFolder
from engine.store.workspace import Workspace

LONG = "x" * 100


def listener_path():
    return Path(multiprocessing.util.get_temp_dir()) / "listener-12345678"


def listens(path):
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(path))
        server.listen()
        client.connect(str(path))
    return True


@pytest.fixture(params=["short", "long"])
def place(request, tmp_path):
    path = Path(tempfile.mkdtemp(prefix="s", dir="/tmp")) if request.param == "short" else tmp_path / LONG / LONG
    yield Workspace(path).prepare()
    shutil.rmtree(path)


def test_temporary_files_and_sockets_lie_in_the_workspace(place, monkeypatch, tmp_path):
    before = tmp_path / ("t" * 200)
    before.mkdir()
    monkeypatch.setenv("TMPDIR", str(before))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with TemporaryFolder(place) as folder:
        assert folder.path.parent == place.temporary
        assert tempfile.gettempdir() == os.environ["TMPDIR"] == str(folder.path)
        path = listener_path()
        assert len(os.fsencode(path)) <= MAX_SOCKET_PATH
        assert listens(path)
        assert [file.name for file in folder.path.iterdir()] == [path.name]
        folder.remove()
        assert not place.temporary.exists()
    assert os.environ["TMPDIR"] == tempfile.gettempdir() == str(before)
    assert list(before.iterdir()) == []


@pytest.fixture
def system():
    """A folder with a short path, as the system's temporary folder is one."""
    path = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    yield path
    shutil.rmtree(path)


def test_a_socket_lies_outside_only_where_the_workspace_takes_none(workspace, monkeypatch, system):
    takes = temporary_folder._takes_sockets
    monkeypatch.setattr(temporary_folder, "_takes_sockets", lambda name: name.startswith(str(system)) and takes(name))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(system))
    with TemporaryFolder(workspace):
        (made,) = system.iterdir()
        assert listener_path().parent == made
        assert made.stat().st_mode & 0o077 == 0
    assert list(system.iterdir()) == []


def test_what_engines_left_that_are_gone_is_removed_and_nothing_else(workspace, monkeypatch, system):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(system))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with TemporaryFolder(workspace) as folder:
        prefix = folder._prefix
        mine = folder.path.name
        left = [workspace.temporary / f"{gone.pid}-5", system / f"{prefix}{gone.pid}-5-abc"]
        kept = [
            workspace.temporary / "notes",
            system / f"{prefix}{mine}-abc",
            system / f"skipscope-00000000-{gone.pid}-5-abc",
            folder.path,
        ]
        for path in (*left, *kept):
            path.mkdir(parents=True, exist_ok=True)
            (path / "file").touch()
        folder.sweep()
        assert not any(path.exists() for path in left)
        assert all((path / "file").exists() for path in kept)
