"""Clocks that a law may rest on: one for leases, one for the time of day.

The machine's own time of day is asked for here only, and by what is no part of the engine (TID251, pyproject.toml).
"""

import math
import time
from datetime import UTC, datetime

_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def lease_time() -> float:
    """Seconds of a clock that nobody sets and that goes on while the machine sleeps, as time.monotonic does not."""
    return time.clock_gettime(_SINCE_BOOT)


def machine_time() -> datetime:
    """What this machine takes for the time of day; it may be a day off."""
    return datetime.now(UTC)


class DayTime:
    """The time of day by the database's clock: a machine's own may be an hour off (law 5). Those of two workers differ
    by no more than their soonest answers took: a receipt that one gets is no older than what the other has sent."""

    def __init__(self, told: datetime, asked: float) -> None:
        self._ahead = math.inf
        self.told(told, asked)

    @classmethod
    def of_this_machine(cls) -> "DayTime":
        """For what has no database to ask."""
        return cls(machine_time(), lease_time())

    def told(self, now: datetime, asked: float) -> None:
        """The database's time, asked for at `asked` (lease_time), answered now: from now on ahead of it by a round trip
        at most. What an answer that came sooner told stays, as long as this one allows it."""
        least, most = now.timestamp() - lease_time(), now.timestamp() - asked
        self._ahead = min(self._ahead, most) if self._ahead >= least else most

    def now(self) -> float:
        """Unix seconds."""
        return lease_time() + self._ahead

    def ahead_s(self, other: datetime, asked: float, answered: float) -> float:
        """By how much it is ahead of another clock (negative: behind), at least: that one said `other` at some moment
        between these two (lease_time)."""
        first, last = (moment + self._ahead - other.timestamp() for moment in (asked, answered))
        return first if first > 0 else min(last, 0.0)

    def now_us(self) -> int:
        """The same in microseconds, as the ledger keeps times."""
        return int((lease_time() + self._ahead) * 1_000_000)
