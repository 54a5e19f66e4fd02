"""What lanes are doing, looked at once a second."""

from typing import Any

import pytest
from unit.engine.fake import CARRIER, Bench, FakeLink

from broadcast.engine import lane_gauges
from broadcast.engine.lane_gauges import LaneGauges, Shown
from broadcast.ids import CampaignId, CarrierNo
from broadcast.store.queries import sql


class Database:
    """Ten wait at each look."""

    def __init__(self) -> None:
        self.asked = 0

    async def fetch(self, text: str) -> list[dict[str, Any]]:
        assert text == sql("lane_waiting")
        self.asked += 1
        return [{"carrier_no": 1, "running": 10, "paused": 0, "held": 0}]


def gauges(bench: Bench, *, running: bool = True) -> LaneGauges:
    shown = Shown(lambda _: True, lambda: [CampaignId(1)] if running else [], lambda: False)
    return LaneGauges(bench.lane._metrics, {CarrierNo(1): bench.lane}, shown)


def value(bench: Bench, name: str, **labels: str) -> float | None:
    found: float | None = bench.lane._metrics.registry.get_sample_value(
        f"broadcast_{name}", {"carrier": "viettel", **labels}
    )
    return found


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The moment."""
    now = [5000.0]
    monkeypatch.setattr(lane_gauges.time, "monotonic", lambda: now[0])
    return now


async def test_a_second_in_which_nothing_left_is_lost_once_somebody_waits(at: list[float]) -> None:
    bench, database = Bench(), Database()
    each = gauges(bench)
    at[0] += 1
    each.look()
    assert value(bench, "paused_seconds_total", reason="no_grant") is None  # nobody knows that anybody waits
    await each.read(database)  # type: ignore[arg-type]
    for _ in range(2):
        at[0] += 1
        each.look()
        await each.read(database)  # type: ignore[arg-type]
    assert value(bench, "paused_seconds_total", reason="no_grant") == 2.0
    assert database.asked == 1
    at[0] += lane_gauges.WAITING_S
    await each.read(database)  # type: ignore[arg-type]
    assert database.asked == 2


async def test_what_is_leased_and_what_left_is_shown(at: list[float]) -> None:
    bench = Bench()
    each = gauges(bench)
    bench.work(50)
    bench.lane.sent = 80
    at[0] += 2
    each.look()
    assert value(bench, "leased_slices") == 1
    assert value(bench, "submitted_segments_total") == 80
    assert value(bench, "tps_used") == 40
    assert value(bench, "window_segments") == 1000


async def test_an_enquiry_is_counted_once(at: list[float]) -> None:
    link = FakeLink()
    bench = Bench(CARRIER, link)
    each = gauges(bench)
    link.enquiry_s = 0.25
    for _ in range(2):
        at[0] += 1
        each.look()
    assert value(bench, "enquire_link_seconds_count") == 1
    assert value(bench, "enquire_link_seconds_sum") == 0.25


async def test_the_first_certificate_to_end_is_shown_also_while_no_link_is_up(at: list[float]) -> None:
    links = FakeLink(), FakeLink(), FakeLink()
    links[0].peer_ends_at, links[1].peer_ends_at = 2e9, 1.9e9
    bench = Bench(CARRIER, *links)
    each = gauges(bench)
    await each.read(Database())  # type: ignore[arg-type]
    assert value(bench, "certificate_expiry_timestamp_seconds", whose="theirs") == 1.9e9
    assert value(bench, "certificate_expiry_timestamp_seconds", whose="ours") is None
    for link in links:
        bench.lane.closed(link, "x")
    at[0] += lane_gauges.CERTIFICATES_S
    await each.read(Database())  # type: ignore[arg-type]
    assert value(bench, "certificate_expiry_timestamp_seconds", whose="theirs") == 1.9e9
    assert value(bench, "reconnects_total", reason="lost") == 3
