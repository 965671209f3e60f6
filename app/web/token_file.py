"""The presenter's token in a file: links and cookies outlive a start of the server.

The file is its owner's alone. What could be read, changed or exchanged by others is refused in one line.
"""

import os
import re
import secrets
import stat
import tempfile
from pathlib import Path

#: Letters of a token: the fewest that nobody guesses (128 bits), and those of a new one.
MIN_TOKEN_LENGTH, TOKEN_BYTES = 22, 32
_MAX_FILE_BYTES = 1024
_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{MIN_TOKEN_LENGTH},256}}")


def token_of(path: Path) -> str:
    """Return the token in a file, which is made where there is none. Raises ValueError in one line."""
    place = _place(path)
    try:
        return _made(place)
    except FileExistsError:
        return _read(place)
    except OSError as error:
        raise ValueError(
            f"--token-file {path} cannot be made ({_reason(error)}); choose a folder of your own"
        ) from None


def _place(path: Path) -> Path:
    """Return where the file is, links followed that stay in its folder."""
    try:
        folder, place, linked = path.parent.resolve(), path.resolve(), path.is_symlink()
    except (OSError, RuntimeError) as error:
        raise ValueError(f"--token-file {path} cannot be read ({_reason(error)})") from None
    except ValueError:
        raise ValueError("--token-file is the path of a file (got one with an odd letter)") from None
    if linked and folder not in place.parents:
        raise ValueError(f"--token-file {path} is a link out of its folder, to {place}; name the file itself")
    _check_folders(place)
    return place


def _check_folders(place: Path) -> None:
    """Refuse a folder on the way in which others may put another file, or another folder, in place."""
    for folder in place.parents if os.name != "nt" else ():
        try:
            found = folder.stat()
        except OSError:
            continue  # what is not there is told where the file is made
        if found.st_uid not in (os.geteuid(), 0):
            raise ValueError(f"--token-file {place} lies in {folder} of another user, who can exchange it")
        # In a folder such as /tmp everybody moves what is his own alone.
        if found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX:
            raise ValueError(f"--token-file {place} can be exchanged by others; run: chmod go-w {folder}")


def _made(place: Path) -> str:
    """Make the file with its token in it: another start never meets it empty. Raises FileExistsError."""
    if os.path.lexists(place):  # in a folder, perhaps, where nothing can be made
        raise FileExistsError
    token = secrets.token_urlsafe(TOKEN_BYTES)
    file, part = tempfile.mkstemp(prefix=".token-", dir=place.parent)  # its owner's alone
    try:
        with os.fdopen(file, "w", encoding="ascii") as opened:
            opened.write(f"{token}\n")
        _name(part, place)
    finally:
        Path(part).unlink()
    return token


def _name(part: str, place: Path) -> None:
    """Give a whole file its name, which nobody else has. Raises FileExistsError."""
    try:
        os.link(part, place)
    except FileExistsError:
        raise
    except (AttributeError, NotImplementedError, OSError):  # a disk without links
        with open(place, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as opened:
            opened.write(Path(part).read_bytes())


def _read(place: Path) -> str:
    try:
        # A pipe is not waited for.
        file = os.open(place, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(file, "rb") as opened:
            _check(place, os.fstat(opened.fileno()))
            text = opened.read(_MAX_FILE_BYTES).decode("ascii", "replace").strip()
    except OSError as error:
        raise ValueError(f"--token-file {place} cannot be read ({_reason(error)})") from None
    if not text:
        raise ValueError(f"--token-file {place} is empty; delete it, and a new token is made")
    if not _TOKEN.fullmatch(text):
        raise ValueError(
            f"--token-file {place} holds no token: one line of at least {MIN_TOKEN_LENGTH} letters, digits, - or _; "
            "delete it, and a new token is made"
        )
    return text


def _check(place: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"--token-file {place} is no file")
    if os.name == "nt":
        return
    if found.st_uid not in (os.geteuid(), 0):
        raise ValueError(f"--token-file {place} belongs to another user, who can exchange it")
    if found.st_mode & 0o077:
        raise ValueError(f"--token-file {place} can be read or changed by others; run: chmod 600 {place}")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
