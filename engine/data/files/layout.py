"""Which folders below a path are splits, and which are classes. Torch-free.

Names decide only together with what lies inside: folders of splits hold class folders of the same names. What could be
both is refused, and what is refused says how to name it.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from engine.data.files.annotations import Annotations, annotations_in
from engine.data.files.image_files import (
    IMAGE_FOLDERS,
    MASK_FOLDERS,
    any_image_below,
    is_image,
    is_system,
    masks_among,
)
from engine.data.files.inside import holds
from engine.data.files.listing import composed, printable
from engine.data.files.split_names import SplitName, read_name
from engine.errors import DataError

SHAPES = "CLASS/IMAGE, or train/CLASS/IMAGE and test/CLASS/IMAGE"
#: What was known first, in order of preference: it goes before the other names, so that stored sets stay what they are.
_FIRST = ("test", "val", "valid", "validation")
#: Folders around the set, such as ``archive/pets/pets``, are gone through so far.
_DEEPEST = 3
#: Class folders that are looked into for splits below them: where one has them, all have.
_LOOKED_INTO = 20
#: Folders around a set have few others beside, with lists and notes.
_BESIDE = 8
#: ``images_part_1``, ``fold2``: pieces of a set that was too large for one folder, or was cut for cross-validation.
_PART = re.compile(r"(.*?(?:part|fold|batch|shard|chunk|subset|images|imgs)[-_ ]?)\d+", re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """The folder of the training classes, that of the test, and those of other splits, which are left out.

    ``annotations`` are the labels of a test whose images lie in no class folders. ``outer`` is what the path named.
    """

    outer: Path
    train: Path
    test: Path | None = None
    annotations: Annotations | None = None
    others: tuple[Path, ...] = ()
    #: What may be meant otherwise, in words for people.
    doubt: str = ""

    @property
    def usual(self) -> bool:
        """Whether this is one of the layouts that were always read like this."""
        if self.annotations is not None:
            return False
        if self.train == self.outer:
            return True
        first = self.train.parent == self.outer and self.train.name.lower() == "train"
        return first and (self.test is None or (self.test.parent == self.outer and self.test.name.lower() in _FIRST))

    def named(self, folder: Path) -> str:
        """Return a folder's name below the path, for people; '' for the path itself."""
        return "" if folder == self.outer else printable(str(folder.relative_to(self.outer)))


def layout_of(path: Path) -> Layout:
    """Return the layout of what lies below ``path``. Raises OSError; DataError for what could be several."""
    outer, depth = path, 0
    masks: list[Path] = []
    while True:
        found = _splits(outer)
        if found is not None:
            found = replace(_innermost(found), outer=path)
            break
        inside = folders_in(outer)
        around, beside = _around(inside)
        if around is None or depth == _DEEPEST:
            if depth and len(inside) < 2:  # one class in its folders, which the caller refuses by its name
                return Layout(path, path)
            found = Layout(path, outer)
            _refuse_splits_below(path, inside)
            _refuse_parts(path, inside)
            break
        outer, depth = around, depth + 1
        masks += beside
    copies = [copy for place in (found.train, found.test) if place for copy in _copies(place)]
    classes = [folder for folder in folders_in(found.train) if folder not in copies]
    _refuse_index(found.train, classes)
    doubt = _same_inside(classes) or _images_and_masks(classes) or _others_inside(classes)
    if found.train == outer and doubt and any(read_name(composed(folder.name)).role for folder in classes):
        raise _doubt(path, classes, "could be splits or classes")
    return replace(found, others=(*found.others, *masks, *copies), doubt=doubt)


def _innermost(found: Layout) -> Layout:
    """Return the splits inside of the folder of training classes, where these are splits themselves.

    Beside a test, a class may be called like another split.
    """
    named = _candidates(folders_in(found.train))
    if found.test is not None and not any(name.role == "train" and folders_in(each) for each, name in named.items()):
        return found
    inside = _splits(found.train)
    if inside is None:
        return found
    if found.test is not None:
        raise _doubt(found.train, folders_in(found.train), "could be splits or classes")
    return replace(inside, others=(*found.others, *inside.others))


def _around(folders: list[Path]) -> tuple[Path | None, list[Path]]:
    """Return the folder around the set, and folders of masks beside it.

    The first is None where these are the classes: not one folder, or not one alone with images that are no masks.
    """
    masks: list[Path] = []
    if len(folders) > 1 and len(folders) <= _BESIDE:
        folders = [folder for folder in folders if any_image_below(folder)]
        masks = [folder for folder in folders if folder.name.lower() in MASK_FOLDERS and folders_in(folder)]
        folders = [folder for folder in folders if folder not in masks]
    if len(folders) != 1 or not folders_in(folders[0]) or _has_images(folders[0]):
        return None, []
    return folders[0], masks


