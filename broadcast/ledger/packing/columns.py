"""The columns of a packed row: written one after the other, read again without leaving the row."""

import struct
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from broadcast.errors import LedgerError

VERSION: Final = 1

U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]
Index = NDArray[np.intp]
Octets = bytes | memoryview
Numbers = Sequence[int] | NDArray[Any]

_DTYPES: Final = {"B": "u1", "H": "<u2", "I": "<u4", "Q": "<u8", "q": "<i8"}
_READ: Final = {kind: np.dtype(name) for kind, name in _DTYPES.items()}


def column(kind: str, numbers: Numbers) -> bytes:
    """Numbers as octets. kind: of `struct`, B H I Q or q. A plain list is quicker here than through an array."""
    if isinstance(numbers, np.ndarray):
        return numbers.astype(_DTYPES[kind]).tobytes()
    return struct.pack(f"<{len(numbers)}{kind}", *numbers)


def bits(octets: bytes, n: int) -> Bools:
    """The first n bits of a bitmap: bit i is bit i % 8 of octet i // 8, least first. Where it ends they are 0."""
    whole = octets.ljust((n + 7) // 8, b"\0")  # numpy 2.4 pads an empty array with whatever memory held
    return np.unpackbits(np.frombuffer(whole, np.uint8), count=n, bitorder="little").astype(np.bool_)


class Reader:
    """Reads a row from its first octet on. Raises LedgerError where it ends too soon, before anything is allocated."""

    __slots__ = ("offset", "packed")

    def __init__(self, packed: Octets, offset: int = 0) -> None:
        self.packed = packed
        self.offset = offset

    def numbers(self, form: struct.Struct) -> tuple[Any, ...]:
        """What stands here in that form."""
        return form.unpack_from(self.packed, self._past(form.size))

    def column(self, kind: str, n: int) -> NDArray[Any]:
        """n numbers, a copy. kind: as in `column`."""
        dtype = _READ[kind]
        if not n:
            return np.empty(0, dtype)
        return np.frombuffer(self.packed, dtype, n, self._past(n * dtype.itemsize)).copy()

    def octets(self, n: int) -> bytes:
        """n octets as they are."""
        start = self._past(n)
        return bytes(self.packed[start : start + n])

    def version(self) -> None:
        """The first octet. Raises LedgerError when another version of broadcast wrote it."""
        version = self.packed[self._past(1)]
        if version != VERSION:
            raise LedgerError(f"it is of version {version}, not {VERSION}")

    def runs(self, count: int, form: struct.Struct, n: int) -> NDArray[Any]:
        """A row per run, the numbers of things in each first; together they are n. Shape: [count, fields], i64."""
        start = self._past(count * form.size)
        found = list(form.iter_unpack(self.packed[start : start + count * form.size]))
        if sum(run[0] for run in found) != n:
            raise LedgerError("its runs do not add up")
        return np.array(found, np.int64).reshape(count, len(form.format) - 1)

    def end(self) -> None:
        """Raises LedgerError when something is left."""
        if self.offset != len(self.packed):
            raise LedgerError("it goes on after its end")

    def _past(self, octets: int) -> int:
        start = self.offset
        if start + octets > len(self.packed):
            raise LedgerError("it ends too soon")
        self.offset = start + octets
        return start


def spread(runs: NDArray[Any], field: int) -> I64:
    """A field of runs, for each thing in them."""
    return np.repeat(runs[:, field], runs[:, 0]) if len(runs) else np.zeros(0, np.int64)
