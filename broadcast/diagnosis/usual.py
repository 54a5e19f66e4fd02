"""What is usual at a carrier: how soon its receipts come, and which share of its messages it refuses.

From a few slices of the newest campaigns: a bounded sample, folded like any slice.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from broadcast.ids import CampaignId, CarrierNo
from broadcast.ledger import fold, recount
from broadcast.ledger.states import RecipientState
from broadcast.store import plans
from broadcast.store.queries import sql
from broadcast.store.types import Connection

CAMPAIGNS: Final = 5
SLICES: Final = 2  # of a campaign and carrier
SLICES_MOST: Final = 50
AT_A_TIME: Final = 10  # slices: some MiB
LEAST: Final = 100  # recipients
EVERY_S: Final = 60.0
SHARE: Final = 95  # per cent of a carrier's receipts


@dataclass(frozen=True, slots=True)
class Usual:
    """Of one carrier; None where too little is known. receipt_s: within which SHARE of its receipts come."""

    receipt_s: float | None = None
    refused_share: float | None = None


@dataclass(slots=True)
class Sample:
    """What slices said. delays_s: by carrier_no, from the last answer to the last receipt; ended, refused: recipients
    by carrier_no and campaign_id."""

    delays_s: defaultdict[CarrierNo, list[NDArray[np.float64]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    ended: Counter[tuple[CarrierNo, CampaignId]] = field(default_factory=Counter)
    refused: Counter[tuple[CarrierNo, CampaignId]] = field(default_factory=Counter)

    def add(self, rows: recount.SliceRows, people: fold.People) -> None:
        """What one slice says."""
        key = rows.carrier_no, rows.campaign_id
        ended = (people.settled_at > 0) & (people.state != fold.NOBODY)
        told = ended & (people.submitted_at > 0) & (people.state >= RecipientState.UNDELIVERABLE)
        self.delays_s[rows.carrier_no].append((people.settled_at[told] - people.submitted_at[told]) / 1e6)
        self.ended[key] += int(ended.sum())
        self.refused[key] += int((ended & (people.state == RecipientState.REJECTED)).sum())

    def usual(self, carrier_no: CarrierNo, judged: Collection[CampaignId]) -> Usual:
        """judged: campaigns whose refusals are in question, and so are not what is usual."""
        delays_s = np.concatenate([np.zeros(0), *self.delays_s.get(carrier_no, ())])
        others = [key for key in self.ended if key[0] == carrier_no and key[1] not in judged]
        ended = sum(self.ended[key] for key in others)
        return Usual(
            float(np.percentile(delays_s, SHARE)) if len(delays_s) >= LEAST else None,
            sum(self.refused[key] for key in others) / ended if ended >= LEAST else None,
        )


@dataclass(slots=True)
class Samples:
    """Of one database: the sample of the last minute, for all that ask for its campaigns."""

    _newest: Sample = field(default_factory=Sample)
    _until: float = 0.0

    async def newest(self, connection: Connection) -> Sample:
        if time.monotonic() >= self._until:
            self._newest = await sample(connection)
            self._until = time.monotonic() + EVERY_S
        return self._newest


async def sample(connection: Connection) -> Sample:
    """Read in a transaction of its own."""
    found = Sample()
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(plans.LOOK_UP)
        rows = await connection.fetch(sql("usual_slices"), CAMPAIGNS, SLICES, SLICES_MOST)
        places = [row["slice_id"] for row in rows]
        for first in range(0, len(places), AT_A_TIME):
            page = places[first : first + AT_A_TIME]
            for each in await recount.of_slices(connection, page, nameless=True):
                found.add(each, recount.folded(each))
                await asyncio.sleep(0)  # others' turn on this loop
    return found
