"""How long to wait before the next attempt to bind. Pure.

Fast rebinding earns bans at some SMSCs, so a successful bind alone resets nothing: only having stayed bound
does (quirk 32).
"""

from collections.abc import Callable
from typing import Final

STEADY_S: Final = 30.0  # bound for so long: the next trouble is a new one
JITTER: Final = 0.2  # so that links that fell together do not come back together


class Backoff:
    """Delays from `min_s` on, doubled with every attempt up to `max_s`, each lengthened by up to a fifth.

    random: a number from 0 to 1.
    """

    def __init__(self, min_s: float, max_s: float, random: Callable[[], float]) -> None:
        self._min_s = min_s
        self._max_s = max(min_s, max_s)
        self._random = random
        self._next_s = min_s

    def was_bound(self, bound_s: float) -> None:
        """The link was bound for so long."""
        if bound_s >= STEADY_S:
            self._next_s = self._min_s

    def delay(self, *, slow: bool = False) -> float:
        """Seconds to wait now; `slow`: as long as ever, for trying soon cannot help."""
        base = self._max_s if slow else self._next_s
        self._next_s = min(self._max_s, self._next_s * 2)
        return base * (1 + JITTER * self._random())
