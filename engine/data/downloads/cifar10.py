"""CIFAR-10, the paper's data set: one archive, downloaded into the workspace or put there by hand."""

from collections.abc import Callable
from pathlib import Path

from engine.data.downloads import cifar
from engine.data.downloads.archives import Archive, ArchiveFile
from engine.data.files.raw import RawImages

ARCHIVE = Archive(
    name="cifar10",
    title="CIFAR-10",
    files=(
        ArchiveFile(
            "cifar-10-python.tar.gz",
            "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
            "c58f30108f718f92721af3b95e74349a",
        ),
    ),
)


def is_downloaded(folder: Path) -> bool:
    """Return whether the archive lies in ``folder``."""
    return ARCHIVE.is_complete(folder)


def load(folder: Path, report: Callable[[str], None]) -> RawImages:
    """Decode the archive in ``folder``, downloading it first if it is not there. Raises DataError in one line."""
    return cifar.decode(ARCHIVE, "CIFAR10", folder, report)
