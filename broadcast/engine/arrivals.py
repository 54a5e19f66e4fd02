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
# A link that has answered nothing for so long, and two round trips, is silent
SILENT_S = 0.5
# and after so long it keeps the others' places no longer, if they answer
PATIENCE_S = 2.0
STRAY_S = 15.0  # what a silent link took with it may still be read, while the carrier answers on others
STRAY_SHARE = 0.25  # of the limit: strays keep no more
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
    """Of one link: segments without an answer, how many of them count as strays, when it last answered."""

    __slots__ = ("heard_at", "stray", "unanswered")

    def __init__(self, heard_at: float) -> None:
        self.unanswered = self.stray = 0
        self.heard_at = heard_at


class Arrivals:
    """Of one worker at one carrier. Times are seconds of one monotonic clock; a way is a link.

    Strays are what a silent link holds, or held when it was given up: an SMSC that wakes up, or a network that is
    mended, may read them at any moment. So their places are kept, but not so many that a carrier stands still for one
    dead link among several.
    """

    __slots__ = (
        "_answered",
        "_arrived",
        "_awake_at",
        "_heard_at",
        "_held",
        "_looked_at",
        "_lost",
        "_lost_at",
        "_round_trip",
        "_stray",
        "_ways",
    )

    def __init__(self) -> None:
        self._ways: dict[Hashable, _Way] = {}  # that have yet to answer
        self._held = 0  # without an answer, on all ways, but for strays
        self._answered: deque[tuple[float, int]] = deque()  # (when, segments)
        self._arrived = 0  # sum of `_answered`
        self._lost: deque[tuple[float, int]] = deque()  # strays that no way holds any more: (until, segments)
        self._stray = 0  # of ways and of `_lost`
        self._lost_at = -1.0
        self._round_trip = RoundTrip()
        self._looked_at = 0.0
        self._heard_at = 0.0  # on any way
        self._awake_at = 0.0  # when it was heard again after a silence on all

    @property
    def outstanding(self) -> bool:
        """It has yet to show that it reads what was sent to it."""
        return bool(self._ways) or self._lost_at > self._heard_at

    def departed(self, segments: int, now: float, way: Hashable) -> None:
        """These left on this way."""
        known = self._ways.get(way)
        if known is None:
            known = self._ways[way] = _Way(now)
        known.unanswered += segments
        self._held += segments

    def answered(self, segments: int, now: float, way: Hashable, round_trip_s: float | None) -> None:
        """So many have arrived. round_trip_s: how long one of them took, where that was measured."""
        if round_trip_s is not None:
            self._round_trip.add(round_trip_s, now)
        self._ended(segments, self._ways[way])
        self._hear(now, way)
        self._arrive(segments, now)

    def answered_late(self, segments: int, now: float, way: Hashable) -> None:
        """Of what was lost so many had arrived."""
        self._hear(now, way)
        found = 0
        while self._lost and found < segments:
            until, count = self._lost.popleft()
            if found + count > segments:
                self._lost.appendleft((until, found + count - segments))
                count = segments - found
            found += count
        self._stray -= found
        self._arrive(found, now)

    def lost(self, segments: int, now: float, way: Hashable) -> None:
        """These will not be answered. They may have arrived just now, or are strays."""
        known = self._ways[way]
        self._ended(segments, known)
        if known.heard_at <= now - self._silence_s(SILENT_S):
            self._lost.append((now + STRAY_S, segments))
            self._stray += segments
            self._lost_at = now
        elif not known.unanswered:
            del self._ways[way]
        self._arrive(segments, now + self._round_trip.certain_s)

    def closed(self, way: Hashable) -> None:
        """It is no more, and all that it held was lost before."""
        self._ways.pop(way, None)

    def left(self, limit: int, now: float) -> int:
        """How many of `limit` may still leave. Further away than a second, more than that is on its way at once."""
        if now >= self._looked_at + LOOK_S:
            self._look(now)
        counted_s = WINDOW_S - self._round_trip.certain_s
        self._arrived -= forget(self._answered, now - max(0.0, counted_s))
        further = math.ceil(limit * -counted_s) if counted_s < 0 else 0
        kept = min(self._stray, int(limit * STRAY_SHARE))
        return limit + further - self._held - self._arrived - kept

    def _silence_s(self, allowed_s: float) -> float:
        return allowed_s + 2 * self._round_trip.certain_s

    def _hear(self, now: float, way: Hashable) -> None:
        """What was lost while all were silent is read when they wake up, and not before."""
        known = self._ways.get(way)
        if known is not None:
            known.heard_at = now
            if not known.unanswered:
                del self._ways[way]
        if now > self._heard_at + self._silence_s(SILENT_S):
            self._awake_at = now
        self._heard_at = now
        until = now if now > self._awake_at + WINDOW_S else -math.inf
        self._stray -= forget(self._lost, until)

    def _arrive(self, segments: int, at: float) -> None:
        self._arrived += segments
        self._answered.append((at, segments))

    def _ended(self, segments: int, known: _Way) -> None:
        known.unanswered -= segments
        stray = min(segments, known.stray)
        known.stray -= stray
        self._stray -= stray
        self._held -= segments - stray

    def _look(self, now: float) -> None:
        """One silent link must not stop a carrier that answers on others.

        A carrier that has fallen silent on all of them reads everything at once when it wakes up: that counts in full.
        """
        self._looked_at = now
        if now < self._awake_at + SILENT_S:
            return
        silent_since = min(now - self._silence_s(PATIENCE_S), self._heard_at - SILENT_S)
        for way in self._ways.values():
            if way.heard_at <= silent_since:
                self._stray += way.unanswered - way.stray
                self._held -= way.unanswered - way.stray
                way.stray = way.unanswered

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
