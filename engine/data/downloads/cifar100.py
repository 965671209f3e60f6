"""CIFAR-100 with its 100 fine labels: one archive, downloaded into the workspace or put there by hand."""

from collections.abc import Callable
from pathlib import Path

from engine.data.downloads import cifar
from engine.data.downloads.archives import Archive, ArchiveFile
from engine.data.files.raw import RawImages

ARCHIVE = Archive(
    name="cifar100",
    title="CIFAR-100",
    files=(
        ArchiveFile(
            "cifar-100-python.tar.gz",
            "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
            "eb9058c3a382ffc7106e4002c42a8d85",
        ),
    ),
)

#: The fine labels in the authors' order.
CLASSES = (
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl", "boy",
    "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair", "chimpanzee", "clock",
    "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish",
    "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion",
    "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain", "mouse", "mushroom", "oak_tree", "orange",
    "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree", "plain", "plate", "poppy", "porcupine",
    "possum", "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk",
    "skyscraper", "snail", "snake", "spider", "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank",
    "telephone", "television", "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale",
    "willow_tree", "wolf", "woman", "worm",
)  # fmt: skip


def is_downloaded(folder: Path) -> bool:
    """Return whether the archive lies in ``folder``."""
    return ARCHIVE.is_complete(folder)


def load(folder: Path, report: Callable[[str], None]) -> RawImages:
    """Decode the archive in ``folder``, downloading it first if it is not there. Raises DataError in one line."""
    return cifar.decode(ARCHIVE, "CIFAR100", folder, report)
