"""How fast a carrier's traffic went, and how soon after a fault it was back at full TPS. Pure.

Samples are (monotonic time, segments taken so far), some twenty a second, with gaps while the SMSC was frozen.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chaos.faults import Done
from chaos.schedule import RESOLVER, Kind

Sample = tuple[float, int]

FULL: Final = 0.9  # of the TPS, over FULL_OVER_S: full, as far as a shared machine's clocks can tell
FULL_OVER_S: Final = 0.5
LIMITS_S: Final = {Kind.WORKER_KILLED: 10.0, Kind.DATABASE_DOWN: 5.0}
# After its end a fault may be felt for so long; what is timed meanwhile tells nothing of the next one.
_FELT_S: Final = {Kind.WORKER_KILLED: 10.0, Kind.WORKER_FROZEN: 10.0, Kind.DATABASE_DOWN: 5.0}
_FELT_OTHERS_S: Final = 6.0


@dataclass(frozen=True, slots=True)
class Recovery:
    """seconds: from the kill, or from when the database was ready, to full traffic; None: not while one could look.
    looked_s: for how long that was. judged: nothing else disturbed it, and the machine was able to."""

    carrier: str
    kind: Kind
    seconds: float | None
    looked_s: float
    judged: bool

    @property
    def too_slow(self) -> bool:
        limit = LIMITS_S[self.kind]
        if self.seconds is not None:
            return self.judged and self.seconds > limit
        return self.judged and self.looked_s > limit


def recoveries(carrier: str, tps: int, samples: Sequence[Sample], done: Sequence[Done]) -> list[Recovery]:
    """Of every killed worker and every stop of the database that traffic outlasted."""
    over = last_growth(samples)
    found = []
    for each in done:
        if each.fault.kind not in LIMITS_S:
            continue
        began = each.ended if each.fault.kind is Kind.DATABASE_DOWN else each.began
        # without a resolver all goes on
        others = [other for other in done if other is not each and other.fault.kind not in RESOLVER]
        until = min([over, *(other.began for other in others if other.began > each.began)])
        if began + FULL_OVER_S > until:
            continue
        could = (
            first_full(samples, tps, samples[0][0], over) is not None
        )  # ever, on this machine at this hour
        calm = could and all(
            other.ended + felt_s(other) < each.began or other.began >= until for other in others
        )
        full_at = first_full(samples, tps, began, until)
        seconds = None if full_at is None else full_at - began
        found.append(Recovery(carrier, each.fault.kind, seconds, until - began, calm))
    return found


def felt_s(done: Done) -> float:
    """For how long after its end a fault may be felt."""
    return _FELT_S.get(done.fault.kind, _FELT_OTHERS_S)


def first_full(samples: Sequence[Sample], tps: int, since: float, until: float) -> float | None:
    """The first moment since when traffic is full for a while that ends before `until`."""
    times = [at for at, _ in samples]
    for index in range(bisect_left(times, since), len(samples)):
        at, count = samples[index]
        behind = bisect_left(times, at + FULL_OVER_S)
        if behind == len(samples) or times[behind] > until:
            return None
        if samples[behind][1] - count >= FULL * tps * (times[behind] - at):
            return at
    return None


def last_growth(samples: Sequence[Sample]) -> float:
    """When the last segment but the few last percents came: by then work was short."""
    if not samples:
        return 0.0
    nearly = samples[-1][1] * 0.95
    return next(at for at, count in samples if count >= nearly)
