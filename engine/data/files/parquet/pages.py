"""The pages of one column of a Parquet file, from their heads alone: what each would become is known before it is
decoded. Torch-free.

A head is a struct of Thrift's compact protocol (apache/parquet-format, README.md and parquet.thrift).
"""

from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from engine.data import limits

_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(13)
_INTEGERS = (_I16, _I32, _I64)
_DATA, _DICTIONARY, _DATA_V2 = 0, 2, 3
#: The field of a head that tells more, by the kind of the page.
_HEAD_OF: dict[Any, int] = {_DATA: 5, _DICTIONARY: 7, _DATA_V2: 8}
#: Encodings whose values repeat others: of a dictionary (by number), or the beginning of the one before.
_REPEATING = (2, 8, 7)
_MAX_LEVELS = 8
#: Early writers left the head of a dictionary out of a column's length; readers go on for so many bytes.
_PADDING = 100
_FIRST_BYTES = 512


class Page(NamedTuple):
    """One page: its values, the bytes that it is decoded to, and whether its values can be larger than it."""

    values: int
    bytes: int
    dictionary: bool
    repeats: bool


class Cut(Exception):
    """A head goes on behind what was read of it."""


def pages_of(file: BinaryIO, chunk: Any, file_bytes: int) -> list[Page]:
    """Return the pages of a ``pyarrow.parquet.ColumnChunkMetaData``. Raises ValueError for what is out of bounds."""
    start = chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < start:
        start = chunk.dictionary_page_offset
    end = start + chunk.total_compressed_size
    if not 0 < start <= end <= file_bytes:
        raise ValueError("a column lies outside of the file")
    found: list[Page] = []
    values = 0
    for page in _walk(file, start, min(end + _PADDING, file_bytes)):
        found.append(page)
        values += 0 if page.dictionary else page.values
        if len(found) > limits.MAX_PAGES:
            raise ValueError(f"a column has more than {limits.MAX_PAGES:,} pages in one row group")
        if values >= chunk.num_values:
            break
    if values != chunk.num_values:
        raise ValueError(f"a column says that it has {chunk.num_values:,} values, and its pages have {values:,}")
    return found


def rows_at_once(pages: list[Page], rows: int, most: int) -> int:
    """Return how many rows may be decoded at a time, at most ``most``: those that surely fit into memory."""
    dictionary = max((page.bytes for page in pages if page.dictionary), default=0)
    data = [page for page in pages if not page.dictionary]
    if any(page.repeats for page in data):
        # Any value may be as long as the whole dictionary, or as all that was shared with those before.
        largest = dictionary or max(page.bytes for page in data)
        most = min(most, max(1, limits.MAX_BATCH_BYTES // max(1, largest)))
    while most > 1 and _largest_batch(data, rows, most) > limits.MAX_BATCH_BYTES:
        most = most // 4 or 1
    return most


def _largest_batch(pages: list[Page], rows: int, most: int) -> int:
    """Return the bytes of all pages that one batch takes values of, for the worst of the batches."""
    if sum(page.bytes for page in pages) <= limits.MAX_BATCH_BYTES:
        return 0
    largest = first = begins = 0
    for start in range(0, rows, most):
        while first < len(pages) and begins + pages[first].values <= start:
            begins += pages[first].values
            first += 1
        taken, at, place = 0, begins, first
        while place < len(pages) and at < start + most:
            taken += pages[place].bytes
            at += pages[place].values
            place += 1
        largest = max(largest, taken)
    return largest


def _walk(file: BinaryIO, at: int, end: int) -> Iterator[Page]:
    """Yield the pages that hold values; of others, which no reader decodes, nothing is known."""
    while at < end:
        head, length = _head(file, at, end)
        compressed, decoded = head.get((3, _I32), -1), head.get((2, _I32), -1)
        at += length + compressed
        if compressed < 0 or decoded < 0 or at > end:
            raise ValueError("a page goes on behind the end of its column")
        if max(compressed, decoded) > limits.max_page_bytes(compressed):
            raise ValueError(
                f"a page of {compressed:,} bytes would become {decoded:,}, "
                f"{limits.max_page_bytes(compressed):,} at the most"
            )
        kind = head.get((1, _I32))
        name = _HEAD_OF.get(kind)
        if name is None:
            continue
        own = head.get((name, _STRUCT), {})
        values, encoding = own.get((1, _I32), -1), own.get((4 if kind == _DATA_V2 else 2, _I32), -1)
        if values < 0:
            raise ValueError("a page does not say how many values it has")
        yield Page(values, max(compressed, decoded), kind == _DICTIONARY, encoding in _REPEATING)


def _head(file: BinaryIO, at: int, end: int) -> tuple[dict[tuple[int, int], Any], int]:
    """Return the fields of a head by number and type, and its length."""
    size = _FIRST_BYTES
    while True:
        file.seek(at)
        reader = _Compact(file.read(min(size, end - at)))
        try:
            return reader.struct(), reader.at
        except Cut:
            if size >= min(end - at, limits.MAX_PAGE_HEAD_BYTES):
                raise ValueError("the head of a page is cut off, or too long") from None
            size *= 8


class _Compact:
    """Reads whole numbers and structs, and skips everything else."""

    def __init__(self, data: bytes):
        self._data, self.at = data, 0

    def struct(self, level: int = 0) -> dict[tuple[int, int], Any]:
        if level > _MAX_LEVELS:
            raise ValueError("the head of a page is nested too deeply")
        fields: dict[tuple[int, int], Any] = {}
        number = 0
        while (byte := self._byte()) != _STOP:
            kind, step = byte & 15, byte >> 4
            number = number + step if step else self._zigzag()
            value = self._value(kind, level)
            if value is not None:
                fields[number, kind] = value
        return fields

    def _value(self, kind: int, level: int) -> Any:
        if kind in _INTEGERS:
            return self._zigzag()
        if kind == _STRUCT:
            return self.struct(level + 1)
        if kind == _BYTE:
            self._skip(1)
        elif kind == _DOUBLE:
            self._skip(8)
        elif kind == _BINARY:
            self._skip(self._varint())
        elif kind in (_LIST, _SET, _MAP):
            raise ValueError("the head of a page has a list")  # no version of the format has one
        elif kind not in (_TRUE, _FALSE):
            raise ValueError("the head of a page is damaged")
        return None

    def _byte(self) -> int:
        self._skip(1)
        return self._data[self.at - 1]

    def _skip(self, length: int) -> None:
        if self.at + length > len(self._data):
            raise Cut
        self.at += length

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise ValueError("the head of a page is damaged")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
