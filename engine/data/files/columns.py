"""The columns of one Parquet file: which hold images and labels, and the class names beside them. Torch-free."""

import json
from collections.abc import Mapping
from typing import Any

from engine.data.files.listing import printable
from engine.errors import DataError

IMAGE_COLUMNS = ("img", "image")
LABEL_COLUMNS = ("label", "fine_label")


def columns(where: str, schema: Any) -> tuple[str, str]:
    """Return the names of the image column and of the label column of a ``pyarrow.Schema``.

    Raises DataError when one is missing, named twice, or of another type.
    """
    import pyarrow as pa

    binary, text = (pa.binary(), pa.large_binary()), (pa.string(), pa.large_string())
    image = next((name for name in IMAGE_COLUMNS if name in schema.names), None)
    label = next((name for name in LABEL_COLUMNS if name in schema.names), None)
    if image is None or label is None:
        names = printable(", ".join(schema.names))
        raise DataError(f"{where} has the columns {names}; it takes img or image, and label or fine_label")
    for name in (image, label):
        if (count := schema.names.count(name)) > 1:
            raise DataError(f"{where} has {count} columns called {name}; it takes one")
    kind, column = schema.field(image).type, image
    if pa.types.is_struct(kind):
        place = kind.get_field_index("bytes")
        if place < 0 or kind.field(place).type not in binary:
            raise DataError(f"{where} keeps no image bytes in {image} (a struct with bytes, as Hugging Face writes it)")
        column = f"{image}.bytes"
    elif kind not in binary:
        raise DataError(
            f"{where} keeps {printable(str(kind))} in {image}; it takes a struct with bytes, as Hugging Face writes it"
        )
    kind = schema.field(label).type
    if not (pa.types.is_integer(kind) or kind in text):
        raise DataError(f"{where} keeps {printable(str(kind))} in {label}; labels are whole numbers or texts")
    return column, label


def names_of(metadata: Mapping[bytes, bytes] | None, label: str) -> tuple[str, ...]:
    """Return the class names of a file's Hugging Face metadata, () when it has none."""
    try:
        names = json.loads((metadata or {})[b"huggingface"])["info"]["features"][label]["names"]
        return tuple(str(name) for name in names) if isinstance(names, list) else ()
    except (KeyError, TypeError, ValueError, RecursionError):
        return ()
