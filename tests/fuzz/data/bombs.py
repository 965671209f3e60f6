"""Small files that would become large, each by another way of its format."""

import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from tests.engine.data.pictures import pixels, png

MB = 1_000_000


def repeated_images(path: Path, size: int = 12 * MB, rows: int = 600) -> Path:
    """One large value in a dictionary, and many rows that name it."""
    return _write(path, _repeated(pa.array([b"\0" * size]), rows), [0, 1] * (rows // 2))


def repeated_labels(path: Path, size: int = 12 * MB, rows: int = 600) -> Path:
    """Long texts in a dictionary, and many rows that name them."""
    return _write(path, [png(pixels(0))] * rows, _repeated(pa.array(["a" * size]), rows))


def many_rows(path: Path, rows: int = 20 * MB) -> Path:
    """Rows without an end, whose labels and images are all the same."""
    return _write(path, _repeated(pa.array([b"x"]), rows), _repeated(pa.array(["cat"]), rows))


def packed_page(path: Path, size: int = 24 * MB) -> Path:
    """One page that zeros fill."""
    return _write(path, pa.array([b"\0" * size, b"x"] * 2), [0, 1] * 2, use_dictionary=False, compression="brotli")


def shared_beginnings(path: Path, size: int = MB, rows: int = 60) -> Path:
    """Values that say only by how much they differ from the one before."""
    encodings = {"img": "DELTA_BYTE_ARRAY", "label": "PLAIN"}
    images = pa.array([b"\0" * size] * rows)
    return _write(path, images, [0, 1] * (rows // 2), use_dictionary=False, column_encoding=encodings)


def _repeated(value: pa.Array, rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), value)


def _write(path: Path, images, labels, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    packed = {"compression": "zstd", "dictionary_pagesize_limit": 64 * MB, "data_page_size": 64 * MB}
    # Without pyarrow's own notes, by which other readers would keep the dictionary.
    parquet.write_table(pa.table({"img": images, "label": labels}), path, store_schema=False, **(packed | options))
    return path


def large_png(path: Path, width: int, height: int, channels: int = 3) -> Path:
    """A PNG file, its first row white, all others black, written row by row: the pixels are never in memory."""
    kind = {1: 0, 3: 2, 4: 6}[channels]
    packer, row = zlib.compressobj(9), bytes(1 + width * channels)
    first = packer.compress(b"\0" + b"\xff" * width * channels)
    content = b"".join([first, *(packer.compress(row) for _ in range(height - 1)), packer.flush()])
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((8, kind, 0, 0, 0))
    path.parent.mkdir(parents=True, exist_ok=True)
    chunks = b"".join(map(_chunk, (b"IHDR", b"IDAT", b"IEND"), (head, content, b"")))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    return path


def _chunk(name: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")
