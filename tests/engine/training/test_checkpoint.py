import errno
import io
import zipfile

import pytest
import torch

from engine.errors import CheckpointDamaged, CheckpointError
from engine.training import checkpoint, checksums
from engine.training.state import FORMAT
from tests.engine.training import tiny


def state(**more):
    return {"format": FORMAT, "model": {"w": torch.arange(4.0)}} | more


def test_round_trip_of_a_real_state(tmp_path):
    path = tmp_path / "new" / "step.pt"
    saved = tiny.trainer(tiny.config()).state()
    checkpoint.save(saved, path)
    loaded = checkpoint.load(path)
    assert loaded.keys() == saved.keys()
    assert all(torch.equal(loaded["model"][name], tensor) for name, tensor in saved["model"].items())
    assert {key: loaded[key] for key in ("config", "data", "progress", "figures")} == {
        key: saved[key] for key in ("config", "data", "progress", "figures")
    }
    assert [file.name for file in path.parent.iterdir()] == ["step.pt"]


def test_a_failed_write_leaves_the_old_file_alone(tmp_path, monkeypatch):
    path = tmp_path / "step.pt"
    checkpoint.save(state(step=1), path)

    def full(content, file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(CheckpointError, match="cannot be written .*No space left"):
        checkpoint.save(state(step=2), path)
    assert checkpoint.load(path)["step"] == 1
    assert [file.name for file in tmp_path.iterdir()] == ["step.pt"]


def test_missing(tmp_path):
    with pytest.raises(CheckpointDamaged, match="there is no checkpoint at"):
        checkpoint.load(tmp_path / "none.pt")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None])
def test_damaged_is_one_line(tmp_path, content):
    path = tmp_path / "step.pt"
    checkpoint.save(state(), path)
    path.write_bytes(path.read_bytes()[:-30] if content is None else content)
    with pytest.raises(CheckpointDamaged, match="is damaged") as caught:
        checkpoint.load(path)
    assert "\n" not in str(caught.value)


def test_one_changed_bit_of_a_weight_is_found(tmp_path):
    path = tmp_path / "step.pt"
    weights = torch.arange(4096.0)
    checkpoint.save(state(model={"w": weights}), path)
    content = bytearray(path.read_bytes())
    content[content.find(weights.numpy().tobytes()) + 4000] ^= 1
    path.write_bytes(content)
    torch.load(path, weights_only=True)  # PyTorch does not notice
    with pytest.raises(CheckpointDamaged, match="is damaged: the checksum of .*data"):
        checkpoint.load(path)


def test_a_file_that_reads_back_otherwise_is_not_kept(tmp_path, monkeypatch):
    path, save = tmp_path / "step.pt", torch.save
    checkpoint.save(state(step=1), path)

    def cut(content, file):
        save(content, file)
        file.truncate(file.tell() - 30)

    monkeypatch.setattr(torch, "save", cut)
    with pytest.raises(CheckpointError, match="is damaged"):
        checkpoint.save(state(step=2), path)
    assert checkpoint.load(path)["step"] == 1
    assert [file.name for file in tmp_path.iterdir()] == ["step.pt"]


def test_a_recorded_size_tells_a_file_that_was_exchanged(tmp_path):
    checkpoint.save(state(), tmp_path / "step.pt")
    size = (tmp_path / "step.pt").stat().st_size
    checksums.check(tmp_path / "step.pt", size)
    with pytest.raises(CheckpointError, match=f"it has {size} of {size + 1} bytes"):
        checksums.check(tmp_path / "step.pt", size + 1)


class Refusing(io.FileIO):
    """A file whose disk refuses the reads from some byte on."""

    begins, number = 0, errno.EIO

    def readinto(self, buffer):
        if self.tell() >= self.begins:
            raise OSError(self.number, "the disk refuses")
        return super().readinto(buffer)


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ENOMEM])
@pytest.mark.parametrize("begins", [0, 500])
def test_a_read_that_is_refused_is_no_damage(tmp_path, monkeypatch, number, begins):
    path = tmp_path / "step.pt"
    checkpoint.save(state(), path)
    monkeypatch.setattr(Refusing, "begins", begins)
    monkeypatch.setattr(Refusing, "number", number)
    monkeypatch.setattr(zipfile.io, "open", lambda path, mode: io.BufferedReader(Refusing(path), 16), raising=True)
    with pytest.raises(CheckpointError, match=r"cannot be read \(the disk refuses\)") as caught:
        checkpoint.load(path)
    assert not isinstance(caught.value, CheckpointDamaged)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.ESTALE])
def test_a_file_that_cannot_be_opened_now_is_no_damage(tmp_path, monkeypatch, number):
    def refused(*_, **__):
        raise OSError(number, "not now")

    checkpoint.save(state(), tmp_path / "step.pt")
    for place, name in ((zipfile, "ZipFile"), (torch, "load")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, refused)
            with pytest.raises(CheckpointError, match="cannot be read .*not now") as caught:
                checkpoint.load(tmp_path / "step.pt")
        assert not isinstance(caught.value, CheckpointDamaged)


def test_too_little_memory_is_no_damage(tmp_path, monkeypatch):
    checkpoint.save(state(), tmp_path / "step.pt")
    monkeypatch.setattr(torch, "load", lambda *_, **__: torch.empty(2**60, dtype=torch.uint8))
    with pytest.raises(CheckpointError, match="cannot be read .*memory") as caught:
        checkpoint.load(tmp_path / "step.pt")
    assert not isinstance(caught.value, CheckpointDamaged)


def test_an_archive_of_something_else_is_damaged(tmp_path):
    with zipfile.ZipFile(tmp_path / "step.pt", "w") as archive:
        archive.writestr("notes.txt", "no tensors")
    with pytest.raises(CheckpointDamaged, match="holds no state"):
        checkpoint.load(tmp_path / "step.pt")


class Harmful:
    def __reduce__(self):
        return (print, ("code ran",))


def test_foreign_code_is_not_run(tmp_path, capsys):
    path = tmp_path / "step.pt"
    torch.save(state(extra=Harmful()), path)
    with pytest.raises(CheckpointError, match="is damaged"):
        checkpoint.load(path)
    assert "code ran" not in capsys.readouterr().out


@pytest.mark.parametrize("content", [{"format": FORMAT + 1}, [1, 2], torch.zeros(2)])
def test_another_format_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "step.pt")
    with pytest.raises(CheckpointError, match=f"is not of format {FORMAT}"):
        checkpoint.load(tmp_path / "step.pt")
