"""Characters that turn a text or stay unseen are refused, where nothing needs them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich._emoji_codes import EMOJI

from broadcast.campaign.unseen import check_seen, unseen
from broadcast.errors import RefusedError

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize("control", BIDI, ids=lambda each: f"U+{ord(each):04X}")
def test_every_direction_control_is_refused(control: str) -> None:
    for text in (f"Rửa tay{control}", f"{control}ما", f"م{control}ا", f"😷{control}😷"):
        with pytest.raises(RefusedError, match=rf"U\+{ord(control):04X} {unicodedata.name(control)}"):
            check_seen(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Rửa\u200b tay", ["U+200B ZERO WIDTH SPACE"]),
        ("R\u00adửa", ["U+00AD SOFT HYPHEN"]),
        ("\ufeffRửa", ["U+FEFF ZERO WIDTH NO-BREAK SPACE"]),
        ("Rửa\u2060tay\u2060", ["U+2060 WORD JOINER"]),
        ("a\u200db", ["U+200D ZERO WIDTH JOINER"]),
        ("a\u200cb", ["U+200C ZERO WIDTH NON-JOINER"]),
        ("من\u200c ", ["U+200C ZERO WIDTH NON-JOINER"]),
        ("م\u200ca", ["U+200C ZERO WIDTH NON-JOINER"]),
        ("م\u200c\u200cا", ["U+200C ZERO WIDTH NON-JOINER"]),
        ("a\ufe0f", ["U+FE0F VARIATION SELECTOR-16"]),
        ("1\ufe0f", ["U+FE0F VARIATION SELECTOR-16"]),
        ("❤\ufe0f\ufe0f", ["U+FE0F VARIATION SELECTOR-16"]),
        ("❤\ufe01", ["U+FE01 VARIATION SELECTOR-2"]),
        ("😷\u200d", ["U+200D ZERO WIDTH JOINER"]),
        ("\u200d😷", ["U+200D ZERO WIDTH JOINER"]),
        ("ab\u3164", ["U+3164 HANGUL FILLER"]),
        ("\u2800", ["U+2800 BRAILLE PATTERN BLANK"]),
        ("a\u2028b", ["U+2028 LINE SEPARATOR"]),
        ("a\u034fb", ["U+034F COMBINING GRAPHEME JOINER"]),
        ("漢\U000e0100", ["U+E0100 VARIATION SELECTOR-17"]),
        ("\U000e0068\U000e0069", ["U+E0068 TAG LATIN SMALL LETTER H", "U+E0069 TAG LATIN SMALL LETTER I"]),
        (
            "🏴\U000e0068\U000e0069\U000e007f",
            ["U+E0068 TAG LATIN SMALL LETTER H", "U+E0069 TAG LATIN SMALL LETTER I", "U+E007F CANCEL TAG"],
        ),
        ("វ\u17b4", ["U+17B4 KHMER VOWEL INHERENT AQ"]),
        ("a\u180eb", ["U+180E MONGOLIAN VOWEL SEPARATOR"]),
    ],
)
def test_what_nobody_sees_is_named(text: str, found: list[str]) -> None:
    assert unseen(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "Rửa tay\nbằng xà phòng\tngay",
        "می\u200cخواهم",  # Persian: I want
        "क्\u200dष",  # Devanagari, the half form
        "ක්\u200dෂ",  # Sinhala
        "ന്\u200d അവന്\u200d",  # Malayalam's chillu of before Unicode 5.1, at the end of a word
        "র\u200d্যা",  # Bengali
        "ភាសា\u200bខ្មែរ",  # Khmer, where a line may break
        "ᠪᠠᠢᠭ\u180eᠠ",  # Mongolian
        "١٢٣ عام",
        "👩🏽\u200d🚀 ❤\ufe0f\u200d🔥 👁\ufe0f\u200d🗨\ufe0f 🙂\u200d↔\ufe0f ☎\ufe0e 1\ufe0f⃣ #\ufe0f⃣ ‼\ufe0f",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
)
def test_what_a_script_or_an_emoji_needs_stays(text: str) -> None:
    check_seen(text)


def test_every_emoji_goes() -> None:
    assert len(EMOJI) > 3000
    assert [name for name, emoji in EMOJI.items() if unseen(f"a{emoji}{emoji}.")] == []


@given(st.text())
def test_what_is_refused_is_not_seen_and_what_is_seen_goes(text: str) -> None:
    refused = {int(each.split()[0][2:], 16) for each in unseen(text)}
    assert refused <= {ord(each) for each in text}
    for point in refused:
        assert unicodedata.category(chr(point)) in ("Cf", "Cn", "Mn", "Lo", "Zl", "Zp", "So", "Mc")
    for each in text:
        if unicodedata.category(each) in ("Lu", "Ll", "Nd", "Po", "Zs"):
            assert ord(each) not in refused


@given(st.text(alphabet=BIDI, min_size=1), st.text(), st.text())
def test_a_direction_control_is_refused_wherever_it_stands(controls: str, before: str, after: str) -> None:
    with pytest.raises(RefusedError):
        check_seen(before + controls + after)
