"""``folder:PATH``: class folders full of image files, PATH/CLASS/IMAGE or PATH/train/CLASS/IMAGE with PATH/test beside.

Files may be nested below their class. Links are followed while they stay below PATH, each folder once per class, so
loops end; ``linked-folder:PATH`` follows those that lead out of it too. Classes and images
come in the order of their names, as in torchvision's ImageFolder. ``engine.data.files.layout`` tells splits from
classes.
"""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.data.files.image_files import LeftOut, files_below, is_image, is_system, masks_among
from engine.data.files.inside import Boundary, Count, within
from engine.data.files.layout import SHAPES, Layout, folders_in, is_folder, layout_of
from engine.data.files.listing import (
    SPLIT_NOTE,
    Item,
    Listing,
    composed,
    held_out,
    printable,
    shown_names,
    spread,
    stamps_of,
)
from engine.errors import DataError

#: Steps of a walk through a long list that soon comes by every part of it.
_STRIDE = 997
_SUFFIXES_NAMED = "png, jpg, bmp, gif, webp, tif, ppm and others that pillow reads"
#: One image: its path below the root, bytes, time of change in nanoseconds.
_File = tuple[str, int, int]


@dataclass(frozen=True)
class FolderListing(Listing):
    """The files of a folder; ``files`` holds for each split (path below ``path``, class) in order."""

    files: dict[str, list[tuple[str, int]]]
    #: The folder that images lie in when they are opened, '' for anywhere.
    inside: str = ""

    def items(self, split: str) -> Iterator[Item]:
        """Go through a split, class after class."""
        return map(self._item, self.files[split])

    def labels(self, split: str) -> np.ndarray:
        """Return the class of each image of a split."""
        return np.array([label for _, label in self.files[split]], np.int64)

    def sample(self, most: int) -> Iterator[Item]:
        """Go through at most ``most`` images, spread over both splits."""
        train, test = self.files["train"], self.files["test"]
        for place in spread(len(train) + len(test), most):
            yield self._item(train[place] if place < len(train) else test[place - len(train)])

    def scattered(self) -> Iterator[Item]:
        """Go through all images, from every part of the set early on."""
        files = [*self.files["train"], *self.files["test"]]
        for first in range(min(_STRIDE, len(files))):
            yield from map(self._item, files[first::_STRIDE])

    def _item(self, file: tuple[str, int]) -> Item:
        return Item(printable(file[0]), file[1], self.path / file[0], self.inside)


def listing(path: Path) -> FolderListing:
    """Look through ``path``. Raises DataError in one line when it is no set of at least two classes."""
    return _listing(path, follows=False)


def linked(path: Path) -> FolderListing:
    """Look through ``path``, and follow links out of it. Raises DataError in one line."""
    return _listing(path, follows=True)


def _listing(path: Path, follows: bool) -> FolderListing:
    name = printable(str(path))
    try:
        if not path.is_dir():
            problem = "is a file" if path.exists() else "is not there"
            raise DataError(f"{name} {problem}; folder:PATH names a folder of class folders ({SHAPES})")
        with within(Boundary(path, follows)) as boundary:
            try:
                return _Walk(layout_of(path), boundary).listing()
            except DataError as error:
                if not boundary.left:
                    raise
                raise DataError(f"{error}; not followed: {boundary.said('folder')}") from None
    except OSError as error:
        where = printable(str(error.filename or path))
        raise DataError(f"{where} cannot be read ({error.strerror or error}); folder:PATH needs all of it") from None


