"""Fashion-MNIST, all of it: four gzipped IDX files, downloaded into the workspace or put there by hand.

Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747; MIT licence, Zalando SE. What is checked is the content: files that
were zipped again, as in Debian's package dataset-fashion-mnist, are as good as the authors' own.
"""

import gzip
import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path

from engine.data.downloads.archives import Archive, ArchiveFile
from engine.data.files.raw import RawImages

_SITE = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
ARCHIVE = Archive(
    name="fashion-mnist",
    title="Fashion-MNIST",
    files=tuple(
        ArchiveFile(name, f"{_SITE}/{name}", md5)
        for name, md5 in (
            ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
            ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
            ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
        )
    ),
    place="fashion-mnist-files",
    elsewhere="Debian's package dataset-fashion-mnist has them",
)
#: SHA-256 of each file's content, unzipped.
SHA256 = {
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def is_downloaded(folder: Path) -> bool:
    """Return whether the four files lie in their place below ``folder``."""
    return ARCHIVE.is_complete(folder)


def load(folder: Path, report: Callable[[str], None]) -> RawImages:
    """Decode the files, downloading those that are missing. Raises DataError in one line.

    Side effects: writes files below ``folder``, each whole or not at all.
    """
    ARCHIVE.fetch(folder, report)
    report("decoding fashion-mnist")
    from torchvision.datasets import FashionMNIST  # a second of imports that nobody else needs

    with ARCHIVE.staged(folder, below="FashionMNIST/raw") as unpacked:
        for file in ARCHIVE.files:
            zipped = unpacked / "FashionMNIST" / "raw" / file.name
            try:
                content = gzip.decompress(zipped.read_bytes())
            except (OSError, EOFError, zlib.error):
                raise ARCHIVE.damaged(folder, file.name) from None
            if hashlib.sha256(content).hexdigest() != SHA256[file.name]:
                raise ARCHIVE.damaged(folder, file.name)
            zipped.with_suffix("").write_bytes(content)
        train, test = (FashionMNIST(unpacked, train=split) for split in (True, False))
        return RawImages(
            train_images=train.data.numpy()[:, None],
            train_labels=train.targets.numpy(),
            test_images=test.data.numpy()[:, None],
            test_labels=test.targets.numpy(),
        )
