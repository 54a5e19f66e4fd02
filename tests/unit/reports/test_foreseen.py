"""What was foreseen beside what came: moments, segments, cost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from broadcast.campaign.campaigns import CampaignEvent
from broadcast.config import Price
from broadcast.forecast.kept import Kept
from broadcast.forecast.ways import Around, CarrierLoad, forecast
from broadcast.ledger.books import Ends
from broadcast.ledger.states import RecipientState
from broadcast.reports.foreseen import compared, kept_of, moments
from broadcast.reports.progress import CarrierProgress, Progress

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)  # a launch of millions takes a while
AROUND = {
    "viettel": Around(price=Price("VND", Decimal("312.5"))),
    "mobifone": Around(price=Price("VND", Decimal(300))),
}


def kept() -> Kept:
    loads = [CarrierLoad(name, 100, 10, "udh8", "gsm0338") for name in ("viettel", "mobifone")]
    return Kept.of(NOW, forecast("a", "gsm0338", loads, NOW, NOW + timedelta(hours=1), around=AROUND)[0])


def line(carrier: str, segments: int) -> CarrierProgress:
    states = {state.column: 0 for state in RecipientState} | {"delivered": 90, "unknown": 10}
    return CarrierProgress(carrier, 10, 1, segments, states)


def progress() -> Progress:
    return Progress(LATER, "finished", True, True, 1, 1, (line("viettel", 101), line("mobifone", 100)))


def test_it_is_kept_as_json_and_found_among_the_events() -> None:
    document = kept().document()
    assert Kept.read(document) == kept()
    launched = CampaignEvent(NOW, "an", "launched", {"foreseen": document})
    assert kept_of([replace(launched, event="drafted", details={}), launched]) == kept()
    assert kept_of([replace(launched, details={})]) is None


def test_both_count_from_the_launch() -> None:
    ticks = dict.fromkeys(range(20), 5)  # 20 a second
    ends = Ends([], {"viettel": ticks, "mobifone": ticks}, {"viettel": {39: 90}})
    viettel, mobifone, everybody = compared(kept(), LATER, ends, progress())
    assert viettel.sent_foreseen.last == LATER + timedelta(seconds=10)
    assert viettel.sent.last == LATER + timedelta(seconds=5)
    assert viettel.sent.half == LATER + timedelta(seconds=2.5)
    assert viettel.delivered.ninety == LATER + timedelta(seconds=10)
    assert viettel.delivered.last is None
    assert mobifone.delivered.half is None
    assert (viettel.segments_foreseen, viettel.segments) == (100, 101)
    assert (viettel.cost_foreseen, viettel.cost) == (Decimal("31250"), Decimal("31562.5"))
    assert (everybody.cost_foreseen, everybody.cost) == (Decimal("61250"), Decimal("61562.5"))
    assert everybody.currency == "VND"
    assert everybody.sent.last == LATER + timedelta(seconds=5)


@pytest.mark.parametrize("count", [1, 3, 1000])
def test_moments_are_of_shares_of_all(count: int) -> None:
    found = moments([{0: count, 8: 9 * count}], NOW)
    assert (found.half, found.last) == (NOW + timedelta(seconds=2.25),) * 2
    assert moments([{}], NOW).last is None
