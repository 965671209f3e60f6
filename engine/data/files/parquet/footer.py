"""What the footer of a Parquet file would become in memory, counted before a reader takes it. Torch-free.

A footer is a struct of Thrift's compact protocol. A column of a row group may take three bytes there, and takes
hundreds once it is read: how many there are is known by going through all of it alone.
"""

from engine.data import limits

_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(13)
_NUMBERS = (_I16, _I32, _I64)
_MAX_LEVELS = 16
_VARINT_BYTES = 10


def check_footer(footer: bytes) -> None:
    """Raise ValueError for a footer of more structs or values than a reader is given, or one that is damaged."""
    try:
        _Counted(footer).struct(0)
    except IndexError:
        raise ValueError("its footer is cut off") from None


class _Counted:
    """Goes through a struct, and counts structs and values."""

    def __init__(self, data: bytes):
        self._data, self._at = data, 0
        self._structs = self._values = 0

    def struct(self, level: int) -> None:
        """Go through the fields. Raises ValueError, and IndexError where the bytes end."""
        if level > _MAX_LEVELS:
            raise ValueError("its footer is nested too deeply")
        self._structs += 1
        if self._structs > limits.MAX_FOOTER_STRUCTS:
            raise ValueError(
                f"its footer tells of more than {limits.MAX_FOOTER_STRUCTS:,} columns, row groups and their parts"
            )
        data = self._data
        while byte := data[self._at]:
            self._at += 1
            if byte < 16:  # the number of the field stands apart
                self._varint()
            kind = byte & 15
            # Whether a field is true stands in its head.
            if kind in (_TRUE, _FALSE):
                self._count()
            else:
                self._value(kind, level)
        self._at += 1

    def _value(self, kind: int, level: int) -> None:
        self._count()
        if kind in _NUMBERS:
            self._varint()
        elif kind == _BINARY:
            self._skip(self._varint())
        elif kind == _STRUCT:
            self.struct(level + 1)
        elif kind in (_LIST, _SET):
            head = self._byte()
            self._values_of(head & 15, head >> 4 if head >> 4 < 15 else self._varint(), level)
        elif kind == _MAP:
            if entries := self._varint():
                kinds = self._byte()
                self._foresee(2 * entries)
                for _ in range(entries):
                    self._value(kinds >> 4, level + 1)
                    self._value(kinds & 15, level + 1)
        elif kind in (_TRUE, _FALSE, _BYTE):  # in a list or a map
            self._skip(1)
        elif kind == _DOUBLE:
            self._skip(8)
        else:
            raise ValueError("its footer is damaged")

    def _values_of(self, kind: int, entries: int, level: int) -> None:
        if level >= _MAX_LEVELS:
            raise ValueError("its footer is nested too deeply")
        self._foresee(entries)
        for _ in range(entries):
            self._value(kind, level + 1)

    def _count(self) -> None:
        self._values += 1
        self._foresee(0)

    def _foresee(self, more: int) -> None:
        if self._values + more > limits.MAX_FOOTER_VALUES:
            raise ValueError(f"its footer has more than {limits.MAX_FOOTER_VALUES:,} values")

    def _byte(self) -> int:
        byte = self._data[self._at]
        self._at += 1
        return byte

    def _skip(self, length: int) -> None:
        self._at += length
        if self._at > len(self._data):
            raise IndexError

    def _varint(self) -> int:
        value = self._byte()
        if value < 128:
            return value
        value &= 127
        for place in range(1, _VARINT_BYTES):
            byte = self._byte()
            value |= (byte & 127) << 7 * place
            if byte < 128:
                return value
        raise ValueError("its footer is damaged")
