"""How much of its grant a worker may send at one carrier now. Pure: values and `now` in, a number out (law 4).

Three rules hold together. Two are the law, in segments of any second: *departed*, what left in the last second by
this clock; and *arrivals*, what may have arrived in the last second by the carrier's. The *bucket* is the manner:
segments leave at RUSH times the even rate at the most, in bursts of BURST_S, and of LATE_S more while they flow: so a
late timer is made good, without a burst at the start or at the window's edge.
"""

import math
from collections import deque
from collections.abc import Hashable

from broadcast.engine.arrivals import Arrivals, forget

GRANT_WAIT_S = 1.1  # before a higher grant is used: the worker that gave it up may have sent until then
RUSH = 1.06
BURST_S = 0.02
LATE_S = 0.05  # of what flows: for so long a busy loop costs nothing
QUANTUM_S = 0.01  # of the pace: what leaves at once costs one write and one waking
WHOLE_S = 0.01  # of the pace: as little may be left over in a second
THROTTLED_FACTOR = 0.8
THROTTLED_SHARE = 0.05  # of the answers: from here on one step down is a whole one
RECOVERY_PER_S = 0.05


class Pacer:
    """The pace of one worker at one carrier. Times are seconds of one monotonic clock."""

    __slots__ = (
        "_arrivals",
        "_credit",
        "_credit_at",
        "_departed",
        "_factor",
        "_factor_at",
        "_grant",
        "_in_window",
        "_raises",
    )

    def __init__(self) -> None:
        self._grant = 0
        self._raises: list[tuple[float, int]] = []  # (in force from, TPS), both rising
        self._departed: deque[tuple[float, int]] = deque()  # (when, segments)
        self._in_window = 0  # sum of `_departed`
        self._arrivals = Arrivals()
        self._credit = 0.0
        self._credit_at = 0.0
        self._factor = 1.0
        self._factor_at = 0.0

    @property
    def grant(self) -> int:
        """Segments per second granted and in force."""
        return self._grant

    @property
    def factor(self) -> float:
        """The share of the grant that is used: below 1 after the carrier throttled us."""
        return self._factor

    def quantum(self, segments: int) -> int:
        """How many segments leave at once rather than fewer: QUANTUM_S of the pace, in whole messages of `segments`
        unless the pace is so low that waiting for a whole one would cost some of it."""
        pace = self._grant * self._factor
        whole = segments if segments <= pace * WHOLE_S else 1
        return max(1, math.ceil(pace * QUANTUM_S / whole)) * whole

    def set_grant(self, tps: int, now: float) -> None:
        """Lower at once; higher only when a whole window has passed, since somebody else may have given it
        up a moment ago and sent with it until then. The window begins with the next answer to a worker that sends:
        an SMSC that does not read has yet to read what somebody sent who is gone by now. Of a grant that rises in
        steps each has a window of its own."""
        if tps <= self._grant:
            self._grant = tps
            self._raises.clear()
            return
        waits = self._grant > 0 and self._arrivals.outstanding
        if not waits:
            self._read(now)
        anew = math.inf if waits else now + GRANT_WAIT_S
        since = next((since for since, raised in self._raises if raised >= tps), anew)
        self._raises = [*(each for each in self._raises if each[1] < tps), (since, tps)]

    def lower(self, tps: int, now: float) -> None:
        """No more than this, even if more was about to be in force."""
        if tps < (self._raises[-1][1] if self._raises else self._grant):
            self.set_grant(tps, now)

    def allowance(self, now: float) -> int:
        """Segments that may leave at `now`."""
        limit = self._limit(now)
        self._in_window -= forget(self._departed, now - self._arrivals.window_s)
        self._refill(limit, now)
        return max(0, min(limit - self._in_window, self._arrivals.left(limit, now), int(self._credit)))

    def take(self, segments: int, now: float, link: Hashable = None) -> None:
        """`segments` leave at `now`, never more than `allowance(now)` said. link: that they leave on."""
        self._departed.append((now, segments))
        self._in_window += segments
        self._credit -= segments
        self._arrivals.departed(segments, now, link)

    def answered(
        self, segments: int, now: float, link: Hashable = None, round_trip_s: float | None = None
    ) -> None:
        """So many have arrived. round_trip_s: how long one of them took, where that was measured."""
        self._arrivals.answered(segments, now, link, round_trip_s)
        self._read(now)

    def heard(self, now: float, link: Hashable) -> None:
        """The SMSC answered something else on this link: the bind, or what was lost."""
        self._arrivals.heard(now, link)
        self._read(now)

    def lost(self, segments: int, now: float, link: Hashable = None) -> None:
        """These will not be answered, yet they may have arrived or arrive later."""
        self._arrivals.lost(segments, now, link)

    def closed(self, now: float, link: Hashable) -> None:
        """A link is no more; what it held was lost before."""
        self._arrivals.closed(now, link)

    def _read(self, now: float) -> None:
        """The windows of those raises begin that waited for it."""
        if self._raises and self._raises[-1][0] == math.inf:
            self._raises = [(min(since, now + GRANT_WAIT_S), tps) for since, tps in self._raises]

    def next_at(self, now: float, segments: int = 1) -> float:
        """When `allowance` will be at least `segments` (a quantum at most), as far as can be known at `now`: answers
        change it."""
        limit = self._limit(now)
        if limit <= 0:
            return self._raises[0][0] if self._raises else now + 0.1
        ready = now + max(0.0, segments - self._credit) / (limit * RUSH)
        over = self._in_window + segments - limit
        for left_at, count in self._departed:
            if over <= 0:
                break
            over -= count
            ready = max(ready, left_at + self._arrivals.window_s)
        if self._arrivals.left(limit, now) < segments:
            ready = max(ready, self._arrivals.next_at(now))
        return max(ready, now + 0.0005)

    def throttled(self, now: float, share: float = 1.0) -> None:
        """The carrier said that it was too much: slow down, at most once in half a second.

        share: of its answers, 0 to 1. An SMSC that refuses one in a thousand now and then is slowed by as little.
        """
        if self._factor < 1.0:
            if now - self._factor_at < 0.5:
                return
            self._factor = min(1.0, self._factor + RECOVERY_PER_S * (now - self._factor_at))
        step = (1 - THROTTLED_FACTOR) * min(1.0, share / THROTTLED_SHARE)
        self._factor = max(0.05, self._factor * (1 - step))
        self._factor_at = now

    def _limit(self, now: float) -> int:
        while self._raises and now >= self._raises[0][0]:
            self._grant = self._raises.pop(0)[1]
        if self._factor < 1.0:
            self._recover(now)
            return max(1, int(self._grant * self._factor)) if self._grant else 0
        return self._grant

    def _recover(self, now: float) -> None:
        elapsed = now - self._factor_at
        if self._factor < 1.0 and elapsed >= 1.0:
            self._factor = min(1.0, self._factor + RECOVERY_PER_S * elapsed)
            self._factor_at = now

    def _refill(self, limit: int, now: float) -> None:
        burst = max(2.0, limit * BURST_S + self._in_window * LATE_S)
        self._credit = min(burst, self._credit + (now - self._credit_at) * limit * RUSH)
        self._credit_at = now
