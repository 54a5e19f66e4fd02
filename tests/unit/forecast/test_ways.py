"""What an alert costs, in both alphabets."""

from datetime import UTC, datetime, timedelta

import pytest

from broadcast.campaign.examples import BOYTE_2020, example
from broadcast.campaign.plain import PlainLetter
from broadcast.forecast.ways import CarrierLoad, forecast

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


def test_what_plain_letters_change_is_shown_character_by_character() -> None:
    now, plain = forecast("Đẵ đẵ é", "ucs2", [BIG], NOW, NOW)
    assert now.changes == ()
    assert plain.changes == (
        PlainLetter("ẵ", "a", 2),
        PlainLetter("é", "e", 1),
        PlainLetter("Đ", "D", 1),
        PlainLetter("đ", "d", 1),
    )
    # a draft that is in plain letters already shows what was written for what
    now, other = forecast("Da da e", "gsm0338", [BIG], NOW, NOW, plain.changes)
    assert (now.changes, now.without_diacritics) == (plain.changes, True)
    assert (other.alphabet, other.changes, other.without_diacritics) == ("ucs2", (), False)


def test_each_carrier_has_its_own_alphabet() -> None:
    text = "Sağlık Bakanlığı: ellerinizi yıkayın. " * 4
    loads = [
        CarrierLoad("tables", 10, 1, "udh8", "gsm0338", "turkish"),
        CarrierLoad("none", 10, 1, "udh8", "gsm0338"),
        CarrierLoad("other", 10, 1, "udh8", "gsm0338", "spanish"),
        CarrierLoad("latin", 10, 1, "udh8", "latin1", "turkish"),
    ]
    now, _ = forecast(text, "ucs2", loads, NOW, NOW + timedelta(hours=1))
    assert [(line.alphabet, line.shift, line.segments, line.seconds) for line in now.carriers] == [
        ("gsm0338", "turkish", 2, 20.0),
        ("ucs2", "none", 3, 30.0),
        ("ucs2", "none", 3, 30.0),
        ("ucs2", "none", 3, 30.0),
    ]
    assert now.total_segments == 110


def test_a_carrier_that_cannot_write_it_does_not_hide_the_others() -> None:
    loads = [BIG, CarrierLoad("old", 5, 1, "udh8", "ascii")]
    now, other = forecast("Zoë: 38 Å", "gsm0338", loads, NOW, NOW + timedelta(hours=3))
    assert now.problem is not None  # GSM 03.38 has no ë
    now, other = forecast("Noé", "gsm0338", loads, NOW, NOW + timedelta(hours=3))
    assert now.problem is None
    assert [(line.segments, line.in_time, line.problem) for line in now.carriers] == [
        (1, True, None),
        (0, False, "ascii cannot write U+00E9: use the alphabet ucs2, or change the text"),
    ]
    assert not now.in_time
    assert other.in_time


def test_a_text_too_long_for_the_other_alphabet() -> None:
    now, other = forecast("a" * 153 * 200, "gsm0338", [BIG], NOW, NOW + timedelta(days=9))
    assert now.carriers[0].segments == 200
    assert other.problem == "the text takes 457 segments, at most 255 can be joined: shorten it"
