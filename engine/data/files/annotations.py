"""Labels of images that lie in one folder, from a text file beside them, as Tiny ImageNet has them. Torch-free.

One line for each image: its name, its class, and whatever follows, with tabs, commas or spaces between; or a first
line that names the columns, as GTSRB has it. The file only names what was found on the disk already: nothing is opened
by a name that stands in it.
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
_CHECKED_LINES, _MAX_COLUMNS = 20, 32
#: Names of columns in a first line, in lower case.
_IMAGES = ("filename", "file", "file_name", "path", "image", "image_name", "img", "name")
_LABELS = ("classid", "class_id", "class", "class_name", "label", "labels", "category", "target")


@dataclass(frozen=True)
class Annotations:
    """``labels`` holds the class of each image that a file names, by the image's own name."""

    file: Path
    labels: dict[str, str]


def annotations_in(folder: Path, classes: Collection[str]) -> Annotations | None:
    """Return the labels that a file in ``folder`` gives to images, None when no file there does.

    ``classes`` are the names of the training classes: only a file most of whose first lines name an image and one of
    them is such a list. Where all classes are numbers, 0 and 00000 are one. Raises OSError.
    """
    numbers = {str(int(name)): name for name in classes if name.isascii() and name.isdigit()}
    names = {name: name for name in classes} | (numbers if len(numbers) == len(classes) else {})
    for file in _lists(folder):
        rows = _rows(file)
        first = [row for row, _ in zip(rows, range(_CHECKED_LINES), strict=False)]
        if 2 * sum(label in names for _, label in first) > len(first):
            return Annotations(file, {image: names.get(label, label) for image, label in (*first, *rows)})
    return None


def _lists(folder: Path, deeper: bool = True) -> list[Path]:
    """Return the texts in a folder; where it holds none and one folder alone, those in that one."""
    with os.scandir(folder) as entries:
        visible = [entry for entry in entries if not is_system(entry.name)]
    folders = [entry.name for entry in visible if entry.is_dir(follow_symlinks=False)]
    lists = sorted(
        entry.name
        for entry in visible
        if entry.name.lower().endswith(SUFFIXES) and entry.is_file() and entry.stat().st_size <= MAX_BYTES
    )
    if deeper and not lists and len(folders) == 1:
        return _lists(folder / folders[0], deeper=False)
    return [folder / name for name in lists]


def _rows(file: Path) -> Iterator[tuple[str, str]]:
    image, label = 0, 1
    with file.open(encoding="utf-8", errors="replace") as lines:
        # An endless line is read to here, and is no row.
        for number, line in enumerate(iter(lambda: lines.readline(1 << 16), "")):
            parts = [part.strip('"') for part in _BETWEEN.split(line.strip(), maxsplit=_MAX_COLUMNS)]
            if number == 0:
                image, label = _header(parts)
            if len(parts) > max(image, label) and is_image(parts[image]):
                yield parts[image].replace("\\", "/").rpartition("/")[2], parts[label]


def _header(names: list[str]) -> tuple[int, int]:
    """Return the places of image and label among the names in a first line, the first two where it names none."""
    lowered = [name.lower().lstrip("\ufeff") for name in names]
    image = next((lowered.index(name) for name in _IMAGES if name in lowered), None)
    label = next((lowered.index(name) for name in _LABELS if name in lowered), None)
    return (0, 1) if image is None or label is None else (image, label)
