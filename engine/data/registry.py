"""The data sets people can choose by name, as a torch-free table; others are named by their path.

``loader`` names the object that decodes the originals, as ``module:object`` or a module; it is imported where it is
used (``engine.data.files.origin``). Its contract: ``load(folder, report) -> RawImages`` with ``folder`` the workspace's
data folder for downloads and ``report(text)`` for progress in words; raises DataError with one line.
"""

from dataclasses import replace

from engine.data.downloads.cifar import CIFAR100_CLASSES
from engine.data.files.paths import KINDS, is_path, path_source
from engine.data.source import MIN_SIZE, Source, check_pool
from engine.errors import ConfigError

#: Of an unknown name so many letters are said.
_SAID_LETTERS = 100

__all__ = ["MIN_SIZE", "SOURCES", "Source", "check_pool", "get_source"]

_CIFAR10 = Source(
    name="cifar10",
    label="CIFAR-10",
    help="Colour photographs, 32x32: 50,000 to train, 10,000 to test. The paper's data set; 170 MB download.",
    licence="no licence stated by the authors; cite Krizhevsky 2009",
    source="Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images",
    channels=3,
    image_size=32,
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    train_images=50_000,
    test_images=10_000,
    loader="engine.data.downloads.cifar:CIFAR10",
    megabytes=170,
)
_FASHION_MNIST = Source(
    name="fashion-mnist",
    label="Fashion-MNIST",
    help="Grey images of clothes, 28x28: all 60,000 to train and 10,000 to test; 31 MB download.",
    licence="MIT, Zalando SE",
    source="Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747",
    channels=1,
    image_size=28,
    classes=(
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ),
    train_images=60_000,
    test_images=10_000,
    loader="engine.data.downloads.fashion_mnist:FASHION_MNIST",
    megabytes=31,
)  # fmt: skip

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        replace(
            _FASHION_MNIST,
            name="fashion-mnist-mini",
            label="Fashion-MNIST, embedded",
            help="Grey images of clothes, 28x28: 20,000 to train, 5,000 to test. Comes with the project.",
            train_images=20_000,
            test_images=5_000,
            loader="engine.data.downloads.fashion_mnist_mini",
            embedded=True,
            megabytes=0,
        ),
        _CIFAR10,
        replace(
            _CIFAR10,
            name="cifar100",
            label="CIFAR-100",
            help="Colour photographs in 100 classes, 32x32: 50,000 to train, 10,000 to test; 170 MB download.",
            classes=CIFAR100_CLASSES,
            loader="engine.data.downloads.cifar:CIFAR100",
        ),
        _FASHION_MNIST,
        Source(
            name="svhn",
            label="SVHN",
            help="House numbers in colour, single digits, 32x32: 73,257 to train, 26,032 to test; 246 MB download. "
            "Digits are not mirrored unless asked for.",
            licence="for non-commercial use, say the authors",
            source="Netzer, Wang, Coates, Bissacco, Wu, Ng 2011, Reading Digits in Natural Images with Unsupervised "
            "Feature Learning",
            channels=3,
            image_size=32,
            classes=tuple("0123456789"),
            train_images=73_257,
            test_images=26_032,
            loader="engine.data.downloads.svhn:SVHN",
            megabytes=246,
            mirrors=False,
        ),
    )
}


def get_source(name: str, resize: int = 0) -> Source:
    """Return a data set's row by its name, or look through the path that it names (seconds for large folders).

    ``resize`` is ``DataConfig.resize``. Raises ConfigError naming the choices, DataError when what lies below the path
    cannot be trained on; each in one line.
    """
    if is_path(name):
        return path_source(name, resize)
    if name not in SOURCES:
        paths = " or ".join(f"{kind}:PATH" for kind in KINDS)
        shown = name if len(name) <= _SAID_LETTERS else f"{name[:_SAID_LETTERS]}..."
        raise ConfigError(f"unknown data set {shown!r}; choose from {', '.join(SOURCES)}, or name a path, {paths}")
    if resize:
        raise ConfigError(f"resize is for images named by their path; those of {name} are made smaller by data.pool")
    return SOURCES[name]
