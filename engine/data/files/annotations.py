"""Labels of images that lie in one folder, from a text file beside them, as Tiny ImageNet has them. Torch-free.

One line for each image: its name, its class, and whatever follows, with tabs, commas, semicolons or spaces between; or
a first line that names the columns, as GTSRB has it, and decides what is between them in all lines. The file only names
what was found on the disk already: nothing is opened by a name that stands in it.
"""

import csv
import os
import sys
from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from engine.data import limits
from engine.data.files.image_files import is_image, is_system
from engine.data.files.inside import holds
from engine.data.files.listing import printable
from engine.errors import DataError

SUFFIXES = (".txt", ".csv", ".tsv")
#: In order of preference: a name may have spaces, less often commas.
_DELIMITERS = "\t,; "
#: Lines that are looked at for images, and how many of those decide.
_LOOKED_AT, _CHECKED_LINES = 10_000, 20
#: Names of columns in a first line, in lower case, with ``_`` for a space.
_IMAGES = ("filename", "file", "file_name", "path", "image", "image_name", "img", "name")
_LABELS = ("classid", "class_id", "class", "class_name", "label", "labels", "category", "target")


@dataclass(frozen=True)
class Annotations:
    """A file that gives classes to images; ``names`` holds the name of each class by all that it is called there."""

    file: Path
    names: Mapping[str, str]

    def labels(self, images: Container[str]) -> dict[str, str]:
        """Return the class of each of these images that the file names, by the image's own name.

        Raises DataError for a list without an end, and OSError.
        """
        # Of a list of millions only what lies on the disk is kept.
        rows = _rows(self.file, limits.MAX_LIST_LINES, ends=True)
        return {image: self.names.get(label, label) for image, label in rows if image in images}


def annotations_in(folder: Path, classes: Collection[str]) -> Annotations | None:
    """Return the file in ``folder`` that gives labels to images, None when no file there does.

    ``classes`` are the names of the training classes: only a file most of whose first lines name an image and one of
    them is such a list. Where all classes are numbers, 0 and 00000 are one. Raises OSError.
    """
    numbers = {str(int(name)): name for name in classes if name.isascii() and name.isdigit()}
    names = {name: name for name in classes} | (numbers if len(numbers) == len(classes) else {})
    for file in _lists(folder):
        first = list(islice(_rows(file, _LOOKED_AT), _CHECKED_LINES))
        if 2 * sum(label in names for _, label in first) > len(first):
            return Annotations(file, names)
    return None


def _lists(folder: Path, deeper: bool = True) -> list[Path]:
    """Return the texts in a folder; where it holds none and one folder alone, those in that one."""
    with os.scandir(folder) as entries:
        visible = [entry for entry in entries if not is_system(entry.name)]
    folders = [entry.name for entry in visible if entry.is_dir(follow_symlinks=False)]
    lists = sorted(
        entry.name
        for entry in visible
        if entry.name.lower().endswith(SUFFIXES)
        and entry.is_file()
        and holds(entry)
        and entry.stat().st_size <= limits.MAX_LIST_BYTES
    )
    if deeper and not lists and len(folders) == 1:
        return _lists(folder / folders[0], deeper=False)
    return [folder / name for name in lists]


class _Columns(NamedTuple):
    """The delimiters that a line may have, the places of image and label, and how many fields there are."""

    delimiters: str = _DELIMITERS
    image: int = 0
    label: int = 1
    fields: int = sys.maxsize


def _rows(file: Path, most: int, ends: bool = False) -> Iterator[tuple[str, str]]:
    """Yield image and label of the lines that have both, of the first ``most``; with ``ends`` there are no more."""
    columns = _Columns()
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        # An endless line is read to here, and is no row.
        for number, line in enumerate(iter(lambda: lines.readline(1 << 16), "")):
            if number == 0:
                columns = _header(line)
            elif number == most:
                if ends:
                    raise DataError(f"{printable(str(file))} has more than {most:,} lines; name a part of the set")
                return
            for delimiter in columns.delimiters:
                if delimiter not in line and delimiter != " ":  # which stands for all white space
                    continue
                parts = _fields(line, delimiter)
                # More fields than the header names: a delimiter within a name, so the label may be another column's.
                shifted = any(parts[columns.fields :])
                if len(parts) > max(columns.image, columns.label) and is_image(parts[columns.image]) and not shifted:
                    yield parts[columns.image].replace("\\", "/").rpartition("/")[2], parts[columns.label]
                    break


def _fields(line: str, delimiter: str) -> list[str]:
    """Return the fields of one line, split at each delimiter outside of quotes; several spaces are one."""
    if '"' not in line:  # a fifth of the time
        return line.split() if delimiter == " " else [field.strip() for field in line.strip(" \r\n").split(delimiter)]
    line = " ".join(line.split()) if delimiter == " " else line.strip(" \r\n")
    # Python 3.13 refuses to skip spaces that are the delimiter.
    reader = csv.reader([line], delimiter=delimiter, skipinitialspace=delimiter != " ")
    return [field.strip() for field in next(reader, [])]


def _header(line: str) -> _Columns:
    """Return what a first line says about the columns; without names of image and label, the first two are these."""
    for delimiter in _DELIMITERS:
        names = [name.lower().replace(" ", "_") for name in _fields(line, delimiter)]
        image = next((names.index(name) for name in _IMAGES if name in names), None)
        label = next((names.index(name) for name in _LABELS if name in names), None)
        if image is not None and label is not None:
            return _Columns(delimiter, image, label, len(names))
    return _Columns()