def _splits(path: Path) -> Layout | None:
    """Return the splits in ``path``, None where its folders are classes."""
    folders = folders_in(path)
    lowered = {folder.name.lower(): folder for folder in reversed(folders)}
    train = lowered.get("train")
    first = [lowered[name] for name in _FIRST if name in lowered]
    if train is not None and (first or len(folders) == 1):
        if not folders_in(train):
            raise DataError(f"{printable(str(train))} holds no class folders; folder:PATH takes {SHAPES}")
        others = [folder for folder, name in _candidates(folders).items() if name.tests and folder not in first]
        return _chosen(path, train, (*first, *others), (folder for folder in folders if folder != train))
    named = _candidates(folders)
    trains = [folder for folder, name in named.items() if name.role == "train"]
    tests = sorted((folder for folder, name in named.items() if name.tests), key=lambda folder: named[folder].rank)
    rest = [folder for folder in folders if folder not in named]
    if not trains and not tests:
        return None
    if not trains:
        # Class folders may be called valid and invalid; images without labels lie in folders called test.
        if not any(folders_in(folder) for folder in tests) and not any(named[each].role == "test" for each in tests):
            return None
        raise _doubt(path, tests, "is the only split" if len(tests) == 1 else "are splits without one for training")
    deep = [folder for folder in trains if len(folders_in(folder)) > 1 or _wrapped(folder)]
    if not tests and not deep and len(folders) > 1:
        return None  # a class of that name among classes
    if len(trains) > 1 or not deep:
        raise _doubt(path, [*trains, *tests], "could be splits or classes")
    shared = any(_shared(trains[0], folder) for folder in tests)
    if rest and not shared and not (tests and not any(_has_images(folder) for folder in rest)):
        raise _doubt(path, [trains[0], rest[0]], "could be splits or classes")
    return _chosen(path, trains[0], tests, (folder for folder in folders if folder != trains[0]))


def _candidates(folders: Iterable[Path]) -> dict[Path, SplitName]:
    """Return the folders whose names are those of splits: of split words alone, or one name with several of them.

    ``train_station`` is none, unless there is a ``test_station``. Beside ``rps-test-set`` the folder ``rps`` is for
    training, if both hold the same classes.
    """
    names = {folder: read_name(composed(folder.name)) for folder in folders}
    named = {folder: name for folder, name in names.items() if name.role}
    sides: dict[tuple[str, ...], set[bool]] = {}
    for name in named.values():
        sides.setdefault(name.stem, set()).add(name.tests)
    for folder, name in names.items():
        tests = [test for test, other in named.items() if other.stem == name.stem and other.tests]
        if name.stem and not name.role and sides.get(name.stem) == {True} and any(_shared(folder, t) for t in tests):
            named[folder] = name._replace(role="train")
            sides[name.stem].add(False)
    return {folder: name for folder, name in named.items() if not name.stem or len(sides[name.stem]) == 2}


def _chosen(path: Path, train: Path, tests: Iterable[Path], beside: Iterable[Path]) -> Layout:
    """Return the layout with the first of the tests that has labels of the training classes."""
    inner = _unwrapped(train, frozenset())
    classes = frozenset(composed(folder.name) for folder in folders_in(inner))
    fallback = None
    for folder in tests:
        inside = _unwrapped(folder, classes)
        names = {composed(each.name) for each in folders_in(inside)}
        others = tuple(each for each in beside if each != folder)
        if names & classes:
            return Layout(path, inner, inside, None, others)
        if found := annotations_in(folder, classes):
            return Layout(path, inner, folder, found, others)
        # Class folders of other names: refused by the name of the class, unless another folder fits.
        if fallback is None and len(names) > 1:
            fallback = Layout(path, inner, inside, None, others)
        beside = (*others, folder)
    return fallback or Layout(path, inner, None, None, tuple(sorted(beside)))


def _unwrapped(folder: Path, classes: frozenset[str]) -> Path:
    """Return where the class folders lie: ``seg_train/seg_train/CLASS`` has one folder around them."""
    for _ in range(_DEEPEST):
        if not _wrapped(folder):
            return folder
        (inside,) = folders_in(folder)
        if composed(inside.name) in classes:
            return folder
        folder = inside
    return folder


def _wrapped(folder: Path) -> bool:
    inside = folders_in(folder)
    return len(inside) == 1 and not _has_images(folder) and bool(folders_in(inside[0])) and not _has_images(inside[0])


def _shared(one: Path, other: Path) -> bool:
    inner = _unwrapped(one, frozenset())
    classes = frozenset(composed(folder.name) for folder in folders_in(inner))
    inside = folders_in(_unwrapped(other, classes))
    return bool(classes & {composed(folder.name) for folder in inside}) or annotations_in(other, classes) is not None


