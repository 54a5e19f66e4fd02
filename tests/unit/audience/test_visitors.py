"""Foreign numbers: which are foreign, and in which language."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from unit.audience.test_msisdn import INDONESIA, VIETNAM

from broadcast.audience.msisdn import Normalizer, Refusal
from broadcast.audience.visitors import by_language, foreign, language_of
from broadcast.config import Country

MIXED = Country(
    name="Vietnam",
    country_code="84",
    national_lengths=(9,),
    prefixes={"viettel": ("32",)},
    time_zone="Asia/Ho_Chi_Minh",
    visitor_languages={"8": "id", "82": "ko", "852": "zh-Hant", "1": "en", "other": "fr"},
)


def test_numbers_of_other_countries_as_people_and_carriers_write_them() -> None:
    read = Normalizer(VIETNAM).foreign
    for written in (
        "+33 6 12 34 56 78",
        "0033612345678",
        "33612345678",
        "+33612345678.0",
        "'+33-612-345-678",
    ):
        assert read(written) == 33612345678, written
    assert read("0912345678") == read("+84 912 345 678") == 84912345678  # an own one is an own one
    assert read("+65 9123 4567") == read("6591234567") == 6591234567
    assert read("91234567") is Refusal.TOO_SHORT  # without a plus it may be an own one, misspelt
    assert read("08491234567891") is Refusal.TOO_LONG
    assert read("849123456789") is Refusal.TOO_LONG
    assert read("+12345") is Refusal.TOO_SHORT
    assert read("+0123456789") is Refusal.GARBAGE
    assert read("+1234567890123456") is Refusal.TOO_LONG
    assert read("+842812345678") is Refusal.LANDLINE
    assert read("3.36123E+10") is Refusal.SCIENTIFIC
    assert Normalizer(INDONESIA).foreign("33612345678") is Refusal.UNKNOWN_PREFIX  # it might be one of theirs
    assert Normalizer(INDONESIA).foreign("+33612345678") == 33612345678


def test_the_longest_code_decides() -> None:
    language = language_of(MIXED)
    assert [language(each) for each in (82100, 852100, 8100, 1200, 49100)] == [
        "ko", "zh-Hant", "id", "en", "fr",
    ]  # fmt: skip
    assert by_language(np.empty(0, np.int64), MIXED) == {}


@given(st.lists(st.integers(1, 10**15 - 1), unique=True))
def test_arrays_say_what_each_number_says(numbers: list[int]) -> None:
    given_ = np.array(sorted(numbers), np.int64)
    found = by_language(given_, MIXED)
    assert sorted(int(each) for part in found.values() for each in part) == sorted(numbers)
    language = language_of(MIXED)
    assert all(language(int(each)) == name for name, part in found.items() for each in part)
    own = [str(each).startswith("84") and len(str(each)) == 11 for each in given_]
    assert list(~foreign(given_, MIXED)) == own
