"""A campaign looked at until it is over: its headline, what is wrong with it, and one moment of it as a document."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from broadcast.campaign.campaigns import by_name
from broadcast.campaign.marks import marked
from broadcast.config import Config
from broadcast.diagnosis.finding import Finding
from broadcast.languages import _, ngettext, term
from broadcast.reports.arriving import Arriving
from broadcast.reports.progress import CarrierProgress, Progress
from broadcast.reports.rates import Rates
from broadcast.reports.whole import Whole
from broadcast.reports.withdrawals import in_words
from broadcast.store.ledgers import LOST
from broadcast.store.types import Connection

DIAGNOSE_S: Final = 2.0
REPEAT_S: Final = 60.0


def headline(now: Progress) -> str:
    """What is no actual alert is said first; then the campaign's state, and what it waits for if it does."""
    return marked(now.status, _standing(now))


def _standing(now: Progress) -> str:
    if not now.launched:
        return _("{state}: not launched yet", state=term(now.state))
    back = in_words(now.withdrawals)
    if now.over:
        return f"{term(now.state)}: {back}" if back else term(now.state)
    more = [
        _("ledger {name} cannot be reached: its carriers are as they were", name=name) for name in now.away
    ]
    more += [_("ledger {name} {lost}", name=name, lost=_(LOST)) for name in now.lost]
    if now.workers == 0:
        workers = _("no worker is alive, start some with `broadcast up`")
    else:
        workers = ngettext("{n} worker", "{n} workers", now.workers)
    return "; ".join(filter(None, [f"{term(now.state)}: {workers}", back, *more]))


def moment_document(now: Progress, rates: Rates, findings: Sequence[Finding] = ()) -> dict[str, Any]:
    """For JSON: states per carrier, rates in segments per second, time left in seconds."""
    return {
        "at": now.at,
        "state": now.state,
        "status": now.status,
        "workers": now.workers,
        "delivered_90_percent_at": now.arrives_at,
        "away": now.away,
        "lost": now.lost,
        "withdrawals": [each.document() for each in now.withdrawals],
        "total": _carrier_document(now.total, rates),
        "carriers": [_carrier_document(line, rates) for line in now.carriers],
        "findings": [each.document() for each in findings],
    }


def _carrier_document(line: CarrierProgress, rates: Rates) -> Mapping[str, Any]:
    left = rates.left_s(line)
    return {
        "carrier": line.carrier,
        "audience": line.audience,
        "sent": line.sent,
        **line.states,
        "segments_accepted": line.segments,
        "segments_per_s": round(rates.segments_per_s(line.carrier), 1),
        "left_s": None if left is None else round(left, 1),
    }


@dataclass(slots=True)
class Told:
    """Which findings a reader of lines has been told: a new one at once, one that stays now and then."""

    _at: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def news(self, at: datetime, findings: Sequence[Finding]) -> list[str]:
        """Lines to print at this moment."""
        standing = {(each.code.value, each.carrier): each for each in findings}
        gone = self._at.keys() - standing.keys()
        lines = []
        for key, each in standing.items():
            if key not in self._at or (at - self._at[key]).total_seconds() >= REPEAT_S:
                self._at[key] = at
                lines.append(str(each))
        for key in gone:
            del self._at[key]
        return lines


async def watch(
    home: Connection, name: str, every_s: float, config: Config | None = None, *, why: bool = False
) -> AsyncIterator[tuple[Progress, tuple[Finding, ...]]]:
    """The campaign's progress every so many seconds, and what is wrong; the last one is its end. config: where there
    are several ledgers. why: as `diagnose`. Raises InputError when there is no such campaign."""
    found = await by_name(home, name)
    whole, arriving = Whole(home, config, found.campaign_id), Arriving(home, found)
    findings, diagnosed_at = tuple[Finding, ...](), -DIAGNOSE_S
    try:
        while True:
            now = await arriving.told(await whole.progress(), whole.ledgers())
            if now.over or time.monotonic() - diagnosed_at >= DIAGNOSE_S:
                findings, diagnosed_at = await whole.findings(why=why), time.monotonic()
            yield now, findings
            if now.over:
                return
            await asyncio.sleep(every_s)
    finally:
        whole.close()
