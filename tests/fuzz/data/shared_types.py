"""A Parquet footer with a second schema, pyarrow's own, whose few types are pointed to again and again."""

import base64
import struct
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

#: Layouts of tables in Flatbuffers: the offset of each field that a table has, 0 for none; and the bytes of the table.
_MESSAGE, _SCHEMA, _FIELD, _EMPTY = ((4, 6, 8), 12), ((0, 4), 8), ((4, 0, 8, 12, 0, 16), 20), ((), 4)
_SCHEMA_HEADER, _NULL, _STRUCT = 1, 1, 13


def shared_types(path: Path, width: int = 100, top: int = 4) -> Path:
    """Write a sound file whose second schema has ``top`` columns of ``width`` parts, each of those again, and again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = _schema((top, width, width, width))
    # Pyarrow takes eight tables for each byte.
    message = schema + bytes(-len(schema) % 8 + top * width**3 // 10 * 8)
    notes = base64.b64encode(b"\xff" * 4 + struct.pack("<I", len(message)) + message)
    table = pa.table({"img": [b"x"] * 4, "label": [0, 1] * 2}).replace_schema_metadata({"ARROW:schemX": notes})
    parquet.write_table(table, path)
    content = path.read_bytes().replace(b"ARROW:schema", b"ARROW:schemY").replace(b"ARROW:schemX", b"ARROW:schema")
    path.write_bytes(content)
    return path


def _schema(widths: tuple[int, ...]) -> bytes:
    """Return a message of Arrow with a schema; in a Flatbuffer what is pointed to lies behind."""
    made = _Made()
    at = made.table(_MESSAGE)
    made.point(0, at)
    struct.pack_into("<HB", made.data, at + 4, 4, _SCHEMA_HEADER)
    schema = made.table(_SCHEMA)
    made.point(at + 8, schema)
    slot, fields = schema + 4, []
    for level, width in enumerate((*widths, 0)):
        slots = made.vector(slot, width)
        if width:
            fields.append(made.table(_FIELD))
            made.data[fields[-1] + 8] = _STRUCT if level < len(widths) - 1 else _NULL
            for each in slots:
                made.point(each, fields[-1])
            slot = fields[-1] + 16
    kind, name = made.table(_EMPTY), made.put(struct.pack("<I4s", 1, b"a"))
    for field in fields:
        made.point(field + 4, name)
        made.point(field + 12, kind)
    return bytes(made.data)


class _Made:
    """A Flatbuffer that grows."""

    def __init__(self) -> None:
        self.data = bytearray(4)

    def put(self, content: bytes) -> int:
        self.data += bytes(-len(self.data) % 4) + content
        return len(self.data) - len(content)

    def table(self, kind: tuple[tuple[int, ...], int]) -> int:
        offsets, size = kind
        layout = self.put(struct.pack(f"<HH{len(offsets)}H", 4 + 2 * len(offsets), size, *offsets))
        at = self.put(bytes(size))
        struct.pack_into("<i", self.data, at, at - layout)
        return at

    def vector(self, slot: int, entries: int) -> range:
        """Put a list where a slot points to; return its own slots."""
        at = self.put(struct.pack("<I", entries) + bytes(4 * entries))
        self.point(slot, at)
        return range(at + 4, at + 4 + 4 * entries, 4)

    def point(self, slot: int, at: int) -> None:
        struct.pack_into("<I", self.data, slot, at - slot)
