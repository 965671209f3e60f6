"""Opens a Parquet file and reads its columns batch by batch: nothing is decoded that would not fit into memory."""

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.data import limits
from engine.data.files.inside import open_inside
from engine.data.files.listing import printable
from engine.data.files.parquet.footer import check_footer
from engine.data.files.parquet.pages import pages_of, rows_at_once
from engine.errors import DataError

#: Rows read at a time; a row group may be larger than one likes to hold.
_ROWS = 256
#: Bytes that pyarrow reads from the disk at a time.
_BUFFER_BYTES = 1 << 20
_TAIL = struct.Struct("<I4s")
_MAGIC = b"PAR1"
#: The key of a second schema in a footer. It names types that labels and images do without, its parts may share their
#: parts, so that 9 MB of it are a gigabyte once read, and its types may be anybody's own.
_ARROW_NOTES, _UNREAD = b"ARROW:schema", b"ARROW:unread"


class OpenFile:
    """One file, checked as far as its footer tells. ``schema`` is a ``pyarrow.Schema``, ``groups`` rows per group."""

    def __init__(self, raw: Any):
        from pyarrow import parquet

        self._raw = raw
        self._bytes = os.fstat(raw.fileno()).st_size
        metadata = _metadata(self._checked_footer())
        # Without a buffer before: of a row group only the pages that are decoded are held.
        self._file = parquet.ParquetFile(raw, metadata=metadata, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        self.groups = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        rows = sum(self.groups)
        if min(self.groups, default=0) < 0 or rows != metadata.num_rows or rows > limits.max_rows(self._bytes):
            raise ValueError(
                f"{self._bytes:,} bytes say that they have {metadata.num_rows:,} rows, "
                f"{limits.max_rows(self._bytes):,} at the most"
            )
        self.schema = self._file.schema_arrow

    def batches(self, column: str, group: int, most: int = _ROWS) -> Iterator[Any]:
        """Yield the values of a column in one row group, a ``pyarrow.Array`` of at most ``most`` rows at a time.

        ``column`` may be a field of a struct, such as ``img.bytes``. Raises what pyarrow raises, ValueError.
        """
        import pyarrow as pa

        leaf = self._leaf(column)
        pages = pages_of(self._raw, self._file.metadata.row_group(group).column(leaf), self._bytes)
        rows = self.groups[group]
        if sum(page.values for page in pages if not page.dictionary) != rows:
            raise ValueError(f"{column} has not one value for each of the {rows:,} rows of a row group")
        at_once = rows_at_once(pages, rows, most)
        # By the number of the leaf: a column may be called img.bytes besides, and would be decoded too.
        for batch in self._file.reader.iter_batches(
            at_once, row_groups=[group], column_indices=[leaf], use_threads=False
        ):
            values = batch.column(0)
            yield values.field("bytes") if pa.types.is_struct(values.type) else values

    def _leaf(self, column: str) -> int:
        """Return the number of the one leaf that is a column. Raises ValueError."""
        parts = column.split(".")
        found = [at for at, path in enumerate(self._file.reader.column_paths) if list(path[: len(parts)]) == parts]
        if len(found) != 1 or self._file.metadata.schema.column(found[0]).max_repetition_level:
            raise ValueError(f"there is not one column {column}, or its values are lists")
        return found[0]

    def _checked_footer(self) -> bytes:
        self._raw.seek(max(0, self._bytes - _TAIL.size))
        tail = self._raw.read(_TAIL.size)
        length, magic = _TAIL.unpack(tail) if len(tail) == _TAIL.size else (0, b"")
        if magic != _MAGIC:
            raise ValueError("its end is no Parquet, or it is encrypted")
        if not 0 < length <= min(limits.MAX_FOOTER_BYTES, self._bytes - _TAIL.size):
            raise ValueError(f"its footer has {length:,} bytes, {limits.MAX_FOOTER_BYTES:,} at the most")
        self._raw.seek(self._bytes - _TAIL.size - length)
        footer = bytes(self._raw.read(length))
        check_footer(footer)
        return footer


def _metadata(footer: bytes) -> Any:
    """Return the ``pyarrow.parquet.FileMetaData`` of a footer, without pyarrow's own notes on types."""
    import pyarrow as pa
    from pyarrow import parquet

    # Everything that has this name gets another one of as many bytes, and is not looked for any more.
    known = footer.replace(_ARROW_NOTES, _UNREAD)
    with parquet.ParquetFile(
        pa.BufferReader(b"".join((_MAGIC, known, _TAIL.pack(len(known), _MAGIC)))),
        thrift_string_size_limit=limits.MAX_FOOTER_BYTES,
        thrift_container_size_limit=limits.MAX_FOOTER_LIST,
    ) as file:
        return file.metadata


@contextmanager
def opened(path: Path, inside: str = "") -> Iterator[OpenFile]:
    """Open a file for the time of a ``with``. ``inside``: the folder that it lies in, '' for anywhere.

    Raises DataError in one line for what is no Parquet, is damaged or would not fit into memory, there and within.
    """
    import pyarrow as pa

    try:
        with open_inside(path, inside) as raw:
            yield OpenFile(raw)
    # ValueError: texts that are not UTF-8. MemoryError: a damaged file may claim any size.
    except (pa.ArrowException, OSError, LookupError, ValueError, MemoryError, OverflowError) as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: Exception) -> DataError:
    """Return the error of a file that cannot be read, in one line."""
    first = next(iter(str(error).splitlines()), "")
    return DataError(
        f"{printable(str(path))} cannot be read as Parquet ({printable(first[:300]) or type(error).__name__})"
    )