class _Walk:
    """Goes through the folders of a layout once, and collects what is there."""

    def __init__(self, layout: Layout, boundary: Boundary):
        self._layout, self._root = layout, layout.outer
        self._boundary, self._count = boundary, Count(printable(str(layout.outer)))
        self._stamped = [layout.outer]
        self._left_out = LeftOut()
        self._hashed = hashlib.sha256()

    def listing(self) -> FolderListing:
        """Return what was collected. Raises DataError in one line, OSError."""
        layout, test = self._layout, self._layout.test
        images_of: dict[tuple[str, str], list[_File]] = {}
        for split, folder in (("train", layout.train), ("test", test)):
            if folder is not None and not (split == "test" and layout.annotations):
                self._stamped.append(folder)
                self._stray(folder)
                places = (place for place in folders_in(folder) if place not in layout.others)
                images_of |= {(split, place.name): self._images(place) for place in places}
        if layout.outer not in self._stamped[1:]:
            self._stray(layout.outer)
        if layout.annotations and test is not None:
            images_of |= self._annotated(test, [name for _, name in images_of])
        images_of = self._one_form(images_of)
        # In the order of their names as they are stored, which is what stored runs know them by.
        classes = tuple(sorted({name for _, name in images_of}))
        _check_classes(layout, classes, images_of)
        if not layout.usual:
            self._mark(*(os.fsencode(folder.relative_to(self._root)) for folder in (layout.train, test) if folder))
        files = self._files(classes, images_of)
        for folder in layout.others:
            if count := files_below(folder, only_images=True):
                self._left_out.add("images in other folders", layout.named(folder), count)
        held = "" if test is not None else SPLIT_NOTE
        train_from = "" if layout.train == self._root else f"from {layout.named(layout.train)}"
        return FolderListing(
            path=self._root,
            classes=shown_names(classes),
            counts={split: len(images) for split, images in files.items()},
            note=held,
            digest=self._hashed.hexdigest(),
            stamps=stamps_of(dict.fromkeys(self._stamped)),
            taken={"train": train_from, "test": held if test is None else self._test_from(test)},
            left_out=(*self._left_out.lines(), *filter(None, [self._boundary.said("folder")])),
            doubt=layout.doubt,
            files=files,
            inside=self._boundary.root,
        )

    def _test_from(self, test: Path) -> str:
        found = self._layout.annotations
        return f"from {self._layout.named(test)}" + (f", labels from {printable(found.file.name)}" if found else "")

    def _mark(self, *parts: bytes) -> None:
        """Set the decoded copy apart from one of an earlier version that took the same files for something else."""
        self._hashed.update(b"\0".join((b"taken as", *parts, b"\n")))

    def _files(
        self, classes: tuple[str, ...], images_of: Mapping[tuple[str, str], Sequence[_File]]
    ) -> dict[str, list[tuple[str, int]]]:
        files: dict[str, list[tuple[str, int]]] = {"train": [], "test": []}
        test = self._layout.test
        for (split, name), images in sorted(images_of.items()):
            label = classes.index(name)
            for position, (relative, size, changed) in enumerate(images):
                self._hashed.update(b"%s\0%d\0%d\n" % (os.fsencode(relative), size, changed))
                apart = test is None and held_out(position, len(images))
                files["test" if apart else split].append((relative, label))
        return files

    def _one_form(self, images_of: dict[tuple[str, str], list[_File]]) -> dict[tuple[str, str], list[_File]]:
        """Return the images with each class under one name: that of training, where a name has several forms."""
        names: dict[str, str] = {}
        for split in ("train", "test"):
            for name in sorted(name for own, name in images_of if own == split):
                names.setdefault(composed(name), name)
        merged: dict[tuple[str, str], list[_File]] = {}
        for (split, name), images in images_of.items():
            one = names[composed(name)]
            merged[split, one] = sorted([*merged.get((split, one), ()), *images])
        if merged.keys() != images_of.keys():
            self._mark(b"composed names")
        return merged

    def _annotated(self, folder: Path, classes: Sequence[str]) -> dict[tuple[str, str], list[_File]]:
        """Return the images in a folder by the classes that a file beside them names."""
        found = self._layout.annotations
        assert found is not None
        status = found.file.stat()
        self._mark(b"%d" % status.st_size, b"%d" % status.st_mtime_ns)
        by_form = {composed(name): name for name in classes}
        images_of: dict[tuple[str, str], list[_File]] = {}
        images = self._images(folder)
        own = [os.path.basename(image[0]) for image in images]  # noqa: PTH119, a string
        labels = found.labels({*own})
        for image, base in zip(images, own, strict=True):
            named = labels.get(base)
            name = by_form.get(composed(named)) if named is not None else None
            if name is None:
                self._left_out.add(f"images that {printable(found.file.name)} does not name", image[0])
            else:
                images_of.setdefault(("test", name), []).append(image)
        return images_of

    def _stray(self, folder: Path) -> None:
        """Count images that lie beside class folders, and what is a system's."""
        with os.scandir(folder) as entries:
            for entry in entries:
                if is_system(entry.name):
                    self._left_out.add_entry(entry)
                elif is_image(entry.name) and not is_folder(entry):
                    self._left_out.add("images outside of class folders", entry.name)

    def _images(self, folder: Path) -> list[_File]:
        """Return the images below ``folder`` by name."""
        # By hand: ``os.walk`` recurses before Python 3.12, so that deeply nested folders would end it.
        images: list[_File] = []
        waiting, visited = [(folder, 0)], set()
        above = len(os.path.join(self._root, ""))  # noqa: PTH118, a string: Path is slow for a million files
        while waiting:
            place, depth = waiting.pop()
            status = place.stat()
            if (status.st_dev, status.st_ino) in visited:
                continue  # a link back to where we were
            visited.add((status.st_dev, status.st_ino))
            self._stamped.append(place)
            with os.scandir(place) as entries:
                found = []
                for entry in entries:
                    self._count.add(depth)
                    found.append(entry)
            masks = masks_among([entry.name for entry in found])
            for entry in found:
                if is_system(entry.name):
                    self._left_out.add_entry(entry)
                elif not self._boundary.holds(entry):
                    continue  # counted there
                elif entry.name in masks:
                    count = files_below(place / entry.name, only_images=True) if is_folder(entry) else 1
                    self._left_out.add("masks of other images", entry.name, count)
                elif is_folder(entry):
                    waiting.append((place / entry.name, depth + 1))
                elif not is_image(entry.name):
                    if self._layout.annotations is None or place / entry.name != self._layout.annotations.file:
                        self._left_out.add_file(entry.name)
                else:
                    try:
                        status = entry.stat()  # of what a link leads to
                    except OSError:  # a link to nothing: a broken image, counted when it is decoded
                        images.append((entry.path[above:], 0, 0))
                        continue
                    if stat.S_ISREG(status.st_mode):  # a pipe would keep its reader waiting for ever
                        images.append((entry.path[above:], status.st_size, status.st_mtime_ns))
                    else:
                        self._left_out.add("pipes and devices", entry.name)
        return sorted(images)