def _refuse_splits_below(path: Path, classes: Iterable[Path]) -> None:
    """Raise DataError where class folders hold the splits: their test images would be trained on."""
    for folder in islice(classes, _LOOKED_INTO):
        named = _candidates(folders_in(_unwrapped(folder, frozenset())))
        if {name.tests for name in named.values()} == {True, False}:
            below = " and ".join(printable(str(each.relative_to(folder.parent))) for each in list(named)[:2])
            raise DataError(
                f"{printable(str(path))} has splits below its classes ({below}); put them above, as train/CLASS/IMAGE "
                "and test/CLASS/IMAGE"
            )


def _refuse_parts(path: Path, classes: list[Path]) -> None:
    """Raise DataError where the folders are numbered parts of one set: images are spread over them without classes."""
    found = [_PART.fullmatch(folder.name) for folder in classes]
    if len(classes) > 1 and all(found) and len({match[1] for match in found if match}) == 1:
        raise _doubt(path, classes, "could be parts or classes")


def _refuse_index(path: Path, classes: list[Path]) -> None:
    """Raise DataError for single letters that hold class folders of that letter, as SUN397 has them."""
    if len(classes) < 2 or any(len(composed(folder.name)) != 1 or _has_images(folder) for folder in classes):
        return
    below = {folder: [composed(each.name) for each in folders_in(folder)] for folder in classes}
    words = all(re.match(rf"{re.escape(folder.name)}[^\W\d_]", name) for folder in classes for name in below[folder])
    if words and all(below.values()) and sum(map(len, below.values())) > len(classes):
        example = printable(f"{classes[0].name}/{below[classes[0]][0]}")
        raise DataError(
            f"the letters in {printable(str(path))} hold folders that begin with them ({example}) and could be an "
            "index or classes; if it is an index, put the class folders beside each other, as CLASS/IMAGE"
        )


def _copies(place: Path) -> list[Path]:
    """Return a class folder of the set's own name that holds class folders of the same names: a copy of the set."""
    folders = folders_in(place)
    names = {composed(folder.name) for folder in folders}
    same = [folder for folder in folders if folder.name.lower() == place.name.lower()]
    return [folder for folder in same if _holds(folder, names)]


def _holds(folder: Path, classes: Iterable[str]) -> bool:
    """Return whether a folder holds two of the classes or more, and nothing else."""
    below = {composed(each.name) for each in folders_in(folder)}
    return len(below) > 1 and below <= {*classes} and not _has_images(folder)


def _others_inside(classes: list[Path]) -> str:
    """Return a doubt where one class folder holds folders that are called like the other classes."""
    if len(classes) < 3:
        return ""
    names = {composed(folder.name) for folder in classes}
    inside = next((folder for folder in islice(classes, _LOOKED_INTO) if _holds(folder, names)), None)
    if inside is None:
        return ""
    return f"{printable(inside.name)} holds folders with the names of other classes: remove it if it is a copy"


def _images_and_masks(classes: list[Path]) -> str:
    """Return a doubt where the folders are called like images and their masks, not like classes."""
    names = [folder.name for folder in classes]
    kinds = {name.lower() in MASK_FOLDERS for name in names if name.lower() in MASK_FOLDERS | IMAGE_FOLDERS}
    if kinds != {True, False} or len(names) != 2:
        return ""
    return f"{printable(' and '.join(names))} could be images and their masks: a race would tell these apart"


def _same_inside(classes: list[Path]) -> str:
    """Return a doubt where all folders hold the same folders: sites or folds above classes look like this."""
    places = [_unwrapped(folder, frozenset()) for folder in classes[:_LOOKED_INTO]]
    below = [_inner_names(place) for place in places]
    same = set.intersection(*below) if len(below) > 1 else set()
    if len(same) < 2:
        return ""
    named = printable(", ".join(sorted(same)[:3]))
    return f"every class folder holds the folders {named}: if these are the classes, put them above"


def _inner_names(folder: Path) -> set[str]:
    """Return the names of the folders in a folder, without those of masks beside images."""
    names = {composed(each.name) for each in folders_in(folder)}
    return names - masks_among(names)


def _doubt(path: Path, folders: list[Path], what: str) -> DataError:
    names = " and ".join(printable(folder.name) for folder in folders[:4])
    return DataError(
        f"{names} in {printable(str(path))} {what}; name splits train and test, with class folders in both, or put the "
        "class folders into a folder train (train/CLASS/IMAGE)"
    )


def folders_in(path: Path) -> list[Path]:
    """Return the folders in ``path`` by name, without hidden ones and those of a system. Raises OSError."""
    with os.scandir(path) as entries:
        names = [entry.name for entry in entries if not is_system(entry.name) and is_folder(entry)]
    return [path / name for name in sorted(names)]


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a folder, or a link to one that may be followed."""
    try:
        return entry.is_dir() and holds(entry)
    except OSError:  # a link to itself
        return False


def _has_images(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return any(is_image(entry.name) and not is_system(entry.name) for entry in entries)
