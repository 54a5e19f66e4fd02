"""A campaign's submit_sm PDUs: encoded once, then stamped with sequence numbers and destinations.

A run of messages is the block of one message repeated; every octet that differs between messages (four of
the sequence number, the digits of the MSISDN) is then one strided write for all of them. Nothing is done per
message in Python except turning its MSISDN into digits.
"""

import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from broadcast.smpp.adapter import SubmitFields, destination_place, submit_pdu

__all__ = ["SubmitFields", "Template"]

_SEQUENCE_PLACE = 12


@dataclass(frozen=True, slots=True)
class _Block:
    """One message to an MSISDN of a certain length: its segments' PDUs in a row, and the places to stamp."""

    octets: bytes
    sequences: tuple[int, ...]  # index of each segment's sequence number
    destinations: tuple[int, ...]  # index of each segment's first destination digit


class Template:
    """One campaign at one carrier: all segments of its message. Not bound to a link. Implements channel's Renderer."""

    def __init__(self, segments: Sequence[SubmitFields], unawaited: frozenset[int] = frozenset()) -> None:
        """unawaited: see Renderer. Raises ConfigError when a field does not fit a submit_sm."""
        self._fields = tuple(segments)
        self.unawaited = unawaited
        self._blocks: dict[tuple[int, int], _Block] = {}  # by digits of the MSISDN and segment, 0: all
        self.segments = len(self._fields)
        self._block(12)

    def stamp(self, first_sequence: int, msisdns: Sequence[int]) -> bytes:
        """The PDUs for all of them: per MSISDN its segments in order, sequence numbers contiguous.

        The run of `len(msisdns) * segments` numbers must not pass 0x7FFFFFFF (`Link.reserve` sees to it).
        """
        if not msisdns:
            return b""
        digits = len(str(msisdns[0]))
        if len(str(min(msisdns))) == digits == len(str(max(msisdns))):
            return self._stamp_run(self._block(digits), first_sequence, msisdns)
        parts = []
        for _, run in groupby(msisdns, lambda msisdn: len(str(msisdn))):
            run_msisdns = list(run)
            parts.append(self.stamp(first_sequence, run_msisdns))
            first_sequence += len(run_msisdns) * self.segments
        return b"".join(parts)

    def stamp_segment(self, sequence: int, msisdn: int, segment: int) -> bytes:
        """One segment (from 1) again, for a retry."""
        return self._stamp_run(self._block(len(str(msisdn)), segment), sequence, (msisdn,))

    def _block(self, digits: int, segment: int = 0) -> _Block:
        """For MSISDNs of so many digits: of the whole message, or of one segment (from 1)."""
        if (digits, segment) not in self._blocks:
            chosen = self._fields[segment - 1 : segment] if segment else self._fields
            pdus = [submit_pdu(fields, "0" * digits, 0) for fields in chosen]
            starts = [sum(map(len, pdus[:index])) for index in range(len(pdus))]
            self._blocks[digits, segment] = _Block(
                b"".join(pdus),
                tuple(start + _SEQUENCE_PLACE for start in starts),
                tuple(start + destination_place(pdu) for start, pdu in zip(starts, pdus, strict=True)),
            )
        return self._blocks[digits, segment]

    def _stamp_run(self, block: _Block, first_sequence: int, msisdns: Sequence[int]) -> bytes:
        """MSISDNs of one length: octet k of all messages is out[k::stride]."""
        count, stride, segments = len(msisdns), len(block.octets), len(block.sequences)
        digits = "".join(map(str, msisdns)).encode()
        length = len(digits) // count
        sequences = _big_endian(first_sequence, count * segments)
        out = bytearray(block.octets * count)
        planes = [digits[index::length] for index in range(length)]
        for segment in range(segments):
            place = block.sequences[segment]
            for octet in range(4):
                out[place + octet :: stride] = sequences[4 * segment + octet :: 4 * segments]
            place = block.destinations[segment]
            for index, plane in enumerate(planes):
                out[place + index :: stride] = plane
        return bytes(out)


def _big_endian(first: int, count: int) -> bytes:
    """`count` 32-bit numbers from `first`."""
    numbers = array("I", range(first, first + count))
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers.tobytes()
