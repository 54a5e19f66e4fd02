"""Several alerts in one stock: who is intended, who is given back, who is sent."""

import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.engine.fake import CARRIER, Bench, FakeLink

from broadcast.campaign.precedence import Claim
from broadcast.engine.work import Work
from broadcast.ids import CampaignId
from broadcast.ledger.states import RecipientState as S

EMERGENCY, HEALTH, ROUTINE = Claim((0, -9)), Claim((1, -5)), Claim((1, -1))
TPS = 1000  # of which 150 are intended ahead


class Pace:
    """The clock, at which the lane looks a hundred times a second."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        self.link = FakeLink(window=10_000)
        self.bench = Bench(CARRIER, self.link)
        self.bench.grant(TPS)
        self.works: dict[int, Work] = {}

    def add(self, campaign: int, claim: Claim, count: int, segments: int = 1) -> Work:
        work = self.works[campaign] = self.bench.work(count, segments, campaign, claim=claim)
        return work

    def run(self, seconds: float, commits: bool = True) -> Counter[int]:
        """What left of each campaign meanwhile, in segments."""
        before = self._left()
        for _ in range(round(seconds * 100)):
            self.now += 0.01
            if commits:
                self.bench.commit()
            else:
                self.bench.lane.pump()
            self.bench.answer(self.link, 10_000)
        return self._left() - before

    def _left(self) -> Counter[int]:
        return Counter({campaign: self.sent(campaign) for campaign in self.works})

    def sent(self, campaign: int) -> int:
        leased = self.works[campaign].slice
        return (leased.total - leased.unanswered) * self.works[campaign].segments


@pytest.fixture
def pace(monkeypatch: pytest.MonkeyPatch) -> Pace:
    return Pace(monkeypatch)


async def test_an_emergency_has_the_whole_pace_and_gives_it_back(pace: Pace) -> None:
    pace.add(1, HEALTH, 10_000)
    assert pace.run(2)[1] >= 1800
    emergency = pace.add(2, EMERGENCY, 3000)
    pace.run(0.05)  # its first intents are committed
    assert pace.run(2) == {2: pytest.approx(2000, abs=60)}
    pace.run(1.5)
    assert not emergency.slice.unanswered
    assert pace.run(1) == {1: pytest.approx(1000, abs=60)}


async def test_what_was_intended_of_the_lower_one_waits_again_and_to_the_one(pace: Pace) -> None:
    lower = pace.add(1, HEALTH, 10_000)
    pace.run(2)
    assert lower.stocked + lower.intending >= 100
    sent = len(pace.link.wire)
    pace.add(2, EMERGENCY, 3000)
    pace.run(0.05)
    gone = len(pace.link.wire) - pace.sent(2)
    assert gone - sent <= 60  # until the emergency's were committed
    assert (lower.stocked, lower.intending) == (0, 0)
    assert lower.slice.waiting == 10_000 - gone  # those in flight were answered
    assert lower.slice.retries() == list(range(gone, lower.slice.mark))
    pace.bench.commit()
    moves = pace.bench.moves()
    assert moves[S.WAITING] == -gone - 3000 + pace.works[2].slice.waiting
    pace.run(20)
    assert (lower.slice.unanswered, lower.slice.waiting) == (0, 0)
    assert Counter(Counter(pace.link.wire).values()) == {1: 7000, 2: 3000}  # the same numbers in both alerts


async def test_the_lower_one_goes_on_until_there_is_something_of_the_emergency(pace: Pace) -> None:
    pace.add(1, HEALTH, 10_000)
    pace.run(2)
    pace.add(2, EMERGENCY, 3000)
    assert pace.run(0.1, commits=False)[1] >= 50


async def test_a_commit_that_is_late_is_no_gap_for_the_lower_one(pace: Pace) -> None:
    pace.add(1, HEALTH, 10_000)
    pace.run(2)
    pace.add(2, EMERGENCY, 3000)
    pace.run(0.2)
    found = pace.run(1, commits=False)
    assert (found[1], found[2] > 0) == (0, True)


async def test_the_last_of_an_emergency_are_followed_without_a_gap(pace: Pace) -> None:
    pace.add(1, HEALTH, 10_000)
    pace.run(2)
    pace.add(2, EMERGENCY, 500)
    found = pace.run(1)
    assert found[2] == 500
    assert sum(found.values()) >= 900


async def test_equals_share_by_weight_also_where_messages_are_of_another_length(pace: Pace) -> None:
    pace.add(1, Claim((1, -5), 3), 10_000)
    pace.add(2, Claim((1, -5), 1), 10_000, segments=4)
    pace.run(0.5)
    found = pace.run(4)
    assert found[1] == pytest.approx(3 * found[2], rel=0.05)
    assert sum(found.values()) == pytest.approx(4000, rel=0.05)


async def test_a_newcomer_among_equals_does_not_wait_for_what_is_in_stock(pace: Pace) -> None:
    pace.add(1, HEALTH, 10_000)
    pace.run(2)
    pace.add(2, HEALTH, 10_000)
    pace.run(0.03)
    found = pace.run(0.2)
    assert found[1] == pytest.approx(found[2], abs=25)


async def test_a_reserve_holds_beside_a_higher_one_but_not_beside_an_emergency(pace: Pace) -> None:
    pace.add(1, Claim((1, -1), 1, 20), 10_000)
    pace.add(2, HEALTH, 10_000)
    pace.run(0.5)
    found = pace.run(2)
    assert found[1] == pytest.approx(400, abs=40)
    assert found[2] == pytest.approx(1600, abs=80)
    pace.add(3, EMERGENCY, 1000)
    pace.run(0.05)
    assert pace.run(0.7) == {3: pytest.approx(700, abs=40)}


async def test_an_alert_that_can_send_nothing_now_holds_nobody_up(pace: Pace) -> None:
    """Its people wait for a later try."""
    emergency = pace.add(2, EMERGENCY, 100)
    pace.add(1, HEALTH, 10_000)
    pace.run(0.3)
    assert not emergency.slice.unanswered
    refused = pace.add(3, EMERGENCY, 100)
    for _ in range(60):
        pace.now += 0.01
        pace.bench.commit()
        tokens = pace.link.take(10_000)
        for work, status in ((refused, 0x58), (pace.works[1], 0)):
            answers = [(token, status, f"id-{token[1]}") for token in tokens if token[0] is work]
            if answers:
                pace.bench.lane.answered(pace.link, answers, pace.now - 0.1)
    assert refused.slice.waiting == 100
    assert pace.run(1)[1] >= 700  # throttled somewhat


async def test_a_message_that_is_begun_is_not_given_back(pace: Pace) -> None:
    """Segments of it may be on a telephone: it stays in doubt, and goes on afterwards."""
    pace.bench.grant(5)
    lower = pace.add(1, HEALTH, 10, segments=3)
    while not pace.link.wire:
        pace.now += 0.05
        pace.bench.commit()
    begun = len(pace.link.wire)
    assert begun < 3
    pace.add(2, EMERGENCY, 5)
    for _ in range(10):
        pace.now += 0.05
        pace.bench.commit()
    assert lower.slice.waiting == 9
    pace.bench.grant(TPS)
    pace.run(2)
    assert Counter(pace.link.wire) == {
        f"{84320000000 + n}/{segment}": 1 + (n < 5 and segment == 1)
        for n in range(10)
        for segment in (1, 2, 3)
    }


async def test_an_alert_that_is_stopped_leaves_the_pace_to_the_rest(pace: Pace) -> None:
    emergency = pace.add(2, EMERGENCY, 10_000)
    pace.add(1, HEALTH, 10_000)
    pace.run(1)
    pace.bench.lane.stock.withdraw(lambda work: work is not emergency)
    assert pace.run(1)[1] >= 900
    assert emergency.slice.state == "ready"


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([EMERGENCY, HEALTH, Claim((1, -5), 4), Claim((1, -1), 1, 30), ROUTINE]),
            st.integers(1, 400),
            st.integers(1, 4),
            st.integers(0, 30),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_everybody_hears_each_alert_once_whatever_comes_when(
    alerts: list[tuple[Claim, int, int, int]],
) -> None:
    """alerts: claim, people, segments, and hundredths of a second until the next comes."""
    import asyncio

    async def all_of_it() -> None:
        with pytest.MonkeyPatch.context() as monkeypatch:
            pace = Pace(monkeypatch)
            for number, (claim, people, segments, wait) in enumerate(alerts, 1):
                pace.add(number, claim, people, segments)
                pace.run(wait / 100)
            most = sum(people * segments for _, people, segments, _ in alerts)
            pace.run(most / TPS * 1.2 + 1)
            assert pace.bench.lane.stock.empty
            assert len(pace.link.wire) == most
            for number, (_, people, segments, _) in enumerate(alerts, 1):
                assert pace.sent(number) == people * segments

    asyncio.run(all_of_it())


async def test_slices_are_leased_for_equals_and_for_who_reserved(pace: Pace) -> None:
    pace.add(1, HEALTH, 1000)
    stock = pace.bench.lane.stock
    waiting = pace.works[1].slice.waiting
    new = CampaignId(9)
    assert stock.missing(new, HEALTH, 300) == 300
    assert stock.missing(new, EMERGENCY, 300) == 300
    assert stock.missing(new, ROUTINE, 300) == 300 - waiting
    assert stock.missing(new, Claim((1, -1), 1, 10), 300) == 300
    assert stock.missing(CampaignId(1), HEALTH, 300) == 300 - waiting


async def test_more_is_wanted_in_time(pace: Pace) -> None:
    stock = pace.bench.lane.stock
    assert not stock.hungry(100)
    pace.add(1, HEALTH, 1000)
    assert not stock.hungry(100)
    pace.add(2, HEALTH, 100)  # 75 of them are intended at once
    assert (stock.hungry(40), stock.hungry(60)) == (False, True)
    pace.add(3, EMERGENCY, 10_000)
    assert not stock.hungry(120)
    pace.add(4, EMERGENCY, 130)
    assert stock.hungry(120)
