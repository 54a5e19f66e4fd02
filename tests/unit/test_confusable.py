"""Names that look alike are one; names that do not are two."""

import unicodedata

import pytest
from confusable_homoglyphs.categories import alias
from confusable_homoglyphs.confusables import confusables_data
from hypothesis import given
from hypothesis import strategies as st

from broadcast.confusable import DATA, skeleton


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("lan", "lаn"),  # U+0430, Cyrillic
        ("scope", "ѕсоре"),  # Cyrillic throughout
        ("nam", "ΝАМ"),  # Greek and Cyrillic capitals
        ("lan", "LAN"),
        ("lan", "Ian"),
        ("lan", "1an"),
        ("ian", "IAN"),
        ("hoa", "h0a"),
        ("mai", "rnai"),
        ("lan", "ｌａｎ"),
        ("lan", "𝔩𝔞𝔫"),
        ("lan", "ⅼan"),
        ("lan", "ӏan"),
        ("lan", "la\u200bn"),
        ("lan", "l\u00adan"),
        ("lan", "\u202elan"),
        ("lan", "lan\ufe0f"),
        ("lan anh", " lan\u00a0  anh "),
        ("lạn", "la\u0323n"),
        ("nguyễn", "NGUYỄN"),
        ("đức", "ĐỨC"),
    ],
)
def test_names_that_look_alike(name: str, other: str) -> None:
    assert skeleton(name) == skeleton(other)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("lan", "lam"),
        ("lan", "lạn"),
        ("vũ", "vú"),
        ("duc", "đức"),
        ("minh", "mính"),
        ("lan", "lan2"),
        ("lan anh", "lananh"),
        ("Nguyễn", "Nguyên"),
        ("u", "y"),
        ("v", "n"),
    ],
)
def test_names_that_are_two(name: str, other: str) -> None:
    assert skeleton(name) != skeleton(other)


def test_nothing_seen_is_nothing() -> None:
    assert skeleton("\u200b\u2060 \u3164") == ""


def test_the_data_is_of_the_version_that_is_named() -> None:
    """Its files name none. U+31EF came with Unicode 15.1, U+1C89 with 16.0; of the 6,311 look-alikes the library's
    reader drops the four that break a line or are not seen."""
    assert DATA == "15.1.0"
    assert (alias("\u31ef"), alias("\u1c89")) == ("COMMON", "Unknown")
    pairs = {(one, each["c"]) for one, others in confusables_data.items() for each in others}
    assert len({frozenset(pair) for pair in pairs}) == 6307


@given(st.text(max_size=12))
def test_a_skeleton_is_its_own(name: str) -> None:
    made = skeleton(name)
    assert skeleton(made) == made
    assert skeleton(unicodedata.normalize("NFD", name)) == made
