"""What a worker sees of a carrier, second by second."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.engine.fake import CARRIER, Bench

from broadcast.channel.receipt import Receipt
from broadcast.diagnosis.pace import SHORT_S
from broadcast.diagnosis.reading import OTHER, LaneReading
from broadcast.engine.watch import NAMED_MOST, LaneWatch
from broadcast.smpp.channel import SmppChannel


class Seconds:
    """A watch that is looked at once a second."""

    def __init__(self, carrier: Any = CARRIER) -> None:
        self.watch = LaneWatch(SmppChannel(carrier).outcome, awaits=carrier.smpp.receipts != "none")
        self.now = 100.0
        self.sent = 0
        self.go(1, 0)

    def go(self, seconds: int, tps: int, grant: int = 1000, **facts: bool) -> LaneReading:
        known = {"sending": True, "full": False, "starved": False, **facts}
        for _ in range(seconds):
            self.now += 1
            self.sent += tps
            self.watch.look(self.now, sent=self.sent, grant=grant, **known)
        return self.watch.reading(self.now, grant=grant, factor=1.0, cannot={}, troubles=())


def test_a_pace_that_is_short_is_told_since_when() -> None:
    lane = Seconds()
    assert lane.go(20, 1000).short_for_s is None
    assert lane.go(1, 500).short_for_s is None  # a second proves nothing
    assert lane.go(10, 500).short_for_s == pytest.approx(9, abs=2)
    assert lane.go(20, 800).short_for_s == pytest.approx(29, abs=2)  # better, but not well: it does not flap
    assert lane.go(10, 1000).short_for_s is None
    assert lane.go(20, 800).short_for_s is None  # worse, but not short


@pytest.mark.parametrize("facts", [{"sending": False}, {"grant": 0}])
def test_who_has_nothing_to_send_is_not_short(facts: Any) -> None:
    lane = Seconds()
    lane.go(20, 100)
    assert lane.go(1, 0, **facts).short_for_s is None
    assert lane.go(1, 0).short_for_s == 0.0  # counted anew


@settings(deadline=None)
@given(st.integers(0, 30), st.lists(st.integers(900, 1060), max_size=60))
def test_who_begins_and_goes_on_at_nearly_its_grant_is_never_short_for_long(
    idle: int, paces: list[int]
) -> None:
    lane = Seconds()
    lane.go(idle, 0, sending=False)
    for pace in paces:
        assert (lane.go(1, pace).short_for_s or 0.0) < SHORT_S


def test_shares_are_smooth() -> None:
    lane = Seconds()
    assert lane.go(1, 0, full=True).window_full_share == 0.1
    found = lane.go(40, 0, full=True, starved=True)
    assert min(found.window_full_share, found.starved_share) > 0.95
    assert lane.go(1, 0).starved_share > 0.8
    assert lane.go(30, 0).starved_share < 0.1


def test_counts_fade_and_their_share_stays() -> None:
    lane = Seconds()
    lane.watch.answers({0: 600, 0x0B: 200, 0x58: 100, 0x14: 100}, lane.now)
    found = lane.go(30, 0)
    assert (found.answered, found.refused, found.slowed) == (500, {0x0B: 100}, {0x58: 50, 0x14: 50})
    assert lane.go(600, 0).refused == {}
    lane.watch.receipts(100, lane.now, unknown_states=40)
    found = lane.go(30, 0)
    assert (found.receipts, found.unknown_states) == (50, 20)
    assert lane.go(600, 0).unknown_states == 0


def test_an_smsc_that_answers_each_time_otherwise_fills_no_memory() -> None:
    lane = Seconds()
    lane.watch.answers(Counter(range(1, 10_001)), lane.now)
    found = lane.go(1, 0)
    assert len({**found.refused, **found.slowed}) == NAMED_MOST + 1
    assert found.refused[OTHER] == pytest.approx(9_725, abs=50)


def test_since_when_receipts_are_missing() -> None:
    lane = Seconds()
    lane.watch.answers({0x0B: 1}, lane.now)
    assert lane.go(1, 0).accepted_for_s is None  # refused: no receipt comes
    lane.watch.answers({0: 1}, lane.now)
    lane.go(3, 0)
    lane.watch.answers({0: 1}, lane.now)
    found = lane.go(2, 0)
    assert (found.accepted_for_s, found.accepted_ago_s, found.receipt_ago_s) == (5.0, 2.0, None)
    lane.watch.receipts(1, lane.now)
    found = lane.go(1, 0)
    assert (found.accepted_for_s, found.receipts, found.receipt_ago_s) == (None, 1, 1.0)


def test_a_carrier_without_receipts_owes_none() -> None:
    lane = Seconds(CARRIER.having(receipts="none"))
    lane.watch.answers({0: 1}, lane.now)
    assert lane.go(5, 0).accepted_for_s is None


async def test_a_lane_tells_its_watch() -> None:
    bench = Bench()
    bench.grant(1000)
    bench.work(3)
    bench.commit()
    bench.answer(bench.links[0], 2)
    bench.answer(bench.links[0], 1, status=0x0B)
    bench.links[0].unknown_states["SEEN"] = 1
    bench.lane.receipts(bench.links[0], [Receipt(b"", 8, "id-0-1", "000", 84320000000)])
    bench.lane.unreadable(bench.links[0], [(b"", b"?", "why")])
    found = bench.lane.watch.reading(0.0, grant=0, factor=1.0, cannot={}, troubles=())
    assert (found.answered, found.refused, found.receipts, found.unreadable) == (3, {0x0B: 1}, 1, 1)
    assert found.unknown_states == 1
