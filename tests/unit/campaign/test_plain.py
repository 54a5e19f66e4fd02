"""Plain letters: what is written for which character, how it is counted, and what is refused."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.campaign.alphabets import in_gsm
from broadcast.campaign.examples import BOYTE_2020, example
from broadcast.campaign.plain import NoPlainFormError, PlainLetter, plain_text

VIETNAMESE = "ăâđêôơưàằầèềìòồờùừỳảẳẩẻểỉỏổởủửỷãẵẫẽễĩõỗỡũữỹáắấéếíóốớúứýạặậẹệịọộợụựỵ"
PLAIN = "aadeoouaaaeeiooouuyaaaeeiooouuyaaaeeiooouuyaaaeeiooouuyaaaeeiooouuy"


def test_every_vietnamese_letter() -> None:
    assert len(VIETNAMESE) == 67
    assert plain_text(VIETNAMESE).text == PLAIN
    assert plain_text(VIETNAMESE.upper()).text == PLAIN.upper()
    decomposed = unicodedata.normalize("NFD", VIETNAMESE)
    assert plain_text(decomposed).text == PLAIN
    assert plain_text(decomposed).changes == plain_text(VIETNAMESE).changes


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Bộ Y tế: đeo khẩu trang, ĐỪNG ra ngoài…", "Bo Y te: deo khau trang, DUNG ra ngoai..."),
        (
            "Łódź, Straße, GROẞ, Ærø, cœur, Þór, ɓoye Ƙano",
            "Lodz, Strasse, GROSS, AEro, coeur, Thor, boye Kano",
        ),
        ("Sağlık ÇİŞ", "Saglik CIS"),
        ("“nhé” ‘a’ «b» – — ‑ • ´ ′", "\"nhe\" 'a' \"b\" - - - - ' '"),
        ("a\u00a0b\u2009c\u3000d\te", "a b c d e"),
        ("a\u200bb\u200dc\ufeffd\u00ade\u202af", "abcdef"),
        ("ﬁn Ｗ № ™ 3×4 5µg a\u2028b", "fin W No TM 3x4 5ug a\nb"),
        ("x\u0303\ufe0f", "x"),
        ("ΓΔ Ω € £ ¿qué? {~}\n", "ΓΔ Ω € £ ¿que? {~}\n"),
    ],
)
def test_plain_letters(text: str, plain: str) -> None:
    assert plain_text(text).text == plain


def test_each_change_is_counted_the_most_frequent_first() -> None:
    assert plain_text("đẵđ ẵđ\u200b e").changes == (
        PlainLetter("đ", "d", 3),
        PlainLetter("ẵ", "a", 2),
        PlainLetter("\u200b", "", 1),
    )
    assert plain_text("plain {€}").changes == ()


def test_the_changes_account_for_every_character() -> None:
    text = example(BOYTE_2020)
    made = plain_text(text)
    assert sum(change.count for change in made.changes) == sum(
        a != b for a, b in zip(text, made.text, strict=True)
    )
    by_hand = text
    for change in made.changes:
        by_hand = by_hand.replace(change.character, change.replacement)
    assert by_hand == made.text


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("注意 Bộ", "U+6CE8, U+610F"),
        ("Внимание", "U+0412"),
        ("😷", "U+1F637"),
        ("각", "U+AC01"),  # named as written, not as the letters that it is made of
        ("10⁵ H₂O 1½", "U+00BD, U+2075, U+2082"),  # 105, H2O and 11/2 would be something else
        ("38°C", "U+00B0"),
    ],
)
def test_what_has_no_plain_form_is_refused_by_code_point(text: str, missing: str) -> None:
    with pytest.raises(NoPlainFormError, match="or let the text go in UCS-2, without --plain") as caught:
        plain_text(text)
    for point in missing.split(", "):
        assert point in str(caught.value)
    assert text not in str(caught.value)


@given(st.text(max_size=200))
def test_plain_text_is_gsm_and_stays_as_it_is(text: str) -> None:
    try:
        made = plain_text(text)
    except NoPlainFormError as error:
        assert error.characters <= set(unicodedata.normalize("NFC", text))
        return
    assert in_gsm(made.text)
    assert plain_text(made.text).changes == ()
    assert sum(change.count for change in made.changes) <= len(text)


def test_every_letter_of_europe_and_of_vietnam_has_a_plain_form() -> None:
    """Latin-1, Latin Extended-A but for kra, and Latin Extended Additional of Vietnamese."""
    points = [*range(0xC0, 0x180), *range(0x1E00, 0x1E9A), *range(0x1EA0, 0x1EFA)]
    for letter in set(map(chr, points)) - {"ĸ"}:
        plain = plain_text(letter).text
        assert plain.isascii()
        assert 1 <= len(plain) <= 3, f"U+{ord(letter):04X}"
