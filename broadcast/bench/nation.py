"""The nation's shape: an alert of five UCS-2 segments to carriers that report each segment at its own time.

Receipts come over 2 to 30 s at any session, some after minutes, some never, some twice or before the response; ids are
UUIDs (stage.py has the shares). So the campaign is not finished in the end, but everything that was told is final.
"""

import asyncio
import time
from dataclasses import dataclass, field
from statistics import median

import asyncpg

from broadcast.bench.campaign import begin, most_s
from broadcast.bench.growth import LAG
from broadcast.bench.load import Load
from broadcast.bench.meters import Meters
from broadcast.bench.nation_growth import NationGrowth, NationStep
from broadcast.bench.stage import Stage, staged
from broadcast.bench.window import COST_S, LOOK_S, Cost, pending, submits_for_each, within
from broadcast.cli.runner import run
from broadcast.errors import AuditError
from broadcast.ids import CampaignId
from broadcast.reports.audit import audit
from broadcast.reports.progress import Progress, progress
from broadcast.reports.steady import Pace
from broadcast.store.pool import connect

_STILL_S = 5.0  # without another final state, after the last receipt
_TABLES = """
SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class AS c
 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
   AND relname NOT IN ('subscriber', 'subscriber_import', 'import_staging', 'slice')
"""


@dataclass(frozen=True, slots=True)
class Nation:
    """One run. Per second and CPU seconds per million segments: within WINDOW_S, or the sending if it was shorter.

    used_share: of the granted TPS while there was work, by submits that were answered, refusals for now among them;
    None without a limit. longest_pause_s: of any carrier that had work and TPS. last_final_s: from the last receipt
    that was acked to the last final state in the tallies, to half a second. lag_s: the median and the longest that
    receipts may have waited for their resolver, from their commit on, looked at all the time. log_octets: of
    write-ahead log per segment; octets_per_message: of the ledger's tables, in the end.
    """

    messages: int
    segments: int
    sent_s: float
    segments_per_s: float
    final_per_s: float
    cpu_s: dict[str, float]
    used_share: float | None
    longest_pause_s: float
    last_final_s: float
    lag_s: tuple[float, float]
    log_octets: float
    octets_per_message: float
    peak_mib: dict[str, float]
    states: dict[str, int] = field(default_factory=dict)
    growth: tuple[NationStep, ...] = ()


def nation(load: Load, *, growth: bool = False) -> Nation:
    """Raises AuditError when the books do not balance in the end."""
    with staged(load, database=True) as stage:
        return run(_measure(stage, growth))


async def _measure(stage: Stage, grows: bool) -> Nation:
    connection = await connect(stage.database.url(), check_schema=False)
    try:
        log = await connection.fetchval("SELECT pg_current_wal_insert_lsn()")
        campaign_id = await begin(connection, stage)
        watching = Watch(connection, campaign_id, Meters(stage), stage.load, grows=grows)
        sent_s = await watching.until_sent()
        told_s = await watching.until_told(stage)
        last_final_s = max(0.0, await watching.until_still() - told_s)
        grown = await connection.fetchval("SELECT pg_current_wal_insert_lsn() - $1::pg_lsn", log)
        found = await audit(connection, campaign_id)
        if not found.balanced:
            raise AuditError(f"the books do not balance: {'; '.join(found.problems)}")
        octets = await connection.fetchval(_TABLES)
        submits = await asyncio.to_thread(submits_for_each, stage)
    finally:
        await connection.close()
    last, share = watching.costs[-1], watching.pace.share
    rates = within(watching.costs, sent_s, stage.load.segments)
    return Nation(
        stage.load.messages, last.segments, sent_s, *rates,
        share * submits if share and stage.load.tps else None, watching.pace.slowest()[1], last_final_s,
        (median(watching.lags_s), max(watching.lags_s)), float(grown) / last.segments,
        octets / stage.load.messages, watching.meters.peak_mib, watching.states,
        tuple(watching.growth.steps) if watching.growth else (),
    )  # fmt: skip


class Watch:
    """Looks at the tallies, the processes and the carriers' books until all is told."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        campaign_id: CampaignId,
        meters: Meters,
        load: Load,
        *,
        grows: bool = False,
    ) -> None:
        self.pace = Pace()
        self.costs: list[Cost] = []
        self.lags_s: list[float] = []
        self.states: dict[str, int] = {}
        self.meters = meters
        self._connection = connection
        self._campaign_id = campaign_id
        self._load = load
        self._began = time.monotonic()
        self._final = -1
        self._final_at_s = 0.0
        segments = load.messages * load.segments
        self.growth = NationGrowth(connection, segments) if grows else None

    async def until_sent(self) -> float:
        """Seconds since the launch."""
        now = await self.look()
        while now.total.states["waiting"] or now.total.states["in_doubt"]:
            await asyncio.sleep(LOOK_S)
            now = await self.look()
        return self.now_s

    async def until_told(self, stage: Stage) -> float:
        """Until every receipt that is to come was acked: seconds since the launch."""
        told_s = self.now_s
        while await asyncio.to_thread(pending, stage):
            told_s = self.now_s
            await self.look()
            await asyncio.sleep(LOOK_S)
        return told_s

    async def until_still(self) -> float:
        """Until no more becomes final: when the last did."""
        while self.now_s < self._final_at_s + _STILL_S:
            await self.look()
            await asyncio.sleep(LOOK_S)
        return self._final_at_s

    @property
    def now_s(self) -> float:
        """Seconds since the launch."""
        now = time.monotonic() - self._began
        if now > most_s(self._load):
            raise AuditError(f"not everything was sent and told in {most_s(self._load):.0f} s")
        return now

    async def look(self) -> Progress:
        """Read it all once."""
        now = await progress(self._connection, self._campaign_id)
        self.pace.look(now)
        self.meters.look()
        lag_s = float(await self._connection.fetchval(LAG))
        self.lags_s.append(lag_s)
        at_s, total = self.now_s, now.total
        if total.ended != self._final:
            self._final, self._final_at_s = total.ended, at_s
        if not self.costs or at_s - self.costs[-1].at_s >= COST_S:
            self.costs.append(Cost(at_s, total.segments, total.ended, self.meters.cpu_s()))
        if self.growth is not None:
            await self.growth.look(at_s, total.segments, self.meters.cpu_s(), self.meters.now_mib, lag_s)
        self.states = {state: count for state, count in total.states.items() if count}
        return now
