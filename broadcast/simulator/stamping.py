"""Many PDUs that differ only in some octets, as one piece of memory: written and read column by column.

A run is a block of octets repeated; what differs between its PDUs lies at fixed places. Octet k of all PDUs
is one strided slice, so that nothing is done per PDU in Python.
"""

from collections.abc import Iterable
from typing import Final

# place of the first octet in the block, width in octets, the values of all PDUs joined
Column = tuple[int, int, bytes]

_LEAD: Final = (2, 3, 7, 11, 0, 1, 4, 5, 6, 8, 9, 10)  # octets of a header before its sequence number


def stamp(block: bytes, count: int, columns: Iterable[Column]) -> bytearray:
    """`block` repeated, with every column's values written over it. Raises ValueError for a wrong width."""
    stride = len(block)
    out = bytearray(block * count)
    for place, width, values in columns:
        for octet in range(width):
            out[place + octet :: stride] = values[octet::width]
    return out


def column(run: bytes | bytearray, stride: int, place: int, width: int) -> bytes:
    """The values at one place of all PDUs of a run, joined."""
    out = bytearray(len(run) // stride * width)
    for octet in range(width):
        out[octet::width] = run[place + octet :: stride]
    return bytes(out)


def values(column: bytes, width: int) -> list[bytes]:
    """One by one what is joined in a column."""
    return [column[index : index + width] for index in range(0, len(column), width)]


def run_at(data: bytes, position: int, block: bytes, varying: Iterable[tuple[int, int]]) -> int:
    """How many PDUs like `block` stand at `position` in a row; 0 when there are not at least two.

    varying: (place, width) of the octets that may differ, the sequence number among them. The header says
    how far a run goes; if any other octet of it differs, there is none.
    """
    stride = len(block)
    end = position + (len(data) - position) // stride * stride
    for octet in _LEAD:
        same = data[position + octet : end : stride]
        end = position + (len(same) - len(same.lstrip(block[octet : octet + 1]))) * stride
    count = (end - position) // stride
    if count < 2:
        return 0
    run = bytearray(data[position:end])
    blank = bytearray(block)
    for place, width in varying:
        blank[place : place + width] = bytes(width)
        for octet in range(place, place + width):
            run[octet::stride] = bytes(count)
    return count if run == blank * count else 0
