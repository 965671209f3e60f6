"""``parquet:PATH``: Hugging Face style Parquet, one file or a folder of them, read row group by row group.

A row is one image: ``img`` or ``image``, a struct with ``bytes`` (or the bytes themselves), and ``label`` or
``fine_label``, or columns of other usual names. The names of files, or of their folders, say which rows are for what:
``train-0``, ``mnist_test``, ``partial-validation``. Class names come from the ``huggingface`` metadata where they stand
there.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.data import limits
from engine.data.files.image_files import is_system
from engine.data.files.inside import Boundary, Count, entries_in
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
from engine.data.files.parquet.columns import columns
from engine.data.files.parquet.labels import read_labels
from engine.data.files.parquet.reading import opened
from engine.data.files.split_names import TEST, read_name
from engine.errors import DataError

#: What a name may begin with, longer ones before their beginnings; these were known first and go before other names.
_BEGINNINGS = ("train", "test", "validation", "valid", "val")
#: In order of preference.
_TEST_NAMES = (*_BEGINNINGS[1:], *(name for name in TEST if name not in _BEGINNINGS))
_SAMPLED_GROUPS = 8
_SAID_FILES = 3
#: What ``_labels`` returns for a file: labels, class names, the columns of images and labels.
_Labels = tuple[npt.NDArray[np.int64], tuple[str, ...], tuple[str, str]]


@dataclass(frozen=True)
class Part:
    """One file: its image column, and for each row its class and whether it is for the test.

    ``inside`` is the folder that it lies in, without links; '' for anywhere.
    """

    path: Path
    inside: str
    column: str
    labels: np.ndarray
    for_test: np.ndarray


@dataclass(frozen=True)
class ParquetListing(Listing):
    """The rows of a set."""

    parts: list[Part]

    def items(self, split: str) -> Iterator[Item]:
        """Go through a split, file after file, row after row. Raises DataError when a file changes under it."""
        for part in self.parts:
            chosen = part.for_test if split == "test" else ~part.for_test
            if chosen.any():
                yield from _items(part, chosen)

    def sample(self, most: int) -> Iterator[Item]:
        """Go through at most ``most`` images: the first ones of a few row groups, spread over everything."""
        if sum(self.counts.values()) <= most:
            yield from self.items("train")
            yield from self.items("test")
            return
        groups = [(part, group) for part in self.parts for group in _groups(part)]
        chosen = [groups[place] for place in spread(len(groups), _SAMPLED_GROUPS)]
        for part, group in chosen:
            yield from islice(_items(part, np.ones(len(part.labels), bool), group), most // len(chosen))

    def labels(self, split: str) -> np.ndarray:
        """Return the class of each row of a split."""
        return np.concatenate([part.labels[part.for_test == (split == "test")] for part in self.parts])

    def scattered(self) -> Iterator[Item]:
        """Go through all rows, the last row group of each file first: colours may come late."""
        groups = [(part, _groups(part)) for part in self.parts]
        late = [(part, own.pop()) for part, own in reversed(groups) if own]
        for part, group in (*late, *((part, group) for part, own in groups for group in own)):
            yield from _items(part, np.ones(len(part.labels), bool), group)


def listing(path: Path) -> ParquetListing:
    """Look through ``path``. Raises DataError in one line when it is no set of at least two classes."""
    return _listing(path, follows=False)


def linked(path: Path) -> ParquetListing:
    """Look through ``path``, and follow links out of it. Raises DataError in one line."""
    return _listing(path, follows=True)


def _listing(path: Path, follows: bool) -> ParquetListing:
    name = printable(str(path))
    try:
        if not path.exists():
            raise DataError(f"{name} is not there; parquet:PATH names a Parquet file or a folder of them")
        boundary = Boundary(path, follows)
        files = _files(path, boundary)
    except OSError as error:
        raise _unreadable(path, error) from None
    outside = boundary.said("parquet")
    if not files:
        raise DataError(
            f"{name} holds no .parquet files{outside and f', but {outside}'}; parquet:PATH names a file or a "
            "folder of them"
        )
    try:
        return _listing_of(path, files, boundary)
    except DataError as error:
        if not outside:
            raise
        raise DataError(f"{error}; not followed: {outside}") from None


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(f"{printable(str(error.filename or path))} cannot be read ({error.strerror or error})")


def _listing_of(path: Path, files: list[Path], boundary: Boundary) -> ParquetListing:
    """Return the listing of these files. Raises DataError in one line."""
    name = printable(str(path))
    read = cache(lambda file: _labels(file, boundary.root))
    try:
        train, test, others = _splits(path, files, read)
        hashed = hashlib.sha256()
        for file in files:
            status = file.stat()
            relative = os.fsencode(file.relative_to(path))
            hashed.update(b"%s\0%d\0%d\n" % (relative, status.st_size, status.st_mtime_ns))
        stamps = stamps_of(dict.fromkeys([path, *files, *(file.parent for file in files)]))
    except OSError as error:
        raise _unreadable(path, error) from None
    raw = {file: read(file) for file in (*train, *test)}
    rows = sum(len(labels) for labels, *_ in raw.values())
    if rows > limits.MAX_ROWS:
        raise DataError(f"{name} has {rows:,} rows, {limits.MAX_ROWS:,} at the most; name a part of it")
    forms = _forms(raw)
    if _read_anew(path, files, train) or any(one != other for one, other in forms.items()):
        hashed.update(b"taken as splits and classes by other rules\n")  # apart from a copy made before these rules
    doubt = _several_sets(path, raw, test)
    classes, parts, unused = _classes(path, raw, test, forms)
    parts = [replace(part, inside=boundary.root) for part in parts]
    if not test:
        parts = _hold_out(path, classes, parts)
    notes = (
        "" if test else SPLIT_NOTE,
        f"{unused} class names without images are left out" if unused else "",
        f"{len(others)} files of other splits are left out" if others else "",
    )
    pairs = dict.fromkeys(" and ".join(own.removesuffix(".bytes") for own in found) for *_, found in raw.values())
    tested = sum(int(part.for_test.sum()) for part in parts)
    left_out = (
        f"{unused} class names without images" if unused else "",
        f"{len(others)} files of other splits ({_named(path, others)})" if others else "",
        boundary.said("parquet"),
    )
    return ParquetListing(
        path=path,
        classes=classes,
        counts={"train": sum(len(part.labels) for part in parts) - tested, "test": tested},
        note="; ".join(filter(None, notes)),
        digest=hashed.hexdigest(),
        stamps=stamps,
        taken={
            "train": f"from {_named(path, train)}, columns {printable(', '.join(pairs))}",
            "test": f"from {_named(path, test)}" if test else SPLIT_NOTE,
        },
        left_out=tuple(filter(None, left_out)),
        doubt=doubt,
        parts=parts,
    )


def _files(path: Path, boundary: Boundary) -> list[Path]:
    if path.is_file():
        return [path]
    count, found = Count(printable(str(path))), []
    for entry in entries_in(path):
        count.add()
        if entry.name.lower().endswith(".parquet") and boundary.holds(entry):
            file = Path(entry.path)
            if not any(map(is_system, file.relative_to(path).parts)) and file.is_file():
                found.append(file)
    return sorted(found)


def _named(path: Path, files: list[Path]) -> str:
    """Return the names of files below the path, the first few of many."""
    names = [printable(str(file.relative_to(path)) if file != path else file.name) for file in files]
    return ", ".join(names[:_SAID_FILES]) + (
        f" and {len(names) - _SAID_FILES} more" if len(names) > _SAID_FILES else ""
    )


def _splits(
    path: Path, files: list[Path], read: Callable[[Path], _Labels]
) -> tuple[list[Path], list[Path], list[Path]]:
    """Return training files, test files (none: rows are held out), and the files that are for neither."""
    if path.is_file():
        return files, [], []

    by_split: dict[str, list[Path]] = {}
    for file in files:
        by_split.setdefault(_split_of(file.relative_to(path)), []).append(file)
    train = by_split.get("train", [])
    tests = [by_split[name] for name in _TEST_NAMES if name in by_split]
    if not train:
        if len(by_split) == 1 and not any(_began_with(file.relative_to(path)) for file in files):
            return files, [], []  # one split alone, by a word inside of its name: nothing to be kept apart
        if tests:
            raise DataError(f"{printable(str(path))} has files for the test but none whose name starts with train")
        return files, [], []
    # A split without rows, or without labels of all of them, is no test.
    labels = ((group, np.concatenate([read(file)[0] for file in group])) for group in tests)
    test = next((group for group, own in labels if own.size and (own >= 0).all()), [])
    return train, test, [file for file in files if file not in train and file not in test]


def _several_sets(path: Path, raw: Mapping[Path, _Labels], test: list[Path]) -> str:
    """Return a doubt where folders hold a training and a test split each, as configurations of the Hub do.

    Raises DataError when most of their classes differ: these are sets of their own.
    """
    splits: dict[tuple[str, ...], set[bool]] = {}
    classes: dict[tuple[str, ...], set[Any]] = {}
    for file, (labels, names, _) in raw.items():
        above = tuple(part for part in file.relative_to(path).parts[:-1] if not _split_of(Path(part)))
        splits.setdefault(above, set()).add(file in test)
        classes.setdefault(above, set()).update(names or labels.tolist())
    whole = [above for above, sides in splits.items() if len(sides) == 2]
    if len(whole) < 2:
        return ""
    named = printable(" and ".join("/".join(above) or "." for above in whole[:3]))
    where = printable(str(path))
    each = [classes[above] for above in whole]
    if 2 * len(set.intersection(*each)) < len(set.union(*each)):
        raise DataError(
            f"{named} in {where} have splits of their own and other classes; name one of them, for example "
            f"parquet:{where}/{printable('/'.join(whole[0]))}"
        )
    return f"{named} have splits of their own and are read as one set: if they are several, name one of them"


def _read_anew(path: Path, files: list[Path], train: list[Path]) -> bool:
    """Return whether words inside of names tell splits that beginnings of names alone would not."""
    if path.is_file():
        return False
    before = [_began_with(file.relative_to(path)) for file in files]
    pooled = train == files and not any(before)
    return not pooled and before != [_split_of(file.relative_to(path)) for file in files]


def _split_of(relative: Path) -> str:
    """Return the split that a file's name tells, or else the nearest of its folders', '' when none does."""
    for part in reversed((*relative.parts[:-1], relative.stem)):
        if began := _beginning(part):
            return began
        name = read_name(composed(part))
        if name.role:
            return "train" if name.role == "train" else TEST[name.rank]
    return ""


def _began_with(relative: Path) -> str:
    """Return the split by the beginnings of names alone."""
    return next(filter(None, map(_beginning, reversed(relative.parts))), "")


def _beginning(part: str) -> str:
    return next((name for name in _BEGINNINGS if part.lower().startswith(name)), "")


def _groups(part: Part) -> list[int]:
    """Return the row groups that hold rows."""
    with opened(part.path, part.inside) as reader:
        return [group for group, rows in enumerate(reader.groups) if rows]


def _labels(file: Path, inside: str) -> _Labels:
    """Return the label of each row (int64, -1: none), class names (() where none stand there), both columns' names."""
    where = printable(str(file))
    with opened(file, inside) as reader:
        column, label = columns(where, reader.schema)
        codes, names = read_labels(where, reader, label)
        return codes, names, (column, label)


