"""Message ids that a ledger may take for one another's: the same again, or nearly so, by the habits of [ids].

Chosen at start when a personality has one of them; the plain ids (message_ids.py) are all different.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from random import Random
from typing import Final

from broadcast.simulator.content import Content
from broadcast.simulator.habits import Twin
from broadcast.simulator.message_ids import Given, Ids
from broadcast.simulator.personality import Personality

Pair = tuple[bytes, bytes]
"""One id, as in the response and as in the receipt."""

_LONG: Final[dict[Twin, int]] = {"past_64": 64, "past_255": 255}


@dataclass(slots=True)
class _Message:
    """One message to one recipient, while segments of it are to come."""

    pair: Pair
    came: set[int] = field(default_factory=set)


class OddIds:
    """`given` as of Ids, in the ways of one personality. first: as of Ids, where [ids] has none."""

    def __init__(self, personality: Personality, first: int) -> None:
        habits = personality.ids
        self._habits = habits
        self._plain = Ids(personality, first)
        self._is_counted = personality.id_kind != "uuid"
        self._chance = Random(personality.seed)
        self._start = habits.first if habits.first >= 0 else (0 if habits.modulo else first)
        self._count = self._told = 0
        self._twin: Pair | None = None
        self._one: Pair | None = None
        self._messages: dict[tuple[tuple[object, ...], bytes], _Message] = {}

    def given(self, content: Content, msisdns: Sequence[bytes]) -> Iterator[Given]:
        """In runs of one width."""
        pairs = [self._of(content, msisdn) for msisdn in msisdns]
        start = 0
        for _, run in groupby(pairs, key=lambda pair: (len(pair[0]), len(pair[1]))):
            responses, receipts = zip(*run, strict=True)
            stop = start + len(responses)
            yield start, stop, b"".join(responses), b"".join(receipts)
            start = stop

    def coming(self, count: int, ahead: int) -> list[bytes]:
        """As of Ids."""
        first = max(self._told, self._count + ahead)
        self._told = first + count
        return [self._numbered(each)[1] for each in range(first, self._told)]

    def _of(self, content: Content, msisdn: bytes) -> Pair:
        if self._habits.same == "all":
            self._one = self._one or self._next()
            return self._one
        if self._habits.same == "message":
            return self._of_message(content, msisdn)
        return self._next()

    def _of_message(self, content: Content, msisdn: bytes) -> Pair:
        """A segment that comes again is of another copy, which has an id of its own."""
        key = (content.message, msisdn)
        message = self._messages.get(key)
        if message is None or content.number in message.came:
            message = self._messages[key] = _Message(self._next())
        message.came.add(content.number)
        if len(message.came) == content.total:
            del self._messages[key]
        return message.pair

    def _next(self) -> Pair:
        if self._twin is not None:
            pair, self._twin = self._twin, None
            return pair
        pair = self._numbered(self._count) if self._is_counted else self._plain.take(1)
        self._count += 1
        if self._habits.twins:
            kind = self._chance.choice(self._habits.twins)
            (one, other), (receipt, other_receipt) = (twins(kind, each) for each in pair)
            pair, self._twin = (one, receipt), (other, other_receipt)
        return pair

    def _numbered(self, count: int) -> Pair:
        """The one after so many others."""
        modulo = self._habits.modulo
        return self._plain.written((self._start + (count % modulo if modulo else count),))


def twins(kind: Twin, plain: bytes) -> tuple[bytes, bytes]:
    """Two ids out of one, which differ in nothing else."""
    if kind == "case":
        return b"q" + plain.lower(), b"Q" + plain.upper()
    if kind == "nul":
        return plain + b"\0a", plain + b"\0b"
    if kind == "zeros":
        return plain, b"0" + plain
    if kind == "blanks":
        return plain, b" " + plain
    filled = plain.ljust(_LONG[kind], b"x")
    return filled + b"a", filled + b"b"
