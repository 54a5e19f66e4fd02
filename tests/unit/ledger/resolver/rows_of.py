"""Rows of the ledger for tests of the resolver: written and read by the product's own packing."""

from collections.abc import Sequence

import numpy as np

from broadcast.ledger.packing.received import Received, pack_received, unpack_received
from broadcast.ledger.packing.result import Result, pack_result, unpack_result
from broadcast.ledger.packing.sent import Answered, Sent, unpack_sent
from broadcast.ledger.resolver.met import SliceResult
from broadcast.ledger.resolver.slices import SliceFacts

T0 = 1_800_000_000_000_000  # us
PEOPLE = 84_900_000_000


def facts(slice_id: int, msisdns: Sequence[int], campaign_id: int = 1) -> SliceFacts:
    return SliceFacts(slice_id, campaign_id, np.array(msisdns, np.int64))


def sent(
    *messages: tuple[int, Sequence[str], int],
    strays: Sequence[tuple[int, int, str]] = (),
    segments: int | None = None,
) -> Sent:
    """messages: (ordinal, ids, left_at), each a run of its own; strays: (ordinal, segment, id)."""
    answered = Answered(segments or (len(messages[0][1]) if messages else 1))
    for no, (ordinal, ids, left_at) in enumerate(messages):
        answered.accept_parts(ordinal, ids)
        answered.read(left_at, T0 + 1_000_000 * no)
    for ordinal, segment, smsc_id in strays:
        answered.stray(ordinal, segment, smsc_id)
    return unpack_sent(answered.pack())


def received(*receipts: tuple[str, int, int, int] | tuple[str, int, int, int, str]) -> Received:
    """receipts: (id, msisdn or 0, received_at, state, and mostly no err)."""
    return unpack_received(
        pack_received(
            [(1, receipt[2]) for receipt in receipts],
            [receipt[3] for receipt in receipts],
            [receipt[1] for receipt in receipts],
            [receipt[0] for receipt in receipts],
            [receipt[4] if len(receipt) > 4 else "" for receipt in receipts],
        )
    )


def written(result: SliceResult) -> Result:
    """As it is read from its row."""
    return unpack_result(
        pack_result(result.ordinals, result.segments, result.states, result.received_at, result.errs)
    )
