"""When a share of an alert's people will have been sent to, and when it will be there. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Final

from broadcast.forecast.curve import F64, Curve, moment, summed
from broadcast.forecast.delays import Arrivals, Delays, arrived
from broadcast.forecast.flow import Flow, course

FARTHEST_S: Final = 3e10  # more than a millennium is no date


@dataclass(frozen=True, slots=True)
class Moments:
    """When 50, 90 and 99 percent had happened, and the last. None: nobody, never, or nobody knows."""

    half: datetime | None = None
    ninety: datetime | None = None
    ninety_nine: datetime | None = None
    last: datetime | None = None

    def document(self) -> dict[str, str | None]:
        """For JSON."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: None if at is None else at.isoformat() for name, at in found.items()}

    @classmethod
    def read(cls, document: Mapping[str, str | None]) -> "Moments":
        return cls(
            **{name: None if at is None else datetime.fromisoformat(at) for name, at in document.items()}
        )


NEVER: Final = Moments()


@dataclass(frozen=True, slots=True)
class Canary:
    """share: percent that goes first everywhere; the rest when all of that is out and wait_s is over."""

    share: float
    wait_s: float


@dataclass(frozen=True, slots=True)
class Lane:
    """What an alert has at one carrier. recipients: of it, whose segments `flow` has. others: that send there too.
    delays: None: nobody knows. later: who is held until then: seconds, and their share of it."""

    recipients: int
    tps: float
    flow: Flow
    others: tuple[Flow, ...] = ()
    delays: Delays | None = None
    later: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """Of one carrier: recipients sent to by when, and those whose telephone had it."""

    sent: Curve
    arrivals: Arrivals | None


def look_ahead(lanes: Mapping[str, Lane], canary: Canary | None = None) -> dict[str, Seen]:
    """By carrier; none of a lane without recipients."""
    busy = {name: lane for name, lane in lanes.items() if lane.recipients and lane.flow.segments}
    if canary is None:
        return {name: _seen(lane, _parts(lane, lane.flow)) for name, lane in busy.items()}
    first = {
        name: replace(lane.flow, segments=lane.flow.segments * canary.share / 100)
        for name, lane in busy.items()
    }
    ends = [
        course([_parts(lane, first[name])[0], *lane.others], lane.tps)[0].end_s for name, lane in busy.items()
    ]
    begins = max(ends, default=0.0) + canary.wait_s
    return {
        name: _seen(
            lane,
            [
                *_parts(lane, first[name]),
                *_parts(
                    lane,
                    replace(lane.flow, segments=lane.flow.segments * (1 - canary.share / 100), from_s=begins),
                ),
            ],
        )
        for name, lane in busy.items()
    }


def _parts(lane: Lane, flow: Flow) -> list[Flow]:
    """Who is sent to at once, and whoever is held as long as they are."""
    now = max(0.0, 1 - sum(share for _at, share in lane.later))
    return [
        replace(flow, segments=flow.segments * now),
        *(
            replace(flow, segments=flow.segments * share, from_s=max(flow.from_s, at))
            for at, share in lane.later
        ),
    ]


def _seen(lane: Lane, stages: Sequence[Flow]) -> Seen:
    curves = course([*stages, *lane.others], lane.tps)[: len(stages)]
    sent = summed(curves).scaled(lane.recipients / lane.flow.segments)
    return Seen(sent, None if lane.delays is None else Arrivals.of(sent, lane.delays))


def sent_moments(seen: Iterable[Seen], starts_at: datetime) -> Moments:
    """Of all of these together: of who will be sent to."""
    curves = [each.sent for each in seen]
    if not curves:
        return NEVER
    return _moments(
        summed(curves).by,
        sum(each.whole for each in curves),
        max(each.end_s for each in curves),
        starts_at,
    )


def delivered_moments(seen: Iterable[Seen], starts_at: datetime) -> Moments:
    """Of who will have it. The last one is nobody's to foresee."""
    arrivals = [each.arrivals for each in seen if each.arrivals is not None and each.arrivals.whole]
    if not arrivals:
        return NEVER
    found = _moments(
        lambda seconds: arrived(arrivals, seconds),
        sum(each.whole for each in arrivals),
        max(each.end_s for each in arrivals),
        starts_at,
    )
    return replace(found, last=None)


def _moments(reached: Callable[[F64], F64], whole: float, end_s: float, starts_at: datetime) -> Moments:
    """Nothing of what never happens at all."""
    if not whole:
        return NEVER

    def when(share: float) -> datetime:
        return later(starts_at, moment(reached, share * whole, end_s))

    return Moments(when(0.5), when(0.9), when(0.99), later(starts_at, end_s))


def later(at: datetime, seconds: float) -> datetime:
    """However many seconds these are."""
    return at + timedelta(seconds=min(seconds, FARTHEST_S))
