"""Reads the scalars of TensorBoard event files, each record checked before it is decoded. Torch-free.

A file is a list of records: length, check sum of the length, data, check sum of the data. The check sums and messages
are those of the package tensorboard, which is optional.
"""

import struct
from array import array
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from engine.data.files.inside import Boundary, entries_in, open_inside
from engine.exchange import limits
from engine.exchange.ghosts.series import Foreign, Series, listed, refused, shown_name
from engine.exchange.privacy import label
from engine.exchange.registry import Report
from engine.exchange.tensorboard_package import check_sum, event_type

#: What the name of an event file holds; TensorBoard itself knows them by it.
MARK = "tfevents"
_LENGTH, _SUM = struct.Struct("<Q"), struct.Struct("<I")
_VERSION = "brain.Event:2"
#: Numbers of the tensor types that a scalar has, and the field of each.
_FLOATS = {1: ("float_val", "<f4"), 2: ("double_val", "<f8")}
#: Between two reports.
_REPORT_BYTES = 2**20


def event_files(path: Path) -> list[tuple[str, Path]]:
    """Return the event files in a folder, each with the folder of its run below. Raises DataError.

    A link may lead to another file of the folder; one that leads out of it is refused.
    """
    if path.is_file():
        return [("", path)]
    if not path.is_dir():
        raise refused(shown_name(path), "it is no usual file")
    boundary = _boundary(path)
    found: list[tuple[str, Path]] = []
    for seen, entry in enumerate(entries_in(path), start=1):
        # A pipe would be waited for without an end.
        if MARK in entry.name and Path(entry.path).is_file():
            if not boundary.holds(entry):
                name = label(entry.name, limits.MAX_NAME)
                raise refused(shown_name(path), f"its link {name!r} leads out of it; name that file itself")
            run = Path(entry.path).parent.relative_to(path).as_posix()
            found.append(("" if run == "." else run, Path(entry.path)))
        if len(found) > limits.MAX_EVENT_FILES:
            raise refused(shown_name(path), f"it holds more than {limits.MAX_EVENT_FILES} event files; name one")
        if seen > limits.MAX_ENTRIES_SEEN:
            most = f"{limits.MAX_ENTRIES_SEEN:,} files and folders"
            raise refused(shown_name(path), f"it holds more than {most}; name a part of it")
    if not found:
        raise refused(shown_name(path), f"no file in it has {MARK} in its name")
    return sorted(found, key=lambda each: (each[1].parent.parts, each[1].name))


def read_events(path: Path, wanted: Collection[str] | None, report: Report) -> Foreign:
    """Return the scalar tags of an event file or of a folder, and of those that are wanted the points.

    ``wanted`` None: the tags alone. The files of one folder are one run. Raises DataError in one line.
    """
    files = event_files(path)
    # A file that is named itself may be a link to anywhere.
    root = "" if path.is_file() else _boundary(path).root
    total = sum(_size(file) for _, file in files)
    if total > limits.MAX_GHOST_BYTES:
        raise refused(path.name, f"it has {total:,} bytes, and {limits.MAX_GHOST_BYTES:,} is the most")
    tags: dict[str, None] = {}
    found: dict[tuple[str, str], tuple[array[float], array[float]]] = {}
    done = reported = points = 0
    for run, file in files:
        for data in _records(file, root):
            done += len(data)
            if done - reported >= _REPORT_BYTES:
                report(reported := done, total, file.parent.name)
            for tag, step, number in _scalars(file, data):
                if tag not in tags:
                    tags[tag] = None
                    if len(tags) > limits.MAX_COLUMNS:
                        raise refused(path.name, f"it has more than {limits.MAX_COLUMNS:,} tags")
                if wanted is None or tag not in wanted:
                    continue
                _check_step(file, tag, step)
                steps, numbers = found.setdefault((run, tag), (array("d"), array("d")))
                steps.append(step)
                numbers.append(number)
                points += 1
                if points > limits.MAX_GHOST_POINTS:
                    raise refused(path.name, f"it has more than {limits.MAX_GHOST_POINTS:,} points of these tags")
    if absent := [tag for tag in wanted or () if tag not in tags]:
        raise refused(path.name, f"it has no scalar {absent[0][:60]!r}; it has {listed([*tags]) or 'none'}")
    series = [Series(run, tag, np.array(steps), np.array(numbers)) for (run, tag), (steps, numbers) in found.items()]
    return Foreign([*tags], series)


