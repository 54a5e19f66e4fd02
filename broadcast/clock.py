"""Clocks that a law may rest on: one for leases, one for the time of day."""

import time

_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def lease_time() -> float:
    """Seconds of a clock that nobody sets and that goes on while the machine sleeps, as time.monotonic does not."""
    return time.clock_gettime(_SINCE_BOOT)


class DayTime:
    """The time of day by the database's clock, for a machine's own may be an hour off (law 5); its own until told."""

    def __init__(self) -> None:
        self._ahead: float | None = None  # of lease_time

    def told(self, unix_s: float, asked: float) -> None:
        """The database's time, asked for at `asked` (lease_time): from now on ahead of it by a round trip at most."""
        self._ahead = unix_s - asked

    def now(self) -> float:
        """Unix seconds."""
        return time.time() if self._ahead is None else lease_time() + self._ahead
