"""The text that gets and prepares the images: averaging, mean, order of batches, augmentation. Torch-free.

Data sets that a script can load are embedded or published; images below a path are not.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.config import DataConfig, RunConfig


@dataclass(frozen=True)
class Loading:
    """How a script gets a data set.

    ``help`` says what the argument PATH is, in the line that begins with what a script ``needs``. ``default`` is PATH
    where none is given, an expression. ``lines`` end with ``sets``: images uint8 (N, channels, S, S) and labels, of the
    training and of the test set. ``standard`` are imports of the standard library, ``imports`` all others.
    """

    help: str
    default: str
    lines: tuple[str, ...]
    needs: str = "torch and numpy"
    standard: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


def _torchvision(sets: str, images: str, labels: str = "np.array(s.targets)") -> Loading:
    return Loading(
        help="PATH: a folder for the images, default data.",
        default='"data"',
        needs="torch, torchvision and numpy",
        imports=("from torchvision import datasets",),
        lines=(f"sets = {sets}", f"sets = [({images}, {labels}) for s in sets]"),
    )


_BOTH = "[datasets.{}(path, train, download=True) for train in (True, False)]"
_COLOURED = "np.moveaxis(s.data, 3, 1).copy()"
LOADINGS: dict[str, Loading] = {
    "fashion-mnist-mini": Loading(
        help="PATH: fashion-mnist-mini.npz of Skipscope, default beside this file.",
        default='Path(__file__).with_name("fashion-mnist-mini.npz")',
        standard=("from pathlib import Path",),
        lines=(
            "if not Path(path).is_file():",
            '    sys.exit(f"No images at {path}: name the path of fashion-mnist-mini.npz.")',
            "with np.load(path) as f:",
            '    sets = [(f[f"{s}_images"][:, None], f[f"{s}_labels"]) for s in ("train", "test")]',
        ),
    ),
    "cifar10": _torchvision(_BOTH.format("CIFAR10"), _COLOURED),
    "cifar100": _torchvision(_BOTH.format("CIFAR100"), _COLOURED),
    "fashion-mnist": _torchvision(_BOTH.format("FashionMNIST"), "s.data.numpy()[:, None]", "s.targets.numpy()"),
    "svhn": _torchvision(
        '[datasets.SVHN(path, part, download=True) for part in ("train", "test")]', "s.data.copy()", "s.labels"
    ),
}


def images_lines(config: RunConfig, device: str) -> Iterator[str]:
    """Yield the lines that load and prepare the images on a device, and the order in which a training sees them."""
    data, loading = config.data, LOADINGS[config.data.name]
    yield f"path = (sys.argv[1:] or [{loading.default}])[0]"
    yield from loading.lines
    if data.pool > 1:
        yield from _averaged(config)
    yield "(images, labels), test = sets" if data.validation else "images, labels = sets[0]"
    yield "mean = images.sum(0, dtype=np.int64) / len(images)  # section 4.2: subtracted from each pixel"
    yield "squares = np.square(images, dtype=np.uint16).sum(0, dtype=np.int64)"
    yield "scale = float(np.sqrt(np.mean(squares / len(images) - np.square(mean))))  # one number for all pixels"
    yield "mean = torch.from_numpy(mean).float()"
    if data.validation:
        yield from (line.replace("$size", str(data.validation)) for line in _HOLD_OUT)
    pixels, classes = "(torch.tensor(x) - mean) * (1 / scale)", "torch.tensor(y).long()"
    if device == "cuda":
        pixels, classes = f"({pixels}).cuda()", f"{classes}.cuda()"
    yield f"sets = [({pixels}, {classes}) for x, y in sets]"
    yield "images, labels = sets[0]"
    yield "epochs = range(STEPS * BATCH // len(images) + 1)  # one random order after the other"
    yield "order = np.concatenate([np.random.default_rng([SEED, 1, i]).permutation(len(images)) for i in epochs])"


def _averaged(config: RunConfig) -> Iterator[str]:
    pool, channels, size = config.data.pool, config.model.channels, config.model.image_size
    yield f"for i, (x, y) in enumerate(sets):  # {pool}x{pool} pixels are averaged"
    yield f"    x = x.reshape(len(x), {channels}, {size}, {pool}, {size}, {pool}).mean((3, 5), dtype=np.float32)"
    yield "    sets[i] = np.rint(x).astype(np.uint8), y"


#: The sums are those of ``engine.data.split``, in its order.
_HOLD_OUT = (
    "shuffled = np.random.default_rng(45_000).permutation(len(images))  # section 4.2: some are held out",
    "held, kept = np.sort(shuffled[:$size]), np.sort(shuffled[$size:])",
    "sets = [(images[kept], labels[kept]), test, (images[held], labels[held])]",
    "apart = (torch.from_numpy(images[held]) - mean.double()).split(1000)  # mean and scale without them",
    "shift = -sum(part.sum(0) for part in apart) / len(kept)",
    "squares = len(images) * mean.numel() * scale**2 - sum(part.square().sum() for part in apart)",
    "squares -= len(kept) * shift.square().sum()",
    "mean, scale = (mean + shift).float(), float(squares / (len(kept) * mean.numel())) ** 0.5",
)


def augmented_lines(data: DataConfig, size: int) -> Iterator[str]:
    """Yield the lines that crop and mirror a batch ``x`` of images of ``size`` x ``size`` pixels at random."""
    if data.crop:
        padding, corners = ", ".join([str(data.crop)] * 4), 2 * data.crop + 1
        yield f"corners = np.random.default_rng([SEED, 2, step]).integers(0, {corners}, (BATCH, 2))  # random crops"
        cropped = f"p[:, i : i + {size}, j : j + {size}] for p, (i, j) in zip(F.pad(x, ({padding})), corners)"
        yield f"x = torch.stack([{cropped}])"
    if data.flip:
        yield "mirrored = np.random.default_rng([SEED, 3, step]).integers(0, 2, BATCH)  # random mirror images"
        yield "x = torch.where(x.new_tensor(mirrored)[:, None, None, None] > 0, x.flip(3), x)"
