"""The labels of one Parquet file: whole numbers, or texts that are the names of classes. Torch-free."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.data import limits
from engine.data.files.parquet.columns import names_of
from engine.data.files.parquet.reading import OpenFile
from engine.errors import DataError

_ROWS = 8192


def read_labels(where: str, file: OpenFile, column: str) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Return the label of each row, -1 where there is none, and the names of classes, () where none stand there.

    Raises DataError for labels that no net has, and what pyarrow raises.
    """
    import pyarrow as pa

    kind = file.schema.field(column).type
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    batches = (values for group, rows in enumerate(file.groups) if rows for values in _batches(file, column, group))
    if pa.types.is_integer(plain):
        return _joined([_numbers(where, values) for values in batches]), names_of(file.schema.metadata, column)
    codes: dict[str, int] = {}
    pieces = [_codes(where, values.cast(pa.large_string()), codes) for values in batches]
    names = tuple(sorted(codes))
    places = {name: place for place, name in enumerate(names)}
    # One place more, which -1 means: no label stays none.
    order = np.array([*(places[name] for name in codes), -1], np.int64)
    return order[_joined(pieces)], names


def _batches(file: OpenFile, column: str, group: int) -> Iterator[Any]:
    import pyarrow as pa

    for values in file.batches(column, group, _ROWS):
        yield values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values


def _joined(pieces: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.zeros(0, np.int64), *pieces])


def _numbers(where: str, values: Any) -> npt.NDArray[np.int64]:
    import pyarrow as pa

    try:
        numbers: npt.NDArray[np.int64] = values.cast("int64").fill_null(-1).to_numpy(zero_copy_only=False)
    except pa.ArrowException:
        raise DataError(f"{where} has a label above {2**63 - 1}; labels are whole numbers from 0 on") from None
    return numbers


def _codes(where: str, values: Any, codes: dict[str, int]) -> npt.NDArray[np.int64]:
    """Return the code of each text, -1 for none; new texts get the next code."""
    import pyarrow.compute as pc

    if (pc.max(pc.utf8_length(values)).as_py() or 0) > limits.MAX_CLASS_NAME:
        raise DataError(
            f"{where} has a label of more than {limits.MAX_CLASS_NAME:,} letters; labels are names of classes"
        )
    encoded = values.dictionary_encode()
    own = np.array([*(codes.setdefault(text, len(codes)) for text in encoded.dictionary.to_pylist()), -1], np.int64)
    if len(codes) > limits.MAX_CLASSES:
        raise DataError(
            f"{where} has more than {limits.MAX_CLASSES:,} different labels; a net tells at most so many classes apart"
        )
    coded: npt.NDArray[np.int64] = own[encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
    return coded
