"""The one place that knows the package ``tensorboard``, which is optional. It loads neither TensorFlow nor torch."""

from functools import cache
from importlib import import_module
from typing import Any

from engine.errors import DataError

#: The line where the package is missing.
NO_PACKAGE = "TensorBoard's files need a package that is not installed; `pip install tensorboard==2.21.0`"


@cache
def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise DataError(NO_PACKAGE) from None


def messages() -> tuple[Any, Any]:
    """Return the modules of the messages of events and of summaries. Raises DataError without the package."""
    return _module("tensorboard.compat.proto.event_pb2"), _module("tensorboard.compat.proto.summary_pb2")


def event_type() -> tuple[Any, type[Exception]]:
    """Return the type of an event, and what it raises for bytes that are none."""
    return messages()[0].Event, _module("google.protobuf.message").DecodeError


def record_writer(file: Any) -> Any:
    """Return the package's writer of records: ``write(bytes)``."""
    return _module("tensorboard.summary.writer.record_writer").RecordWriter(file)


def check_sum(data: bytes) -> int:
    """Return the masked CRC-32C of a record's part, as the package counts it."""
    counted: int = _module("tensorboard.compat.tensorflow_stub.pywrap_tensorflow").masked_crc32c(data)
    return counted
