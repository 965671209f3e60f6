"""A file of fixed size that is made beforehand, so that a process can speak while the database refuses its writes.

The file is overwritten in place, which takes no new space on a full disk. Torch-free.
"""

import contextlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

BYTES = 512
_MAX_TEXT = 300
#: The same words are written anew so often.
_REPEATED_S = 0.5


@dataclass(frozen=True, slots=True)
class Said:
    """What a process said, and when; '' for nothing."""

    at: float
    text: str


class Notice:
    """The notice of one process. No method raises: what a full disk refuses is left out."""

    def __init__(self, path: Path):
        self._path = path
        self._text = self._written = ""
        self._written_at = 0.0

    def prepare(self) -> "Notice":
        """Make the file and take its space, and remove what an earlier process said."""
        with contextlib.suppress(OSError), self._path.open("wb") as file:
            file.write(_padded(""))
            file.flush()
            os.fsync(file.fileno())
        return self

    def say(self, text: str) -> bool:
        """Say something in place of what was said before, '' for nothing; return whether that is new."""
        is_new = text != self._text
        self._text = text
        if text != self._written or (text and time.monotonic() - self._written_at >= _REPEATED_S):
            self._write(text)
        return is_new

    def repeat(self, otherwise: str = "") -> None:
        """Say the same again, with the present time; without words ``otherwise``."""
        text = self._text or otherwise
        if text or self._written:
            self._write(text)

    def _write(self, text: str) -> None:
        self._written, self._written_at = text, time.monotonic()
        with contextlib.suppress(OSError), self._path.open("r+b") as file:
            file.write(_padded(text))


def heard(path: Path) -> Said | None:
    """Return what a notice says, None for nothing, also where another process is writing at this moment."""
    try:
        document = json.loads(path.read_bytes())
        said = Said(float(document["at"]), str(document["text"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return said if said.text else None


def _padded(text: str) -> bytes:
    document = json.dumps({"at": time.time(), "text": text[:_MAX_TEXT]}).encode()
    # Letters outside ASCII take six bytes each.
    if len(document) > BYTES:
        return _padded(text[: len(text) // 2])
    return document.ljust(BYTES - 1) + b"\n"
