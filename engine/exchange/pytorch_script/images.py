"""The text that gets and prepares the images: averaging, mean, order of batches, augmentation. Torch-free.

Data sets that a script can load are embedded or published; images below a path are not.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.config import DataConfig, RunConfig


@dataclass(frozen=True)
class Loading:
    """How a script gets a data set.

    ``help`` says what the argument PATH is. ``default`` is PATH where none is given, an expression. ``lines`` end with
    ``sets``: images uint8 (N, channels, S, S) and labels, of the training and of the test set. ``standard`` are imports
    of the standard library, ``imports`` all others.
    """

    help: str
    default: str
    lines: tuple[str, ...]
    needs: str = "torch and numpy"
    standard: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


def _torchvision(sets: str, images: str, labels: str = "np.array(s.targets)") -> Loading:
    return Loading(
        help="PATH: a folder, default data; torchvision downloads the images into it.",
        default='"data"',
        needs="torch, torchvision and numpy",
        imports=("from torchvision import datasets",),
        lines=(f"sets = {sets}", f"sets = [({images}, {labels}) for s in sets]"),
    )


_BOTH = "[datasets.{}(path, train, download=True) for train in (True, False)]"
_COLOURED = "np.moveaxis(s.data, 3, 1).copy()"
LOADINGS: dict[str, Loading] = {
    "fashion-mnist-mini": Loading(
        help="PATH: fashion-mnist-mini.npz of Skipscope (in assets/data), default beside this file.",
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


def images_lines(config: RunConfig) -> Iterator[str]:
    """Yield the lines that load and prepare the images, and the order in which a training sees them."""
    data, loading = config.data, LOADINGS[config.data.name]
    yield f"path = (sys.argv[1:] or [{loading.default}])[0]"
    yield from loading.lines
    if data.pool > 1:
        yield from _averaged(data.pool)
    yield "# Section 4.2: the per-pixel mean is subtracted; then one number scales all pixels."
    yield "(images, labels), test = sets"
    inverse = "" if data.validation else "1 / "
    yield "mean = images.sum(0, dtype=np.int64) / len(images)"
    yield "squares = np.square(images, dtype=np.uint16).sum(0, dtype=np.int64)"
    yield f"scale = {inverse}float(np.sqrt(np.mean(squares / len(images) - np.square(mean))))"
    yield "mean = torch.from_numpy(mean).float()"
    if data.validation:
        yield from (line.replace("$size", str(data.validation)) for line in _HOLD_OUT)
    yield "sets = [((torch.tensor(x) - mean) * scale, torch.tensor(y).long()) for x, y in sets]"
    yield "images, labels = sets[0]"
    yield "epochs = range(STEPS * BATCH // len(images) + 1)  # one random order after the other"
    yield "order = [np.random.default_rng([SEED, 1, i]).permutation(len(images)) for i in epochs]"
    yield "order = np.concatenate(order)"


def _averaged(pool: int) -> Iterator[str]:
    yield f"for i, (x, y) in enumerate(sets):  # {pool}x{pool} pixels are averaged"
    yield "    n, channels, size, _ = x.shape"
    yield f"    x = x.reshape(n, channels, size // {pool}, {pool}, size // {pool}, {pool})"
    yield "    sets[i] = np.rint(x.mean((3, 5), dtype=np.float32)).astype(np.uint8), y"


#: The sums are those of ``engine.data.split``, in its order.
_HOLD_OUT = (
    "# Section 4.2: some images are held out; they come last and count in no mean.",
    "shuffled = np.random.default_rng(45_000).permutation(len(images))",
    "held, kept = np.sort(shuffled[:$size]), np.sort(shuffled[$size:])",
    "sets = [(images[kept], labels[kept]), test, (images[held], labels[held])]",
    "mean, total, squares = mean.double(), 0.0, 0.0",
    "for chunk in torch.from_numpy(images[held]).split(1000):",
    "    apart = chunk - mean",
    "    total, squares = total + apart.sum(0), squares + float(apart.square().sum())",
    "shift = -total / len(kept)",
    "squares += len(kept) * float(shift.square().sum())",
    "squares = len(images) * mean.numel() * scale**2 - squares",
    "scale = 1 / (squares / (len(kept) * mean.numel())) ** 0.5",
    "mean = (mean + shift).float()",
)


def augmented_lines(data: DataConfig, size: int) -> Iterator[str]:
    """Yield the function ``augmented`` for images of ``size`` x ``size`` pixels."""
    what = " and ".join(["crops"] * bool(data.crop) + ["mirror images"] * data.flip)
    yield "def augmented(x, step):"
    yield f'    """Random {what} (section 4.2); the draws follow from seed and step."""'
    if data.crop:
        yield f"    corners = np.random.default_rng([SEED, 2, step]).integers(0, {2 * data.crop + 1}, (len(x), 2))"
        yield f"    x = F.pad(x, ({', '.join([str(data.crop)] * 4)}))"
        stacked = f"torch.stack([p[:, i : i + {size}, j : j + {size}] for p, (i, j) in zip(x, corners)])"
        yield f"    {'x =' if data.flip else 'return'} {stacked}"
    if data.flip:
        yield "    draws = np.random.default_rng([SEED, 3, step]).integers(0, 2, len(x))"
        yield "    return torch.where(x.new_tensor(draws)[:, None, None, None] > 0, x.flip(3), x)"
