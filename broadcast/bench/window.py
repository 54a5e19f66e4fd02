"""What is read of a run in the nation's shape: its costs, second by second, and its rates once it is warm."""

import json
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from broadcast.bench.stage import Stage

WINDOW_S = (60.0, 240.0)  # rates and CPU are those of these seconds of sending
COST_S = 1.0  # between two readings
LOOK_S = 0.25
_NEARLY = 0.98  # what was refused for now is sent again by itself, when all else was sent


@dataclass(frozen=True, slots=True)
class Cost:
    """At one moment: seconds since the start, segments accepted, messages (or segments) with a final state or, where
    nothing is final, segments receipted; CPU seconds by kind."""

    at_s: float
    segments: int
    final: int
    cpu_s: dict[str, float]


def within(costs: Sequence[Cost], sent_s: float, segments: int) -> tuple[float, float, dict[str, float]]:
    """Segments accepted and segments that became final, per second, and CPU seconds per million of the accepted, within
    WINDOW_S, or the sending after its first third. segments: of what `final` counts."""
    nearly = _NEARLY * costs[-1].segments
    sent_s = min(sent_s, next(cost.at_s for cost in costs if cost.segments >= nearly))
    first, last = WINDOW_S if sent_s > WINDOW_S[1] else (min(WINDOW_S[0], sent_s / 3), sent_s)
    inside = [cost for cost in costs if first <= cost.at_s <= last]
    if len(inside) < 2:  # it was over before it was read twice
        inside = list(costs)
    then, now = inside[0], inside[-1]
    seconds, sent = max(1e-9, now.at_s - then.at_s), max(1, now.segments - then.segments)
    cpu_s = {kind: (now.cpu_s[kind] - then.cpu_s[kind]) / sent * 1e6 for kind in now.cpu_s}
    return sent / seconds, (now.final - then.final) * segments / seconds, cpu_s


def pending(stage: Stage) -> int:
    """Receipts that the SMSCs have yet to send, or to see acked."""
    return sum(int(book["receipts"]["pending"]) for book in _books(stage))


def submits_for_each(stage: Stage) -> float:
    """Submits that the SMSCs answered, for each that they accepted: a refused one used the TPS as well."""
    books = _books(stage)
    accepted = sum(int(book["segments"]) for book in books)
    return 1 + sum(int(book["temporary"]) for book in books) / max(1, accepted)


def _books(stage: Stage) -> list[dict[str, Any]]:
    return [asked(str(stage.ready(name)["book"])) for name in stage.config.carriers]


def asked(url: str, within_s: float = 60.0) -> dict[str, Any]:
    """What an SMSC's book says. Raises OSError when it does not in `within_s`."""
    with urllib.request.urlopen(url, timeout=within_s) as answer:
        found: dict[str, Any] = json.load(answer)
        return found
