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
    """A PNG file, its first row white, all others black: the pixels are never in memory."""
    kind = {1: 0, 3: 2, 4: 6}[channels]
    packer, white, black = (
        zlib.compressobj(9, wbits=-15),
        b"\0" + b"\xff" * width * channels,
        bytes(1 + width * channels),
    )
    # After a full flush nothing refers to what was before: a row that was packed once can be repeated.
    first, row = (packer.compress(each) + packer.flush(zlib.Z_FULL_FLUSH) for each in (white, black))
    check = zlib.adler32(white)
    for _ in range(height - 1):
        check = zlib.adler32(black, check)
    content = b"\x78\xda" + first + row * (height - 1) + packer.flush() + check.to_bytes(4, "big")
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((8, kind, 0, 0, 0))
    path.parent.mkdir(parents=True, exist_ok=True)
    chunks = b"".join(map(_chunk, (b"IHDR", b"IDAT", b"IEND"), (head, content, b"")))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    return path


def _chunk(name: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")


def many_columns(path: Path, columns: int = 100_000, groups: int = 10) -> Path:
    """A footer alone, whose row groups have columns of three bytes each: of Thrift's compact protocol."""
    root, leaf = b"\x48\x01s\x15\x02\x00", b"\x15\x02\x25\x00\x18\x01a\x00"
    group = b"\x19" + _list(columns) + b"\x26\x00\x00" * columns + b"\x16\x00\x16\x00\x00"
    footer = b"\x15\x02\x19" + _list(2) + root + leaf + b"\x16\x00\x19" + _list(groups) + group * groups + b"\x00"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1")
    return path


def _list(entries: int) -> bytes:
    """The head of a list of structs."""
    number = bytearray()
    while entries > 127:
        number.append(entries & 127 | 128)
        entries >>= 7
    return bytes([0xFC, *number, entries])


def scans_jpeg(path: Path, side: int, scans: int, progressive: bool = False, layers: int = 3) -> Path:
    """A JPEG file of many scans, each of one colour and over all pixels, every block a bit or less."""
    blocks = ((side + 7) // 8) ** 2
    frame = b"\x08" + 2 * side.to_bytes(2, "big") + bytes([layers])
    frame += b"".join(bytes([layer + 1, 0x11, 0]) for layer in range(layers))
    content = b"\xff\xd8" + _segment(0xDB, b"\0" + b"\1" * 64) + _segment(0xC2 if progressive else 0xC0, frame)
    for table, code in ((0x00, 0), (0x10, 0xE0 if progressive else 0)):
        content += _segment(0xC4, bytes([table, 1, *bytes(15), code]))
    first = _segment(0xDA, bytes([1, 1, 0, 0, 0 if progressive else 63, 0])) + bytes(blocks // 4 + 1)
    # A run of 16,384 empty blocks takes 15 bits.
    later = _segment(0xDA, b"\1\1\0\1\x3f\0") + bytes(2 * (blocks // 16_384 + 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content + first + later * (scans - 1) + b"\xff\xd9")
    return path


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content
