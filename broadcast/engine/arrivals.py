"""What arrives at a carrier within a second by its own clock, as far as we can know. Pure (law 4).

A segment arrives somewhere between its departure and its answer. So what has no answer yet counts, and what was
answered counts for a second from then on, less the round trip that answers take anyway: an even flow pays nothing for
a long way, but what a stalled process, a full socket or a lost packet held up does not arrive on top of what follows.
"""

import math
from collections import deque
from collections.abc import Hashable

from broadcast.engine.round_trip import RoundTrip

# What is counted is a little more than a second: clocks differ, and a way may become shorter than it ever was
MARGIN_LEAST_S = 0.003
MARGIN_MOST_S = 0.008
MARGIN_SHARE = 0.25  # of the round trip more than the least
WINDOW_S = 1.0 + MARGIN_MOST_S  # at most, and while nothing is known of the way
SILENT_S = 0.5  # so long without an answer, and two round trips: a link, or a carrier, is silent
PATIENCE_S = 2.0  # for a silent link while others answer: then what it holds are strays
STRAY_S = 15.0  # after a link was closed, what it held may still be read
STRAY_SHARE = 0.25  # of the limit: strays keep no more places than that
LOOK_S = 0.05


class _Flow:
    """What goes over one link of which answers are awaited, or that is silent.

    unanswered: segments; stray: how many of them count as strays; lost: strays whose answer is not awaited any more.
    heard_at: of its last answer, or of the first departure.
    """

    __slots__ = ("heard_at", "lost", "stray", "unanswered")

    def __init__(self, heard_at: float) -> None:
        self.unanswered = self.stray = self.lost = 0
        self.heard_at = heard_at


class Arrivals:
    """Of one worker at one carrier. Times are seconds of one monotonic clock.

    Strays are what a silent link holds, or held when it was closed: an SMSC that wakes up, or a network that is mended,
    may read them at any moment. So their places are kept, but not so many that a carrier stands still for one dead
    link among several.

    window_s: what is counted as a second.
    """

    __slots__ = (
        "_answered",
        "_arrived",
        "_asked_at",
        "_awake_at",
        "_closed",
        "_closed_at",
        "_flows",
        "_heard_at",
        "_held",
        "_looked_at",
        "_round_trip",
        "_stray",
        "window_s",
    )

    def __init__(self) -> None:
        self._flows: dict[Hashable, _Flow] = {}
        self._held = 0  # without an answer, on all links, but for strays
        self._answered: deque[tuple[float, int]] = deque()  # (when, segments)
        self._arrived = 0  # sum of `_answered`
        self._closed: deque[tuple[float, int]] = deque()  # (until, strays) of links that are no more
        self._closed_at = -1.0  # when a link with strays was closed
        self._stray = 0  # of flows and of `_closed`
        self._round_trip = RoundTrip()
        self._looked_at = 0.0
        self._heard_at = 0.0  # on any link
        self._asked_at = 0.0  # the first departure since
        self._awake_at = -math.inf  # when it was heard again after a silence on all
        self.window_s = WINDOW_S

    @property
    def outstanding(self) -> bool:
        """It has yet to show that it reads what was sent to it."""
        return bool(self._flows) or self._closed_at > self._heard_at

    def departed(self, segments: int, now: float, link: Hashable) -> None:
        """These left on this link."""
        flow = self._flows.get(link)
        if flow is None:
            flow = self._flows[link] = _Flow(now)
        if self._asked_at <= self._heard_at:
            self._asked_at = now
        flow.unanswered += segments
        self._held += segments

    def answered(self, segments: int, now: float, link: Hashable, round_trip_s: float | None) -> None:
        """So many have arrived. round_trip_s: how long one of them took, where that was measured."""
        if round_trip_s is not None:
            self._round_trip.add(round_trip_s, now)
            margin_s = MARGIN_LEAST_S + MARGIN_SHARE * self._round_trip.certain_s
            self.window_s = 1.0 + min(margin_s, MARGIN_MOST_S)
        self._end(segments, self._flows[link])
        self._arrive(segments, now)
        self.heard(now, link)

    def heard(self, now: float, link: Hashable) -> None:
        """The SMSC said something on this link, so it has read what was lost there."""
        if now > max(self._heard_at, self._asked_at) + self._silence_s(SILENT_S):
            self._awake_at = now
        self._heard_at = now
        if now > self._awake_at + WINDOW_S:
            self._stray -= forget(self._closed, now)
        flow = self._flows.get(link)
        if flow is None:
            return
        flow.heard_at = now
        self._stray -= flow.stray + flow.lost
        self._held += flow.stray
        if flow.lost:
            self._arrive(flow.lost, now)
        flow.stray = flow.lost = 0
        if not flow.unanswered:
            del self._flows[link]

    def lost(self, segments: int, now: float, link: Hashable) -> None:
        """These will not be answered. They may have arrived just now; on a silent one they are strays after that."""
        flow = self._flows[link]
        self._end(segments, flow)
        self._arrive(segments, now + self._round_trip.certain_s)
        if flow.heard_at <= now - self._silence_s(SILENT_S):
            flow.lost += segments
            self._stray += segments
        elif not flow.unanswered:
            del self._flows[link]

    def closed(self, now: float, link: Hashable) -> None:
        """It is no more, and all that it held was lost before."""
        flow = self._flows.pop(link, None)
        if flow is not None:
            self._closed.append((now + STRAY_S, flow.lost))
            self._closed_at = now

    def left(self, limit: int, now: float) -> int:
        """How many of `limit` may still leave. Further away than a second, more than that is on its way at once."""
        if now >= self._looked_at + LOOK_S:
            self._look(now)
        counted_s = self.window_s - self._round_trip.certain_s
        self._arrived -= forget(self._answered, now - max(0.0, counted_s))
        further = math.ceil(limit * -counted_s) if counted_s < 0 else 0
        awakes = now <= self._awake_at + WINDOW_S  # and reads them all
        kept = self._stray if awakes else min(self._stray, int(limit * STRAY_SHARE))
        return limit + further - self._held - self._arrived - kept

    def next_at(self, now: float) -> float:
        """When there may be more left, as far as can be known at `now`."""
        if not self._answered:
            return now + LOOK_S
        return self._answered[0][0] + max(0.0, self.window_s - self._round_trip.certain_s)

    def _silence_s(self, allowed_s: float) -> float:
        return allowed_s + 2 * self._round_trip.certain_s

    def _arrive(self, segments: int, at: float) -> None:
        self._arrived += segments
        self._answered.append((at, segments))

    def _end(self, segments: int, flow: _Flow) -> None:
        flow.unanswered -= segments
        stray = min(segments, flow.stray)
        flow.stray -= stray
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
        for flow in self._flows.values():
            if flow.heard_at <= silent_since:
                self._stray += flow.unanswered - flow.stray
                self._held -= flow.unanswered - flow.stray
                flow.stray = flow.unanswered


def forget(log: deque[tuple[float, int]], until: float) -> int:
    """Take off what is not younger than `until`; how many segments that was."""
    gone = 0
    while log and log[0][0] <= until:
        gone += log.popleft()[1]
    return gone