def _check_classes(
    layout: Layout, classes: tuple[str, ...], images_of: Mapping[tuple[str, str], Sequence[object]]
) -> None:
    """Raise DataError in one line when this is no set of at least two classes with images of each."""
    train, test = layout.train, layout.test
    where = printable(str(train))
    if not any(images_of.values()):
        raise _no_images(layout.outer, where)
    for name in classes:
        if test is not None and ("train", name) not in images_of:
            raise DataError(
                f"class {printable(name)} is in {printable(str(test))} but not in {where}; each class needs both"
            )
        for split, folder in (("train", train), ("test", test)):
            if (split, name) in images_of and not images_of[split, name]:
                raise DataError(
                    f"class folder {printable(name)} in {printable(str(folder))} holds no images; fill it or remove it"
                )
        if test is None and len(images_of["train", name]) < 2:
            raise DataError(f"class {printable(name)} in {where} has one image; it takes two, one of them for the test")
    if len(classes) < 2:
        raise DataError(
            f"{where} has one class only ({printable(classes[0])}); a race needs at least two class folders"
        )


def _no_images(path: Path, where: str) -> DataError:
    with os.scandir(path) as entries:
        names = [entry.name for entry in entries]
    shown = printable(str(path))
    if any(name.lower().endswith(".parquet") for name in names):
        return DataError(f"{shown} holds Parquet files; name it parquet:{shown}")
    if any(map(is_image, names)):
        return DataError(f"the images in {shown} lie in no class folder; folder:PATH takes {SHAPES}")
    return DataError(f"{where} holds no images; folder:PATH takes {SHAPES} ({_SUFFIXES_NAMED})")
