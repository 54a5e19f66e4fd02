"""When most of a running campaign's people will have it, from how far it is, what else runs, and how soon receipts came
before. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from broadcast.forecast.curve import Curve, moment
from broadcast.forecast.delays import Arrivals, Delays, arrived
from broadcast.forecast.flow import Flow, course
from broadcast.forecast.moments import later

MOST: Final = 0.9


@dataclass(frozen=True, slots=True)
class Going:
    """A campaign at one carrier now. sent, waiting: recipients; flow: of those who wait, from now on."""

    sent: int
    waiting: int
    tps: float
    flow: Flow
    others: tuple[Flow, ...]
    delays: Delays | None


def arrives_at(lanes: Sequence[Going], launched_at: datetime, now: datetime) -> datetime | None:
    """When 90 percent of those who will have it do. None: nobody knows, never, or it is so already.

    Carriers of which nobody knows how soon receipts come are left out. Who was sent to was so evenly since the launch.
    """
    passed_s = max(0.001, (now - launched_at).total_seconds())
    arrivals = [
        Arrivals.of(_sent(lane, passed_s), lane.delays)
        for lane in lanes
        if lane.delays is not None and lane.tps > 0
    ]
    whole = sum(each.whole for each in arrivals)
    if not whole:
        return None
    wanted, end_s = MOST * whole, max(each.end_s for each in arrivals)
    if float(arrived(arrivals, passed_s)) >= wanted:
        return None
    return later(launched_at, moment(lambda seconds: arrived(arrivals, seconds), wanted, end_s))


def _sent(lane: Going, passed_s: float) -> Curve:
    """From the launch on."""
    points = [(0.0, 0.0), (passed_s, float(lane.sent))]
    if lane.waiting and lane.flow.segments:
        each = lane.waiting / lane.flow.segments
        ahead = course([lane.flow, *lane.others], lane.tps)[0]
        points += [
            (passed_s + at_s, lane.sent + amount * each)
            for at_s, amount in zip(ahead.at_s.tolist(), ahead.amount.tolist(), strict=True)
            if at_s > 0
        ]
    return Curve.through(points)
