"""How much of its grant a worker may send at one carrier now. Pure: values and `now` in, a number out (law 4).

Three rules hold together. Two are the law, in segments of any second: *departed*, what left in the last WINDOW_S by
this clock; and *arriving*, what may have arrived in the last second by the carrier's. A segment arrives somewhere
between its departure and its answer, so what has no answer yet counts, and what was answered counts for a second
from then on, less the round trip that answers take anyway: an even flow pays nothing for a long way, but what a
stalled process, a full socket or a lost packet held up does not arrive on top of what leaves next. The *bucket* is
the manner: segments leave at RUSH times the even rate at the most, in bursts of BURST_S, so that a late timer is
made good without a burst at the window's edge.
"""

import math
from collections import deque

WINDOW_S = 1.008  # a little over a second: clocks, and the last few milliseconds of the way
GRANT_WAIT_S = 1.1  # before a higher grant is used: the worker that gave it up may have sent until then
RUSH = 1.06
BURST_S = 0.02
JITTER_S = (
    0.006  # what answers that take longer than the `certain_s` of a round trip may cost, in seconds a second
)
JITTER_GAIN = 0.2  # per second: how fast `certain_s` follows what they cost
SPIKE_S = 0.03  # one answer counts for no more than this
SAMPLE_MOST_S = 0.5  # and for no longer
SHORTEST_S = 10.0  # the shortest round trip of the last one to two of these
THROTTLED_FACTOR = 0.8
THROTTLED_SHARE = 0.05  # of the answers: from here on one step down is a whole one
RECOVERY_PER_S = 0.05


class RoundTrip:
    """What answers take at one carrier. Seconds; times of the pacer's clock.

    certain_s: what an answer takes surely: the shortest round trip, or more where answers vary so much by
    themselves that the pace would lose more than JITTER_S a second over it. 0: nothing is known.
    """

    __slots__ = ("_at", "_older", "_turn_at", "_younger", "certain_s")

    def __init__(self) -> None:
        self.certain_s = 0.0
        self._older = self._younger = 0.0  # the shortest, in the last SHORTEST_S and in those before
        self._at = -1.0  # of the newest sample; negative: none yet
        self._turn_at = 0.0

    def add(self, took_s: float, now: float) -> None:
        """One submit was answered after so long."""
        if self._at < 0:
            self.certain_s = self._older = self._younger = took_s
            self._turn_at = now + SHORTEST_S
        elif now >= self._turn_at:
            self._older, self._younger = self._younger, took_s
            self._turn_at = now + SHORTEST_S
        self._younger = min(self._younger, took_s)
        late_s = min(SPIKE_S, max(0.0, took_s - self.certain_s))
        passed_s = min(SAMPLE_MOST_S, max(0.0, now - self._at))
        wanted_s = self.certain_s + (late_s - JITTER_S) * JITTER_GAIN * passed_s
        self.certain_s = max(wanted_s, min(self._older, self._younger))
        self._at = now


class Pacer:
    """The pace of one worker at one carrier. Times are seconds of one monotonic clock."""

    __slots__ = (
        "_answered",
        "_arrived",
        "_credit",
        "_credit_at",
        "_departed",
        "_factor",
        "_factor_at",
        "_grant",
        "_in_window",
        "_raise",
        "_round_trip",
        "_unanswered",
    )

    def __init__(self) -> None:
        self._grant = 0
        self._raise: tuple[float, int] | None = None
        self._departed: deque[tuple[float, int]] = deque()  # (when, segments)
        self._in_window = 0  # sum of `_departed`
        self._unanswered = 0
        self._answered: deque[tuple[float, int]] = deque()  # as _departed
        self._arrived = 0  # sum of `_answered`
        self._round_trip = RoundTrip()
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
            self._raise = (now + GRANT_WAIT_S, tps)
        else:
            self._raise = (self._raise[0], tps)

    def allowance(self, now: float) -> int:
        """Segments that may leave at `now`."""
        limit = self._limit(now)
        self._in_window -= _forget(self._departed, now - WINDOW_S)
        self._refill(limit, now)
        return max(0, min(limit - self._in_window, self._arrivals_left(limit, now), int(self._credit)))

    def _arrivals_left(self, limit: int, now: float) -> int:
        """What may arrive within the same second. Further away than a second, more than that is on its way at once."""
        counted_s = WINDOW_S - self._round_trip.certain_s
        self._arrived -= _forget(self._answered, now - max(0.0, counted_s))
        further = math.ceil(limit * -counted_s) if counted_s < 0 else 0
        return limit + further - self._unanswered - self._arrived

    def take(self, segments: int, now: float) -> None:
        """`segments` leave at `now`; never more than `allowance(now)` said."""
        self._departed.append((now, segments))
        self._in_window += segments
        self._unanswered += segments
        self._credit -= segments

    def answered(self, segments: int, now: float, round_trip_s: float | None = None) -> None:
        """So many have arrived. round_trip_s: how long one of them took, where that was measured."""
        if round_trip_s is not None:
            self._round_trip.add(round_trip_s, now)
        self._unanswered -= segments
        self._answered.append((now, segments))
        self._arrived += segments

    def lost(self, segments: int, now: float) -> None:
        """These will not be answered, yet may have arrived just now."""
        self._unanswered -= segments
        self._answered.append((now + self._round_trip.certain_s, segments))
        self._arrived += segments

    def next_at(self, now: float) -> float:
        """When `allowance` will be at least 1, as far as can be known at `now`: answers change it."""
        limit = self._limit(now)
        if limit <= 0:
            return self._raise[0] if self._raise else now + 0.1
        ready = now + max(0.0, 1.0 - self._credit) / (limit * RUSH)
        if self._in_window >= limit and self._departed:
            ready = max(ready, self._departed[0][0] + WINDOW_S)
        if self._arrivals_left(limit, now) <= 0:
            counted_s = max(0.0, WINDOW_S - self._round_trip.certain_s)
            ready = max(ready, self._answered[0][0] + counted_s if self._answered else now + BURST_S)
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


def _forget(log: deque[tuple[float, int]], until: float) -> int:
    """Take off what is not younger than `until`; how many segments that was."""
    gone = 0
    while log and log[0][0] <= until:
        gone += log.popleft()[1]
    return gone
