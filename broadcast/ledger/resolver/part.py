"""A part of what is waited for: what a young generation and an old one have in common, so that a receipt is weighed
against both by one rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from broadcast.ledger.packing.columns import I64, U8, U16, U32, Bools, Index
from broadcast.ledger.resolver.choices import CLOCKS_MS, Choices
from broadcast.ledger.resolver.stored_ids import StoredIds
from broadcast.ledger.resolver.waiting import STRAY, WHOLE, Messages, used_messages

SETTLED: Final = 0  # a segment's number once it has its final receipt
SPAN_MS: Final = 2**32 - 1  # 50 days: how far apart times of one part can be told from each other
_MESSAGE_OCTETS: Final = 4 + 2 + 1 + 1 + 8 + 4
_SEGMENT_OCTETS: Final = 4 + 1


class DenseMessages:
    """Messages in 20 octets each. left_ms: u32 after `base_ms`; 0: any time, which is what 0 means in Messages, and
    what becomes of times long before."""

    __slots__ = ("base_ms", "left", "left_ms", "msisdns", "ordinals", "slices", "used", "worst")

    def __init__(self, capacity: int, base_ms: int) -> None:
        self.slices = np.zeros(capacity, np.uint32)
        self.ordinals = np.zeros(capacity, np.uint16)
        self.left = np.zeros(capacity, np.uint8)
        self.worst = np.zeros(capacity, np.uint8)
        self.msisdns = np.zeros(capacity, np.int64)
        self.left_ms = np.zeros(capacity, np.uint32)
        self.base_ms = base_ms
        self.used = 0

    @property
    def octets(self) -> int:
        """Of what is used: the rest is not in memory, as no page of it was ever written."""
        return self.used * _MESSAGE_OCTETS

    def room_for(self, newest_ms: int) -> bool:
        """Whether so new ones can be told from others here."""
        return newest_ms - self.base_ms <= SPAN_MS

    def put(self, some: Messages) -> int:
        """Append them. Returns the place of the first."""
        start, self.used = self.used, self.used + len(some)
        here = slice(start, self.used)
        self.slices[here] = some.slices
        self.ordinals[here] = some.ordinals
        self.left[here] = some.left
        self.worst[here] = some.worst
        self.msisdns[here] = some.msisdns
        self.left_ms[here] = np.clip(some.left_ms - self.base_ms, 0, SPAN_MS)
        return start

    def times(self, places: Index | U32) -> I64:
        """left_ms as Messages has it."""
        since = self.left_ms[places].astype(np.int64)
        return np.where(since > 0, since + self.base_ms, 0)

    def take(self, places: Index) -> Messages:
        """Those at these places."""
        return Messages(
            self.slices[places],
            self.ordinals[places],
            self.left[places],
            self.worst[places],
            self.msisdns[places],
            self.times(places),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    """What receipts ended. Of each receipt: the slice's place, ordinal, first segment, how many of them, and which of
    the messages below it completed (-1: none); of each message that has every receipt now: the slice's place, the
    state, and when it left (0: nobody knows)."""

    slices: U32
    ordinals: U16
    segments: U8
    counts: U8
    completed: Index
    done_slices: U32
    done_states: U8
    done_left_ms: I64


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Open segments on their way from one part into another, with the first 32 bits of their ids' hashes."""

    messages: Messages
    message: U32
    segment: U8
    ids: StoredIds
    prefixes: U32

    def __len__(self) -> int:
        return len(self.segment)

    @classmethod
    def concat(cls, parts: Sequence["Rows"]) -> "Rows":
        """One after the other; at least one part."""
        starts = np.cumsum([0, *(len(part.messages) for part in parts[:-1])]).astype(np.uint32)
        return cls(
            Messages.concat([part.messages for part in parts]),
            np.concatenate([part.message + start for part, start in zip(parts, starts, strict=True)]),
            np.concatenate([part.segment for part in parts]),
            StoredIds.concat([part.ids for part in parts]),
            np.concatenate([part.prefixes for part in parts]),
        )


