"""Receipts as they came from one carrier in one group (`received.packed`), or that fit nothing (`parked.packed`).

u8 version, u16 runs, u32 n
a run: u32 receipts, i64 received_at; together n receipts
states u8 (final ones), msisdns i64 (0: none, or unreadable), the ids of n, the errs of n
parked only: reasons u8, places in REASONS
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from broadcast.errors import LedgerError
from broadcast.ledger.packing.columns import (
    I64,
    U8,
    VERSION,
    Bools,
    Numbers,
    Octets,
    Reader,
    bits,
    column,
    spread,
)
from broadcast.ledger.packing.errs import Errs, pack_errs, unpack_errs
from broadcast.ledger.packing.ids import Ids, pack_ids, unpack_ids

# why a receipt fits nothing: its id is nobody's; another number; older than the submission; several people, no number
REASONS: Final = ("unknown", "other_number", "older", "clash")

_HEAD: Final = struct.Struct("<HI")  # after the version
_RUN: Final = struct.Struct("<Iq")
_MOST_RUNS: Final = 0xFFFF
_STEP_US: Final = 10_000  # of times that are told as one, at first: less than two machines' clocks differ


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """A row as columns, one entry a receipt. received_at in us; states: 5 to 8; msisdns: 0 where none is known."""

    received_at: I64
    states: U8
    msisdns: I64
    ids: Ids
    errs: Errs

    def __len__(self) -> int:
        return len(self.states)


@dataclass(frozen=True, slots=True, eq=False)
class Parked:
    """A row of receipts that fit nothing. reasons: places in REASONS; left: false where it was taken since."""

    receipts: Received
    reasons: U8
    left: Bools

    def __len__(self) -> int:
        return len(self.reasons)


def runs_of(received_at: I64) -> list[tuple[int, int]]:
    """Times of receipts, one each, as runs of equal ones."""
    if not len(received_at):
        return []
    starts = np.concatenate([[0], np.nonzero(np.diff(received_at))[0] + 1])
    lengths = np.diff(np.append(starts, len(received_at)))
    return list(zip(lengths.tolist(), received_at[starts].tolist(), strict=True))


def pack_received(
    runs: Sequence[tuple[int, int]], states: Numbers, msisdns: Numbers, ids: Sequence[str] | Ids,
    errs: Sequence[str] | Errs,
) -> bytes:  # fmt: skip
    """The row. runs: (receipts, received_at), in order, of all receipts together; msisdns: 0 for none. Raises
    ValueError where these do not fit together. Of more than 65,535 runs, those that follow one another so closely are
    told as one that they are few enough: of a backlog whose receipts fit nothing."""
    n = len(states)
    if sum(receipts for receipts, _ in runs) != n or not n == len(msisdns) == len(ids) == len(errs):
        raise ValueError("columns of receipts of different lengths")
    runs = _few_enough(runs)
    return b"".join(
        (
            bytes((VERSION,)) + _HEAD.pack(len(runs), n),
            *[_RUN.pack(*run) for run in runs],
            column("B", states),
            column("q", msisdns),
            ids.packed() if isinstance(ids, Ids) else pack_ids(ids),
            pack_errs(errs),
        )
    )


def _few_enough(runs: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    """Neighbours that begin within a step of time are one, of the first's time; the step grows as it must."""
    step = _STEP_US
    while len(runs) > _MOST_RUNS:
        merged: list[tuple[int, int]] = []
        for receipts, at in runs:
            if merged and abs(at - merged[-1][1]) < step:
                merged[-1] = merged[-1][0] + receipts, merged[-1][1]
            else:
                merged.append((receipts, at))
        runs, step = merged, 2 * step
    return runs


def unpack_received(packed: Octets, row: object = "") -> Received:
    """Raises LedgerError naming the row (its key), where the octets are not what pack_received makes."""
    try:
        reader = Reader(packed)
        received = _receipts(reader)
        reader.end()
    except LedgerError as error:
        raise LedgerError(f"a row of received cannot be read, {row}: {error}") from error
    return received


def pack_parked(receipts: Received, reasons: Numbers) -> bytes:
    """The row. reasons: places in REASONS, one a receipt. Raises ValueError as pack_received."""
    if len(reasons) != len(receipts):
        raise ValueError("receipts without a reason")
    packed = pack_received(
        runs_of(receipts.received_at), receipts.states, receipts.msisdns, receipts.ids, receipts.errs
    )
    return packed + column("B", reasons)


def unpack_parked(packed: Octets, taken: bytes = b"", row: object = "") -> Parked:
    """taken: parked.taken. Raises LedgerError as unpack_received."""
    try:
        reader = Reader(packed)
        receipts = _receipts(reader)
        reasons = reader.column("B", len(receipts))
        reader.end()
        if len(reasons) and reasons.max() >= len(REASONS):
            raise LedgerError("a reason in it is not known")
    except LedgerError as error:
        raise LedgerError(f"a row of parked cannot be read, {row}: {error}") from error
    return Parked(receipts, reasons, ~bits(taken, len(receipts)))


def _receipts(reader: Reader) -> Received:
    reader.version()
    count, n = reader.numbers(_HEAD)
    runs = reader.runs(count, _RUN, n)
    states, msisdns = reader.column("B", n), reader.column("q", n)
    ids, reader.offset = unpack_ids(reader.packed, reader.offset, n)
    errs, reader.offset = unpack_errs(reader.packed, reader.offset, n)
    return Received(spread(runs, 1), states, msisdns, ids, errs)


def with_numbers(packed: bytes, others: Mapping[int, int]) -> bytes | None:
    """A row of `received` or `parked` with other numbers for these, everything else in its place; None: it has none of
    them. Raises LedgerError as unpack_received."""
    reader = Reader(packed)
    reader.version()
    count, n = reader.numbers(_HEAD)
    reader.runs(count, _RUN, n)
    reader.octets(n)  # states
    start = reader.offset
    msisdns = reader.column("q", n)
    there = np.isin(msisdns, np.fromiter(others, np.int64, len(others)))
    if not there.any():
        return None
    msisdns[there] = [others[number] for number in msisdns[there].tolist()]
    return b"".join((packed[:start], column("q", msisdns), packed[reader.offset :]))


def numbers_in(packed: bytes) -> set[int]:
    """Whom a row of `received` or `parked` names. Raises LedgerError as unpack_received."""
    reader = Reader(packed)
    reader.version()
    count, n = reader.numbers(_HEAD)
    reader.runs(count, _RUN, n)
    reader.octets(n)
    return set(reader.column("q", n).tolist()) - {0}
