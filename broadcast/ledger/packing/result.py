"""What receipts said of one slice's segments, found in one look of the resolver: `result.packed`.

u8 version, u8 flags, i64 at, u32 n
flags: bit 0: segment and state share an octet; bits 4 to 7: the scale of `ago`
at: the newest received_at; an entry is a segment that got its final receipt, in order of (ordinal, segment)
ordinals u16; segment << 4 | state u8 if every segment is at most 15, else segments u8, then states u8
ago u16: how long before `at` its receipt came, in units of 2 ** scale ms; the errs of n
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from broadcast.errors import LedgerError
from broadcast.ledger.packing.columns import I64, U8, U16, VERSION, Numbers, Octets, Reader, column
from broadcast.ledger.packing.errs import Errs, pack_errs, unpack_errs

_HEAD: Final = struct.Struct("<BqI")  # after the version
_SHARED: Final = 1
_MOST_SHARED: Final = 15
_MOST_SCALE: Final = 15
_MOST_AGO: Final = 0xFFFF


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A row as columns, an entry a segment, in order of (ordinal, segment). segments count from 1; received_at in us,
    to 2 ** scale ms: a minute is exact to a ms, a day to 2 s, never too early."""

    ordinals: U16
    segments: U8
    states: U8
    received_at: I64
    errs: Errs

    def __len__(self) -> int:
        return len(self.ordinals)


def pack_result(
    ordinals: Numbers, segments: Numbers, states: Numbers, received_at: Numbers, errs: Sequence[str] | Errs
) -> bytes:
    """The row of these segments, in any order, at least one; received_at in us. Raises ValueError where they are not
    columns of one length."""
    orders = np.asarray(ordinals, np.uint16)
    parts, ends, times = (
        np.asarray(segments, np.uint8),
        np.asarray(states, np.uint8),
        np.asarray(received_at, np.int64),
    )
    texts = errs if isinstance(errs, Errs) else Errs.of(errs)
    if not 0 < len(orders) == len(parts) == len(ends) == len(times) == len(texts):
        raise ValueError("columns of results of different lengths, or none")
    order = np.argsort(orders.astype(np.uint32) << 8 | parts, kind="stable")
    parts, ends = parts[order], ends[order]
    at = int(times.max())
    ago = (at - times[order]) // 1000
    scale = min(max(int(ago.max()).bit_length() - 16, 0), _MOST_SCALE)
    shared = parts.max() <= _MOST_SHARED
    return b"".join(
        (
            bytes((VERSION,)) + _HEAD.pack(scale << 4 | (_SHARED if shared else 0), at, len(orders)),
            column("H", orders[order]),
            column("B", parts << 4 | ends) if shared else column("B", parts) + column("B", ends),
            column("H", np.minimum(ago >> scale, _MOST_AGO)),
            pack_errs(texts.take(order)),
        )
    )


def unpack_result(packed: Octets, row: object = "") -> Result:
    """Raises LedgerError naming the row (its key), where the octets are not what pack_result makes."""
    try:
        return _unpack(Reader(packed))
    except LedgerError as error:
        raise LedgerError(f"a row of result cannot be read, {row}: {error}") from error


def _unpack(reader: Reader) -> Result:
    reader.version()
    flags, at, n = reader.numbers(_HEAD)
    ordinals = reader.column("H", n)
    segments: U8 = reader.column("B", n)
    states: U8 = segments & np.uint8(0x0F) if flags & _SHARED else reader.column("B", n)
    if flags & _SHARED:
        segments >>= 4
    ago = reader.column("H", n).astype(np.int64) << (flags >> 4)
    errs, reader.offset = unpack_errs(reader.packed, reader.offset, n)
    reader.end()
    return Result(ordinals, segments, states, at - ago * 1000, errs)
