"""What rows of `sent` and `result` say is still open."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from broadcast.ledger.packing.columns import I64, U8, U16, U32, U64, Bools
from broadcast.ledger.packing.ids import Ids
from broadcast.ledger.packing.result import Result
from broadcast.ledger.packing.sent import Sent
from broadcast.ledger.resolver.part import Rows
from broadcast.ledger.resolver.stored_ids import StoredIds
from broadcast.ledger.resolver.table import prefixes_of
from broadcast.ledger.resolver.waiting import STRAY, Waiting, as_entries, from_rows


def open_rows(
    sents: Sequence[tuple[int, I64, Sent]],
    results: Sequence[tuple[int, Result]],
    spelt: Callable[[Ids], Ids],
    hashes_of: Callable[[Ids], U64],
) -> Rows:
    """sents, results: of whole slices, each with its slice's place. spelt: ids in their one spelling."""
    every, settled = so_far(from_rows(sents), results)
    ids = spelt(every.ids)
    entries, hashes = as_entries(replace(every, ids=ids), hashes_of(ids), settled)
    return Rows(
        entries.messages, entries.message, entries.segment, StoredIds.of(entries.ids), prefixes_of(hashes)
    )


def so_far(every: Waiting, results: Sequence[tuple[int, Result]]) -> tuple[Waiting, Bools]:
    """Messages with what receipts said of them already, and which of their segments are settled."""
    states = _states(every, results)
    settled = states > 0
    left, worst = every.messages.left.copy(), every.messages.worst.copy()
    np.subtract.at(left, every.message[settled], np.uint8(1))
    np.minimum.at(worst, every.message[settled], states[settled])
    return replace(every, messages=replace(every.messages, left=left, worst=worst)), settled


def _states(every: Waiting, results: Sequence[tuple[int, Result]]) -> U8:
    """Of each segment its final state; 0: it has none yet, or is a stray."""
    states = np.zeros(len(every), np.uint8)
    if not results or not len(every):
        return states
    of = every.messages
    wanted = _keys(of.slices[every.message], of.ordinals[every.message], every.segment)
    counts = [len(result) for _, result in results]
    told = _keys(
        np.repeat(np.array([place for place, _ in results], np.uint32), counts),
        np.concatenate([result.ordinals for _, result in results]),
        np.concatenate([result.segments for _, result in results]),
    )
    order = np.argsort(told)
    told = told[order]
    found = np.minimum(np.searchsorted(told, wanted), len(told) - 1)
    known = (told[found] == wanted) & (of.worst[every.message] != STRAY)
    states[known] = np.concatenate([result.states for _, result in results])[order[found[known]]]
    return states


def _keys(slices: U32, ordinals: U16, segments: U8) -> I64:
    return slices.astype(np.int64) << 24 | ordinals.astype(np.int64) << 8 | segments
