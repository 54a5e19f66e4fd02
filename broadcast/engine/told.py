"""The log is told the same once in a while, not with every try. Pure."""

import math
from typing import Final

TELL_S: Final = 60.0


class Told:
    """What one part of a worker told of late: few kinds of words, never what names a thing."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def anew(self, words: str, now: float) -> bool:
        """Whether this is to be told: something else, or not for TELL_S."""
        if now - self._at.get(words, -math.inf) < TELL_S:
            return False
        self._at[words] = now
        return True
