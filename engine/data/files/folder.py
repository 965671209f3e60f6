"""``folder:PATH``: class folders full of image files, PATH/CLASS/IMAGE or PATH/train/CLASS/IMAGE with PATH/test beside.

Files may be nested below their class. Hidden files and folders are ignored; links are followed, each folder once per
class, so loops end. Classes and images come in the order of their names, as in torchvision's ImageFolder.
"""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.data.files.listing import SPLIT_NOTE, Item, Listing, held_out, printable, spread, stamps_of
from engine.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")
#: In order of preference: labelled test images, as ImageNet has them, lie in ``val``.
TEST_FOLDERS = ("test", "val", "valid", "validation")
_SHAPES = "CLASS/IMAGE, or train/CLASS/IMAGE and test/CLASS/IMAGE"


@dataclass(frozen=True)
class FolderListing(Listing):
    """The files of a folder; ``files`` holds for each split (path below ``path``, class) in order."""

    files: dict[str, list[tuple[str, int]]]

    def items(self, split: str) -> Iterator[Item]:
        """Go through a split, class after class."""
        return map(self._item, self.files[split])

    def sample(self, most: int) -> Iterator[Item]:
        """Go through at most ``most`` images, spread over both splits."""
        train, test = self.files["train"], self.files["test"]
        for place in spread(len(train) + len(test), most):
            yield self._item(train[place] if place < len(train) else test[place - len(train)])

    def _item(self, file: tuple[str, int]) -> Item:
        return Item(printable(file[0]), file[1], self.path / file[0])


def listing(path: Path) -> FolderListing:
    """Look through ``path``. Raises DataError in one line when it is no set of at least two classes."""
    name = printable(str(path))
    try:
        if not path.is_dir():
            problem = "is a file" if path.exists() else "is not there"
            raise DataError(f"{name} {problem}; folder:PATH names a folder of class folders ({_SHAPES})")
        return _listing(path)
    except OSError as error:
        where = printable(str(error.filename or path))
        raise DataError(f"{where} cannot be read ({error.strerror or error}); folder:{name} needs all of it") from None


def _listing(path: Path) -> FolderListing:
    train, test = _splits(path)
    images_of: dict[tuple[str, str], list[tuple[str, int, int]]] = {}
    stamped = [path]
    for split, folder in (("train", train), ("test", test)):
        if folder is not None:
            stamped.append(folder)
            images_of |= {(split, place.name): _images(place, path, stamped) for place in _folders(folder)}
    classes = tuple(sorted({name for _, name in images_of}))
    _check_classes(path, train, test, classes, images_of)
    hashed = hashlib.sha256()
    files: dict[str, list[tuple[str, int]]] = {"train": [], "test": []}
    for (split, name), images in sorted(images_of.items()):
        label = classes.index(name)
        for position, (relative, size, changed) in enumerate(images):
            hashed.update(b"%s\0%d\0%d\n" % (os.fsencode(relative), size, changed))
            apart = test is None and held_out(position, len(images))
            files["test" if apart else split].append((relative, label))
    return FolderListing(
        path=path,
        classes=tuple(map(printable, classes)),
        counts={split: len(images) for split, images in files.items()},
        note=SPLIT_NOTE if test is None else "",
        digest=hashed.hexdigest(),
        stamps=stamps_of(dict.fromkeys(stamped)),
        files=files,
    )


def _splits(path: Path) -> tuple[Path, Path | None]:
    """Return the folder of the training classes and, where there is one, that of the test classes."""
    by_name = {folder.name.lower(): folder for folder in reversed(_folders(path))}
    train = by_name.get("train")
    if train is None:
        return path, None
    tests = [by_name[name] for name in TEST_FOLDERS if name in by_name]
    if not tests and len(by_name) > 1:
        return path, None  # a class that is called train
    if not _folders(train):
        raise DataError(f"{printable(str(train))} holds no class folders; folder:PATH takes {_SHAPES}")
    # A test folder without class folders holds images without labels.
    return train, next((folder for folder in tests if _folders(folder)), None)


def _folders(path: Path) -> list[Path]:
    with os.scandir(path) as entries:
        names = [entry.name for entry in entries if not _hidden(entry.name) and _is_folder(entry)]
    return [path / name for name in sorted(names)]


def _images(folder: Path, root: Path, stamped: list[Path]) -> list[tuple[str, int, int]]:
    """Return the images below ``folder`` as (path below ``root``, bytes, time of change), by name."""
    # By hand: ``os.walk`` recurses before Python 3.12, so that deeply nested folders would end it.
    images, waiting, visited = [], [folder], set()
    above = len(os.path.join(root, ""))  # noqa: PTH118, a string: Path is slow for a million files
    while waiting:
        place = waiting.pop()
        status = place.stat()
        if (status.st_dev, status.st_ino) in visited:
            continue  # a link back to where we were
        visited.add((status.st_dev, status.st_ino))
        stamped.append(place)
        with os.scandir(place) as entries:
            for entry in entries:
                if _hidden(entry.name):
                    continue
                if _is_folder(entry):
                    waiting.append(place / entry.name)
                elif entry.name.lower().endswith(SUFFIXES):
                    try:
                        status = entry.stat()  # of what a link leads to
                    except OSError:  # a link to nothing: a broken image, counted when it is decoded
                        images.append((entry.path[above:], 0, 0))
                        continue
                    if stat.S_ISREG(status.st_mode):  # a pipe would keep its reader waiting for ever
                        images.append((entry.path[above:], status.st_size, status.st_mtime_ns))
    return sorted(images)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _check_classes(
    path: Path,
    train: Path,
    test: Path | None,
    classes: tuple[str, ...],
    images_of: Mapping[tuple[str, str], Sequence[object]],
) -> None:
    """Raise DataError in one line when this is no set of at least two classes with images of each."""
    where = printable(str(train))
    if not any(images_of.values()):
        with os.scandir(path) as entries:
            names = [entry.name.lower() for entry in entries]
        if any(name.endswith(".parquet") for name in names):
            raise DataError(f"{printable(str(path))} holds Parquet files; name it parquet:{printable(str(path))}")
        if any(name.endswith(SUFFIXES) for name in names):
            raise DataError(f"the images in {printable(str(path))} lie in no class folder; folder:PATH takes {_SHAPES}")
        raise DataError(f"{where} holds no images; folder:PATH takes {_SHAPES} ({', '.join(SUFFIXES)})")
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
