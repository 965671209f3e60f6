"""The data sets people can choose, as a torch-free table. Adding one: one file beside this, one row here.

``loader`` names the function that decodes the originals, as ``module:function``; it is imported where it is used
(``engine.data.images``). Its contract: ``loader(folder, report) -> RawImages`` with ``folder`` the workspace's data
folder for downloads and ``report(text)`` for progress in words; raises DataError with one line.
"""

from dataclasses import dataclass

from engine.errors import ConfigError

#: A net of three stages needs images of this many pixels a side.
SMALLEST_SIZE = 4


@dataclass(frozen=True)
class Source:
    """One data set: what it is, its shape, its licence, and where its loader is."""

    name: str
    label: str
    help: str
    licence: str
    source: str
    channels: int
    image_size: int
    classes: tuple[str, ...]
    train_images: int
    test_images: int
    #: True when it comes with the project; else it is downloaded or copied into the workspace first.
    embedded: bool
    loader: str


SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source(
            name="fashion-mnist-mini",
            label="Fashion-MNIST, embedded",
            help="Grey images of clothes, 28x28: 20,000 to train, 5,000 to test. Comes with the project.",
            licence="MIT, Zalando SE",
            source="Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747",
            channels=1,
            image_size=28,
            classes=(
                "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
            ),
            train_images=20_000,
            test_images=5_000,
            embedded=True,
            loader="engine.data.fashion_mnist_mini:load",
        ),
        Source(
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
            embedded=False,
            loader="engine.data.cifar10:load",
        ),
    )
}  # fmt: skip


def get_source(name: str) -> Source:
    """Return a data set's row by name. Raises ConfigError naming the choices."""
    if name not in SOURCES:
        raise ConfigError(f"unknown data set {name!r}; choose from {', '.join(SOURCES)}")
    return SOURCES[name]


def check_pool(source: Source, pool: int) -> None:
    """Raise ConfigError, naming the choices, when averaging ``pool`` x ``pool`` pixels does not fit the images."""
    size = source.image_size
    choices = [n for n in range(1, size + 1) if size % n == 0 and size // n >= SMALLEST_SIZE]
    if pool not in choices:
        raise ConfigError(
            f"pool {pool} does not fit the {size}x{size} images of {source.name}; "
            f"choose from {', '.join(map(str, choices))}"
        )
