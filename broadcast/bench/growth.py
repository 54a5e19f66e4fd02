"""Does it stay fast as it grows: a reading at every million settled messages of the pipeline."""

import asyncio
import re
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from prometheus_client.parser import text_string_to_metric_families

MILLION = 1_000_000
_TENTH = 10  # shorter runs are read at every tenth of them
_SCRAPE_S = 1.0
_METRICS = re.compile(r"(http://\S+?/metrics)")
_SIZES = """
SELECT sum(pg_table_size(oid)) FILTER (WHERE relname IN ('sent', 'result')) AS logs,
       sum(pg_indexes_size(oid)) FILTER (WHERE relname IN ('sent', 'result')) AS log_indexes,
       sum(pg_total_relation_size(oid)) FILTER (WHERE relname IN ('received', 'parked')) AS waiting
  FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""
LAG = """
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - resolved_until)), 0) FROM resolver
 WHERE resolved_until > '-infinity'
"""


@dataclass(frozen=True, slots=True)
class Step:
    """From the reading before to this one. settled: messages so far; rate: of this step, per second.

    Sizes in MiB: the logs that stay (sent, result) and their indexes; receipts that wait (received, parked). commit_ms:
    the median of this step's groups, None without one; resolve_lag_s: the longest that receipts may have waited, looked
    at every second; worker_mib: the largest now.
    """

    settled: int
    seconds: float
    rate: float
    table_mib: float
    index_mib: float
    waiting_mib: float
    commit_ms: float | None
    resolve_lag_s: float
    worker_mib: float


class Growth:
    """Asks the database and the workers' metrics. logs: the folder where workers wrote where these are."""

    def __init__(self, connection: asyncpg.Connection, logs: Path, messages: int) -> None:
        self.steps: list[Step] = []
        self._connection = connection
        self._urls = [
            found[1]
            for log in sorted(logs.glob("worker-*.log"))
            if (found := _METRICS.search(log.read_text()))
        ]
        self._step = MILLION if messages >= 2 * MILLION else max(1, messages // _TENTH)
        self._began = self._read_at = time.monotonic()
        self._settled = 0
        self._commits: Counter[float] = Counter()
        self._commits_read: Counter[float] = Counter()
        self._lag_s = 0.0
        self._scraped_at = 0.0

    async def look(self, settled: int, worker_mib: float) -> None:
        """`settled` messages by now; takes a reading when a step is full."""
        now = time.monotonic()
        full = settled // self._step > self._settled // self._step
        if full or now - self._scraped_at >= _SCRAPE_S:
            self._scraped_at = now
            await asyncio.to_thread(self._scrape)
            self._lag_s = max(self._lag_s, float(await self._connection.fetchval(LAG)))
        if full:
            await self._read(settled, now, worker_mib)

    async def _read(self, settled: int, now: float, worker_mib: float) -> None:
        sizes = await self._connection.fetchrow(_SIZES)
        assert sizes is not None  # an aggregate always has its row
        mib = {name: float(octets or 0) / 2**20 for name, octets in sizes.items()}
        commit_s = histogram_median(self._commits - self._commits_read)
        self.steps.append(
            Step(
                settled=settled,
                seconds=now - self._began,
                rate=(settled - self._settled) / (now - self._read_at),
                table_mib=mib["logs"],
                index_mib=mib["log_indexes"],
                waiting_mib=mib["waiting"],
                commit_ms=None if commit_s is None else commit_s * 1000,
                resolve_lag_s=self._lag_s,
                worker_mib=worker_mib,
            )
        )
        self._settled, self._read_at = settled, now
        self._commits_read, self._lag_s = self._commits.copy(), 0.0

    def _scrape(self) -> None:
        commits: Counter[float] = Counter()
        for url in self._urls:
            with urllib.request.urlopen(url, timeout=10) as answer:
                for family in text_string_to_metric_families(answer.read().decode()):
                    for sample in family.samples:
                        if sample.name == "broadcast_ledger_commit_seconds_bucket":
                            commits[float(sample.labels["le"])] += int(sample.value)
        self._commits = commits


def histogram_median(cumulated: Counter[float]) -> float | None:
    """The median of a Prometheus histogram (upper bound -> how many up to it), linear within its bucket.

    None when it is empty; the highest finite bound when the median lies above it.
    """
    half = cumulated[float("inf")] / 2
    if not half:
        return None
    below_bound, below = 0.0, 0
    for bound in sorted(cumulated):
        if cumulated[bound] >= half:
            if bound == float("inf"):
                break
            return below_bound + (bound - below_bound) * (half - below) / (cumulated[bound] - below)
        below_bound, below = bound, cumulated[bound]
    return below_bound
