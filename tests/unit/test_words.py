"""Values as people read them; who asks for no time asks for no zone, which may stand in a file that cannot be read."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from broadcast.words import duration, effect_words, time_cell, words

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def hanoi() -> tzinfo:
    return ZoneInfo("Asia/Ho_Chi_Minh")


def unreadable() -> tzinfo:
    raise AssertionError("nobody asked for a time")


def test_a_time_is_shown_in_the_zone_wherever_it_stands() -> None:
    said = "2026-01-02 10:04:05 +07:00"
    assert words(AT, hanoi) == said
    assert words([AT, 1_000], hanoi) == f"{said}, 1,000"
    assert words({"at": AT}, hanoi) == f"at = {said}"
    assert time_cell(AT, hanoi) == "2026-01-02T10:04:05+07:00"


def test_without_a_time_no_zone_is_asked_for() -> None:
    values = [None, True, 1_234, 1.25, "text", ["a"], {"b": 1}]
    assert [words(each, unreadable) for each in values] == ["-", "yes", "1,234", "1.2", "text", "a", "b = 1"]
    assert time_cell(None, unreadable) == ""


def test_durations_and_effects() -> None:
    assert [duration(seconds) for seconds in (59.4, 59.6, 7500)] == ["59 s", "1 min 00 s", "2 h 05 min"]
    assert [effect_words(each) for each in (None, "none", "opted_out")] == ["to come", None, "opted out"]
