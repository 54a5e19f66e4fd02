"""When an alert has been sent to everybody at the pace of now: from looks at its tallies, some seconds apart. Pure."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

OVER_S: Final = 30.0
LEAST_S: Final = 1.5  # between two looks that say anything


@dataclass(frozen=True, slots=True)
class Seen:
    """A campaign at one moment. sent, waiting: recipients by carrier; segments: accepted by all. there: the databases
    that said so just now; what the others said is of before."""

    at: datetime
    sent: Mapping[str, int]
    waiting: Mapping[str, int]
    segments: int
    there: frozenset[str] = frozenset()


@dataclass(slots=True)
class Pace:
    """Of one campaign, over the last `over_s` seconds."""

    over_s: float = OVER_S
    _seen: deque[Seen] = field(default_factory=deque)

    def look(self, seen: Seen) -> None:
        """A database that comes back tells at once what was done since it went: that is no pace. Nor has one whose
        clock was set back."""
        if self._seen and (seen.there != self._seen[-1].there or seen.at <= self._seen[-1].at):
            self._seen.clear()
        self._seen.append(seen)
        while len(self._seen) > 2 and (seen.at - self._seen[1].at).total_seconds() >= self.over_s:
            self._seen.popleft()

    @property
    def _seconds(self) -> float:
        return (self._seen[-1].at - self._seen[0].at).total_seconds() if self._seen else 0.0

    @property
    def segments_per_s(self) -> float:
        """0 before it is known."""
        if self._seconds < LEAST_S:
            return 0.0
        return max(0.0, (self._seen[-1].segments - self._seen[0].segments) / self._seconds)

    @property
    def ends_at(self) -> datetime | None:
        """When the last carrier is through; now, where nobody waits. None while one of them sends to nobody."""
        if not self._seen:
            return None
        last, seconds = self._seen[-1], self._seconds
        lasts_s = 0.0
        for carrier, waiting in last.waiting.items():
            if not waiting:
                continue
            gone = last.sent[carrier] - self._seen[0].sent.get(carrier, 0)
            if seconds < LEAST_S or gone <= 0:
                return None
            lasts_s = max(lasts_s, waiting * seconds / gone)
        try:
            return last.at + timedelta(seconds=lasts_s)
        except OverflowError:  # in some thousand years
            return None
