"""What the SMSC did with each person's message, segment by segment. Pure.

Cheap while messages come: what happened is kept in the batches that it happened in, and laid out by person when
somebody asks. Some 50 octets a segment until then; afterwards 170 a person, and 10 a segment of his.
"""

import sys
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from heapq import merge
from itertools import chain, islice
from struct import Struct
from typing import Final

from broadcast.simulator.content import Content
from broadcast.simulator.fate import Fate
from broadcast.simulator.receipts import PART_OCTETS, Receipts, Stage
from broadcast.simulator.stamping import values

_STEP: Final = 50  # batches that are laid out, or _LINES people told of, before others have their turn
_LINES: Final = 2000
_NONE: Final = b"\xff"
_USUAL: Final = bytes((Fate.DELIVERED,))
_ROW: Final = Struct("=IBBIB")  # accepted, decided, told, acked, withdrawn
_LETTERS: Final = {
    Fate.TEMPORARY: "D",
    Fate.UNREPORTED: "D",
    Fate.DELIVERED: "D",
    Fate.UNDELIVERABLE: "U",
    Fate.EXPIRED: "E",
    Fate.REJECTED: "R",
}


@dataclass(slots=True)
class _Part:
    """One segment of one message. asked: the ESME wants receipts for it. rows: of the message's people -> row.

    By row: copies accepted, the Fate decided, the Fate that the newest final receipt told, final receipts acked,
    whether it was taken back.
    """

    rows: dict[bytes, int]
    asked: bool = False
    accepted: "array[int]" = field(default_factory=partial(array, "I"))
    decided: bytearray = field(default_factory=bytearray)
    told: bytearray = field(default_factory=bytearray)
    acked: "array[int]" = field(default_factory=partial(array, "I"))
    withdrawn: bytearray = field(default_factory=bytearray)

    def grow(self) -> None:
        """A row for everybody of the message."""
        lacking = len(self.rows) - len(self.told)
        if lacking > 0:
            self.decided += _USUAL * lacking
            self.told += _NONE * lacking
            self.withdrawn += bytes(lacking)
            self.accepted.frombytes(bytes(self.accepted.itemsize * lacking))
            self.acked.frombytes(bytes(self.acked.itemsize * lacking))


@dataclass(slots=True)
class _Message:
    """One message to whomever. no: from 1. rows: whoever got a segment -> row. refused: at submit_sm, for good."""

    no: int
    rows: dict[bytes, int] = field(default_factory=dict)
    parts: dict[int, _Part] = field(default_factory=dict)
    refused: set[bytes] = field(default_factory=set)

    def copies(self) -> Iterable[int]:
        """Complete copies of everybody, by row."""
        return _least([part.accepted for part in self.parts.values()])

    def fates(self) -> Iterable[int]:
        """What is decided for everybody, by row: reached is who gets every segment."""
        return _least([part.decided for part in self.parts.values()])


@dataclass(slots=True)
class People:
    """`part` once for every shape, then what happens; `lay_out` before anything is asked."""

    _parts: list[_Part] = field(default_factory=list)
    _numbers: dict[tuple[tuple[object, ...], int], int] = field(default_factory=dict)
    _messages: dict[tuple[object, ...], _Message] = field(default_factory=dict)
    _happened: deque[Callable[[], None]] = field(default_factory=deque)

    # ------------------------------------------------------------------ what happens

    def accept(self, content: Content, width: int, msisdns: bytes, fates: bytes) -> bytes:
        """Each of them got this segment. msisdns: joined, each of `width` digits; fates: an octet each. Gives what
        names the segment in the column `parts` of their receipts, PART_OCTETS."""
        number = self._numbers.get((content.message, content.number))
        if number is None:
            number = self._begin(content)
        self._parts[number].asked |= content.asked
        self._happened.append(partial(self._accepted, number, width, msisdns, fates))
        return number.to_bytes(PART_OCTETS, sys.byteorder)

    def refuse(self, content: Content, msisdns: Iterable[bytes]) -> None:
        """Refused at submit_sm, for good."""
        self._message(content).refused.update(msisdns)

    def withdraw(self, msisdn: bytes, part: bytes) -> None:
        """Taken back. part: as `accept` gave it, of this one."""
        self._happened.append(partial(self._withdrawn, msisdn, part))

    def tell(self, batch: Receipts) -> None:
        """These receipts were written."""
        if batch.stage is Stage.FINAL or batch.stage is Stage.REPEAT:
            self._happened.append(partial(self._told, batch.width, batch.msisdns, batch.fates, batch.parts))

    def ack(self, batch: Receipts) -> None:
        """These, which are FINAL, were answered: they are not sent again."""
        self._happened.append(partial(self._acked, batch.width, batch.msisdns, batch.parts))

    # ------------------------------------------------------------------ what is asked

    def lay_out(self) -> Iterator[None]:
        """Step by step, so that others may have their turn."""
        happened = self._happened
        while happened:
            for _ in range(min(_STEP, len(happened))):
                happened.popleft()()
            yield
        for part in self._parts:
            part.grow()

    def laid_out(self) -> None:
        """All of `lay_out`."""
        for _ in self.lay_out():
            continue

    def messages(self) -> Iterator[Iterable[tuple[bytes, int, int]]]:
        """Of each: who got a segment of it, the complete copies, the Fate. Laid out before, as for all below."""
        for message in self._messages.values():
            if message.parts:
                yield zip(message.rows, message.copies(), message.fates(), strict=True)

    def begun(self) -> set[bytes]:
        """Whoever got a segment of a message that has several."""
        return set[bytes]().union(*(each.rows for each in self._messages.values() if len(each.parts) > 1))

    def refused(self) -> set[bytes]:
        """Of any message."""
        return set[bytes]().union(*(each.refused for each in self._messages.values()))

    def lines(self) -> Iterator[bytes]:
        """A line for each person and message, by MSISDN (as in book_server.py), in pieces; an empty one is a pause."""
        for _ in self.lay_out():
            yield b""
        told = [_lines(message) for message in self._messages.values()]
        everything = told[0] if len(told) == 1 else merge(*told, key=_number)
        while piece := b"".join(chain.from_iterable(islice(everything, _LINES))):
            yield piece

    # ------------------------------------------------------------------ by person

    def _message(self, content: Content) -> _Message:
        message = self._messages.get(content.message)
        if message is None:
            message = self._messages[content.message] = _Message(len(self._messages) + 1)
        return message

    def _begin(self, content: Content) -> int:
        """The first of its segments has come: its message has room for all of them."""
        message = self._message(content)
        for number in range(1, content.total + 1):
            self._numbers[content.message, number] = len(self._parts)
            message.parts[number] = _Part(message.rows)
            self._parts.append(message.parts[number])
        return self._numbers[content.message, content.number]

    def _accepted(self, number: int, width: int, msisdns: bytes, fates: bytes) -> None:
        part = self._parts[number]
        rows, accepted = part.rows, part.accepted
        found = [rows.setdefault(each, len(rows)) for each in values(msisdns, width)]
        part.grow()
        for row in found:
            accepted[row] += 1
        if fates.count(_USUAL) < len(fates):
            for row, fate in zip(found, fates, strict=True):
                part.decided[row] = fate

    def _withdrawn(self, msisdn: bytes, part: bytes) -> None:
        of = self._parts[_numbers(part)[0]]
        row = of.rows[msisdn]
        of.withdrawn[row], of.decided[row] = 1, Fate.UNDELIVERABLE

    def _told(self, width: int, msisdns: bytes, fates: bytes, parts: bytes) -> None:
        known = self._parts
        for number, msisdn, fate in zip(_numbers(parts), values(msisdns, width), fates, strict=True):
            part = known[number]
            part.told[part.rows[msisdn]] = fate

    def _acked(self, width: int, msisdns: bytes, parts: bytes) -> None:
        known = self._parts
        for number, msisdn in zip(_numbers(parts), values(msisdns, width), strict=True):
            part = known[number]
            part.acked[part.rows[msisdn]] += 1


