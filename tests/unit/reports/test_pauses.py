"""How steadily an alert was sent, from its ticks: pauses, shares, and what people paused."""

from datetime import UTC, datetime, timedelta

import pytest

from broadcast.reports.pauses import Steadiness, paused_spans, steadiness

LAUNCH = datetime(2026, 1, 1, tzinfo=UTC)
TPS, SEGMENTS = 1000, 5
FULL = TPS // SEGMENTS // 4  # recipients of a tick


def test_a_carrier_that_uses_its_whole_tps() -> None:
    assert steadiness(dict.fromkeys(range(8, 88), FULL), SEGMENTS, TPS) == Steadiness(1.0, 0.0)


def test_the_longest_pause_counts() -> None:
    sent = dict.fromkeys([*range(0, 20), *range(22, 40), *range(50, 90)], FULL)
    found = steadiness(sent, SEGMENTS, TPS)
    assert found is not None
    assert found.longest_pause_s == 2.5
    assert found.used_share == pytest.approx(78 / 90, abs=0.01)


def test_the_few_that_are_tried_again_later_are_no_work() -> None:
    sent = dict.fromkeys(range(40), FULL) | {400: FULL // 2}
    assert steadiness(sent, SEGMENTS, TPS) == Steadiness(1.0, 0.0)


def test_what_people_paused_is_no_pause() -> None:
    sent = dict.fromkeys([*range(0, 40), *range(120, 160)], FULL)
    stood = steadiness(sent, SEGMENTS, TPS)
    assert stood is not None and stood.longest_pause_s == 20
    assert steadiness(sent, SEGMENTS, TPS, [(9.9, 30.1)]) == Steadiness(1.0, 0.0)


@pytest.mark.parametrize("sent", [{}, {3: 2}])
def test_too_few_to_say(sent: dict[int, int]) -> None:
    assert steadiness(sent, SEGMENTS, TPS) is None


def test_spans_of_pauses() -> None:
    def at(seconds: float) -> datetime:
        return LAUNCH + timedelta(seconds=seconds)

    events = [
        (at(-5), "drafted"),
        (at(0), "launched"),
        (at(3), "paused"),
        (at(8), "resumed"),
        (at(20), "paused"),
    ]
    assert paused_spans(events, LAUNCH, 60) == [(3, 8), (20, 60)]
    assert paused_spans(events[:4], LAUNCH, 60) == [(3, 8)]


def test_who_waits_for_a_first_share_is_paused() -> None:
    def at(seconds: float) -> datetime:
        return LAUNCH + timedelta(seconds=seconds)

    assert paused_spans([(at(0), "launched"), (at(9), "first share passed")], LAUNCH, 60) == [(0, 9)]
    held = [(at(9), "first share failed"), (at(20), "resumed"), (at(20), "the rest follows")]
    assert paused_spans(held, LAUNCH, 60) == [(0, 9), (9, 20)]
    assert paused_spans(held[:1], LAUNCH, 60) == [(0, 9), (9, 60)]
