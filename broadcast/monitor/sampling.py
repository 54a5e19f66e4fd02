"""Of what may come as a flood the log has the first, then one in so many, with the count of what it left out. Pure."""

import math
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

KEYS_MOST: Final = 1_000  # of which the past is kept; the longest unheard goes first


@dataclass(frozen=True, slots=True)
class Flood:
    """first: so many are told, then one in `each`; after `quiet_s` seconds without any it is no flood any more."""

    first: int = 10
    each: int = 100
    quiet_s: float = 600.0


@dataclass(slots=True)
class _Past:
    times: int = 0
    left_out: int = 0
    at: float = -math.inf


class Sampling:
    """What came of late, by key: an event, and whose (a link, a library's logger)."""

    def __init__(self) -> None:
        self._pasts: OrderedDict[Hashable, _Past] = OrderedDict()

    def take(self, key: Hashable, flood: Flood, now: float) -> int | None:
        """How many were left out since the last that was told; None: this one is. now: seconds, monotonic."""
        past = self._pasts.setdefault(key, _Past())
        self._pasts.move_to_end(key)
        if len(self._pasts) > KEYS_MOST:
            self._pasts.popitem(last=False)
        if now - past.at >= flood.quiet_s:
            past.times = 0
        past.at = now
        past.times += 1
        if past.times > flood.first and (past.times - flood.first) % flood.each:
            past.left_out += 1
            return None
        left_out, past.left_out = past.left_out, 0
        return left_out
