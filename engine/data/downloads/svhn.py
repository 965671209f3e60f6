"""SVHN, house numbers photographed from the street: two MATLAB files, downloaded or put there by hand.

Netzer et al. 2011. The cropped digits of the train and test sets; the authors' "extra" set is left out.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.data.downloads.archives import Archive, ArchiveFile
from engine.data.files.raw import RawImages

_SITE = "http://ufldl.stanford.edu/housenumbers"
ARCHIVE = Archive(
    name="svhn",
    title="SVHN",
    files=(
        ArchiveFile("train_32x32.mat", f"{_SITE}/train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373"),
        ArchiveFile("test_32x32.mat", f"{_SITE}/test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3"),
    ),
    place="svhn-files",
)


def is_downloaded(folder: Path) -> bool:
    """Return whether both files lie in their place below ``folder``."""
    return ARCHIVE.is_complete(folder)


def load(folder: Path, report: Callable[[str], None]) -> RawImages:
    """Decode the files, downloading those that are missing. Raises DataError in one line.

    Side effects: writes files below ``folder``, each whole or not at all.
    """
    ARCHIVE.fetch(folder, report)
    report("decoding svhn")
    from torchvision.datasets import SVHN  # a second of imports that nobody else needs

    ARCHIVE.check(folder)
    with ARCHIVE.staged(folder) as lent:
        try:
            train, test = (SVHN(lent, split=split) for split in ("train", "test"))
        except (RuntimeError, OSError, ValueError, KeyError, TypeError):
            raise ARCHIVE.damaged(folder) from None
        return RawImages(
            train_images=np.ascontiguousarray(train.data),
            train_labels=train.labels,
            test_images=np.ascontiguousarray(test.data),
            test_labels=test.labels,
        )
