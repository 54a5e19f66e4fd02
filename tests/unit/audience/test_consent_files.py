"""Times and sources of consents as people write them, and each word of a person once."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.audience.consent_files import check_source, read_time
from broadcast.audience.consents import Words
from broadcast.errors import InputError

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-31", datetime(2026, 1, 30, 17, tzinfo=UTC)),
        (" 2026-01-31T09:30 ", datetime(2026, 1, 31, 2, 30, tzinfo=UTC)),
        ("2026-01-31T09:30:00+09:00", datetime(2026, 1, 31, 0, 30, tzinfo=UTC)),
        ("31/01/2026", None),
        ("yes", None),
        ("", None),
        ("0001-01-01", None),
    ],
)
def test_times(text: str, at: datetime | None) -> None:
    assert read_time(text, HANOI) == at


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_none(text: str) -> None:
    found = read_time(text, HANOI)
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize("text", ["form 12, Da Nang clinic", "web 2026-01-31", "sổ 5, trang 12"])
def test_sources(text: str) -> None:
    assert check_source(f" {text} ") == text


@pytest.mark.parametrize("text", ["", "  ", "x" * 201, "call 0912345678", "+84 912.345-678"])
def test_no_sources(text: str) -> None:
    with pytest.raises(InputError):
        check_source(text)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(0, 9)), max_size=40))
def test_each_number_and_moment_once_and_the_first_of_them(said: list[tuple[int, int, int]]) -> None:
    numbers, times, sources = (np.array([each[at] for each in said], np.int64) for at in range(3))
    once = Words(numbers, times, sources, []).once()
    found = list(zip(once.numbers.tolist(), once.times.tolist(), once.sources.tolist(), strict=True))
    first: dict[tuple[int, int], int] = {}
    for number, time, source in said:
        first.setdefault((number, time), source)
    assert found == [(*key, first[key]) for key in sorted(first)]
