"""Remake fashion-mnist-mini.npz from the original Fashion-MNIST files.

    python assets/data/make_fashion_mnist_mini.py [ARCHIVE] [--out FILE]

ARCHIVE is the folder with the four IDX files of https://github.com/zalandoresearch/fashion-mnist, gzipped or not;
Debian's package dataset-fashion-mnist puts them into the default folder. The subset holds the first 2,000 training
and the first 500 test images of each class, in the original order. The same originals give the same bytes.
"""

import argparse
import gzip
import struct
import zipfile
from pathlib import Path

import numpy as np

TRAIN_PER_CLASS = 2000
TEST_PER_CLASS = 500
ARCHIVE = Path("/usr/share/datasets/fashion-mnist")


def make(originals: Path) -> dict[str, np.ndarray]:
    """Return the four uint8 arrays of the subset: images (N, 28, 28), labels (N,)."""
    arrays = {}
    for split, prefix, per_class in (("train", "train", TRAIN_PER_CLASS), ("test", "t10k", TEST_PER_CLASS)):
        images = read_idx(originals / f"{prefix}-images-idx3-ubyte")
        labels = read_idx(originals / f"{prefix}-labels-idx1-ubyte")
        chosen = np.sort(np.concatenate([np.flatnonzero(labels == label)[:per_class] for label in range(10)]))
        arrays[f"{split}_images"] = images[chosen]
        arrays[f"{split}_labels"] = labels[chosen]
    return arrays


def read_idx(path: Path) -> np.ndarray:
    """Read an IDX file of unsigned bytes; ``path`` without or with the ending ``.gz``."""
    zipped = path.with_name(path.name + ".gz")
    content = gzip.decompress(zipped.read_bytes()) if zipped.exists() else path.read_bytes()
    kind, dimensions = struct.unpack(">HBB", content[:4])[1:]
    if kind != 8:
        raise ValueError(f"{path} does not hold unsigned bytes")
    shape = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def write(arrays: dict[str, np.ndarray], path: Path) -> None:
    """Write an .npz as small as deflate makes it, with a fixed date so that equal arrays give equal bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                np.lib.format.write_array(file, np.ascontiguousarray(array), allow_pickle=False)


def main() -> None:
    """Parse the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("originals", nargs="?", type=Path, default=ARCHIVE)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("fashion-mnist-mini.npz"))
    arguments = parser.parse_args()
    write(make(arguments.originals), arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