class Part:
    """segment: of each place, from 1, or SETTLED; message: its place in messages. newest_ms: the greatest left_ms.
    moved: its ids are spelt as in the ledger of before."""

    moved = False

    def __init__(self, ids: StoredIds, message: U32, segment: U8, messages: DenseMessages) -> None:
        self.ids = ids
        self.message = message
        self.segment = segment
        self.messages = messages
        self.used = 0
        self.newest_ms = 0
        self.open = 0  # entries that still wait; of a whole message there is one, and strays always wait
        self.awaited = 0  # segments that still wait
        self.nobody = False  # whether a message is to a number that is not known

    def search(self, choices: Choices, i: Index) -> None:
        """Weigh the receipts i against what has their ids here."""
        raise NotImplementedError

    @property
    def octets(self) -> int:
        """Of what is used, as DenseMessages."""
        return self.ids.octets(self.used) + self.used * _SEGMENT_OCTETS + self.messages.octets

    def prefixes_at(self, places: Index) -> U32:
        """The first 32 bits of the hash at each place."""
        raise NotImplementedError

    def rows(self) -> Rows:
        """What is still open."""
        places = np.nonzero(self.segment[: self.used] != SETTLED)[0]
        messages, message = used_messages(self.message[places], self.messages.used)
        return Rows(
            self.messages.take(messages),
            message,
            self.segment[places],
            self.ids.take(places),
            self.prefixes_at(places),
        )

    def forget(self, gone: Bools) -> None:
        """Nothing here waits for receipts of these slices any more."""
        here = slice(0, self.used)
        lost = gone[self.messages.slices[self.message[here]]] & (self.segment[here] != SETTLED)
        self._count(np.nonzero(lost)[0], -1)
        self.segment[here][lost] = SETTLED

    def _count(self, places: Index, sign: int) -> None:
        """These wait now (1), or no more (-1)."""
        message = self.message[places]
        self.open += sign * len(places)
        self.awaited += sign * int(self._segments(message).sum(dtype=np.int64))

    def _segments(self, message: U32) -> U8:
        """How many an open entry of each message stands for: all of a whole message's; a stray: none."""
        worst = self.messages.worst[message]
        counts = np.where(worst & WHOLE, self.messages.left[message], np.uint8(1))
        counts[(worst & ~np.uint8(WHOLE)) == STRAY] = 0
        return counts

    def weigh(self, choices: Choices, i: Index, places: Index) -> None:
        """One segment for each of the receipts i."""
        asked = choices.asked
        choices.steps += len(i)
        same = self.ids.same(places, asked.ids, i)
        if not same.all():
            i, places = i[same], places[same]
        message, segment = self.message[places], self.segment[places]
        number, person = asked.msisdns[i], self.messages.msisdns[message]
        named = (number == person) | (number == 0) | (person == 0)
        left_ms = self.messages.times(message)
        in_time = asked.received_ms[i] >= left_ms - CLOCKS_MS
        fits = named & in_time
        if not fits.all():
            choices.other[i] |= ~named
            choices.older[i] |= named & ~in_time
        stray = (self.messages.worst[message] & ~np.uint8(WHOLE)) == STRAY
        settled = segment == SETTLED
        choices.settled[i] |= fits & settled
        choices.stray[i] |= fits & stray
        is_open = np.nonzero(fits & ~settled & ~stray)[0]
        if len(is_open):
            message, segment = message[is_open], segment[is_open]
            rank = choices.slice_ids[self.messages.slices[message]] << 24
            rank |= self.messages.ordinals[message].astype(np.int64) << 8
            rank |= segment
            choices.offer(i[is_open], places[is_open], left_ms[is_open], rank, person[is_open])

    def settle(self, places: Index, states: U8) -> Ended:
        """These open segments have their final receipts; places: each once."""
        message, segment = self.message[places], self.segment[places]
        of, counts = self.messages, self._segments(message)
        self._count(places, -1)
        self.segment[places] = SETTLED
        np.minimum.at(of.worst, message, states)  # clears WHOLE, too: all of it is ended
        np.subtract.at(of.left, message, counts)
        ends = of.left[message] == 0
        done = np.unique(message[ends])
        completed = np.where(ends, np.searchsorted(done, message), -1)
        return Ended(
            of.slices[message], of.ordinals[message], segment, counts, completed,
            of.slices[done], of.worst[done], of.times(done),
        )  # fmt: skip
