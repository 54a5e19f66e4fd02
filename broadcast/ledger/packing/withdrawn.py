"""What became of asking an SMSC for one slice's segments back: `withdrawn.packed`.

u8 version, u32 n; ordinals u16, segments u8, outcomes u8. In order of (ordinal, segment), each once.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from broadcast.errors import LedgerError
from broadcast.ledger.packing.columns import U8, U16, VERSION, Octets, Reader, column

_HEAD: Final = struct.Struct("<I")  # after the version


@dataclass(frozen=True, slots=True, eq=False)
class Withdrawn:
    """A row as columns, an entry a segment. segments count from 1; outcomes: see ledger/withdrawn.py."""

    ordinals: U16
    segments: U8
    outcomes: U8

    def __len__(self) -> int:
        return len(self.ordinals)

    def places(self) -> dict[tuple[int, int], int]:
        """(ordinal, segment) -> outcome."""
        pairs = zip(self.ordinals.tolist(), self.segments.tolist(), strict=True)
        return dict(zip(pairs, self.outcomes.tolist(), strict=True))


def pack_withdrawn(outcomes: Mapping[tuple[int, int], int]) -> bytes:
    """The row of these. outcomes: by ordinal and segment."""
    places = sorted(outcomes)
    return b"".join(
        (
            bytes((VERSION,)) + _HEAD.pack(len(places)),
            column("H", [ordinal for ordinal, _ in places]),
            bytes(segment for _, segment in places),
            bytes(outcomes[place] for place in places),
        )
    )


NOTHING: Final = pack_withdrawn({})


def unpack_withdrawn(packed: Octets, row: object = "") -> Withdrawn:
    """Raises LedgerError naming the row (its key), where the octets are not what pack_withdrawn makes."""
    try:
        reader = Reader(packed)
        reader.version()
        (n,) = reader.numbers(_HEAD)
        found = Withdrawn(*(reader.column(kind, n) for kind in "HBB"))
        reader.end()
    except LedgerError as error:
        raise LedgerError(f"a row of withdrawn cannot be read, {row}: {error}") from error
    return found