def _forms(raw: Mapping[Path, _Labels]) -> dict[str, str]:
    """Return for each class name the first one that differs from it in its Unicode form alone, mostly itself."""
    first: dict[str, str] = {}
    names = [name for _, own, _ in raw.values() for name in own]
    return {name: first.setdefault(composed(name), name) for name in names}


def _classes(
    path: Path, raw: Mapping[Path, _Labels], test: list[Path], forms: Mapping[str, str]
) -> tuple[tuple[str, ...], list[Part], int]:
    """Return the classes that occur, each file's rows with labels counted among them, and how many names have none."""
    names = next((names for _, names, _ in raw.values() if names), ())
    used: set[Any] = set()
    coded = {}
    for file, (labels, own, _) in raw.items():
        where = printable(str(file))
        if (labels < 0).any():
            raise DataError(f"{where} has {int((labels < 0).sum())} rows without a label; leave them or the file out")
        if names and labels.size and labels.max() >= len(own or names):
            raise DataError(f"{where} has label {labels.max()}, but names for 0 to {len(own or names) - 1} only")
        distinct, places = np.unique(labels, return_inverse=True)
        if len(distinct) > limits.MAX_CLASSES:
            raise DataError(
                f"{where} has {len(distinct):,} different labels; a net tells at most {limits.MAX_CLASSES:,} classes "
                "apart"
            )
        own_classes = [(own or names)[label] if names else label for label in distinct.tolist()]
        own_classes = [forms.get(name, name) for name in own_classes]
        if file in test and (unknown := sorted(map(str, {*own_classes} - used))):
            raise DataError(f"class {printable(unknown[0])} of {where} has no training images; each class needs both")
        used |= {*own_classes}
        coded[file] = own_classes, places
    distinct_names = list(dict.fromkeys(forms[name] for name in names))
    used_names = [name for name in distinct_names if name in used]
    used_names += sorted(used - {*used_names})
    if len(used_names) < 2:
        content = "one class only" if used_names else "no rows"
        raise DataError(f"{printable(str(path))} has {content}; a race needs at least two classes")
    numbers = {name: number for number, name in enumerate(used_names)}
    parts = [
        Part(
            path=file,
            inside="",
            column=raw[file][2][0],
            labels=np.array([numbers[name] for name in own], np.int64)[places],
            for_test=np.full(len(places), file in test),
        )
        for file, (own, places) in coded.items()
    ]
    return shown_names(used_names), parts, max(0, len(distinct_names) - len(used_names))


