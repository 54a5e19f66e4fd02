"""How many arrived within a second, by a clock that may be late. Pure.

A process that shares its machine sometimes reads late, and then finds at once what came over many
milliseconds. What a read finds arrived somewhere between the last moment at which the socket was known to be
empty (`since`) and now. Counted in a second is what arrived in it for certain: no sender is accused wrongly.
"""

from collections import deque
from typing import Final

SECOND: Final = 1.0


class SlidingSecond:
    """The count of the last second, and the highest that it ever had. Times of one monotonic clock."""

    __slots__ = ("_count", "_log", "highest")

    def __init__(self) -> None:
        self._log: deque[tuple[float, int]] = deque()  # (since, how many), the oldest first
        self._count = 0
        self.highest = 0

    def count(self, now: float) -> int:
        """What arrived for certain in the second up to `now`."""
        log = self._log
        while log and log[0][0] <= now - SECOND:
            self._count -= log.popleft()[1]
        return self._count

    def add(self, since: float, now: float, arrived: int) -> None:
        """`arrived` came after `since` and not later than `now`. `now` never goes back; `since` may."""
        self.count(now)
        if since <= now - SECOND:
            return
        log, place = self._log, len(self._log)
        while place and log[place - 1][0] > since:
            place -= 1
        log.insert(place, (since, arrived))
        self._count += arrived
        self.highest = max(self.highest, self._count)
