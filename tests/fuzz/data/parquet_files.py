"""Made-up Parquet files: real ones by pyarrow with odd columns, then changed bytes."""

import io
import json
from functools import cache

import pyarrow as pa
from hypothesis import strategies as st
from pyarrow import parquet

from tests.engine.data.pictures import pixels, png

_NAMES = (
    "img",
    "image",
    "images",
    "label",
    "fine_label",
    "labels",
    "target",
    "category",
    "Label",
    "x",
    "img.bytes",
    "a\nb",
)
_PICTURES = (
    *(png(pixels(seed)) for seed in range(4)),
    png(pixels(0, 4)),
    png(pixels(0, 8, 1)),
    b"",
    b"no image",
    b"\0" * 5_000,
    None,
)
_TEXTS = ("cat", "dog", "", "a\nb", "<b>", "x" * 2_000, "\u202e", None)
_TYPES = (
    pa.int8(), pa.int32(), pa.int64(), pa.uint64(), pa.bool_(), pa.string(), pa.large_string(), pa.string_view(),
    pa.binary(), pa.large_binary(), pa.binary_view(), pa.float64(), pa.null(), pa.list_(pa.uint8()),
    pa.struct({"bytes": pa.binary(), "path": pa.string()}), pa.struct({"bytes": pa.list_(pa.uint8())}),
    pa.dictionary(pa.int32(), pa.string()), pa.dictionary(pa.int8(), pa.binary()), pa.decimal128(5), pa.date32(),
    pa.map_(pa.string(), pa.int8()), pa.binary(8), pa.list_(pa.struct({"bytes": pa.binary()})),
)  # fmt: skip
_IMAGE_TYPES = (
    pa.struct({"bytes": pa.binary(), "path": pa.string()}),
    pa.binary(),
    pa.large_binary(),
    pa.binary_view(),
)
_LABEL_TYPES = (
    pa.int64(),
    pa.int8(),
    pa.string(),
    pa.bool_(),
    pa.string_view(),
    pa.dictionary(pa.int32(), pa.string()),
)
#: What stands in the metadata beside the columns.
_NOTES = (
    None,
    {"info": {"features": {"label": {"names": ["cat", "dog"]}}}},
    {"info": {"features": {"label": {"names": ["a\nb", "$x$", 5, None]}}}},
    {"info": {"features": {"label": {"names": {}}}}},
    [],
)


def _value(kind: pa.DataType, place: int, numbers: list[int]):
    """Return a value for a row of a type: sensible ones, or any of the odd ones."""
    number = numbers[place % len(numbers)]
    if pa.types.is_dictionary(kind):
        return _value(kind.value_type, place, numbers)
    if pa.types.is_struct(kind):
        return {field.name: _value(field.type, place, numbers) for field in kind}
    if pa.types.is_map(kind):
        return [("a", 1)]
    if pa.types.is_list(kind):
        return [_value(kind.value_type, place, numbers)] * (number % 3)
    if pa.types.is_fixed_size_binary(kind):
        return b"12345678"
    if kind in (pa.binary(), pa.large_binary(), pa.binary_view()):
        return _PICTURES[number % len(_PICTURES)]
    if kind in (pa.string(), pa.large_string(), pa.string_view()):
        return _TEXTS[number % len(_TEXTS)]
    if pa.types.is_null(kind):
        return None
    if pa.types.is_boolean(kind):
        return number % 2 == 1
    return number % 2 if number < 100 else number % 120


@cache
def contents() -> st.SearchStrategy[bytes]:
    """The bytes of a file, most of them sound."""
    return _content()


@st.composite
def _content(draw) -> bytes:
    rows = draw(st.sampled_from((0, 1, 4, 12, 12, 12, 40)))
    names = draw(st.lists(st.sampled_from(_NAMES), max_size=3)) if draw(st.booleans()) else []
    columns = [
        (draw(st.sampled_from(("img", "image", "png"))), draw(st.sampled_from(_IMAGE_TYPES))),
        (draw(st.sampled_from(("label", "labels", "target"))), draw(st.sampled_from(_LABEL_TYPES))),
        *((name, draw(st.sampled_from(_TYPES))) for name in names),
    ]
    if draw(st.integers(0, 4)) == 0:
        del columns[draw(st.integers(0, 1))]
    # Sound numbers alternate between two pictures and two labels.
    numbers = [0, 1] if draw(st.integers(0, 3)) else draw(st.lists(st.integers(0, 300), min_size=1, max_size=8))
    arrays = [pa.array([_value(kind, place, numbers) for place in range(rows)], kind) for _, kind in columns]
    table = pa.Table.from_arrays(arrays, [name for name, _ in columns])
    notes = draw(st.sampled_from(_NOTES)) if draw(st.booleans()) else None
    if notes is not None:
        table = table.replace_schema_metadata({b"huggingface": json.dumps(notes).encode()})
    written = io.BytesIO()
    parquet.write_table(
        table, written,
        row_group_size=draw(st.sampled_from((3, 1_000))),
        compression=draw(st.sampled_from(("none", "snappy", "zstd", "gzip", "brotli", "lz4"))),
        use_dictionary=draw(st.booleans()),
        data_page_version=draw(st.sampled_from(("1.0", "2.0"))),
        data_page_size=draw(st.sampled_from((10, 1_000_000))),
        store_schema=draw(st.booleans()),
        write_page_checksum=draw(st.booleans()),
    )  # fmt: skip
    return _changed(draw, written.getvalue())


def _changed(draw, data: bytes) -> bytes:
    """Return a file with some bytes changed: of its footer, which says where everything is, or anywhere."""
    made = bytearray(data)
    footer = int.from_bytes(made[-8:-4], "little") + 8
    for _ in range(draw(st.sampled_from((0, 0, 0, 0, 0, 1, 1, 2, 5)))):
        at = draw(st.integers(0, len(made) - 1))
        if draw(st.booleans()):
            at = max(0, len(made) - 1 - at % footer)
        match draw(st.integers(0, 4)):
            case 0:
                made[at] ^= 1 << draw(st.integers(0, 7))
            case 1:
                made[at] = draw(st.integers(0, 255))
            case 2:
                made[at] = draw(st.sampled_from((0, 127, 128, 255)))
            case 3:
                del made[at : at + draw(st.sampled_from((1, 2, 50)))]
            case 4:
                made[at:at] = draw(st.sampled_from((b"\xff\xff\xff\xff\x07", b"\x00", b"\xff" * 9 + b"\x01", b"PAR1")))
        if len(made) < 20:
            break
    return bytes(made)
