"""What the workers see of their database: how long it takes to write what happened, and whether its disk has room."""

from collections.abc import Iterable, Iterator
from typing import Final

from broadcast.capacity import costs
from broadcast.diagnosis.figures import Figures
from broadcast.diagnosis.finding import Code, Finding, percent
from broadcast.diagnosis.reading import LaneReading
from broadcast.languages import _

SLOW_S: Final = (
    2.0  # of a commit: told whatever the pace; nothing can be heard, paused or acknowledged sooner
)
HOLDS_BACK_S: Final = 0.15  # lanes have so much in stock: a commit that takes longer costs pace
FREE_SHARE: Final = 0.05  # of the disk: less is nearly nothing ...
FREE_OCTETS: Final = 10_000_000_000  # ... but where it is large
# Of a segment: its log, its answer and its receipt, and their rows' part
SEGMENT_OCTETS: Final = costs.LOG_SEGMENT_OCTETS + costs.MESSAGE_OCTETS + costs.SEGMENT_OCTETS


def of_database(figures: Figures, *, short: Iterable[LaneReading]) -> Iterator[Finding]:
    """short: of lanes that send less than they may."""
    readings = [each for carrier in figures.carriers for each in carrier.readings]
    if full := _full(figures, readings):
        yield full
    worst_s = max((each.commit_s for each in readings), default=0.0)
    held_back_s = max((each.commit_s for each in short), default=0.0)
    if figures.finished or (worst_s < SLOW_S and held_back_s < HOLDS_BACK_S):
        return
    said = _(
        "the database takes {seconds:.1f} s to write what happened: nothing is sent, and no receipt acknowledged, "
        "faster than that",
        seconds=max(worst_s if worst_s >= SLOW_S else 0.0, held_back_s),
    )
    yield Finding(Code.DATABASE_SLOW, "", False, said, "broadcast db status")


def _full(figures: Figures, readings: Iterable[LaneReading]) -> Finding | None:
    known = tuple(readings)
    if any(each.disk_full for each in known):
        said = _("the database's disk is full: nothing is written, and so nothing is sent; make room there")
        return Finding(Code.DATABASE_FULL, "", True, said, "broadcast db status")
    sizes = [
        (each.disk_free, each.disk_size) for each in known if each.disk_free is not None and each.disk_size
    ]
    if not sizes:
        return None
    free, size = min(sizes)
    needed = SEGMENT_OCTETS * figures.segments * sum(each.waiting for each in figures.carriers)
    if free < needed:
        said = _(
            "the database's disk has {free:,} MB left, and what waits will take {needed:,} MB: make room there",
            free=free // 1_000_000,
            needed=needed // 1_000_000,
        )
        return Finding(Code.DATABASE_FULL, "", True, said, "broadcast db status")
    if free < min(FREE_OCTETS, FREE_SHARE * size):
        said = _(
            "the database's disk is nearly full: {free:,} MB left, {share} of it; make room there",
            free=free // 1_000_000,
            share=percent(free / size),
        )
        return Finding(Code.DATABASE_FULL, "", False, said, "broadcast db status")
    return None
