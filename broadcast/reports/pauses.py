"""How steadily an alert was sent, from when its people were sent to: known as long as its books are. Pure.

`steady.Pace` says the same of what is watched while it runs; when a carrier has work, both ask `steady.few`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from broadcast.ledger.books import TICK_US
from broadcast.reports.steady import few

_TICK_S: Final = TICK_US / 1e6
_SHARE_ENDS: Final = ("first share passed", "first share asks", "first share failed")
_STOPS: Final = ("paused", "first share asks", "first share failed")


@dataclass(frozen=True, slots=True)
class Steadiness:
    """Of one carrier, from its first recipient until hardly any were left, without what people paused.

    used_share: of its TPS (of today, 0 to 1), by this campaign alone. longest_pause_s: to TICK_US.
    """

    used_share: float
    longest_pause_s: float


def steadiness(
    sent: Mapping[int, int], segments: int, tps: int, paused: Iterable[tuple[float, float]] = ()
) -> Steadiness | None:
    """None: too few to say. sent: tick -> recipients of `segments` each. paused: from, to; seconds since the launch."""
    stood = [(start / _TICK_S, end / _TICK_S) for start, end in paused]
    left, done, ticks, still, longest = sum(sent.values()), 0, 0, 0, 0
    hardly_any = few(tps, segments)
    for tick in range(min(sent, default=0), max(sent, default=-1) + 1):
        if left <= hardly_any:
            break
        count = sent.get(tick, 0)
        if count == 0 and any(start <= tick + 1 and tick <= end for start, end in stood):
            continue
        ticks += 1
        still = 0 if count else still + 1
        longest = max(longest, still)
        left, done = left - count, done + count
    if not ticks:
        return None
    return Steadiness(min(1.0, done * segments / (ticks * _TICK_S * tps)), longest * _TICK_S)


def paused_spans(
    events: Iterable[tuple[datetime, str]], launched_at: datetime, until_s: float
) -> list[tuple[float, float]]:
    """From, to, in seconds since the launch. events: when and which, in order; a pause that lasts ends at until_s.
    While a first share goes ahead, whoever waits for it is paused."""
    spans: list[tuple[float, float]] = []
    since: float | None = None
    for at, event in events:
        now_s = (at - launched_at).total_seconds()
        if event in _SHARE_ENDS:
            spans.append((0.0, now_s))
        if event in _STOPS:
            since = now_s
        elif event == "resumed" and since is not None:
            spans.append((since, now_s))
            since = None
    return spans if since is None else [*spans, (since, until_s)]
