"""Whether receipts that came are settled: until then nobody knows whom they tell of."""

from collections.abc import Iterator
from typing import Final

from broadcast.diagnosis.figures import CarrierFigures, Figures
from broadcast.diagnosis.finding import Code, Finding, age
from broadcast.languages import _

BEHIND_S: Final = 15.0  # a resolver looks four times a second, and one that dies is followed within seconds


def of_settling(figures: Figures, carrier: CarrierFigures) -> Iterator[Finding]:
    """A receipt that has just come waits for a look; where no resolver ever looked, since the launch at most."""
    behind_s = min(carrier.unresolved_s, figures.launched_for_s)
    if figures.finished or not carrier.receipts_wait or behind_s < BEHIND_S:
        return
    if carrier.resolver:
        said = _(
            "receipts are kept, and not settled for {behind_s}: the resolver is behind, and who counts as accepted may "
            "have the message",
            behind_s=age(behind_s),
        )
        yield Finding(Code.SETTLING_BEHIND, carrier.carrier, True, said, "broadcast db status")
        return
    said = _(
        "receipts are kept, and not settled for {behind_s}: no resolver lives that has this carrier, and who counts as "
        "accepted may have the message",
        behind_s=age(behind_s),
    )
    yield Finding(Code.SETTLING_BEHIND, carrier.carrier, True, said, "broadcast resolver")
