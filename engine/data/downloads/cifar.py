"""CIFAR-10, the paper's data set, and CIFAR-100 with its 100 fine labels: Krizhevsky's archives of pickled arrays.

torchvision checks the MD5 of every file before it unpickles it; the unpacked files live only while they are decoded.
"""

import warnings
from functools import partial
from pathlib import Path

from engine.data.downloads.archives import Archive, ArchiveFile, Splits

_SITE = "https://www.cs.toronto.edu/~kriz"
#: The fine labels of CIFAR-100 in the authors' order.
CIFAR100_CLASSES = (
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


def _read(dataset: str, folder: Path) -> Splits:
    from torchvision import datasets  # a second of imports that nobody else needs

    kind = getattr(datasets, dataset)
    with warnings.catch_warnings():
        # The authors' files hold arrays pickled in 2009, about which numpy 2.4 warns.
        warnings.simplefilter("ignore")
        train = kind(folder, train=True, download=True)  # the archive is there: torchvision only unpacks it
        test = kind(folder, train=False)
    return [(split.data.transpose(0, 3, 1, 2), split.targets) for split in (train, test)]


def _archive(name: str, title: str, file: str, md5: str) -> Archive:
    return Archive(name, title, (ArchiveFile(file, f"{_SITE}/{file}", md5),), partial(_read, name.upper()))


CIFAR10 = _archive("cifar10", "CIFAR-10", "cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a")
CIFAR100 = _archive("cifar100", "CIFAR-100", "cifar-100-python.tar.gz", "eb9058c3a382ffc7106e4002c42a8d85")
