"""What one look found, as the arguments of the SQL function `resolve`: it is written whole or not at all, once."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from broadcast.errors import BroadcastError
from broadcast.ids import CampaignId, CarrierNo, SliceId, WorkerNo
from broadcast.ledger.packing.received import Parked, pack_parked
from broadcast.ledger.resolver.parked_rows import Left, moment
from broadcast.ledger.states import ENDS
from broadcast.store.queries import sql
from broadcast.store.types import Connection


class NotOursError(BroadcastError):
    """Another resolver has this carrier now: nothing was written"""


@dataclass(frozen=True, slots=True)
class Found:
    """results: slice_id -> packed row. ended: (campaign_id, state) -> messages that left accepted (or unknown).
    cursors: worker_no -> batch. dropped: parked receipts that were too many or too old; left: parked rows that
    a receipt was taken from; parked: a new one. misfits: by reason."""

    results: Mapping[SliceId, bytes] = field(default_factory=dict)
    ended: Mapping[tuple[CampaignId, int], int] = field(default_factory=dict)
    cursors: Mapping[WorkerNo, int] = field(default_factory=dict)
    matched: int = 0
    duplicate: int = 0
    dropped: int = 0
    misfits: Mapping[str, int] = field(default_factory=dict)
    left: Left = field(default_factory=lambda: Left([], [], []))
    parked: Parked | None = None


async def write(connection: Connection, holder: UUID, carrier_no: CarrierNo, no: int, found: Found) -> None:
    """Write it as look no + 1. A second try of what was written, though nobody heard so, changes nothing.

    Raises NotOursError.
    """
    if await connection.fetchval(sql("resolve"), holder, carrier_no, no, *_arguments(found)) is None:
        now = await connection.fetchval(sql("resolver_no"), carrier_no, holder)
        if now != no + 1:
            raise NotOursError


def _arguments(found: Found) -> list[Any]:
    states: dict[CampaignId, Counter[int]] = {}
    for (campaign_id, state), messages in found.ended.items():
        states.setdefault(campaign_id, Counter())[state] += messages
    new = found.parked
    return [
        list(found.results),
        list(found.results.values()),
        list(states),
        *([each[state] for each in states.values()] for state in ENDS),
        list(found.cursors),
        list(found.cursors.values()),
        found.matched,
        found.duplicate,
        found.dropped,
        list(found.misfits),
        list(found.misfits.values()),
        None if new is None else moment(int(new.receipts.received_at.max())),
        None if new is None else len(new),
        None if new is None else pack_parked(new.receipts, new.reasons),
        found.left.nos,
        found.left.counts,
        found.left.taken,
    ]
