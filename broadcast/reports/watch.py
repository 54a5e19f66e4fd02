"""A campaign looked at until it is over: its headline, what is wrong with it, and one moment of it as a document."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from broadcast.campaign.campaigns import by_name
from broadcast.diagnosis.finding import Finding
from broadcast.diagnosis.gather import Diagnosis
from broadcast.reports.progress import CarrierProgress, Progress, progress
from broadcast.reports.rates import Rates
from broadcast.store.types import Connection

DIAGNOSE_S: Final = 2.0
REPEAT_S: Final = 60.0


def headline(now: Progress) -> str:
    """The campaign's state, and what it waits for if it does."""
    if not now.launched:
        return f"{now.state}: not launched yet"
    if now.over:
        return now.state
    if now.workers == 0:
        return f"{now.state}: no worker is alive, start some with `broadcast up`"
    return f"{now.state}: {now.workers} worker{'s' if now.workers > 1 else ''}"


def moment_document(now: Progress, rates: Rates, findings: Sequence[Finding] = ()) -> dict[str, Any]:
    """For JSON: states per carrier, rates in segments per second, time left in seconds."""
    return {
        "at": now.at,
        "state": now.state,
        "workers": now.workers,
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
    connection: Connection, name: str, every_s: float
) -> AsyncIterator[tuple[Progress, tuple[Finding, ...]]]:
    """The campaign's progress every so many seconds, and what is wrong; the last one is its end. Raises InputError when
    there is no such campaign."""
    campaign_id = (await by_name(connection, name)).campaign_id
    diagnosis, findings = Diagnosis(connection, campaign_id), tuple[Finding, ...]()
    diagnosed_at = -DIAGNOSE_S
    while True:
        now = await progress(connection, campaign_id)
        if now.over or time.monotonic() - diagnosed_at >= DIAGNOSE_S:
            findings, diagnosed_at = await diagnosis.findings(), time.monotonic()
        yield now, findings
        if now.over:
            return
        await asyncio.sleep(every_s)
