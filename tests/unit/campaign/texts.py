"""Texts of up to five segments whose awkward characters lie where segments end."""

from dataclasses import dataclass
from typing import get_args

from hypothesis import strategies as st

from broadcast.campaign.alphabets import Alphabet, choose_alphabet, in_gsm
from broadcast.config import Concatenation, DefaultAlphabet, NationalShift

JOINS: tuple[Concatenation, ...] = get_args(Concatenation)
SHIFTS: tuple[NationalShift, ...] = get_args(NationalShift)
EXTENSION = "\f^{}\\[~]|€"
# by national table: what it, or the default alphabet, can write; and what it alone can
WRITTEN = {
    shift: "".join(chr(point) for point in range(0x20AD) if in_gsm(chr(point), shift)) for shift in SHIFTS
}
ADDED = {shift: "".join(sorted(set(WRITTEN[shift]) - set(WRITTEN["none"]))) for shift in SHIFTS}

joins = st.sampled_from(JOINS)
references = st.integers(0, 1 << 20)


@dataclass(frozen=True)
class Case:
    """A text, and the profile of the carrier that it goes to."""

    text: str
    alphabet: Alphabet
    join: Concatenation
    default: DefaultAlphabet = "gsm0338"
    shift: NationalShift = "none"


@st.composite
def texts(draw: st.DrawFn, single: str, double: str, part: int) -> str:
    """single, double: characters of one unit and of two. part: units of a segment, or a few less."""
    found = draw(st.text(st.sampled_from(single + double), min_size=1, max_size=12))
    for _ in range(draw(st.integers(0, 4))):
        filler, awkward = draw(st.sampled_from(single)), draw(st.sampled_from(double))
        found += filler * (part - draw(st.integers(0, 14))) + awkward * draw(st.integers(1, 4))
    return found + draw(st.text(st.sampled_from(single + double), max_size=12))


gsm_texts = texts(WRITTEN["none"].translate(dict.fromkeys(map(ord, EXTENSION))), EXTENSION, 140)
ucs2_texts = texts("ộấđ a注ſ\u0301", "😷\U0010ffff𝔸👋", 60)
any_texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=300)


def shifted_texts(shift: NationalShift) -> st.SearchStrategy[str]:
    """That this national table can write, and seldom the default alphabet."""
    return texts(WRITTEN["none"].translate(dict.fromkeys(map(ord, EXTENSION))), ADDED[shift] + EXTENSION, 136)


def narrow_texts(default: DefaultAlphabet) -> st.SearchStrategy[str]:
    """That GSM 03.38 has as well as ASCII or Latin-1."""
    most = 127 if default == "ascii" else 255
    single = "".join(each for each in WRITTEN["none"] if ord(each) <= most and each not in EXTENSION)
    return texts(single, EXTENSION.replace("€", ""), 140)


@st.composite
def cases(draw: st.DrawFn, default: DefaultAlphabet) -> Case:
    """Any text for any profile with this meaning of data_coding 0."""
    join, shift = draw(joins), draw(st.sampled_from(SHIFTS))
    if default != "gsm0338" and draw(st.booleans()):
        return Case(draw(narrow_texts(default)), "gsm0338", join, default, shift)
    if default == "gsm0338" and shift != "none" and draw(st.booleans()):
        text = draw(shifted_texts(shift))
        return Case(text, choose_alphabet(text), join, default, shift)
    if default == "gsm0338" and draw(st.booleans()):
        return Case(draw(gsm_texts), "gsm0338", join, default, shift)
    return Case(draw(st.one_of(ucs2_texts, any_texts)), "ucs2", join, default, shift)
