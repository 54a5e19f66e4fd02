"""What an SMSC answers to the submit_sm of a read, and which receipts it will send. No socket here.

Hot path: columns per shape; only refused messages are looked at one by one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, Final

from broadcast.simulator.book import Book
from broadcast.simulator.cancels import Cancels
from broadcast.simulator.content import INVALID_EXPIRY, Content
from broadcast.simulator.fate import Fate, Fates
from broadcast.simulator.habits import IdHabits
from broadcast.simulator.message_ids import Ids
from broadcast.simulator.odd_ids import OddIds
from broadcast.simulator.personality import Personality
from broadcast.simulator.rate import SlidingSecond
from broadcast.simulator.receipts import Receipts
from broadcast.simulator.rules import Ruled
from broadcast.simulator.stamping import stamp
from broadcast.simulator.submits import Reader, Shape
from broadcast.simulator.witness import Witness
from broadcast.smpp.pdu import HEADER, HEADER_OCTETS, SUBMIT_SM_RESP

THROTTLED: Final = 0x58
QUEUE_FULL: Final = 0x14

_UNLIMITED: Final = 1 << 60
# a message that was refused for a time and is taken at last is as good as any
_SETTLED: Final = bytes.maketrans(bytes((Fate.TEMPORARY,)), bytes((Fate.DELIVERED,)))


@dataclass(slots=True)
class Answer:
    """responses: submit_sm_resp PDUs, `count` of them. receipts: to be sent later, as are replies."""

    responses: bytearray = field(default_factory=bytearray)
    count: int = 0
    receipts: list[Receipts] = field(default_factory=list)
    replies: list[Receipts] = field(default_factory=list)

    def refuse(self, sequences: bytes, status: int) -> None:
        """The same error for all: joined sequence numbers, four octets each."""
        block = HEADER.pack(HEADER_OCTETS, SUBMIT_SM_RESP, status, 0)
        self.responses += stamp(block, len(sequences) // 4, ((12, 4, sequences),))
        self.count += len(sequences) // 4

    def accept(self, sequences: bytes, ids: bytes) -> None:
        """ids: joined, of one width."""
        count = len(sequences) // 4
        width = len(ids) // count
        block = HEADER.pack(HEADER_OCTETS + width + 1, SUBMIT_SM_RESP, 0, 0) + bytes(width + 1)
        self.responses += stamp(block, count, ((12, 4, sequences), (HEADER_OCTETS, width, ids)))
        self.count += count


class Intake:
    """One SMSC's: its limits count over all sessions. Per read: `begin`, `reader.read` ..., `finish`."""

    def __init__(
        self, personality: Personality, book: Book, first_id: int, witness: Witness | None = None,
        cancels: Cancels | None = None,
    ) -> None:  # fmt: skip
        """witness, cancels: are told of every message; None, the fast way, when nobody wants to know."""
        self._cancels = cancels
        self.reader = Reader(Ruled(personality.rules, personality.receipts.segments).read)
        self.taken = SlidingSecond()
        self.offered = SlidingSecond()
        self._personality = personality
        self._refused = personality.responses.refused_statuses or (personality.refused_status,)
        self._temporary = personality.responses.temporary_statuses or (personality.temporary_status,)
        self._book = book
        self._witness = witness
        self._fates = Fates(personality)
        plain = personality.ids == IdHabits()
        self.ids: Ids | OddIds = (Ids if plain else OddIds)(personality, first_id)
        self._refused_once: set[tuple[tuple[object, ...], int, bytes]] = set()
        self._window_room = 0

    def room(self, now: float) -> int:
        """How many more are not too fast. now: of the monotonic clock."""
        tps = self._personality.tps
        return tps - self.taken.count(now) if tps else _UNLIMITED

    def begin(self, unanswered: int, now: float) -> None:
        """unanswered: of this session. now: of the monotonic clock."""
        self._window_room = max(0, self._personality.window - unanswered)
        self.reader.begin(max(0, min(self._window_room, self.room(now))))

    def finish(self, owner: Any, since: float, now: float, clock: float, submitted: bytes) -> Answer | None:
        """The answer to all that was read since `begin`; None when that was nothing.

        owner: goes into the receipts. since, now: as in SlidingSecond. clock: POSIX seconds. submitted:
        YYMMDDhhmm for receipts.
        """
        reader = self.reader
        if not reader.taken and not reader.over:
            return None
        self.taken.add(since, now, reader.taken)
        self.offered.add(since, now, reader.taken + len(reader.over))
        answer = Answer()
        for shape in reader.shapes:
            self._shape(answer, shape, owner, clock, submitted)
        for sequence, status in reader.malformed:
            answer.refuse(sequence, status)
        self._book.malformed += len(reader.malformed)
        self._refuse_over(answer, reader.over)
        return answer

    def _refuse_over(self, answer: Answer, over: list[bytes]) -> None:
        """What came above the rate is throttled; what came above the window finds the queue full."""
        if not over:
            return
        in_window = max(0, min(len(over), self._window_room - self.reader.taken))
        for sequences, status in ((over[:in_window], THROTTLED), (over[in_window:], QUEUE_FULL)):
            if sequences:
                answer.refuse(b"".join(sequences), status)
        self._book.throttled += in_window
        self._book.window_exceeded += len(over) - in_window

    def _shape(self, answer: Answer, shape: Shape, owner: Any, clock: float, submitted: bytes) -> None:
        sequences, msisdns, content = b"".join(shape.sequences), shape.msisdns, shape.content
        status = content.status or (INVALID_EXPIRY if content.expires_at < clock else 0)
        if status:
            answer.refuse(sequences, status)
            self._book.people.refuse(content, msisdns)
            if self._witness is not None:
                self._witness.refused(owner, shape.head, content, sequences, msisdns, status)
            return
        places = self._fates.places(msisdns)
        if min(places) < self._fates.answered_with_error:
            accepted = self._errors(answer, owner, shape, sequences, places)
            if not any(accepted):
                return
            sequences = b"".join(compress(_fours(sequences), accepted))
            msisdns, places = list(compress(msisdns, accepted)), list(compress(places, accepted))
        for start, stop, response_ids, receipt_ids in self.ids.given(content, msisdns):
            self._accept(
                answer, shape, owner, submitted, sequences[4 * start : 4 * stop], msisdns[start:stop],
                places[start:stop], response_ids, receipt_ids,
            )  # fmt: skip

    def _accept(
        self, answer: Answer, shape: Shape, owner: Any, submitted: bytes, sequences: bytes, msisdns: list[bytes],
        places: list[int], response_ids: bytes, receipt_ids: bytes,
    ) -> None:  # fmt: skip
        """These are taken, under these ids of one width."""
        content = shape.content
        answer.accept(sequences, response_ids)
        digits = b"".join(msisdns)
        fates = self._fates.column(places, content.number)
        self._book.segments += len(msisdns)
        part = self._book.people.accept(content, shape.width, digits, fates)
        if self._witness is not None:
            answer.replies += self._witness.accepted(
                owner, shape.head, content, sequences, msisdns, receipt_ids, fates
            )
        batch = Receipts(
            owner,
            shape.head,
            submitted,
            shape.width,
            len(receipt_ids) // len(msisdns),
            digits,
            receipt_ids,
            fates.translate(_SETTLED),
            parts=part * len(msisdns),
        )
        if self._cancels is not None:
            self._cancels.accepted(batch, response_ids)
        wanted = _wanted(batch, content)
        if wanted:
            answer.receipts.append(wanted)

    def _errors(
        self, answer: Answer, owner: Any, shape: Shape, sequences: bytes, places: list[int]
    ) -> list[bool]:
        """Answers those that get an error; tells for each message whether it is accepted."""
        content, msisdns = shape.content, shape.msisdns
        accepted = [True] * len(msisdns)
        limit = self._fates.answered_with_error
        for index in [index for index, place in enumerate(places) if place < limit]:
            sequence, msisdn = sequences[4 * index : 4 * index + 4], msisdns[index]
            if self._fates.at(places[index]) is Fate.REFUSED:
                status = self._refused[places[index] % len(self._refused)]
                self._book.people.refuse(content, (msisdn,))
            elif self._first_time(content, msisdn):
                status = self._temporary[places[index] % len(self._temporary)]
                self._book.temporary += 1
            else:
                continue
            answer.refuse(sequence, status)
            accepted[index] = False
            if self._witness is not None:
                self._witness.refused(owner, shape.head, content, sequence, [msisdn], status)
        return accepted

    def _first_time(self, content: Content, msisdn: bytes) -> bool:
        key = (content.message, content.number, msisdn)
        if key in self._refused_once:
            return False
        self._refused_once.add(key)
        return True


def _wanted(batch: Receipts, content: Content) -> Receipts | None:
    """Without those that were not asked for and those that get lost; None when none is left."""
    if content.receipts == "none":
        return None
    left_out = {int(Fate.UNREPORTED)} | ({int(Fate.DELIVERED)} if content.receipts == "failures" else set())
    if not any(batch.fates.count(fate) for fate in left_out):
        return batch
    kept = [fate not in left_out for fate in batch.fates]
    return batch.chosen(kept) if any(kept) else None


def _fours(octets: bytes) -> Iterable[bytes]:
    return (octets[index : index + 4] for index in range(0, len(octets), 4))
