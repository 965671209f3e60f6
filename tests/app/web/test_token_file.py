"""The presenter's token in a file: made for its owner alone, kept, refused where others could use it."""

import os
import stat

import pytest

from app.web import token_file
from app.web.token_file import MIN_TOKEN_LENGTH, token_of

GOOD = "a-Good_token" * 4


@pytest.fixture
def path(tmp_path):
    return tmp_path / "token"


def test_it_is_made_for_its_owner_alone_and_kept(path):
    before = os.umask(0)
    try:
        token = token_of(path)
    finally:
        os.umask(before)
    assert len(token) >= 40
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token_of(path) == token == path.read_text().strip()


def test_two_starts_at_once_have_one_token_and_the_file_is_never_empty(path, monkeypatch):
    opened, others = os.fdopen, []

    def meanwhile(*arguments, **options):
        monkeypatch.setattr(os, "fdopen", opened)
        others.append(token_of(path))
        return opened(*arguments, **options)

    monkeypatch.setattr(os, "fdopen", meanwhile)
    assert [token_of(path)] == others
    assert list(path.parent.iterdir()) == [path]


def test_a_full_disk_leaves_no_file(path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdopen", full)
        _refused(path, "No space left")
    assert not list(path.parent.iterdir())
    assert token_of(path) == path.read_text().strip()


def test_a_disk_without_links_has_a_token_too(path, monkeypatch):
    def unable(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", unable)
    token = token_of(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token_of(path) == token == path.read_text().strip()


@pytest.mark.parametrize("text", [GOOD, f"{GOOD}\n", f"  {GOOD}\r\n"])
def test_a_token_of_ones_own_is_taken(path, text):
    path.write_text(text)
    path.chmod(0o400)
    assert token_of(path) == GOOD


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"), (" \n", "is empty"), ("x" * (MIN_TOKEN_LENGTH - 1), "holds no token"),
        ("x" * 2_000, "no token"),
        (f"{GOOD}\n{GOOD}", "no token"), (f"{GOOD} ", None), (f"{GOOD}\u00e9", "no token"), (f"{GOOD};x=1", "no token"),
    ],
)  # fmt: skip
def test_what_is_no_token_is_refused(path, text, why):
    path.write_text(text)
    path.chmod(0o600)
    if why is None:
        assert token_of(path) == GOOD
    else:
        _refused(path, why)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o610])
def test_what_others_may_use_is_refused(path, mode):
    path.write_text(GOOD)
    path.chmod(mode)
    _refused(path, "by others")


def test_folders_pipes_and_places_that_are_not_there_are_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    _refused(tmp_path / "folder", "directory")
    os.mkfifo(tmp_path / "pipe", 0o600)
    _refused(tmp_path / "pipe", "is no file")
    _refused(tmp_path / "none" / "token", "cannot be made")
    _refused(tmp_path / ("x" * 300), "cannot be")
    _refused(tmp_path / "a\0b", "odd letter")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_a_right_to_write_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    _refused(tmp_path / "token", "cannot be made")
    tmp_path.chmod(0o700)


@pytest.mark.parametrize("mode", [0o770, 0o720, 0o707, 0o777])
@pytest.mark.parametrize("deep", ["token", "own/token"])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_folder_in_which_others_may_exchange_it_is_refused(tmp_path, mode, deep, is_there):
    place = tmp_path / "open" / deep
    place.parent.mkdir(parents=True)
    (tmp_path / "open").chmod(mode)
    if is_there:
        place.write_text(GOOD)
        place.chmod(0o600)
    _refused(place, f"can be exchanged by others; run: chmod go-w {tmp_path / 'open'}$")
    assert place.exists() == is_there
    (tmp_path / "open").chmod(mode | stat.S_ISVTX)
    assert token_of(place), "as in /tmp"


def test_a_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    (tmp_path / "token").write_text(GOOD)
    (tmp_path / "token").chmod(0o600)
    if os.geteuid() == 0:
        os.chown(tmp_path, 65534, -1)
    else:
        monkeypatch.setattr(token_file.os, "geteuid", lambda: os.getuid() + 1)
    _refused(tmp_path / "token", "of another user, who can exchange it")


def test_a_link_stays_in_its_folder(tmp_path):
    (tmp_path / "secrets").mkdir()
    outside, link = tmp_path / "outside", tmp_path / "secrets" / "token"
    outside.write_text(GOOD)
    outside.chmod(0o600)
    link.symlink_to(outside)
    _refused(link, "is a link out of its folder")
    link.unlink()
    (tmp_path / "secrets" / "data").write_text(GOOD)
    (tmp_path / "secrets" / "data").chmod(0o600)
    link.symlink_to("data")
    assert token_of(link) == GOOD
    link.unlink()
    link.symlink_to("token")
    _refused(link, "cannot be read")


def _refused(path, why):
    with pytest.raises(ValueError, match=why) as refusal:
        token_of(path)
    assert "\n" not in str(refusal.value)
    assert GOOD not in str(refusal.value)
