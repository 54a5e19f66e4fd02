"""A lane asks for what its SMSC holds: within pace and window, beside what it sends, and what the answers mean."""

import time
from typing import Any

import pytest
from unit.engine.fake import CARRIER, Bench, FakeLink
from unit.engine.test_lane import settle_pace

from broadcast.channel.link import Held
from broadcast.engine.withdrawing import SHARE, SHARE_KEPT_S, TRIES_MOST, Asks
from broadcast.ids import SliceId
from broadcast.ledger.withdrawn import ABANDONED, REFUSED, WITHDRAWN, Ask

CANCEL_FAILED, THROTTLED, UNKNOWN_COMMAND = 0x11, 0x58, 0x03


class Lines:
    """Stamps what the test can read back."""

    def stamp(self, first_sequence: int, segments: Any) -> bytes:
        assert all(isinstance(each, Held) for each in segments)
        return b"".join(f"{each.smsc_id};".encode() for each in segments)


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.grant(100_000)
    settle_pace(made)
    return made


def asks(count: int) -> tuple[Asks, list[int]]:
    over: list[int] = []
    made = [Ask(number, 1, f"id-{number}", 84320000000 + number) for number in range(count)]
    return Asks(SliceId(1), Lines(), made, lambda: over.append(1)), over


def begin(bench: Bench, count: int) -> tuple[Asks, list[int]]:
    found, over = asks(count)
    bench.lane.withdrawing.begin(found)
    bench.lane.pump()
    return found, over


def answer(bench: Bench, link: FakeLink, status: int | None, count: int = 1000) -> None:
    bench.lane.taken_back(link, [(token, status) for token in link.take(count)])


async def test_all_are_asked_and_told_of(bench: Bench) -> None:
    found, over = begin(bench, 3)
    assert bench.links[0].asked == [b"id-0;id-1;id-2;"]
    assert not found.over
    answer(bench, bench.links[0], 0, 1)
    assert not over
    answer(bench, bench.links[0], CANCEL_FAILED)
    assert [found.outcomes[ask] for ask in sorted(found.outcomes)] == [WITHDRAWN, REFUSED, REFUSED]
    assert over


async def test_the_window_and_the_pace_bound_them() -> None:
    link = FakeLink(window=2)
    bench = Bench(CARRIER, link)
    bench.grant(100_000)
    settle_pace(bench)
    found, _ = begin(bench, 5)
    assert len(link.pending) == 2
    answer(bench, link, 0)
    bench.lane.room(link)
    assert len(found.outcomes) == len(link.pending) == 2
    slow = Bench()
    slow.grant(100)
    begin(slow, 50)
    assert len(slow.links[0].pending) <= 2


async def test_what_is_sent_goes_first_and_leaves_them_a_share(monkeypatch: pytest.MonkeyPatch) -> None:
    began = now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    bench = Bench(CARRIER, FakeLink(100_000))
    bench.grant(1000)
    bench.work(5000)
    found, _ = asks(5000)
    bench.lane.withdrawing.begin(found)
    while now < began + 0.5:
        now += 0.001
        bench.commit()
    sent, asked = len(bench.links[0].wire), 5000 - len(found.waiting)
    assert 0 < asked <= SHARE * 1000 * (now - began + SHARE_KEPT_S) + 1
    assert sent > 2 * asked


async def test_without_anything_to_send_they_have_all_of_the_pace(bench: Bench) -> None:
    found, _ = begin(bench, 150)
    assert not found.waiting


async def test_an_smsc_that_knows_no_such_thing_is_asked_no_more() -> None:
    link = FakeLink(window=2)
    bench = Bench(CARRIER, link)
    bench.grant(100_000)
    settle_pace(bench)
    found, over = begin(bench, 10)
    answer(bench, link, UNKNOWN_COMMAND)
    assert found.unknown
    assert not found.waiting
    assert over
    assert found.outcomes == {}


async def test_what_is_never_answered_has_no_outcome(bench: Bench) -> None:
    found, over = begin(bench, 2)
    answer(bench, bench.links[0], None)
    assert found.over
    assert over
    assert (found.outcomes, found.answered) == ({}, 0)


async def test_too_fast_is_asked_again_and_not_for_ever(bench: Bench) -> None:
    found, _ = begin(bench, 1)
    for _ in range(TRIES_MOST):
        answer(bench, bench.links[0], THROTTLED)
        bench.lane.withdrawing._not_before = 0.0
        settle_pace(bench)
        bench.lane.pump()
    assert list(found.outcomes.values()) == [ABANDONED]
    assert bench.lane.pacer.factor < 1


async def test_nothing_is_asked_when_the_lease_is_over(bench: Bench) -> None:
    bench.lane.valid_until = 0.0
    found, _ = begin(bench, 2)
    assert bench.links[0].asked == []
    bench.lane.valid_until = float("inf")
    bench.links[0].too_late = True
    bench.lane.pump()
    assert (len(found.waiting), found.in_flight) == (2, 0)
    assert [ask.ordinal for ask in found.waiting] == [0, 1]


async def test_answers_to_those_of_before_are_nobodys(bench: Bench) -> None:
    _, over = begin(bench, 2)
    bench.lane.withdrawing.begin(None)
    answer(bench, bench.links[0], 0)
    assert over
    assert not bench.lane.withdrawing.waits
