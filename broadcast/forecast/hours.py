"""When an alert may not be sent, as seconds from now: what a course of many days needs of the rules. Pure."""

import math
from datetime import datetime
from typing import Final

from broadcast.rules.hours import Hours

HORIZON_S: Final = 31 * 86_400.0  # who waits longer has expired


def quiet_spans(hours: Hours, now: datetime) -> tuple[tuple[float, float], ...]:
    """From, to; in order. Those of the next month."""
    start = at = now.timestamp()
    spans = []
    while at - start < HORIZON_S:
        opening = hours.opening(at)
        if opening.opens > at:
            spans.append((at - start, opening.opens - start))
        if math.isinf(opening.closes):
            break
        at = opening.closes
    return tuple(spans)
