"""The garbage collector of a process that has to answer at once: it looks seldom, and never at what it began with.

What passes through lives for milliseconds, or for long in rows without end, and holds no cycles. Looking through it
all after each few hundred costs a seventh of the hot path, and halts it for 50 ms and more once there is a lot.
"""

import gc
from typing import Final

THRESHOLDS: Final = (100_000, 20, 50)


def collect_seldom() -> None:
    """From now on, and for good."""
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
