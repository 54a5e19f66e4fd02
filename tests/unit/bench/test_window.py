"""What a run's rates are read from: the minutes in which it is warm, or what there is of them."""

from types import SimpleNamespace

import pytest

from broadcast.bench import window
from broadcast.bench.window import Cost, submits_for_each, within


def costs(*, seconds: int, rate: int) -> list[Cost]:
    """A reading a second; twice as fast for a third of it, and as many messages of 5 segments final a second later."""
    fast = seconds // 3
    sent = [rate * at + rate * min(at, fast) for at in range(seconds + 1)]
    return [
        Cost(float(at), sent[at], sent[max(0, at - 1)] // 5, {"sender": at * 2.0})
        for at in range(seconds + 1)
    ]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (300, 1000 + 1000 * 40 / 180),  # fast until the hundredth: for 40 of the seconds from 60 to 240
        (90, 1000),
        (30, 1000),
    ],
)
def test_the_start_does_not_count(seconds: int, expected: float) -> None:
    accepted, _, cpu_s = within(costs(seconds=seconds, rate=1000), float(seconds), 5)
    assert accepted == pytest.approx(expected, rel=0.02)
    assert cpu_s == {"sender": pytest.approx(2.0 / expected * 1e6, rel=0.02)}


def test_what_comes_after_the_sending_does_not_count() -> None:
    readings = [
        *costs(seconds=30, rate=1000),
        *(Cost(30.0 + at, 40_000, 8000, {"sender": 60.0}) for at in range(1, 60)),
    ]
    accepted, final, _ = within(readings, 30.0, 5)
    assert accepted == pytest.approx(1000)
    assert final == pytest.approx(1050)  # the second before was a fast one


def test_the_few_that_are_sent_again_do_not_count() -> None:
    again = [Cost(30.0 + at, 40_000 + at, 8000, {"sender": 60.0}) for at in range(1, 400)]
    accepted, _, _ = within([*costs(seconds=30, rate=1000), *again], 429.0, 5)
    assert accepted == pytest.approx(1000, rel=0.05)


def test_a_run_that_was_over_at_once_is_read_whole() -> None:
    readings = [Cost(0.0, 0, 0, {"sender": 1.0}), Cost(0.5, 1000, 100, {"sender": 2.0})]
    assert within(readings, 0.5, 5) == (2000.0, 1000.0, {"sender": 1000.0})


def test_a_refused_submit_is_an_answered_one(monkeypatch: pytest.MonkeyPatch) -> None:
    books = {"lan": {"segments": 300, "temporary": 3}, "mobi": {"segments": 100, "temporary": 5}}
    stage = SimpleNamespace(config=SimpleNamespace(carriers=books), ready=lambda name: {"book": name})
    monkeypatch.setattr(window, "asked", books.__getitem__)
    assert submits_for_each(stage) == pytest.approx(1.02)  # type: ignore[arg-type]
