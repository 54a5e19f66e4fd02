"""What answers take at one carrier, of which the pace takes off what is sure. Pure."""

import math
from collections.abc import Callable

# Answers vary by habit where they were later than the shortest by LATE_S in this share of the last HABIT_S
HABIT = 0.25
HABIT_S = 30.0
LATE_S = 0.008
# What answers that vary by habit may cost beyond the `certain_s` of a round trip, in seconds a second
JITTER_S = 0.006
GAIN = 1.0  # per second: how fast `certain_s` follows what they cost, or falls when the habit is over
SPIKE_S = 0.03  # one answer counts for no more than this
SAMPLE_MOST_S = 0.5  # and for no longer
SHORTEST_S = 10.0  # the shortest round trip of the last one to two of these
LONGEST_S = 5.0  # and the longest of these


class Extreme:
    """The least or the greatest of the last one to two spells in which anything came."""

    __slots__ = ("_of", "_older", "_spell_s", "_turn_at", "_younger")

    def __init__(self, of: Callable[[float, float], float], spell_s: float) -> None:
        self._of = of
        self._spell_s = spell_s
        self._older = self._younger = 0.0
        self._turn_at = -math.inf

    def add(self, value: float, now: float) -> float:
        """With this one."""
        if now >= self._turn_at:
            self._older = value if self._turn_at == -math.inf else self._younger
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
        if self._late > HABIT:
            late_s = min(SPIKE_S, max(0.0, took_s - self.certain_s))
            change_s = late_s - JITTER_S
        else:
            change_s = shortest_s - self.certain_s
        wanted_s = self.certain_s + change_s * GAIN * passed_s
        self.certain_s = max(shortest_s, min(wanted_s, longest_s))
