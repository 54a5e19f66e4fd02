"""What an alert costs, in both alphabets."""

from datetime import UTC, datetime, timedelta

import pytest

from broadcast.campaign.examples import BOYTE_2020, example
from broadcast.campaign.forecast import CarrierLoad, forecast

NOW = datetime(2030, 1, 1, tzinfo=UTC)
BIG = CarrierLoad("viettel", 10_000, 100, "udh8", "gsm0338")
SMALL = CarrierLoad("mobifone", 1_000, 50, "payload", "gsm0338")


def test_the_ministrys_alert_in_both_alphabets() -> None:
    now, plain = forecast(example(BOYTE_2020), "ucs2", [BIG, SMALL], NOW, NOW + timedelta(seconds=300))
    assert (now.alphabet, now.without_diacritics, plain.alphabet, plain.without_diacritics) == (
        "ucs2",
        False,
        "gsm0338",
        True,
    )
    assert [(line.segments, line.air_segments) for line in now.carriers] == [(4, 4), (1, 4)]
    assert [(line.segments, line.air_segments) for line in plain.carriers] == [(2, 2), (1, 2)]
    assert now.units == plain.units == len(example(BOYTE_2020))
    assert [line.total_segments for line in now.carriers] == [40_000, 1_000]
    assert now.total_segments == 41_000
    assert now.seconds == 400.0
    assert [line.in_time for line in now.carriers] == [False, True]
    assert not now.in_time
    assert now.carriers[0].ends_at == NOW + timedelta(seconds=400)
    assert plain.seconds == 200.0
    assert plain.in_time


def test_gsm_is_compared_with_ucs2() -> None:
    now, other = forecast("a" * 71, "gsm0338", [BIG], NOW, NOW + timedelta(hours=1))
    assert (now.carriers[0].segments, other.alphabet, other.carriers[0].segments) == (1, "ucs2", 2)
    assert not other.without_diacritics


def test_a_text_that_has_no_plain_form() -> None:
    now, other = forecast("注意 Bộ", "ucs2", [BIG], NOW, NOW + timedelta(hours=1))
    assert now.problem is None
    assert other.problem is not None
    assert "U+6CE8" in other.problem
    assert other.carriers == ()


def test_nobody_connected() -> None:
    now, _ = forecast("a", "gsm0338", [], NOW, NOW)
    assert (now.seconds, now.total_segments, now.in_time) == (0.0, 0, True)


@pytest.mark.parametrize("recipients", [10**18])
def test_absurd_loads_do_not_overflow(recipients: int) -> None:
    now, _ = forecast("a", "gsm0338", [CarrierLoad("x", recipients, 1, "udh8", "gsm0338")], NOW, NOW)
    assert not now.in_time
