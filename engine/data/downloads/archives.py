"""The files that the authors of a data set publish: put into the workspace by hand, or downloaded once, and checked.

A download appears under its name whole or not at all. Checksums are compared before anything parses a file.
"""

import gzip
import hashlib
import http.client
import os
import tempfile
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.source import RawImages
from engine.errors import DataError

#: Images and labels of the training set, then of the test set, as ``RawImages`` has them.
Splits = Sequence[tuple[Any, Any]]

#: Seconds without a byte after which a download is given up.
TIMEOUT_S = 10.0
_CHUNK = 1 << 18


@dataclass(frozen=True)
class ArchiveFile:
    """One file: its name, where the authors keep it, and the MD5 they state.

    ``content``: SHA-256 of what is gzipped in the file; where it is given, a file that was zipped again is as good.
    """

    name: str
    url: str
    md5: str
    content: str = ""

    def is_published(self, path: Path) -> bool:
        """Return whether the file at ``path`` is what the authors published. Raises OSError."""
        with path.open("rb") as file:
            if hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest() == self.md5:
                return True
        try:
            with gzip.open(path) as unzipped:
                return bool(self.content) and hashlib.file_digest(unzipped, "sha256").hexdigest() == self.content
        except (gzip.BadGzipFile, EOFError, zlib.error):
            return False


@dataclass(frozen=True)
class Archive:
    """The files of one data set, and the loader that the registry names.

    ``read`` decodes the checked files in a folder of their own, where they lie in ``below``. ``place`` is a folder
    below the data folder, for files with names that say little. ``elsewhere`` says where else the files can be had.
    """

    name: str
    title: str
    files: tuple[ArchiveFile, ...]
    read: Callable[[Path], Splits]
    place: str = ""
    below: str = ""
    elsewhere: str = ""

    def folder(self, data: Path) -> Path:
        """Return where the files lie, given the workspace's data folder."""
        return data / self.place

    def is_downloaded(self, data: Path) -> bool:
        """Return whether all files lie there; looks at names alone."""
        return all((self.folder(data) / file.name).is_file() for file in self.files)

    def load(self, data: Path, report: Callable[[str], None]) -> RawImages:
        """Decode the files, downloading those that are missing.

        Raises DataError in one line when there is no network or a file is not what the authors published.
        """
        folder = self.folder(data)
        folder.mkdir(parents=True, exist_ok=True)
        for file in self.files:
            if not (folder / file.name).is_file():
                self._download(file, folder, report)
        report(f"decoding {self.name}")
        for file in self.files:
            # torchvision would download a damaged file anew.
            if not file.is_published(folder / file.name):
                raise _damaged(folder / file.name)
        # A folder in which torchvision finds the files and may unpack.
        with tempfile.TemporaryDirectory(prefix=f".{self.name}-", suffix=".part", dir=data) as staged:
            inside = Path(staged) / self.below
            inside.mkdir(parents=True, exist_ok=True)
            for file in self.files:
                (inside / file.name).symlink_to((folder / file.name).resolve())
            try:
                (train_images, train_labels), (test_images, test_labels) = self.read(Path(staged))
            except (RuntimeError, EOFError, ValueError, KeyError, TypeError):
                raise _damaged(folder / self.files[0].name) from None
        arrays = (train_images, train_labels, test_images, test_labels)
        return RawImages(*map(np.ascontiguousarray, arrays))

    def _download(self, file: ArchiveFile, folder: Path, report: Callable[[str], None]) -> None:
        """Fetch one file under a temporary name, then rename it."""
        # By hand: torchvision's and urllib's own downloads know no time-out, and report to a terminal or not at all.
        part = folder / f".{file.name}.part"
        try:
            with urllib.request.urlopen(file.url, timeout=TIMEOUT_S) as answer, part.open("wb") as out:  # noqa: S310, a fixed URL
                total = int(answer.headers.get("Content-Length") or 0)
                done, reported = 0, 0.0
                while chunk := answer.read(_CHUNK):
                    out.write(chunk)
                    done += len(chunk)
                    if time.monotonic() - reported > 0.5:
                        reported = time.monotonic()
                        report(f"downloading {self.name}: {done / 1e6:.0f} of {total / 1e6:.0f} MB")
                out.flush()
                os.fsync(out.fileno())
            if not file.is_published(part):
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


def _damaged(path: Path) -> DataError:
    return DataError(f"{path} is damaged or incomplete; delete it, or choose fashion-mnist-mini, which is embedded")
