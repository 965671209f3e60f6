"""The embedded default: a balanced subset of Fashion-MNIST, made by assets/data/make_fashion_mnist_mini.py.

Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747; MIT licence, Zalando SE.
"""

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.data.source import RawImages
from engine.errors import DataError
from engine.paths import PROJECT

FILE = PROJECT / "assets" / "data" / "fashion-mnist-mini.npz"

#: SHA-256 of each array's bytes; whoever remakes the file from the originals gets the same.
SHA256 = {
    "train_images": "25f2e16a84fc059e5d830e2843f2902952e8893c75dfbbd96b3ee1042842ec9e",
    "train_labels": "a300155992331d9b103227d1800093271ce6f0e10a1bf12dc9a46c6a627d6363",
    "test_images": "bf02d0b4c8d6c9b121d524bffcdacfc2779b482a78d008386eee33780ec62ad3",
    "test_labels": "7d1b4398f5702435e60327cc42350d43d4d0287df47e32f7ba489339c1338a8f",
}


def load(folder: Path, report: Callable[[str], None]) -> RawImages:
    """Decode the embedded file; ``folder`` is not used. Raises DataError when it is missing or damaged."""
    report("decoding fashion-mnist-mini")
    try:
        with FILE.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in SHA256}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise DataError(f"{FILE} is missing or not readable; restore it from the project's repository") from None
    for name, array in arrays.items():
        if hashlib.sha256(array.tobytes()).hexdigest() != SHA256[name]:
            raise DataError(f"{FILE} is damaged ({name} differs); restore it from the project's repository")
        if array.ndim == 3:
            arrays[name] = array[:, None]  # (N, 28, 28) -> (N, 1, 28, 28)
    return RawImages(**arrays)
