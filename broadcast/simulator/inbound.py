"""What subscribers answer: messages from them (MO), whole or in parts. Pure.

Who answers and what is decided by MSISDN and the personality's seed, as fates are. Source: SMPP 3.4 §4.6.1;
3GPP TS 23.040 §9.2.3.24 (user data header); quirk 45.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from zlib import crc32

from broadcast.simulator.alphabet import ESCAPE, encode_gsm
from broadcast.simulator.content import SAR_NUMBER, SAR_REFERENCE, SAR_TOTAL, Content
from broadcast.simulator.habits import Inbound
from broadcast.simulator.odd_receipts import request
from broadcast.simulator.receipts import Receipts, Stage
from broadcast.smpp import pdu as smpp

_MIX: Final = 2_654_435_761  # Knuth's multiplicative hash
_PLACES: Final = 1 << 32
_LATIN1, _UCS2 = 3, 8
_UDHI: Final = 0x40
# (units of a message, of a part) by octets of a unit
_UNITS: Final = {1: (160, 152), 2: (70, 66)}
_PORTS: Final = b"\x05\x04\x0b\x84\x23\xf0"  # application port addressing: 4 octets of value
_ONE_REFERENCE: Final = 7
_KEPT: Final = 100_000


@dataclass(slots=True)
class Reply:
    """One message of a subscriber: acked when the ESME has acked every part. at: POSIX seconds."""

    msisdn: str
    to: str
    text: str
    parts: int
    at: float
    sent: int = 0
    acked: int = 0


@dataclass(slots=True)
class Replies:
    """`to` for what was taken; the book of it. stored: the PDUs, by the ids of the batches."""

    habits: Inbound
    seed: int
    chance: Random
    stored: dict[bytes, bytes]
    made: int = 0
    sent: int = 0
    acked: int = 0
    by_text: Counter[str] = field(default_factory=Counter)
    kept: list[Reply] = field(default_factory=list)
    _by_part: dict[bytes, Reply] = field(default_factory=dict)

    def to(
        self, owner: Any, head: bytes, content: Content, msisdns: list[bytes], at: float
    ) -> list[Receipts]:
        """The parts of the replies to these messages. at: POSIX seconds."""
        if content.number != content.total:
            return []
        limit = self.habits.share * _PLACES
        found: list[Receipts] = []
        for msisdn in msisdns:
            place = (
                crc32(msisdn, self.seed) * _MIX % _PLACES
            )  # independent of the fate, whose factor is another
            if place < limit:
                found += self._reply(
                    owner, head, msisdn, self.habits.texts[place % len(self.habits.texts)], at
                )
        return found

    def was_sent(self, batch: Receipts) -> None:
        for key in keys(batch):
            if key in self._by_part:
                self._by_part[key].sent += 1
            self.sent += 1

    def was_acked(self, batch: Receipts) -> None:
        for key in keys(batch):
            reply = self._by_part.pop(key, None)
            if reply is not None:
                reply.acked += 1
            self.stored.pop(key, None)
            self.acked += 1

    def summary(self) -> dict[str, Any]:
        """made: replies, by_text too; sent, acked: parts of them."""
        return {
            "made": self.made, "sent": self.sent, "acked": self.acked, "by_text": dict(self.by_text),
        }  # fmt: skip

    def _reply(self, owner: Any, head: bytes, msisdn: bytes, text: str, at: float) -> Iterator[Receipts]:
        source = head.partition(b"\0")[2]
        to = b"\1\1" + self.habits.destination.encode() if self.habits.destination else source[:-3]
        self.made += 1
        self.by_text[text] += 1
        parts = list(_parts(self.habits, text, self._reference()))
        reply = Reply(msisdn.decode(), to[2:].decode("latin-1"), text, len(parts), at)
        if len(self.kept) < _KEPT:
            self.kept.append(reply)
        if self.habits.shuffled:
            self.chance.shuffle(parts)
        for number, (esm_class, coding, octets, tlvs) in enumerate(parts, start=1):
            key = b"M%09d%03d" % (self.made, number)
            body = b"\0" + source[-2:] + msisdn + b"\0" + to + b"\0" + bytes((esm_class,))
            body += b"\0\0\0\0\0\0" + bytes((coding, 0, len(octets))) + octets + tlvs
            self.stored[key] = request(smpp.DELIVER_SM, body)
            self._by_part[key] = reply
            yield Receipts(owner, b"", b"", 0, len(key), b"", key, b"\0", stage=Stage.REPLY)

    def _reference(self) -> int:
        return _ONE_REFERENCE if self.habits.one_reference else self.made & 0xFFFF


def keys(batch: Receipts) -> Iterator[bytes]:
    """The ids of a batch, one by one."""
    width = batch.id_width
    return (batch.ids[index : index + width] for index in range(0, len(batch.ids), width))


def _parts(habits: Inbound, text: str, reference: int) -> Iterator[tuple[int, int, bytes, bytes]]:
    """(esm_class, data_coding, short_message, TLVs) of each."""
    coding, octets = _encoded(habits, text)
    unit = 2 if coding == _UCS2 else 1
    whole, part = _UNITS[unit]
    part -= len(_PORTS) // unit if habits.other_elements else 0
    part = min(part, habits.part_units or part)
    if len(octets) <= unit * (habits.part_units or whole):
        yield 0, coding, octets, b""
        return
    if habits.joined == "payload":
        yield (
            0,
            coding,
            b"",
            smpp.MESSAGE_PAYLOAD.to_bytes(2, "big") + len(octets).to_bytes(2, "big") + octets,
        )
        return
    pieces = list(_pieces(octets, unit, part))
    for number, piece in enumerate(pieces, start=1):
        if habits.joined == "sar":
            tlvs = ((SAR_REFERENCE, 2, reference), (SAR_TOTAL, 1, len(pieces)), (SAR_NUMBER, 1, number))
            yield (
                0,
                coding,
                piece,
                b"".join(
                    tag.to_bytes(2, "big") + width.to_bytes(2, "big") + value.to_bytes(width, "big")
                    for tag, width, value in tlvs
                ),
            )
        else:
            yield _UDHI, coding, _header(habits, reference, len(pieces), number) + piece, b""


def _header(habits: Inbound, reference: int, total: int, number: int) -> bytes:
    element = b"\x00\x03" + bytes((reference & 0xFF, total, number))
    if habits.joined == "udh16":
        element = b"\x08\x04" + reference.to_bytes(2, "big") + bytes((total, number))
    elements = (_PORTS if habits.other_elements else b"") + element
    return bytes((len(elements),)) + elements


def _encoded(habits: Inbound, text: str) -> tuple[int, bytes]:
    """data_coding and octets; UCS-2 where the alphabet cannot say it."""
    if habits.alphabet == "gsm0338":
        octets = encode_gsm(text)
        if octets is not None:
            return 0, octets
    if habits.alphabet == "latin1":
        try:
            return _LATIN1, text.encode("latin-1")
        except UnicodeEncodeError:
            return _UCS2, text.encode("utf-16-be")
    return _UCS2, text.encode("utf-16-be")


def _pieces(octets: bytes, unit: int, units: int) -> Iterator[bytes]:
    """Of so many units each; an escape or a pair is not cut in two."""
    start = 0
    while start < len(octets):
        stop = start + unit * units
        if stop < len(octets) and (
            (unit == 1 and octets[stop - 1] == ESCAPE) or (unit == 2 and octets[stop - 2] & 0xFC == 0xD8)
        ):
            stop -= unit
        yield octets[start:stop]
        start = stop
