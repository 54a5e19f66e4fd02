"""Memory that is free goes back to the system.

A book that is made dense frees arrays of hundreds of megabytes in pieces; glibc keeps them, and a process that waits
for days for receipts would hold nearly twice what it needs.
"""

import ctypes
import time
from collections.abc import Callable
from typing import Final

EVERY_S: Final = 10.0  # it walks through all that is free: some 10 ms for a gigabyte


def _malloc_trim() -> Callable[[int], object] | None:
    """glibc's; None where the C library is another one."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None


class Freed:
    """Gives memory back, EVERY_S at the most. trim: how; None: it cannot be done here."""

    def __init__(
        self,
        trim: Callable[[int], object] | None = _malloc_trim(),  # noqa: B008  the process has one C library
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._trim = trim
        self._clock = clock
        self._wanted = False
        self._next = 0.0

    def give_back(self, *, freed: bool) -> None:
        """Called often. freed: much was freed since the last call; it is given back now, or when it is time again."""
        self._wanted |= freed
        if self._wanted and self._trim is not None and self._clock() >= self._next:
            self._wanted = False
            self._trim(0)
            self._next = self._clock() + EVERY_S
