"""The files that the authors of a data set publish: put into the workspace by hand, or downloaded once, and checked.

A download appears under its name whole or not at all. Checksums are compared before anything parses a file.
"""

import hashlib
import http.client
import os
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DataError

#: Seconds without a byte after which a download is given up.
TIMEOUT_S = 10.0
_CHUNK = 1 << 18


@dataclass(frozen=True)
class ArchiveFile:
    """One file: its name, where the authors keep it, and the MD5 they state."""

    name: str
    url: str
    md5: str


@dataclass(frozen=True)
class Archive:
    """The files of one data set. ``place`` is a folder below the data folder, for files with names that say little.

    ``elsewhere`` says in words where else the files can be had.
    """

    name: str
    title: str
    files: tuple[ArchiveFile, ...]
    place: str = ""
    elsewhere: str = ""

    def folder(self, data: Path) -> Path:
        """Return where the files lie, given the workspace's data folder."""
        return data / self.place if self.place else data

    def is_complete(self, data: Path) -> bool:
        """Return whether all files lie there; looks at names alone."""
        return all((self.folder(data) / file.name).is_file() for file in self.files)

    def fetch(self, data: Path, report: Callable[[str], None]) -> None:
        """Download what is missing. Raises DataError in one line that names the file and where to put it."""
        folder = self.folder(data)
        folder.mkdir(parents=True, exist_ok=True)
        for file in self.files:
            if not (folder / file.name).is_file():
                self._download(file, folder, report)

    def check(self, data: Path) -> None:
        """Raise DataError, naming the file, when one is not the authors' (torchvision would download it anew)."""
        for file in self.files:
            path = self.folder(data) / file.name
            with path.open("rb") as opened:
                digest = hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
            if digest != file.md5:
                raise self.damaged(data, file.name)

    def damaged(self, data: Path, name: str = "") -> DataError:
        """Return the error for a file that is not what the authors published."""
        path = self.folder(data) / (name or self.files[0].name)
        return DataError(f"{path} is damaged or incomplete; delete it, or choose fashion-mnist-mini, which is embedded")

    @contextmanager
    def staged(self, data: Path, below: str = "") -> Iterator[Path]:
        """Yield a folder in which torchvision finds the files (in ``below``) and may unpack; deleted afterwards."""
        with tempfile.TemporaryDirectory(prefix=f".{self.name}-", suffix=".part", dir=data) as lent:
            inside = Path(lent) / below
            inside.mkdir(parents=True, exist_ok=True)
            for file in self.files:
                (inside / file.name).symlink_to((self.folder(data) / file.name).resolve())
            yield Path(lent)

    def _download(self, file: ArchiveFile, folder: Path, report: Callable[[str], None]) -> None:
        """Fetch one file under a temporary name, then rename it."""
        part = folder / f".{file.name}.part"
        digest = hashlib.md5(usedforsecurity=False)
        try:
            with urllib.request.urlopen(file.url, timeout=TIMEOUT_S) as answer, part.open("wb") as out:  # noqa: S310, a fixed URL
                total = int(answer.headers.get("Content-Length") or 0)
                done, reported = 0, 0.0
                while chunk := answer.read(_CHUNK):
                    out.write(chunk)
                    digest.update(chunk)
                    done += len(chunk)
                    if time.monotonic() - reported > 0.5:
                        reported = time.monotonic()
                        report(f"downloading {self.name}: {done / 1e6:.0f} of {total / 1e6:.0f} MB")
                out.flush()
                os.fsync(out.fileno())
            if digest.hexdigest() != file.md5:
                raise OSError("the download is incomplete")
            part.replace(folder / file.name)
        except (OSError, http.client.HTTPException, ValueError) as error:  # URLError and time-outs are OSErrors
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            missing = ", ".join(one.name for one in self.files if not (folder / one.name).is_file())
            raise DataError(
                f"{self.title} could not be downloaded ({str(reason) or type(error).__name__}); put {missing} into "
                f"{folder}{self.elsewhere and f' ({self.elsewhere})'}, or choose fashion-mnist-mini, which is embedded"
            ) from None
        finally:
            part.unlink(missing_ok=True)
