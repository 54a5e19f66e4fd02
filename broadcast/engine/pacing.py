"""How much of its grant a worker may send at one carrier now. Pure: values and `now` in, a number out (law 4).

Two rules hold together. The *log* is the law: in any WINDOW_S by this clock at most `grant` segments; the
window is a little over a second, so that what leaves evenly and arrives a few milliseconds closer together
still keeps the carrier's limit. The *bucket* is the manner: segments leave at RUSH times the even rate at the
most, in bursts of BURST_S, so that a late timer is made good without a burst at the window's edge.
"""

from collections import deque

WINDOW_S = 1.012
RUSH = 1.06
BURST_S = 0.02
THROTTLED_FACTOR = 0.8
THROTTLED_SHARE = 0.05  # of the answers: from here on one step down is a whole one
RECOVERY_PER_S = 0.05


class Pacer:
    """The pace of one worker at one carrier. Times are seconds of one monotonic clock."""

    __slots__ = ("_credit", "_credit_at", "_factor", "_factor_at", "_grant", "_in_window", "_log", "_raise")

    def __init__(self) -> None:
        self._grant = 0
        self._raise: tuple[float, int] | None = None
        self._log: deque[tuple[float, int]] = deque()
        self._in_window = 0
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

    def set_grant(self, tps: int, now: float) -> None:
        """Lower at once; higher only when a whole window has passed, since somebody else may have given it
        up a moment ago and sent with it until then."""
        if tps <= self._grant:
            self._grant = tps
            self._raise = None
        elif self._raise is None or tps > self._raise[1]:
            self._raise = (now + WINDOW_S, tps)
        else:
            self._raise = (self._raise[0], tps)

    def allowance(self, now: float) -> int:
        """Segments that may leave at `now`."""
        limit = self._limit(now)
        log = self._log
        while log and log[0][0] <= now - WINDOW_S:
            self._in_window -= log.popleft()[1]
        self._refill(limit, now)
        return max(0, min(limit - self._in_window, int(self._credit)))

    def take(self, segments: int, now: float) -> None:
        """`segments` leave at `now`; never more than `allowance(now)` said."""
        self._log.append((now, segments))
        self._in_window += segments
        self._credit -= segments

    def next_at(self, now: float) -> float:
        """When `allowance` will be at least 1, as far as can be known at `now`."""
        limit = self._limit(now)
        if limit <= 0:
            return self._raise[0] if self._raise else now + 0.1
        ready = now + max(0.0, 1.0 - self._credit) / (limit * RUSH)
        if self._in_window >= limit and self._log:
            ready = max(ready, self._log[0][0] + WINDOW_S)
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
        if self._raise is not None and now >= self._raise[0]:
            self._grant = self._raise[1]
            self._raise = None
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
        burst = max(2.0, limit * BURST_S)
        self._credit = min(burst, self._credit + (now - self._credit_at) * limit * RUSH)
        self._credit_at = now
