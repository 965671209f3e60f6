"""The columns of one Parquet file: which hold images and labels, and the class names beside them. Torch-free."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from engine.data import limits
from engine.data.files.listing import printable
from engine.errors import DataError

#: In order of preference. The first two of each were known first: they go before all others.
IMAGE_COLUMNS = (
    "img", "image", "images", "imgs", "picture", "photo", "image_bytes", "img_bytes", "image_data", "bytes", "jpg",
    "jpeg", "png", "webp",
)  # fmt: skip
LABEL_COLUMNS = (
    "label", "fine_label", "labels", "target", "targets", "category", "class", "classes", "class_label", "class_name",
    "class_id", "category_id", "category_name", "label_name", "label_id", "cls", "y",
)  # fmt: skip
_FIRST = 2
_SAID_COLUMNS, _SAID_LETTERS = 20, 100


def columns(where: str, schema: Any) -> tuple[str, str]:
    """Return the names of the image column and of the label column of a ``pyarrow.Schema``.

    Raises DataError when one is missing, named twice, or of another type, or when several could be it.
    """
    import pyarrow as pa

    image, label = _named(where, schema.names, IMAGE_COLUMNS), _named(where, schema.names, LABEL_COLUMNS)
    if image is None or label is None:
        absent = [role for role, name in (("images", image), ("labels", label)) if name is None]
        raise DataError(
            f"{where} has {_columns(schema.names)}; it takes img or image, and label or fine_label: none is "
            f"known as that of the {' and none as that of the '.join(absent)}, so rename the right one"
        )
    for name in (image, label):
        if (count := schema.names.count(name)) > 1:
            raise DataError(f"{where} has {count} columns called {name}; it takes one")
    kind, column = schema.field(image).type, image
    if pa.types.is_struct(kind):
        place = kind.get_field_index("bytes")
        if place < 0 or not _is_binary(kind.field(place).type):
            raise DataError(f"{where} keeps no image bytes in {image} (a struct with bytes, as Hugging Face writes it)")
        column = f"{image}.bytes"
    elif not _is_binary(kind):
        raise DataError(
            f"{where} keeps {shown(kind)} in {image}; it takes a struct with bytes, as Hugging Face writes it"
        )
    kind = schema.field(label).type
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not (pa.types.is_integer(plain) or pa.types.is_boolean(plain) or is_text(plain)):
        raise DataError(f"{where} keeps {shown(kind)} in {label}; labels are whole numbers or texts")
    return column, label


def _named(where: str, names: Sequence[str], known: Sequence[str]) -> str | None:
    """Return the column of one of the known names, in any case, None where there is none."""
    first = next((name for name in known[:_FIRST] if name in names), None)
    if first is not None:
        return first
    found = [name for name in dict.fromkeys(names) if name.lower() in known]
    preferred = [name for name in found if name.lower() in known[:_FIRST]] or found
    if len(preferred) > 1:
        raise DataError(
            f"{where} has the columns {_listed(preferred)}, which could each be it; call the right one {known[0]}"
        )
    return preferred[0] if preferred else None


def shown(kind: Any) -> str:
    """Return a type in words; those of nested values may be long."""
    words = printable(str(kind))
    return words if len(words) <= _SAID_LETTERS else f"{words[:_SAID_LETTERS]}..."


def _columns(names: Sequence[str]) -> str:
    return f"the columns {_listed(names)}" if names else "no columns"


def _listed(names: Sequence[str]) -> str:
    said = [printable(name)[:_SAID_LETTERS] for name in names[:_SAID_COLUMNS]]
    return ", ".join(said) + (f" and {len(names) - len(said):,} more" if len(names) > len(said) else "")


def _is_binary(kind: Any) -> bool:
    import pyarrow as pa

    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return plain in (pa.binary(), pa.large_binary(), pa.binary_view())


def is_text(kind: Any) -> bool:
    """Return whether values of this ``pyarrow`` type are texts."""
    import pyarrow as pa

    return kind in (pa.string(), pa.large_string(), pa.string_view())


def names_of(metadata: Mapping[bytes, bytes] | None, label: str) -> tuple[str, ...]:
    """Return the class names of a file's Hugging Face metadata, () when it has none."""
    try:
        text = (metadata or {})[b"huggingface"]
        names = json.loads(text)["info"]["features"][label]["names"] if len(text) <= limits.MAX_NAMES_BYTES else ()
        return tuple(str(name)[: limits.MAX_CLASS_NAME] for name in names) if isinstance(names, list) else ()
    except (KeyError, TypeError, ValueError, RecursionError):
        return ()
