"""Messages that wait for receipts and their segments, as columns: what rows of `sent` say, what goes from one
generation's memory into a denser one.

Times are milliseconds here: `left_ms` is the time of the submission's run, cut to a millisecond.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from broadcast.ledger.packing.columns import I64, U8, U16, U32, U64, Bools, Index
from broadcast.ledger.packing.ids import Ids
from broadcast.ledger.packing.sent import Sent

NO_STATE: Final = 15  # `worst` of a message of which no segment has its final receipt
STRAY: Final = 1  # `worst` of a segment of a rejected message: its receipt is matched and settles nothing
WHOLE: Final = 0x80  # bit of `worst`: one id for all its segments, so one entry stands for them all


@dataclass(frozen=True, slots=True, eq=False)
class Messages:
    """slices: places in the book's list of slices; left: awaited segments without a final receipt; worst: the smallest
    state among the others, or NO_STATE, STRAY, with the bit WHOLE."""

    slices: U32
    ordinals: U16
    left: U8
    worst: U8
    msisdns: I64
    left_ms: I64

    def __len__(self) -> int:
        return len(self.slices)

    def take(self, places: Index | Bools) -> "Messages":
        """Those at these places."""
        return Messages(*(column[places] for column in _columns(self)))

    @classmethod
    def concat(cls, parts: Sequence["Messages"]) -> "Messages":
        """One after the other; at least one part."""
        return cls(*(np.concatenate(columns) for columns in zip(*map(_columns, parts), strict=True)))


def _columns(of: Messages) -> tuple[NDArray[Any], ...]:
    return of.slices, of.ordinals, of.left, of.worst, of.msisdns, of.left_ms


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """Segments, and their messages. message: ascending; segment: from 1, of a whole message 1; ids: as they came, or
    in their one spelling."""

    messages: Messages
    message: U32
    segment: U8
    ids: Ids

    def __len__(self) -> int:
        return len(self.segment)

    def segments_at(self, start: int) -> int:
        """Of the message whose first entry is there."""
        return int(np.searchsorted(self.message, self.message[start], side="right")) - start

    def from_segment(self, start: int, room: int) -> tuple["Waiting", int]:
        """From there, where a message begins, as many messages as there is room for; and where the others begin."""
        end = min(start + room, len(self))
        if end < len(self):
            end = int(np.searchsorted(self.message, self.message[end]))
        elif start == 0:
            return self, end
        first = int(self.message[start])
        messages = self.messages.take(np.arange(first, int(self.message[end - 1]) + 1))
        here = slice(start, end)
        ids = self.ids.take(np.arange(start, end))
        return Waiting(messages, self.message[here] - np.uint32(first), self.segment[here], ids), end


def from_rows(rows: Sequence[tuple[int, I64, Sent]]) -> Waiting:
    """What these rows of `sent` wait for, and their strays. rows: (place of the slice, its msisdns, the row).

    A message to nobody (msisdn 0: taken out of its slice since) is a stray: nobody's state may change.
    """
    accepted = [row for row in rows if len(row[2])]
    straying = [row for row in rows if len(row[2].stray_ordinals)]
    awaited = _accepted(accepted)
    if not straying:
        return awaited
    strays = _strays(straying)
    return Waiting(
        Messages.concat([awaited.messages, strays.messages]),
        np.concatenate([awaited.message, strays.message + np.uint32(len(awaited.messages))]),
        np.concatenate([awaited.segment, strays.segment]),
        Ids.concat([awaited.ids, strays.ids]),
    )


def _accepted(rows: Sequence[tuple[int, I64, Sent]]) -> Waiting:
    sents = [sent for _, _, sent in rows]
    counts = [len(sent) for sent in sents]
    per_message = np.repeat(np.array([sent.segments for sent in sents], np.uint8), counts)
    msisdns = _joined([msisdns[sent.ordinals] for _, msisdns, sent in rows], np.int64)
    messages = Messages(
        np.repeat(np.array([place for place, _, _ in rows], np.uint32), counts),
        _joined([sent.ordinals for sent in sents], np.uint16),
        per_message,
        np.where(msisdns > 0, np.uint8(NO_STATE), np.uint8(STRAY)),
        msisdns,
        _joined([sent.left_at for sent in sents], np.int64) // 1000,
    )
    message = np.repeat(np.arange(len(messages), dtype=np.uint32), per_message)
    ends = np.cumsum(per_message, dtype=np.int64)
    segment = (np.arange(len(message)) - (ends - per_message)[message] + 1).astype(np.uint8)
    return Waiting(messages, message, segment, Ids.concat([sent.ids for sent in sents]))


def _strays(rows: Sequence[tuple[int, I64, Sent]]) -> Waiting:
    """Each a message of its own. A row does not say when they left: before the first that was accepted with them at the
    latest, or any time."""
    sents = [sent for _, _, sent in rows]
    counts = [len(sent.stray_ordinals) for sent in sents]
    n = sum(counts)
    messages = Messages(
        np.repeat(np.array([place for place, _, _ in rows], np.uint32), counts),
        _joined([sent.stray_ordinals for sent in sents], np.uint16),
        np.ones(n, np.uint8),
        np.full(n, STRAY, np.uint8),
        _joined([msisdns[sent.stray_ordinals] for _, msisdns, sent in rows], np.int64),
        np.zeros(n, np.int64),
    )
    segment = _joined([sent.stray_segments for sent in sents], np.uint8)
    return Waiting(
        messages, np.arange(n, dtype=np.uint32), segment, Ids.concat([sent.stray_ids for sent in sents])
    )


def as_entries(waiting: Waiting, hashes: U64, settled: Bools | None = None) -> tuple[Waiting, U64]:
    """What a part keeps: one entry, its first, of a message whose segments all have one id and all wait; none of an
    empty id, which no receipt can have; none of a settled segment. And their hashes.

    waiting: every segment of each message, ids in their one spelling; hashes: of these.
    """
    message, n = waiting.message, len(waiting.messages)
    counts = np.bincount(message, minlength=n)
    first = (np.cumsum(counts) - counts)[message]  # the place of its message's first segment
    like_first = np.nonzero((hashes == hashes[first]) & (counts > 1)[message])[0]
    alike = like_first[waiting.ids.equal(like_first, waiting.ids, first[like_first])]
    whole = (counts > 1) & (np.bincount(message[alike], minlength=n) == counts)
    whole &= waiting.messages.left == counts
    dropped = (waiting.ids.lengths == 0) & ~waiting.ids.uuid
    dropped |= whole[message] & (waiting.segment > 1)
    if settled is not None:
        dropped |= settled
    if not dropped.any():
        return waiting, hashes
    kept = np.nonzero(~dropped)[0]
    worst = np.where(whole, waiting.messages.worst | np.uint8(WHOLE), waiting.messages.worst)
    used, renumbered = used_messages(message[kept], n)
    messages = replace(waiting.messages, worst=worst).take(used)
    return Waiting(messages, renumbered, waiting.segment[kept], waiting.ids.take(kept)), hashes[kept]


def used_messages(message: U32, n: int) -> tuple[Index, U32]:
    """Of n messages those that are named, and their names when the others are left out."""
    used = np.zeros(n, np.bool_)
    used[message] = True
    renumbered = np.cumsum(used, dtype=np.uint32) - np.uint32(1)
    return np.nonzero(used)[0], renumbered[message]


def _joined(columns: Sequence[NDArray[Any]], dtype: type) -> NDArray[Any]:
    return np.concatenate(columns) if columns else np.zeros(0, dtype)
