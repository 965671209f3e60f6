"""Labels of images that lie in one folder, from a text file beside them, as Tiny ImageNet has them. Torch-free.

One line for each image: its name, its class, and whatever follows, with tabs, commas or spaces between. The file only
names what was found on the disk already: nothing is opened by a name that stands in it.
"""

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.data.files.image_files import is_image, is_system

SUFFIXES = (".txt", ".csv", ".tsv")
#: A list of labels is smaller than this; larger files are not looked into.
MAX_BYTES = 64 * 2**20
_BETWEEN = re.compile(r"[\t,; ]+")
_CHECKED_LINES = 20


@dataclass(frozen=True)
class Annotations:
    """``labels`` holds the class of each image that a file names, by the image's own name."""

    file: Path
    labels: dict[str, str]


def annotations_in(folder: Path, classes: Collection[str]) -> Annotations | None:
    """Return the labels that a file in ``folder`` gives to images, None when no file there does.

    ``classes`` are the names of the training classes: only a file whose first lines name an image and one of them is
    such a list. Raises OSError.
    """
    with os.scandir(folder) as entries:
        names = sorted(
            entry.name
            for entry in entries
            if entry.name.lower().endswith(SUFFIXES)
            and not is_system(entry.name)
            and entry.is_file()
            and entry.stat().st_size <= MAX_BYTES
        )
    for name in names:
        file = folder / name
        rows = _rows(file)
        first = [row for row, _ in zip(rows, range(_CHECKED_LINES), strict=False)]
        if any(label in classes for _, label in first):
            return Annotations(file, dict((*first, *rows)))
    return None


def _rows(file: Path) -> Iterator[tuple[str, str]]:
    with file.open(encoding="utf-8", errors="replace") as lines:
        # An endless line is read to here, and is no row.
        while line := lines.readline(1 << 16):
            parts = _BETWEEN.split(line.strip(), maxsplit=2)
            if len(parts) >= 2 and is_image(parts[0]):
                yield parts[0].replace("\\", "/").rpartition("/")[2], parts[1].strip('"')
