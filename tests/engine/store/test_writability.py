"""A full disk, a read-only one, and the notices that are made before."""

import errno
import os
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.config import RaceConfig
from engine.errors import DiskFull, OutdatedDatabase, WorkspaceError
from engine.runs.client.observer import workspace_notes
from engine.store.connection import obstacle
from engine.store.notice import BYTES, Notice, heard
from engine.store.reader import Reader
from engine.store.space.writability import disk_errors, disk_full, refusal
from engine.store.workspace import Workspace
from engine.store.writer import Writer


@pytest.fixture
def mounted(tmp_path):
    """Return ``mounted(size)``: a folder on a disk of its own, and ``remount`` to make it read-only."""
    made = []

    def mount(size):
        folder = tmp_path / f"disk{len(made)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("only root may mount a disk of a few MB")
        made.append(folder)
        return folder

    yield mount
    for folder in made:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def filled(folder):
    """Take all space of a disk."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"\1" * 65536) == 65536:
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC
    yield
    ballast.unlink()


def submitted(folder):
    workspace = Workspace(folder / "workspace").prepare()
    with Writer(workspace) as writer:
        writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    return workspace


def test_a_finished_workspace_on_a_read_only_disk_is_read_without_its_wal(mounted):
    folder = mounted("4m")
    workspace = submitted(folder)
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    assert [path.name for path in workspace.path.iterdir()] == ["skipscope.db"]
    with Reader(workspace) as reader:
        assert len(reader.runs.all()) == 1
        assert reader.is_frozen
    for write in (workspace.prepare, lambda: Writer(workspace)):
        with pytest.raises(WorkspaceError, match=f"workspace {workspace.path} is read-only; its runs can be viewed"):
            write()
    assert "is read-only" in str(obstacle(workspace))


@pytest.fixture
def failed_disk(tmp_path):
    """A folder on an ext4 of its own, and what makes the kernel find an error in it."""
    if os.geteuid():
        pytest.skip("only root may mount a disk")
    image, folder = tmp_path / "image", tmp_path / "disk"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(16 * 2**20)
    made = subprocess.run(["mkfs.ext4", "-q", str(image)], capture_output=True)
    if made.returncode or subprocess.run(["mount", "-o", "loop,errors=remount-ro", str(image), str(folder)]).returncode:
        pytest.skip("this machine mounts no ext4")
    try:
        (device,) = (line.split()[0] for line in Path("/proc/mounts").read_text().splitlines() if f" {folder} " in line)
        yield folder, lambda: Path("/sys/fs/ext4", Path(device).name, "trigger_fs_error").write_text("1\n")
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_the_kernel_made_read_only_is_called_so(failed_disk):
    """Newer kernels leave it mounted for writing, so that only a write or an opened file tells."""
    folder, fail = failed_disk
    workspace = submitted(folder)
    Notice(workspace.engine_notice).prepare()
    assert obstacle(workspace) is None
    assert workspace_notes(workspace) == []
    with Writer(workspace) as writer:
        fail()
        with pytest.raises(WorkspaceError, match="is read-only; its runs can be viewed"):
            writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    assert "is read-only" in str(obstacle(workspace))
    assert "is read-only" in workspace_notes(workspace)[0]


def test_an_older_database_on_a_read_only_disk_says_what_to_do(mounted, monkeypatch):
    folder = mounted("4m")
    workspace = submitted(folder)
    with Writer(workspace) as writer, writer.transaction() as connection:
        connection.execute("DELETE FROM migrations WHERE name = (SELECT max(name) FROM migrations)")
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    with pytest.raises(OutdatedDatabase, match="copy the folder to a disk that can be written"):
        Reader(workspace)


def test_a_full_disk_is_read_and_named_and_takes_notices_made_before(mounted):
    folder = mounted("2m")
    workspace = submitted(folder)
    notice = Notice(workspace.engine_notice).prepare()
    with filled(folder):
        with Reader(workspace) as reader:
            assert len(reader.runs.all()) == 1
        with pytest.raises(DiskFull, match=r"the disk of the workspace is full \(0 MB free\)"):
            workspace.prepare()
        assert isinstance(refusal(workspace.path), DiskFull)
        assert isinstance(obstacle(workspace), DiskFull)
        notice.say("waits: the disk is full")
        assert heard(workspace.engine_notice).text == "waits: the disk is full"
    assert obstacle(workspace) is None
    with Reader(workspace) as reader:
        assert not reader.is_frozen


def test_a_quota_is_named_where_there_is_space(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.store.space.writability._free", lambda folder: 5_000_000_000)
    assert "is full or your quota is used up (5000 MB free)" in str(disk_full(tmp_path))


def test_errors_of_a_full_disk_become_one_kind(tmp_path):
    for number in (errno.ENOSPC, errno.EDQUOT):
        with pytest.raises(DiskFull), disk_errors(tmp_path):
            raise OSError(number, os.strerror(number))
    with pytest.raises(PermissionError), disk_errors(tmp_path):
        raise PermissionError(errno.EACCES, "no")


def test_a_notice_has_one_size_and_is_taken_back(tmp_path):
    path = tmp_path / "notice"
    notice = Notice(path).prepare()
    assert heard(path) is None
    for text in ("waits", "é" * 1000, "x" * 5000):
        assert notice.say(text)
        assert not notice.say(text)
        assert text.startswith(heard(path).text)
        assert path.stat().st_size == BYTES
    notice.say("")
    assert heard(path) is None
    notice.repeat()
    assert heard(path) is None
    notice.repeat("the database is locked")
    assert heard(path).text == "the database is locked"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"at": "x", "text": "y"}', b"\xff" * 512])
def test_a_notice_that_cannot_be_read_says_nothing(tmp_path, content):
    path = tmp_path / "notice"
    path.write_bytes(content)
    assert heard(path) is None
    assert heard(tmp_path / "none") is None
