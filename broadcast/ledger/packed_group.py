"""What a group usually holds, as the arguments of the SQL function commit_group. Pure, and not on the event loop."""

from collections.abc import Sequence
from typing import Any

from broadcast.ids import CarrierNo
from broadcast.ledger.journal import SEGMENTS, Group, Receipts
from broadcast.ledger.packing.received import pack_received
from broadcast.ledger.states import RecipientState

# behind worker_no and batch
PackedGroup = Sequence[Sequence[Any]]

_TALLIED = (
    RecipientState.WAITING,
    RecipientState.IN_DOUBT,
    RecipientState.ACCEPTED,
    RecipientState.UNKNOWN,
    RecipientState.REJECTED,
    SEGMENTS,
)


def packed(group: Group) -> PackedGroup:
    """The group itself stays as it is."""
    deltas = group.tallies
    counts = group.receipts
    return (
        *_columns(
            [
                (each.slice_id, each.token, each.mark, each.answered, each.retry, each.state)
                for each in group.slices
            ],
            6,
        ),
        [campaign_id for campaign_id, _ in deltas],
        [carrier_no for _, carrier_no in deltas],
        *([delta[index] for delta in deltas.values()] for index in _TALLIED),
        *_columns([(carrier, each.received, each.intermediate) for carrier, each in counts.items()], 3),
        *_columns(
            [
                (carrier_no, slice_id, *answered.ordinals(), answered.pack())
                for slice_id, (carrier_no, answered) in group.sent.items()
            ],
            5,
        ),
        *_columns([_received(carrier, each) for carrier, each in counts.items() if each.states], 3),
    )


def _received(carrier_no: CarrierNo, receipts: Receipts) -> tuple[CarrierNo, int, bytes]:
    return (
        carrier_no,
        len(receipts.states),
        pack_received(
            [(run[0], run[1]) for run in receipts.runs],
            receipts.states,
            [msisdn or 0 for msisdn in receipts.msisdns],
            receipts.ids,
            receipts.errs,
        ),
    )


def _columns(lines: Sequence[Sequence[Any]], count: int) -> Sequence[Sequence[Any]]:
    """Side by side; of no lines, so many empty ones."""
    return list(zip(*lines, strict=True)) if lines else [()] * count
