"""Fashion-MNIST, all of it: four gzipped IDX files, downloaded into the workspace or put there by hand.

Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747; MIT licence, Zalando SE. What is checked is the content: files that
were zipped again, as in Debian's package dataset-fashion-mnist, are as good as the authors' own.
"""

from pathlib import Path

from engine.data.downloads.archives import Archive, ArchiveFile, Splits

_SITE = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
#: Where torchvision looks for the files.
_RAW = "FashionMNIST/raw"


def _read(folder: Path) -> Splits:
    from torchvision import datasets  # a second of imports that nobody else needs
    from torchvision.datasets.utils import extract_archive

    for file in (folder / _RAW).iterdir():
        extract_archive(file)
    splits = (datasets.FashionMNIST(folder, train=train) for train in (True, False))
    return [(split.data.numpy()[:, None], split.targets.numpy()) for split in splits]


FASHION_MNIST = Archive(
    name="fashion-mnist",
    title="Fashion-MNIST",
    files=tuple(
        ArchiveFile(name, f"{_SITE}/{name}", md5, sha256)
        for name, (md5, sha256) in {
            "train-images-idx3-ubyte.gz": (
                "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            ),
            "train-labels-idx1-ubyte.gz": (
                "25c81989df183df01b3e8a0aad5dffbe",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            ),
            "t10k-images-idx3-ubyte.gz": (
                "bef4ecab320f06d8554ea6380940ec79",
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            ),
            "t10k-labels-idx1-ubyte.gz": (
                "bb300cfdad3c16e7a12a480ee83cd310",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
        }.items()
    ),
    read=_read,
    place="fashion-mnist-files",
    below=_RAW,
    elsewhere="Debian's package dataset-fashion-mnist has them",
)