def _hold_out(path: Path, classes: tuple[str, ...], parts: list[Part]) -> list[Part]:
    """Return the parts with every sixth row of each class kept for the test."""
    labels = np.concatenate([part.labels for part in parts])
    for_test = np.zeros(len(labels), bool)
    for label, name in enumerate(classes):
        rows = np.flatnonzero(labels == label)
        if len(rows) < 2:
            raise DataError(
                f"class {name} in {printable(str(path))} has one image; it takes two, one of them for the test"
            )
        for_test[[row for position, row in enumerate(rows) if held_out(position, len(rows))]] = True
    ends = np.cumsum([len(part.labels) for part in parts])[:-1]
    return [replace(part, for_test=chosen) for part, chosen in zip(parts, np.split(for_test, ends), strict=True)]


def _items(part: Part, chosen: np.ndarray, only: int | None = None) -> Iterator[Item]:
    """Go through the chosen rows of a file, or of one of its row groups."""
    row = 0
    with opened(part.path, part.inside) as reader:
        for group, rows in enumerate(reader.groups):
            if only not in (None, group) or not chosen[row : row + rows].any():
                row += rows
                continue
            for values in reader.batches(part.column, group):
                for value in values:
                    if chosen[row]:
                        name = f"{printable(part.path.name)} row {row}"
                        yield Item(name, int(part.labels[row]), value.as_py())
                    row += 1
