"""Does it stay fast and small as it grows, in the nation's shape: a reading at every million segments accepted."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from broadcast.bench.growth import MILLION
from broadcast.cli.output import note

EARLY, LATE = 2, 20  # the millions that are compared: warm, and grown
_TENTH = 10  # shorter runs are read at every tenth of them
_SIZES = """
SELECT pg_database_size(current_database()) AS database,
       (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint AS log,
       (SELECT sum(segments)::bigint FROM tally) - (SELECT coalesce(sum(matched), 0)::bigint FROM carrier_tally) AS open
"""


@dataclass(frozen=True, slots=True)
class NationStep:
    """From the reading before to this one. segments: accepted so far; seconds: since the launch; rate: segments of
    this step, per second; cpu_s: of this step, per million segments, by kind of process.

    Now: mib, of the largest process of a kind, of all of Postgres together; database_mib; open: segments accepted and
    without a final receipt. log_octets: of write-ahead log per segment of this step. lag_s: the longest that receipts
    of this step may have waited for their resolver.
    """

    segments: int
    seconds: float
    rate: float
    cpu_s: dict[str, float]
    mib: dict[str, float]
    database_mib: float
    log_octets: float
    open: int
    lag_s: float


class NationGrowth:
    """Told of every look, asks the database when a step is full. The first look is where it begins to count."""

    def __init__(self, connection: asyncpg.Connection, segments: int) -> None:
        """segments: that will be accepted."""
        self.steps: list[NationStep] = []
        self._connection = connection
        self._step = MILLION if segments >= 2 * MILLION else max(1, segments // _TENTH)
        self._segments = 0
        self._at_s = 0.0
        self._cpu_s: dict[str, float] = {}
        self._log = 0
        self._lag_s = 0.0

    async def look(
        self, at_s: float, segments: int, cpu_s: dict[str, float], mib: dict[str, float], lag_s: float
    ) -> None:
        """At so many seconds since the launch so many segments were accepted. cpu_s: since the launch; mib: now; lag_s:
        that receipts may have waited by now."""
        if not self._cpu_s:
            self._segments, self._at_s, self._cpu_s = segments, at_s, cpu_s
            self._log = (await self._sizes())["log"]
            return
        self._lag_s = max(self._lag_s, lag_s)
        if segments // self._step == self._segments // self._step:
            return
        sizes = await self._sizes()
        sent = segments - self._segments
        step = NationStep(
            segments=segments,
            seconds=at_s,
            rate=sent / max(1e-9, at_s - self._at_s),
            cpu_s={kind: (cpu_s[kind] - self._cpu_s[kind]) / sent * MILLION for kind in cpu_s},
            mib=dict(mib),
            database_mib=sizes["database"] / 2**20,
            log_octets=(sizes["log"] - self._log) / sent,
            open=sizes["open"],
            lag_s=self._lag_s,
        )
        self.steps.append(step)
        note(_line(step))  # a run that is ended early has not been for nothing
        self._segments, self._at_s, self._cpu_s = segments, at_s, cpu_s
        self._log, self._lag_s = sizes["log"], 0.0

    async def _sizes(self) -> asyncpg.Record:
        found = await self._connection.fetchrow(_SIZES)
        assert found is not None  # it selects from no table
        return found


def _line(step: NationStep) -> str:
    """Of the reading, what one looks for while it runs."""
    spent = sum(step.cpu_s.values())
    memory = ", ".join(f"{kind} {mib:.0f}" for kind, mib in step.mib.items())
    return (
        f"{step.segments:,} segments after {step.seconds:.0f} s: {step.rate:,.0f}/s, {spent:.1f} CPU s per million; "
        f"MiB: {memory}; {step.open:,} open; lag {step.lag_s:.1f} s"
    )


def grown(steps: Sequence[NationStep], early: int = EARLY, late: int = LATE) -> float | None:
    """CPU seconds of all processes per million segments at the step `late`, over those at `early`, counted from 1; None
    where there were not so many."""
    if len(steps) < late:
        return None
    return sum(steps[late - 1].cpu_s.values()) / sum(steps[early - 1].cpu_s.values())
