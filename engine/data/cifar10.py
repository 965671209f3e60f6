"""CIFAR-10, the paper's data set, decoded by torchvision from the authors' archive.

The archive is downloaded once into the workspace, or put there by hand. torchvision checks the MD5 of every file
before it unpickles it; the unpacked files live only while they are decoded.
"""

import hashlib
import http.client
import os
import tempfile
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.data.raw import RawImages
from engine.errors import DataError

ARCHIVE = "cifar-10-python.tar.gz"
URL = f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}"
MD5 = "c58f30108f718f92721af3b95e74349a"
#: Seconds without a byte after which the download is given up.
TIMEOUT_S = 10.0
_CHUNK = 1 << 18


def found(folder: Path) -> bool:
    """Return whether the archive lies in ``folder``."""
    return (folder / ARCHIVE).is_file()


def load(folder: Path, report: Callable[[str], None]) -> RawImages:
    """Decode the archive in ``folder``, downloading it first if it is not there.

    Raises DataError in one line, naming the folder and the embedded alternative, when there is no network or the
    archive is damaged. Side effects: writes the archive into ``folder``, whole or not at all.
    """
    if not found(folder):
        _download(folder, report)
    report("decoding cifar10")
    from torchvision.datasets import CIFAR10  # a second of imports that nobody else needs

    with tempfile.TemporaryDirectory(prefix=".cifar10-", suffix=".part", dir=folder) as unpacked:
        (Path(unpacked) / ARCHIVE).symlink_to((folder / ARCHIVE).resolve())
        try:
            with warnings.catch_warnings():
                # The authors' files hold arrays pickled in 2009, about which numpy 2.4 warns.
                warnings.simplefilter("ignore")
                train = CIFAR10(unpacked, train=True, download=_checked(folder / ARCHIVE))
                test = CIFAR10(unpacked, train=False)
        except (RuntimeError, OSError, EOFError, ValueError):
            raise _damaged(folder) from None
        return RawImages(
            train_images=np.ascontiguousarray(train.data.transpose(0, 3, 1, 2)),
            train_labels=np.asarray(train.targets),
            test_images=np.ascontiguousarray(test.data.transpose(0, 3, 1, 2)),
            test_labels=np.asarray(test.targets),
        )


def _checked(archive: Path) -> bool:
    """Return True if the archive is the authors' (torchvision would else download it anew, without a time-out)."""
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if digest != MD5:
        raise _damaged(archive.parent)
    return True


def _damaged(folder: Path) -> DataError:
    return DataError(
        f"{folder / ARCHIVE} is damaged or incomplete; delete it, or choose fashion-mnist-mini, which is embedded"
    )


def _download(folder: Path, report: Callable[[str], None]) -> None:
    """Fetch the archive into ``folder`` under a temporary name, then rename it."""
    part = folder / f".{ARCHIVE}.part"
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with urllib.request.urlopen(URL, timeout=TIMEOUT_S) as answer, part.open("wb") as file:  # noqa: S310, a fixed URL
            total = int(answer.headers.get("Content-Length") or 0)
            done, reported = 0, 0.0
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                if time.monotonic() - reported > 0.5:
                    reported = time.monotonic()
                    report(f"downloading cifar10: {done / 1e6:.0f} of {total / 1e6:.0f} MB")
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != MD5:
            raise OSError("the download is incomplete")
        part.replace(folder / ARCHIVE)
    except (OSError, http.client.HTTPException, ValueError) as error:  # URLError and time-outs are OSErrors
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise DataError(
            f"CIFAR-10 could not be downloaded ({str(reason) or type(error).__name__}); put {ARCHIVE} into {folder}, "
            "or choose fashion-mnist-mini, which is embedded"
        ) from None
    finally:
        part.unlink(missing_ok=True)