def _boundary(path: Path) -> Boundary:
    try:
        return Boundary(path)
    except OSError as error:
        raise refused(shown_name(path), f"it cannot be read ({error.strerror or error})") from None


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError as error:
        raise refused(file.name, f"it cannot be read ({error.strerror or error})") from None


def _records(path: Path, root: str) -> Iterator[bytes]:
    """Yield the records of a file, which lies below ``root``, '' for anywhere: it may be another one since the look."""
    try:
        with open_inside(path, root) as file:
            while head := file.read(_LENGTH.size + _SUM.size):
                yield _record(path, file, head)
    except OSError as error:
        raise refused(path.name, f"it cannot be read ({error.strerror or error})") from None


def _record(path: Path, file: BinaryIO, head: bytes) -> bytes:
    at = file.tell() - len(head)
    if len(head) < _LENGTH.size + _SUM.size:
        raise refused(path.name, f"it is cut off at byte {at:,}")
    length, expected = _LENGTH.unpack_from(head)[0], _SUM.unpack_from(head, _LENGTH.size)[0]
    if check_sum(head[: _LENGTH.size]) != expected:
        raise refused(path.name, f"it is damaged at byte {at:,}, or it is no event file: a check sum is wrong")
    if length > limits.MAX_RECORD_BYTES:
        raise refused(path.name, f"a record has {length:,} bytes, and {limits.MAX_RECORD_BYTES:,} is the most")
    data = file.read(length + _SUM.size)
    if len(data) < length + _SUM.size:
        raise refused(path.name, f"it is cut off at byte {at:,}")
    if check_sum(data[:length]) != _SUM.unpack_from(data, length)[0]:
        raise refused(path.name, f"it is damaged at byte {at:,}: a check sum is wrong")
    if at == 0 and (length > limits.MAX_SCALAR_BYTES or _event(path, data[:length]).file_version != _VERSION):
        raise refused(path.name, f"it is no event file of the version {_VERSION}")
    return data[:length]


def _event(path: Path, data: bytes) -> Any:
    kind, broken = event_type()
    try:
        return kind.FromString(data)
    except broken:
        raise refused(path.name, "a record of it is no event") from None


def _scalars(path: Path, data: bytes) -> Iterator[tuple[str, int, float]]:
    """Yield tag, step and number of each scalar of an event."""
    if len(data) > limits.MAX_SCALAR_BYTES:
        return
    event = _event(path, data)
    if len(event.summary.value) > limits.MAX_RECORD_VALUES:
        raise refused(path.name, f"a record has more than {limits.MAX_RECORD_VALUES:,} values")
    for value in event.summary.value:
        number = _scalar(value)
        if number is None:
            continue
        if not value.tag or len(value.tag) > limits.MAX_NAME:
            raise refused(path.name, f"a tag has {len(value.tag):,} letters, and {limits.MAX_NAME} is the most")
        yield value.tag, int(event.step), number


def _check_step(path: Path, tag: str, step: int) -> None:
    if not 0 <= step <= limits.MAX_GHOST_STEP:
        raise refused(path.name, f"{tag[:60]!r} has the step {step}; steps are from 0 to {limits.MAX_GHOST_STEP:,}")


def _scalar(value: Any) -> float | None:
    """Return the number of a scalar, None for anything else. Nothing is made as large as a tensor says it is."""
    kind = value.WhichOneof("value")
    if kind == "simple_value":
        return float(value.simple_value)
    if (
        kind != "tensor"
        or value.tensor.dtype not in _FLOATS
        or any(dim.size != 1 for dim in value.tensor.tensor_shape.dim)
    ):
        return None
    field, code = _FLOATS[value.tensor.dtype]
    numbers, content = getattr(value.tensor, field), value.tensor.tensor_content
    if len(numbers) == 1 and not content:
        return float(numbers[0])
    if len(content) == np.dtype(code).itemsize and not numbers:
        return float(np.frombuffer(content, code)[0])
    return None
