"""How fast a campaign goes, and how long it will take, from looks at its tallies now and then. Pure."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from broadcast.reports.progress import CarrierProgress, Progress

OVER_S: Final = 5.0


@dataclass(slots=True)
class Rates:
    """Segments and recipients per second over the last few seconds, from tallies looked at now and then."""

    over_s: float = OVER_S
    _seen: deque[tuple[datetime, dict[str, tuple[int, int]]]] = field(default_factory=deque)

    def look(self, now: Progress) -> None:
        counts = {line.carrier: (line.segments, line.sent) for line in (*now.carriers, now.total)}
        self._seen.append((now.at, counts))
        while len(self._seen) > 2 and (now.at - self._seen[1][0]).total_seconds() >= self.over_s:
            self._seen.popleft()

    def segments_per_s(self, carrier: str) -> float:
        return self._rate(carrier, 0)

    def recipients_per_s(self, carrier: str) -> float:
        return self._rate(carrier, 1)

    def left_s(self, line: CarrierProgress) -> float | None:
        """Seconds until the last is sent at this rate; 0 when none waits, None while nothing moves."""
        waiting = line.states["waiting"]
        rate = self.recipients_per_s(line.carrier)
        if waiting == 0:
            return 0.0
        return waiting / rate if rate > 0 else None

    def _rate(self, carrier: str, which: int) -> float:
        if len(self._seen) < 2:
            return 0.0
        (first_at, first), (last_at, last) = self._seen[0], self._seen[-1]
        seconds = (last_at - first_at).total_seconds()
        if seconds <= 0 or carrier not in first or carrier not in last:
            return 0.0
        return max(0.0, (last[carrier][which] - first[carrier][which]) / seconds)
