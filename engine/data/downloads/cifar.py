"""What CIFAR-10 and CIFAR-100 have in common: Krizhevsky's archives of pickled arrays, decoded by torchvision.

torchvision checks the MD5 of every file before it unpickles it; the unpacked files live only while they are decoded.
"""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.data.downloads.archives import Archive
from engine.data.files.raw import RawImages


def decode(archive: Archive, dataset: str, folder: Path, report: Callable[[str], None]) -> RawImages:
    """Decode the archive with torchvision's class ``dataset``, downloading it first if it is not there.

    Raises DataError in one line, naming the folder and the embedded alternative, when there is no network or the
    archive is damaged. Side effects: writes the archive into ``folder``, whole or not at all.
    """
    archive.fetch(folder, report)
    report(f"decoding {archive.name}")
    from torchvision import datasets  # a second of imports that nobody else needs

    kind = getattr(datasets, dataset)
    archive.check(folder)
    with archive.staged(folder) as unpacked:
        try:
            with warnings.catch_warnings():
                # The authors' files hold arrays pickled in 2009, about which numpy 2.4 warns.
                warnings.simplefilter("ignore")
                train = kind(unpacked, train=True, download=True)  # checked above: unpacks, downloads nothing
                test = kind(unpacked, train=False)
        except (RuntimeError, OSError, EOFError, ValueError):
            raise archive.damaged(folder) from None
        return RawImages(
            train_images=np.ascontiguousarray(train.data.transpose(0, 3, 1, 2)),
            train_labels=np.asarray(train.targets),
            test_images=np.ascontiguousarray(test.data.transpose(0, 3, 1, 2)),
            test_labels=np.asarray(test.targets),
        )
