"""Whether an alert is through before it expires, at the pace that it has, or at the best that it may have."""

from collections.abc import Iterator
from typing import Final

from broadcast.diagnosis.figures import CarrierFigures, Figures
from broadcast.diagnosis.finding import FEW, Code, Finding, age
from broadcast.diagnosis.pace import short_lanes
from broadcast.languages import _

MARGIN: Final = 0.1  # of the time that is left: what is so near may yet come out right


def of_ending(figures: Figures, carrier: CarrierFigures) -> Iterator[Finding]:
    """Of one campaign; while nothing at all is sent, only what no pace can make good: why nothing is sent is said."""
    if figures.left_s is None or figures.left_s < 0 or figures.finished or not carrier.tps:
        return
    pace = _pace(figures, carrier)
    needed_s = carrier.waiting * figures.segments / pace
    late = carrier.waiting - int(figures.left_s * pace / figures.segments)
    if late < FEW or needed_s <= figures.left_s * (1 + MARGIN):
        return
    said = _(
        "at {pace:,.0f} segments/s it takes {needed_s} more, and it may be sent for {left_s}: {late:,} will not have "
        "heard it",
        pace=pace,
        needed_s=age(needed_s),
        left_s=age(figures.left_s),
        late=late,
    )
    yield Finding(
        Code.EXPIRY_AT_RISK, carrier.carrier, True, said, f"broadcast campaign forecast {figures.campaign}"
    )


def _pace(figures: Figures, carrier: CarrierFigures) -> float:
    """Segments a second, above 0: what goes out where it is less than it may be, else the TPS; of alerts that share it
    a part each, as if all were of one weight."""
    shares = max((len(each.sharing) for each in carrier.readings), default=1)
    sent = sum(each.sent_tps for each in carrier.readings)
    slow = bool(short_lanes(figures, carrier)) and sent > 0
    return (sent if slow else float(carrier.tps or 0)) / max(1, shares)
