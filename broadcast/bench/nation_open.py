"""What millions of segments cost that wait for their receipts at once, in the nation's shape, and how soon a late one
is settled: the SMSCs hold every receipt back until all is accepted, then let those of some people come."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import asyncpg
import numpy as np
from numpy.typing import NDArray

from broadcast.bench.campaign import launch, most_s, prepare
from broadcast.bench.load import Load
from broadcast.bench.meters import Meters
from broadcast.bench.stage import Stage, bound, staged, start_workers
from broadcast.bench.window import asked
from broadcast.cli.runner import run
from broadcast.errors import AuditError
from broadcast.ids import CampaignId
from broadcast.reports.audit import audit
from broadcast.reports.progress import progress
from broadcast.store.pool import connect

_LOOK_S = 0.1
_REST_S = 6.0  # once all is accepted: of Postgres memory is looked at every fifth second
_RELEASE_S = 600  # for an SMSC to look through all that it holds
_STILL_S = 60.0  # without another receipt settled
_RANKS = 100_000  # of so many receipts at most it is told how long each waited
_MATCHED = """
SELECT name, coalesce(sum(matched), 0)::bigint
  FROM carrier LEFT JOIN carrier_tally USING (carrier_no) WHERE name = ANY ($1) GROUP BY name
"""

F64 = NDArray[np.float64]
Curve = list[tuple[float, int]]
"""(seconds, how many by then), in order."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One run. segments: open at once; cpu_s: per million of them, until all were accepted.

    Memory in MiB, by kind of process, of the largest one, of all of Postgres together: before the launch, at most, and
    when all was accepted and nothing told. late: receipts that came then; late_s: the median and the longest from
    an SMSC's having their acknowledgement to their being settled, to two tenths of a second.
    """

    messages: int
    segments: int
    sent_s: float
    cpu_s: dict[str, float]
    before_mib: dict[str, float]
    peak_mib: dict[str, float]
    open_mib: dict[str, float]
    late: int
    late_s: tuple[float, float]


def nation_open(load: Load, share: float) -> Opened:
    """load: held. share: of the people whose receipts come late. Raises AuditError when they are not settled, or the
    books do not balance in the end."""
    with staged(load, database=True) as stage:
        return run(_measure(stage, share))


async def _measure(stage: Stage, share: float) -> Opened:
    connection = await connect(stage.database.url(), check_schema=False)
    try:
        await prepare(connection, stage.config, stage.load)
        start_workers(stage)
        await bound(connection, stage.load)
        meters = Meters(stage)
        before_mib = dict(meters.now_mib)
        campaign_id = await launch(connection, stage.config, stage.load)
        segments, sent_s = await _accepted(connection, campaign_id, meters, most_s(stage.load))
        cpu_s = meters.per_million(segments)
        await _rest(meters)
        open_mib = dict(meters.now_mib)
        late = _Late(connection, stage)
        async with asyncio.TaskGroup() as group:
            releasing = group.create_task(late.release(share), name="release")
            count = await late.until_settled(releasing, meters)
        found = await audit(connection, campaign_id)
        if not found.balanced:
            raise AuditError(f"the books do not balance: {'; '.join(found.problems)}")
    finally:
        await connection.close()
    waits = np.concatenate([lags(late.acked[name], late.settled[name]) for name in late.acked])
    late_s = float(np.median(waits)), float(waits.max())
    return Opened(
        stage.load.messages, segments, sent_s, cpu_s, before_mib, meters.peak_mib, open_mib, count, late_s
    )


async def _rest(meters: Meters) -> None:
    until = time.monotonic() + _REST_S
    while time.monotonic() < until:
        meters.look()
        await asyncio.sleep(_LOOK_S)


async def _accepted(
    connection: asyncpg.Connection, campaign_id: CampaignId, meters: Meters, most: float
) -> tuple[int, float]:
    """Until everything is: segments, and seconds."""
    began = time.monotonic()
    while True:
        total = (await progress(connection, campaign_id)).total
        meters.look()
        took = time.monotonic() - began
        if not total.states["waiting"] and not total.states["in_doubt"]:
            return total.segments, took
        if took > most:
            raise AuditError(f"not everything was accepted in {most:.0f} s")
        await asyncio.sleep(_LOOK_S)


class _Late:
    """Asks the SMSCs for late receipts, and watches them come and be settled. Curves by carrier."""

    def __init__(self, connection: asyncpg.Connection, stage: Stage) -> None:
        self._connection = connection
        self._books = {name: str(stage.ready(name)["book"]) for name in stage.config.carriers}
        self._began = time.monotonic()
        self.acked: dict[str, Curve] = {name: [] for name in self._books}
        self.settled: dict[str, Curve] = {name: [] for name in self._books}

    async def release(self, share: float) -> int:
        """Those of so large a share of the people: how many."""
        said = await asyncio.gather(*(_get(f"{book}/held?release={share}") for book in self._books.values()))
        return sum(each["released"] for each in said)

    async def until_settled(self, releasing: "asyncio.Task[int]", meters: Meters) -> int:
        """Until all are: how many."""
        still, moved_at = -1, time.monotonic()
        while True:
            meters.look()
            done = await self._look()
            if done > still or not releasing.done():
                still, moved_at = done, time.monotonic()
            elif done >= releasing.result():
                return done
            elif time.monotonic() - moved_at > _STILL_S:
                raise AuditError(
                    f"{done:,} of {releasing.result():,} late receipts were settled, and then no more"
                )
            await asyncio.sleep(_LOOK_S)

    async def _look(self) -> int:
        """Receipts that are settled by now."""
        now = time.monotonic() - self._began
        books = await asyncio.gather(*(_get(book) for book in self._books.values()))
        for curve, book in zip(self.acked.values(), books, strict=True):
            curve.append((now, book["receipts"]["acked"]))
        rows = await self._connection.fetch(_MATCHED, list(self._books))
        now = time.monotonic() - self._began
        for name, settled in rows:
            self.settled[name].append((now, settled))
        return sum(settled for _, settled in rows)


def lags(acked: Curve, settled: Curve) -> F64:
    """How long each receipt waited, in seconds, none too short: from the last look before it was acked to the first
    after it was settled, the first acked being the first settled. Of more than _RANKS, of so many evenly between."""
    acked_s, acks = (np.array(column) for column in zip(*acked, strict=True))
    settled_s, ends = (np.array(column) for column in zip(*settled, strict=True))
    ranks = np.unique(np.linspace(1, ends[-1], min(int(ends[-1]), _RANKS)).astype(np.int64))
    since = acked_s[np.maximum(np.searchsorted(acks, ranks) - 1, 0)]
    waits: F64 = settled_s[np.searchsorted(ends, ranks)] - since
    return waits


async def _get(url: str) -> dict[str, Any]:
    return await asyncio.to_thread(asked, url, _RELEASE_S)
