"""Which of an SMSC's addresses to try next, and when to go back to the first. Pure; seconds of one clock.

Every address has a back-off of its own: what one refuses says nothing of another. So after a failure the next
address is tried at once, and there is a wait only when none is due: after a round in which all failed.
"""

from collections.abc import Callable, Sequence
from typing import Final

from broadcast.config import Address
from broadcast.smpp.backoff import Backoff

RETURN_S: Final = 300.0  # a link stays at a later address for so long at least
IDLE_S: Final = 60.0  # ... and goes back to the first only after so long without an unanswered submit


class Hosts:
    """The addresses of one bind, in order of preference."""

    def __init__(
        self, addresses: Sequence[Address], min_s: float, max_s: float, random: Callable[[], float]
    ) -> None:
        self.addresses = tuple(addresses)
        self._backoffs = [Backoff(min_s, max_s, random) for _ in self.addresses]
        self._due_at = [0.0] * len(self.addresses)

    def next(self, now: float) -> tuple[int, float]:
        """(index of the address to try, seconds to wait before): the first that is due, else the soonest."""
        for index, due_at in enumerate(self._due_at):
            if due_at <= now:
                return index, 0.0
        soonest = min(range(len(self._due_at)), key=self._due_at.__getitem__)
        return soonest, self._due_at[soonest] - now

    def ended(self, index: int, now: float, *, bound_s: float = 0.0, slow: bool = False) -> None:
        """The attempt failed, or the link that was bound for `bound_s` ended. slow: no use to try soon."""
        backoff = self._backoffs[index]
        backoff.was_bound(bound_s)
        self._due_at[index] = now + backoff.delay(slow=slow)

    def first_is_back(self) -> None:
        """The first address can be reached again: it is due at once."""
        self._due_at[0] = 0.0


class Homing:
    """Whether a link at a later address should look for the first one: only when that costs nothing."""

    def __init__(self, now: float) -> None:
        self._looked_at = now
        self._busy_at = now

    def due(self, now: float, in_flight: int) -> bool:
        """Asked now and then. True at most once in RETURN_S."""
        if in_flight:
            self._busy_at = now
        if now - self._looked_at < RETURN_S or now - self._busy_at < IDLE_S:
            return False
        self._looked_at = now
        return True
