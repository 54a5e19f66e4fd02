"""The demo's pace: what is a pause, what is not, and when it counts against the demo."""

from datetime import UTC, datetime, timedelta

import pytest

from broadcast.demo.pace import Cores, verdict
from broadcast.ledger.states import RecipientState
from broadcast.reports.progress import CarrierProgress, Progress
from broadcast.reports.steady import Pace

START = datetime(2026, 1, 1, tzinfo=UTC)
TPS = 1000


def look(pace: Pace, at_s: float, **sent: tuple[int, int, int]) -> None:
    """By carrier: segments accepted so far, recipients that wait, links."""
    states = {state.column: 0 for state in RecipientState}
    carriers = tuple(
        CarrierProgress(name, TPS, links, segments, states | {"waiting": waiting})
        for name, (segments, waiting, links) in sent.items()
    )
    at = START + timedelta(seconds=at_s)
    pace.look(Progress(at, "running", True, False, 5, 1, carriers))


def looks(*each: tuple[float, int, int, int]) -> Pace:
    pace = Pace()
    for at_s, *figures in each:
        segments, waiting, links = figures
        look(pace, at_s, viettel=(segments, waiting, links))
    return pace


def test_a_steady_carrier() -> None:
    pace = looks((0, 0, 1000, 1), (1, 900, 800, 1), (2, 1900, 600, 1))
    assert pace.share == 0.95
    assert pace.slowest() == ("viettel", 0.0)


def test_a_pause_is_the_longest_time_without_a_segment() -> None:
    pace = looks(
        (0, 0, 1000, 1),
        (1, 1000, 800, 1),
        (3, 1000, 800, 1),
        (6, 1000, 800, 1),
        (7, 1500, 700, 1),
        (8, 1500, 700, 1),
    )
    assert pace.slowest() == ("viettel", 5.0)
    assert pace.share == 1500 / 8000


@pytest.mark.parametrize("waiting, links", [(99, 1), (1000, 0)], ids=["hardly any work", "no link"])
def test_no_pause_without_work_or_link(waiting: int, links: int) -> None:
    pace = looks(
        (0, 0, 1000, 1),
        (1, 1000, waiting, links),
        (9, 1000, waiting, links),
        (20, 1000, 1000, 1),
        (21, 2000, 900, 1),
    )
    assert pace.slowest() == ("viettel", 0.0)
    assert pace.share == 1.0


def test_a_grant_is_in_force_a_moment_after_the_first_link() -> None:
    bound = [
        (0.0, 0, 1000, 0),
        (0.25, 0, 1000, 1),
        (1.0, 0, 1000, 1),
        (1.25, 100, 1000, 1),
        (2.25, 1100, 1000, 1),
    ]
    assert looks(*bound).slowest() == ("viettel", 0.0)
    assert looks(*bound).share == 1.0
    still = looks(*bound[:3], (1.25, 0, 1000, 1), (3.25, 0, 1000, 1), (4.25, 1000, 1000, 1))
    assert still.slowest() == ("viettel", 2.0)


def test_the_slowest_of_several_and_the_share_of_all() -> None:
    pace = Pace()
    look(pace, 0, viettel=(0, 1000, 1), mobifone=(0, 1000, 1))
    look(pace, 2, viettel=(2000, 1000, 1), mobifone=(0, 1000, 1))
    assert pace.slowest() == ("mobifone", 2.0)
    assert pace.share == 0.5


@pytest.mark.parametrize(
    "pause_s, lines, others, fails",
    [
        (5.1, 50_000, 0.09, True),
        (5.0, 50_000, 0.09, False),
        (60, 49_999, 0.0, False),
        (60, 200_000, 0.1, False),
    ],
)
def test_when_a_pause_counts(pause_s: float, lines: int, others: float, fails: bool) -> None:
    pace = looks((0, 0, 1000, 1), (pause_s, 0, 1000, 1))
    said, failed = verdict(pace, Cores(others, 0.5), lines)
    assert failed is fails
    assert f"{pause_s:.1f} s (viettel)" in said


def test_nothing_to_say_of_a_demo_that_was_over_at_once() -> None:
    assert verdict(Pace(), Cores(0.0, 0.5), 200_000) == ("Too little was sent to say how steadily.", False)


@pytest.mark.parametrize(
    "pause_s, cores, limit",
    [
        (1.0, Cores(0.5, 0.0), ""),
        (1.1, Cores(0.1, 0.5), "other processes"),
        (1.1, Cores(0.09, 0.09), "the demo's own processes"),
        (1.1, Cores(0.0, 0.1), "The machine was not the limit"),
    ],
)
def test_what_the_limit_was(pause_s: float, cores: Cores, limit: str) -> None:
    pace = looks(
        (0, 0, 1000, 1), (10, 10_000, 1000, 1), (10 + pause_s, 10_000, 1000, 1), (30, 30_000, 1000, 1)
    )
    assert pace.share is not None and pace.share > 0.9
    said, _ = verdict(pace, cores, 200_000)
    assert ("limit" in said) is bool(limit)
    assert limit in said


def test_a_low_share_names_its_limit_too() -> None:
    said, _ = verdict(looks((0, 0, 1000, 1), (1, 500, 1000, 1)), Cores(0.0, 0.05), 200_000)
    assert "Used of the TPS while there was work: 50%." in said and "The limit was this machine" in said
