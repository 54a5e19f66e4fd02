"""What arrives at a carrier within a second by its own clock, as far as we can know. Pure (law 4).

A segment arrives somewhere between its departure and its answer. So what has no answer yet counts, and what was
answered counts for a second from then on, less the round trip that answers take anyway: an even flow pays nothing for
a long way, but what a stalled process, a full socket or a lost packet held up does not arrive on top of what follows.
"""

import math
from collections import deque
from collections.abc import Callable, Hashable

WINDOW_S = 1.008  # a little over a second: clocks, and the last few milliseconds of the way
# Answers vary by habit where they were later than the shortest by LATE_S in this share of the last HABIT_S
HABIT = 0.25
HABIT_S = 30.0
LATE_S = 0.008
# What answers that vary by habit may cost beyond the `certain_s` of a round trip, in seconds a second
JITTER_S = 0.006
JITTER_GAIN = 1.0  # per second: how fast `certain_s` follows what they cost
SPIKE_S = 0.03  # one answer counts for no more than this
SAMPLE_MOST_S = 0.5  # and for no longer
SHORTEST_S = 10.0  # the shortest round trip of the last one to two of these
LONGEST_S = 5.0  # and the longest of these
# A link that answers nothing for so long, and two round trips, keeps the others' places no longer
SILENT_S = 2.0
LOOK_S = 0.05


class Extreme:
    """The least or the greatest of what came in the last one to two spells."""

    __slots__ = ("_of", "_older", "_spell_s", "_turn_at", "_younger")

    def __init__(self, of: Callable[[float, float], float], spell_s: float) -> None:
        self._of = of
        self._spell_s = spell_s
        self._older = self._younger = 0.0
        self._turn_at = -math.inf

    def add(self, value: float, now: float) -> float:
        """With this one."""
        if now >= self._turn_at:
            self._older = self._younger if now < self._turn_at + self._spell_s else value
            self._younger = value
            self._turn_at = now + self._spell_s
        self._younger = self._of(self._younger, value)
        return self._of(self._older, self._younger)


class RoundTrip:
    """What answers take at one carrier. Seconds; times of the pacer's clock.

    certain_s: what an answer takes surely: the shortest round trip. Where answers vary by habit it is more, up to the
    longest, so that the pace loses no more than JITTER_S a second over it; a stall now and then does not raise it.
    0: nothing is known.
    """

    __slots__ = ("_at", "_late", "_longest", "_shortest", "certain_s")

    def __init__(self) -> None:
        self.certain_s = 0.0
        self._late = 0.0  # share of the time
        self._shortest = Extreme(min, SHORTEST_S)
        self._longest = Extreme(max, LONGEST_S)
        self._at = -1.0  # of the newest sample; negative: none yet

    def add(self, took_s: float, now: float) -> None:
        """One submit was answered after so long."""
        if self._at < 0:
            self._at = now
            self.certain_s = took_s
        passed_s = min(SAMPLE_MOST_S, max(0.0, now - self._at))
        self._at = now
        shortest_s = self._shortest.add(took_s, now)
        longest_s = self._longest.add(took_s, now)
        self._late += ((took_s > shortest_s + LATE_S) - self._late) * passed_s / HABIT_S
        late_s = min(SPIKE_S, max(0.0, took_s - self.certain_s)) if self._late > HABIT else 0.0
        wanted_s = self.certain_s + (late_s - JITTER_S) * JITTER_GAIN * passed_s
        self.certain_s = max(shortest_s, min(wanted_s, longest_s))


class _Way:
    """Of one link: segments without an answer, how many of them are not counted any more, when it last answered."""

    __slots__ = ("heard_at", "unanswered", "written_off")

    def __init__(self) -> None:
        self.unanswered = self.written_off = 0
        self.heard_at = 0.0


class Arrivals:
    """Of one worker at one carrier. Times are seconds of one monotonic clock; a way is a link."""

    __slots__ = ("_answered", "_arrived", "_looked_at", "_round_trip", "_unanswered", "_ways")

    def __init__(self) -> None:
        self._ways: dict[Hashable, _Way] = {}
        self._unanswered = 0  # of all ways, less what is written off
        self._answered: deque[tuple[float, int]] = deque()  # (when, segments)
        self._arrived = 0  # sum of `_answered`
        self._round_trip = RoundTrip()
        self._looked_at = 0.0

    def departed(self, segments: int, now: float, way: Hashable) -> None:
        """These left on this way."""
        known = self._ways.setdefault(way, _Way())
        if not known.unanswered:
            known.heard_at = now
        known.unanswered += segments
        self._unanswered += segments

    def answered(self, segments: int, now: float, way: Hashable, round_trip_s: float | None) -> None:
        """So many have arrived. round_trip_s: how long one of them took, where that was measured."""
        if round_trip_s is not None:
            self._round_trip.add(round_trip_s, now)
        self._ended(segments, now, way)
        self._answered.append((now, segments))

    def lost(self, segments: int, now: float, way: Hashable) -> None:
        """These will not be answered, yet may have arrived just now."""
        self._ended(segments, now, way)
        self._answered.append((now + self._round_trip.certain_s, segments))

    def _ended(self, segments: int, now: float, way: Hashable) -> None:
        known = self._ways[way]
        known.unanswered -= segments
        known.heard_at = now
        forgiven = min(segments, known.written_off)
        known.written_off -= forgiven
        self._unanswered -= segments - forgiven
        self._arrived += segments
        if not known.unanswered:
            del self._ways[way]

    def left(self, limit: int, now: float) -> int:
        """How many of `limit` may still leave. Further away than a second, more than that is on its way at once."""
        if now >= self._looked_at + LOOK_S:
            self._write_off(now)
        counted_s = WINDOW_S - self._round_trip.certain_s
        self._arrived -= forget(self._answered, now - max(0.0, counted_s))
        further = math.ceil(limit * -counted_s) if counted_s < 0 else 0
        return limit + further - self._unanswered - self._arrived

    def _write_off(self, now: float) -> None:
        """One silent link must not stop a carrier that answers on others. What it holds counts when it is answered."""
        self._looked_at = now
        silent_since = now - SILENT_S - 2 * self._round_trip.certain_s
        for way in self._ways.values():
            if way.heard_at <= silent_since:
                self._unanswered -= way.unanswered - way.written_off
                way.written_off = way.unanswered

    def next_at(self, now: float) -> float:
        """When there may be more left, as far as can be known at `now`."""
        if not self._answered:
            return now + LOOK_S
        return self._answered[0][0] + max(0.0, WINDOW_S - self._round_trip.certain_s)


def forget(log: deque[tuple[float, int]], until: float) -> int:
    """Take off what is not younger than `until`; how many segments that was."""
    gone = 0
    while log and log[0][0] <= until:
        gone += log.popleft()[1]
    return gone
