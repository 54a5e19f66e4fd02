"""What SMSCs answered for one slice in one group: `sent.packed`.

  u8 version, u8 S ids of an accepted message, u16 runs, u32 A accepted, u32 E ended, u32 K strays
  a run: u32 messages, i64 left_at, i64 answered_at; together A messages
  accepted: ordinals u16, then the ids of A * S segments, message by message
  ended:    ordinals u16, states u8, at i64, the errs of E
  strays:   ordinals u16, segments u8, the ids of K
A stray is a segment that was accepted of a message that ended as rejected all the same: its receipt settles nothing.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from broadcast.errors import LedgerError
from broadcast.ledger.packing.columns import I64, U8, U16, VERSION, Octets, Reader, column, spread
from broadcast.ledger.packing.errs import Errs, pack_errs, unpack_errs
from broadcast.ledger.packing.ids import Ids, pack_ids, unpack_ids

_HEAD: Final = struct.Struct("<BHIII")  # after the version
_RUN: Final = struct.Struct("<Iqq")
_MERGED_US: Final = 10_000


class Answered:
    """Collects what was answered for one slice until its group is packed. Hot: two appends a message.

    segments: of a message, those whose receipts are awaited (S). Whoever calls says after each batch of answers when
    they came (`read`), so no message has times of its own.
    """

    __slots__ = ("_ended", "_ids", "_left_at", "_messages", "_ordinals", "_runs", "_strays", "segments")

    def __init__(self, segments: int) -> None:
        self.segments = segments
        self._ordinals: list[int] = []
        self._ids: list[str] = []
        self._runs: list[list[int]] = []  # [messages, left_at, answered_at]
        self._messages = 0  # in runs
        self._ended: list[tuple[int, int, int, str]] = []
        self._strays: list[tuple[int, int, str]] = []

    def __bool__(self) -> bool:
        return bool(self._ordinals or self._ended or self._strays)

    def __len__(self) -> int:
        """Segments and ends that it holds."""
        return len(self._ids) + len(self._ended) + len(self._strays)

    def accept(self, ordinal: int, smsc_id: str) -> None:
        """The only segment of a message was accepted. smsc_id: 0 to 255 octets, as it came (latin-1)."""
        self._ordinals.append(ordinal)
        self._ids.append(smsc_id)

    def accept_parts(self, ordinal: int, smsc_ids: Sequence[str]) -> None:
        """Every segment of a message was accepted. smsc_ids: of the awaited ones in order, `segments` of them; empty
        where an id is not known."""
        self._ordinals.append(ordinal)
        self._ids.extend(smsc_ids)

    def read(self, left_at: int, answered_at: int) -> None:
        """What was accepted since the last call came in one read of answers at answered_at; the first of it had left at
        left_at. Reads within 10 ms are one run: its earliest times count. Nothing accepted since: no run."""
        messages = len(self._ordinals) - self._messages
        if not messages:
            return
        self._messages += messages
        last = self._runs[-1] if self._runs else None
        if last is not None and 0 <= answered_at - last[2] < _MERGED_US:
            last[0] += messages
            last[1] = min(last[1], left_at)
        else:
            self._runs.append([messages, left_at, answered_at])

    def end(self, ordinal: int, state: int, err: str, at: int) -> None:
        """A recipient ended without a receipt: rejected, or unknown where none is awaited."""
        self._ended.append((ordinal, state, at, err))

    def stray(self, ordinal: int, segment: int, smsc_id: str) -> None:
        """A segment (from 1) that was accepted of a message that ended as rejected."""
        self._strays.append((ordinal, segment, smsc_id))

    def ordinals(self) -> tuple[int, int]:
        """The first and the last ordinal of what it holds, which is not nothing."""
        all_of_them = [
            *self._ordinals,
            *(end[0] for end in self._ended),
            *(stray[0] for stray in self._strays),
        ]
        return min(all_of_them), max(all_of_them)

    def pack(self) -> bytes:
        """The row. Raises ValueError where messages were accepted and no `read` said when, or an id is none."""
        accepted = len(self._ordinals)
        if self._messages != accepted or len(self._ids) != accepted * self.segments:
            raise ValueError("accepted messages without a time, or not with an id for each segment")
        runs = b"".join([_RUN.pack(*run) for run in self._runs])
        head = _HEAD.pack(self.segments, len(self._runs), accepted, len(self._ended), len(self._strays))
        return b"".join(
            (
                bytes((VERSION,)) + head + runs + column("H", self._ordinals) + pack_ids(self._ids),
                self._pack_ended(),
                self._pack_strays(),
            )
        )

    def _pack_ended(self) -> bytes:
        if not self._ended:
            return pack_errs(())
        ordinals, states, at, errs = zip(*self._ended, strict=True)
        return column("H", ordinals) + bytes(states) + column("q", at) + pack_errs(errs)

    def _pack_strays(self) -> bytes:
        if not self._strays:
            return pack_ids(())
        ordinals, segments, ids = zip(*self._strays, strict=True)
        return column("H", ordinals) + bytes(segments) + pack_ids(ids)


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """A row as columns. A accepted messages: ordinals, left_at, answered_at; ids: A * segments, message by message.
    E ends: ended_*. K strays: stray_*; their segments count from 1. Times in us."""

    segments: int
    ordinals: U16
    left_at: I64
    answered_at: I64
    ids: Ids
    ended_ordinals: U16
    ended_states: U8
    ended_at: I64
    ended_errs: Errs
    stray_ordinals: U16
    stray_segments: U8
    stray_ids: Ids

    def __len__(self) -> int:
        """Accepted messages."""
        return len(self.ordinals)


def unpack_sent(packed: Octets, row: object = "") -> Sent:
    """Raises LedgerError naming the row (its key), where the octets are not what Answered.pack makes."""
    try:
        return _unpack(Reader(packed))
    except LedgerError as error:
        raise LedgerError(f"a row of sent cannot be read, {row}: {error}") from error


def _unpack(reader: Reader) -> Sent:
    reader.version()
    segments, count, accepted, ended, strays = reader.numbers(_HEAD)
    runs = reader.runs(count, _RUN, accepted)
    ordinals = reader.column("H", accepted)
    ids = _ids(reader, accepted * segments)
    ended_ordinals, ended_states, ended_at = (reader.column(kind, ended) for kind in "HBq")
    ended_errs, reader.offset = unpack_errs(reader.packed, reader.offset, ended)
    stray_ordinals, stray_segments = (reader.column(kind, strays) for kind in "HB")
    stray_ids = _ids(reader, strays)
    reader.end()
    times: tuple[Any, Any] = spread(runs, 1), spread(runs, 2)
    return Sent(
        segments, ordinals, *times, ids, ended_ordinals, ended_states, ended_at, ended_errs,
        stray_ordinals, stray_segments, stray_ids,
    )  # fmt: skip


def _ids(reader: Reader, n: int) -> Ids:
    ids, reader.offset = unpack_ids(reader.packed, reader.offset, n)
    return ids
