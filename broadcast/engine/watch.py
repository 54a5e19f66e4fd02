"""What one worker sees of one carrier. Pure: batches, looks and `now` in, a reading out."""

from collections.abc import Callable, Mapping
from typing import Final

from broadcast.channel.outcome import Outcome
from broadcast.diagnosis.reading import OTHER, READING_HALF_S, LaneReading, LinkTrouble
from broadcast.ids import CampaignId

NAMED_MOST: Final = 50  # statuses that are told apart
SMOOTH: Final = 0.4  # the weight of the newest second in a pace
REASON_SMOOTH: Final = 0.1  # ... and in what holds it back: a reason does not change from second to second
SHORT_FROM: Final = 0.75  # of the grant: less than this is short ...
SHORT_UNTIL: Final = 0.85  # ... until it is more than this again
_COUNTED: Final = ("answered", "receipts", "unreadable", "unknown_states")


class LaneWatch:
    """One lane's. Told of batches, never of messages; times are seconds of one monotonic clock."""

    def __init__(self, outcome: Callable[[int], Outcome], *, awaits: bool) -> None:
        """outcome: what a status means at the carrier. awaits: it sends receipts."""
        self._outcome = outcome
        self._awaits = awaits
        self._counts: dict[str, float] = dict.fromkeys(_COUNTED, 0.0)
        self._refused: dict[int, float] = {}
        self._looked_at: float | None = None
        self._sent = 0
        self._sent_tps = 0.0
        self._full = 0.0
        self._starved = 0.0
        self._short_since: float | None = None
        self._accepted_from: float | None = None
        self._accepted_at: float | None = None
        self._receipt_at: float | None = None

    def answers(self, statuses: Mapping[int, int], now: float) -> None:
        """status -> how many of one batch."""
        for answer, count in statuses.items():
            self._counts["answered"] += count
            if answer:
                named = answer if answer in self._refused or len(self._refused) < NAMED_MOST else OTHER
                self._refused[named] = self._refused.get(named, 0.0) + count
        if self._awaits and statuses.get(0):
            self._accepted_at = now
            if self._accepted_from is None:
                self._accepted_from = now

    def receipts(self, count: int, now: float, unknown_states: int = 0) -> None:
        """Receipts of any kind came; of so many the profile does not know the state."""
        self._counts["receipts"] += count
        self._counts["unknown_states"] += unknown_states
        self._receipt_at, self._accepted_from = now, None

    def unreadable(self, count: int) -> None:
        """Deliveries that nobody could read."""
        self._counts["unreadable"] += count

    def look(self, now: float, *, sent: int, grant: int, sending: bool, full: bool, starved: bool) -> None:
        """Once a second. sent: segments ever; sending: some campaign is to be sent; full: every window is;
        starved: no slice has anybody left."""
        if self._looked_at is None or now <= self._looked_at:
            self._looked_at, self._sent = now, sent
            return
        elapsed, self._looked_at = now - self._looked_at, now
        pace, self._sent = (sent - self._sent) / elapsed, sent
        self._sent_tps += SMOOTH * (pace - self._sent_tps)
        self._full += REASON_SMOOTH * (full - self._full)
        self._starved += REASON_SMOOTH * (starved - self._starved)
        self._fade(0.5 ** (elapsed / READING_HALF_S))
        if not sending or grant <= 0 or self._sent_tps >= SHORT_UNTIL * grant:
            self._short_since = None
        elif self._short_since is None and self._sent_tps < SHORT_FROM * grant:
            self._short_since = now

    def _fade(self, by: float) -> None:
        self._counts = {name: count * by for name, count in self._counts.items()}
        self._refused = {
            answer: faded for answer, count in self._refused.items() if (faded := count * by) >= 0.5
        }

    def reading(
        self,
        now: float,
        *,
        grant: int,
        factor: float,
        cannot: Mapping[CampaignId, str],
        troubles: tuple[LinkTrouble, ...],
        sharing: tuple[CampaignId, ...] = (),
    ) -> LaneReading:
        """How it stands."""
        refused = {answer: round(count) for answer, count in self._refused.items()}
        slow = {answer for answer in refused.keys() - {OTHER} if self._outcome(answer).slow_down}
        return LaneReading(
            granted_tps=grant,
            sent_tps=round(self._sent_tps, 1),
            throttle_factor=round(factor, 2),
            short_for_s=_ago(self._short_since, now),
            window_full_share=round(self._full, 2),
            starved_share=round(self._starved, 2),
            answered=round(self._counts["answered"]),
            refused={answer: count for answer, count in refused.items() if answer not in slow},
            slowed={answer: count for answer, count in refused.items() if answer in slow},
            receipts=round(self._counts["receipts"]),
            unreadable=round(self._counts["unreadable"]),
            unknown_states=round(self._counts["unknown_states"]),
            accepted_for_s=_ago(self._accepted_from, now),
            accepted_ago_s=_ago(self._accepted_at, now),
            receipt_ago_s=_ago(self._receipt_at, now),
            troubles=troubles,
            cannot_send=cannot,
            sharing=sharing,
        )


def _ago(at: float | None, now: float) -> float | None:
    return None if at is None else round(now - at, 1)
