"""SVHN, house numbers photographed from the street: two MATLAB files, downloaded or put there by hand.

Netzer et al. 2011. The cropped digits of the train and test sets; the authors' "extra" set is left out.
"""

from pathlib import Path

from engine.data.downloads.archives import Archive, ArchiveFile, Splits

_SITE = "http://ufldl.stanford.edu/housenumbers"


def _read(folder: Path) -> Splits:
    from torchvision import datasets  # a second of imports that nobody else needs

    splits = (datasets.SVHN(folder, split=split) for split in ("train", "test"))
    # The authors call the digit 0 class 10; torchvision calls it 0.
    return [(split.data, split.labels) for split in splits]


SVHN = Archive(
    name="svhn",
    title="SVHN",
    files=(
        ArchiveFile("train_32x32.mat", f"{_SITE}/train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373"),
        ArchiveFile("test_32x32.mat", f"{_SITE}/test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3"),
    ),
    read=_read,
    place="svhn-files",
)
