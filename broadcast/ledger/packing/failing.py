"""Who of one carrier and bucket was not reached lately, and for how many campaigns: `failing.packed`.

u8 version, u32 n; msisdns i64, ascending, each once; campaigns u8; first campaign u32; first and last day u16 each.
"""

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from broadcast.errors import LedgerError
from broadcast.ledger.packing.columns import I64, U8, U16, U32, VERSION, Bools, Index, Octets, Reader, column

CAMPAIGNS_MOST: Final = 255

_HEAD: Final = struct.Struct("<I")


@dataclass(frozen=True, slots=True, eq=False)
class Failing:
    """Columns, in the order of `msisdns`. campaigns: in a row, at most CAMPAIGNS_MOST; first_campaign: of them. days
    since 1970, of the first and of the last."""

    msisdns: I64
    campaigns: U8
    first_campaign: U32
    first_day: U16
    last_day: U16

    def __len__(self) -> int:
        return len(self.msisdns)

    def take(self, which: Bools | Index) -> "Failing":
        """Those of them, in that order."""
        return Failing(
            self.msisdns[which],
            self.campaigns[which],
            self.first_campaign[which],
            self.first_day[which],
            self.last_day[which],
        )


NOBODY: Final = Failing(
    np.zeros(0, np.int64),
    np.zeros(0, np.uint8),
    np.zeros(0, np.uint32),
    np.zeros(0, np.uint16),
    np.zeros(0, np.uint16),
)


def pack_failing(those: Failing) -> bytes:
    """The row of these."""
    return b"".join(
        (
            bytes((VERSION,)) + _HEAD.pack(len(those)),
            column("q", those.msisdns),
            column("B", those.campaigns),
            column("I", those.first_campaign),
            column("H", those.first_day),
            column("H", those.last_day),
        )
    )


def unpack_failing(packed: Octets, row: object = "") -> Failing:
    """Raises LedgerError naming the row (its key), where the octets are not what pack_failing makes."""
    try:
        reader = Reader(packed)
        reader.version()
        (n,) = reader.numbers(_HEAD)
        found = Failing(*(reader.column(kind, n) for kind in "qBIHH"))
        reader.end()
    except LedgerError as error:
        raise LedgerError(f"a row of failing cannot be read, {row}: {error}") from error
    return found
