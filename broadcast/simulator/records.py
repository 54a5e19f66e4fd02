"""All that happened to each segment: when and where it came, what it said, its answers, its receipts.

For tests and rehearsals: kept up to the personality's `record`, what comes later is only counted. Times are
POSIX seconds by the SMSC's clock.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from broadcast.simulator.alphabet import decode
from broadcast.simulator.content import Content
from broadcast.simulator.habits import ZeroAlphabet
from broadcast.simulator.odd_responses import cut
from broadcast.simulator.receipts import Receipts, Stage
from broadcast.smpp.pdu import HEADER, HEADER_OCTETS


@dataclass(slots=True)
class Told:
    """A receipt that was sent. status: of its answer, None while there is none."""

    stage: Stage
    fate: int
    session: int
    at: float
    acked_at: float | None = None
    status: int | None = None


@dataclass(slots=True)
class Segment:
    """One submit_sm. decided: the status it deserves, 0: taken. answers: (at, command_status, id) as written."""

    session: int
    sequence: int
    at: float
    msisdn: bytes
    head: bytes
    content: Content
    decided: int
    receipt_id: bytes = b""
    answers: list[tuple[float, int, str]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


class Records:
    """One SMSC's. limit: segments kept. zero: the alphabet of data_coding 0."""

    def __init__(self, limit: int, zero: ZeroAlphabet) -> None:
        self._limit = limit
        self._zero: ZeroAlphabet = zero
        self.unrecorded = 0
        self._segments: list[Segment] = []
        self._unanswered: dict[tuple[int, int], Segment] = {}
        self._by_id: dict[bytes, Segment] = {}

    def came(
        self, session: int, head: bytes, content: Content, sequences: bytes, msisdns: Sequence[bytes], status: int,
        receipt_ids: bytes = b"",
    ) -> None:  # fmt: skip
        """sequences: four octets each. status: what all of them deserve. receipt_ids: joined, of one width."""
        now = time.time()
        room = max(0, self._limit - len(self._segments))
        self.unrecorded += max(0, len(msisdns) - room)
        width = len(receipt_ids) // len(msisdns)
        for index, msisdn in enumerate(msisdns[:room]):
            sequence = int.from_bytes(sequences[4 * index : 4 * index + 4], "big")
            receipt_id = receipt_ids[index * width : index * width + width]
            segment = Segment(session, sequence, now, msisdn, head, content, status, receipt_id)
            self._segments.append(segment)
            self._unanswered[session, sequence] = segment
            if receipt_id:
                self._by_id[receipt_id] = segment

    def answered(self, session: int, responses: bytes | bytearray) -> None:
        """These PDUs were written."""
        now = time.time()
        for pdu in cut(bytes(responses)):
            _, _, status, sequence = HEADER.unpack_from(pdu)
            segment = self._unanswered.get((session, sequence))
            if segment is not None:
                given = pdu[HEADER_OCTETS:].split(b"\0")[0].decode("latin-1")
                segment.answers.append((now, status, given))

    def told(self, session: int, batch: Receipts) -> None:
        """These receipts were written."""
        now = time.time()
        for receipt_id, fate in _each(batch):
            if receipt_id in self._by_id:
                self._by_id[receipt_id].told.append(Told(batch.stage, fate, session, now))

    def acked(self, session: int, batch: Receipts, status: int) -> None:
        """These receipts were answered, on the session that they went out on."""
        now = time.time()
        for receipt_id, _ in _each(batch):
            segment = self._by_id.get(receipt_id)
            for told in segment.told if segment is not None else ():
                if (told.stage, told.session, told.status) == (batch.stage, session, None):
                    told.acked_at, told.status = now, status
                    break

    def messages(self, msisdn: str = "", offset: int = 0, limit: int = 1000) -> dict[str, Any]:
        """By MSISDN ("": all), in order of arrival, each copy by itself, its segments joined again.

        total: how many there are of them. unrecorded: segments that came too late to be kept.
        """
        found = self._joined(msisdn.encode())
        shown = [self._message(*each) for each in found[offset : offset + limit]]
        return {"total": len(found), "unrecorded": self.unrecorded, "messages": shown}

    def receipts(self, msisdn: str = "", offset: int = 0, limit: int = 1000) -> dict[str, Any]:
        """By MSISDN ("": all): every receipt that was sent, with its message's id."""
        found = [
            {"msisdn": segment.msisdn.decode(), "id": segment.receipt_id.decode("latin-1"), **_told(told)}
            for segment in self._segments
            if msisdn in ("", segment.msisdn.decode())
            for told in segment.told
        ]
        return {"total": len(found), "receipts": found[offset : offset + limit]}

    def _joined(self, msisdn: bytes) -> list[tuple[int, list[Segment]]]:
        """(which copy, its segments in order of their numbers)."""
        copies: dict[tuple[object, ...], dict[int, list[Segment]]] = defaultdict(lambda: defaultdict(list))
        for segment in self._segments:
            if msisdn in (b"", segment.msisdn):
                key = (segment.content.message, segment.msisdn, segment.decided)
                copies[key][segment.content.number].append(segment)
        found = []
        for numbers in copies.values():
            for copy in range(max(map(len, numbers.values()))):
                parts = [numbers[number][copy] for number in sorted(numbers) if copy < len(numbers[number])]
                found.append((copy + 1, parts))
        return sorted(found, key=lambda each: min(part.at for part in each[1]))

    def _message(self, copy: int, parts: list[Segment]) -> dict[str, Any]:
        first = parts[0]
        return {
            "msisdn": first.msisdn.decode(),
            "sender": first.head.partition(b"\0")[2][2:-3].decode("latin-1"),
            "copy": copy,
            "taken": first.decided == 0,
            "total": first.content.total,
            "complete": len(parts) == first.content.total,
            "joined": first.content.joined,
            "text": "".join(self._text(part) for part in parts),
            "segments": [self._segment(part) for part in parts],
        }

    def _segment(self, part: Segment) -> dict[str, Any]:
        return {
            "number": part.content.number,
            "at": part.at,
            "session": part.session,
            "sequence": part.sequence,
            "data_coding": part.content.data_coding,
            "octets": part.content.octets.hex(),
            "text": self._text(part),
            "status": part.decided,
            "receipt_id": part.receipt_id.decode("latin-1"),
            "answers": [{"at": at, "status": status, "id": given} for at, status, given in part.answers],
            "receipts": [_told(told) for told in part.told],
        }

    def _text(self, part: Segment) -> str:
        return decode(part.content.octets, part.content.data_coding, self._zero, part.content.shift)


def _told(told: Told) -> dict[str, Any]:
    return {
        "stage": told.stage.name.lower(),
        "fate": told.fate,
        "session": told.session,
        "at": told.at,
        "acked_at": told.acked_at,
        "ack_status": told.status,
    }


def _each(batch: Receipts) -> Iterable[tuple[bytes, int]]:
    """(id, fate) one by one."""
    width = batch.id_width
    return (
        (batch.ids[index * width : index * width + width], fate) for index, fate in enumerate(batch.fates)
    )