class NoPeople(People):
    """Of a book that only counts: it keeps nothing of anybody."""

    def accept(self, content: Content, width: int, msisdns: bytes, fates: bytes) -> bytes:
        return bytes(PART_OCTETS)

    def refuse(self, content: Content, msisdns: Iterable[bytes]) -> None:
        """Nothing is kept, here and below."""

    def withdraw(self, msisdn: bytes, part: bytes) -> None: ...

    def tell(self, batch: Receipts) -> None: ...

    def ack(self, batch: Receipts) -> None: ...


def _lines(message: _Message) -> Iterator[tuple[bytes, bytes]]:
    """MSISDN and what follows it in the line, by number. What many have in common is written once."""
    refused, rows = message.refused, message.rows
    block, stride = _block(message), _ROW.size * len(message.parts)
    asked = [part.asked for part in message.parts.values()]
    tails: dict[tuple[bool, bytes], bytes] = {}
    for msisdn in sorted(sorted(rows.keys() | refused if refused else rows), key=len):
        row = rows.get(msisdn)
        key = (msisdn in refused, block[row * stride : row * stride + stride] if row is not None else b"")
        tail = tails.get(key)
        if tail is None:
            tail = tails[key] = _tail(message.no, asked, *key)
        yield msisdn, tail


def _block(message: _Message) -> bytes:
    """The columns of all its segments as rows, a _ROW for each segment."""
    stride = _ROW.size * len(message.parts)
    block = bytearray(stride * len(message.rows))
    place = 0
    for part in message.parts.values():
        for column in (part.accepted, part.decided, part.told, part.acked, part.withdrawn):
            octets = bytes(column)
            width = len(octets) // max(1, len(message.rows))
            for octet in range(width):
                block[place::stride] = octets[octet::width]
                place += 1
    return bytes(block)


def _tail(no: int, asked: Iterable[bool], refused: bool, row: bytes) -> bytes:
    """What follows the MSISDN."""
    told = (
        f"{accepted}{_decided(decided, back) if accepted else '-'}{_letter(newest) if wanted else '.'}{acked}"
        for wanted, (accepted, decided, newest, acked, back) in zip(
            asked, _ROW.iter_unpack(row), strict=False
        )
    )
    return " ".join(("", str(no), "refused" if refused else "taken", *told)).encode() + b"\n"


def _decided(fate: int, withdrawn: int) -> str:
    return "W" if withdrawn else _LETTERS[Fate(fate)]


def _letter(fate: int) -> str:
    return "-" if fate == _NONE[0] else _LETTERS[Fate(fate)]


def _number(line: tuple[bytes, bytes]) -> tuple[int, bytes]:
    """By which lines are in order."""
    return len(line[0]), line[0]


def _least(columns: Sequence[Iterable[int]]) -> Iterable[int]:
    return columns[0] if len(columns) == 1 else map(min, *columns)


def _numbers(parts: bytes) -> "memoryview[int]":
    return memoryview(parts).cast("I")
