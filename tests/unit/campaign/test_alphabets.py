"""The tables against literal values of 3GPP TS 23.038 and against a codec that is not ours."""

import gsmcodecs  # noqa: F401 (registers the codecs)
import pytest

from broadcast.campaign.alphabets import (
    GSM_BASIC,
    LANGUAGE,
    UnencodableTextError,
    choose_alphabet,
    encode,
    in_gsm,
)
from broadcast.config import NationalShift

# 3GPP TS 23.038 annex A.2.1, A.2.2, A.2.3, read off the tables column by column; escape, form feed and
# carriage return control apart.
TURKISH = "14^ 28{ 29} 2F\\ 3C[ 3D~ 3E] 40| 47Ğ 49İ 53Ş 63ç 65€ 67ğ 69ı 73ş"  # A.2.1
SPANISH = "09ç 14^ 28{ 29} 2F\\ 3C[ 3D~ 3E] 40| 41Á 49Í 4FÓ 55Ú 61á 65€ 69í 6Fó 75ú"  # A.2.2
PORTUGUESE = (
    "05ê 09ç 0BÔ 0Cô 0EÁ 0Fá 14^ 1FÊ 28{ 29} 2F\\ 3C[ 3D~ 3E] 40| 41À 49Í 4FÓ 55Ú 5BÃ 5CÕ 61Â 65€ 69í 6Fó 75ú "
    "7Bã 7Cõ 7Fâ"
)  # A.2.3, without the Greek capitals, which the default alphabet has


def octets(text: str, shift: NationalShift = "none") -> bytes:
    return b"".join(each for each, _ in encode(text, "gsm0338", "gsm0338", shift))


@pytest.mark.parametrize(
    ("shift", "language", "table"),
    [("turkish", 1, TURKISH), ("spanish", 2, SPANISH), ("portuguese", 3, PORTUGUESE)],
)
def test_national_tables_are_those_of_the_specification(
    shift: NationalShift, language: int, table: str
) -> None:
    assert LANGUAGE[shift] == language
    for entry in table.split():
        assert octets(entry[2], shift) == b"\x1b" + bytes.fromhex(entry[:2]), entry
    assert octets("\f", shift) == b"\x1b\x0a"
    # nothing else is written with an escape
    every = {chr(point) for point in range(0x10000) if not 0xD800 <= point < 0xE000}
    written = {each for each in every if in_gsm(each, shift)}
    assert written - GSM_BASIC == {entry[2] for entry in table.split()} | {"\f"}


@pytest.mark.parametrize("shift", ["none", "turkish", "spanish", "portuguese"])
def test_another_codec_reads_the_same(shift: NationalShift) -> None:
    every = [chr(point) for point in range(0x3000) if in_gsm(chr(point), shift)]
    assert len(every) == {"none": 137, "turkish": 144, "spanish": 146, "portuguese": 157}[shift]
    codec = f"gsm23.038-0-{LANGUAGE.get(shift, 0)}"
    assert octets("".join(every), shift).decode(codec) == "".join(every)
    # and whatever the other codec can write, ours can, except the carriage return's escape
    assert {each for each in map(chr, range(0x3000)) if _writes(codec, each)} - {"\xa0"} <= set(every)


def _writes(codec: str, character: str) -> bool:
    try:
        return len(character.encode(codec)) > 0
    except UnicodeEncodeError:
        return False


def test_the_basic_alphabet_takes_one_septet() -> None:
    assert {len(octets(each, "portuguese")) for each in GSM_BASIC} == {1}
    assert octets("ΦΓΩΠΨΣΘ", "portuguese") == bytes.fromhex("12 13 15 16 17 18 19")
    assert len(GSM_BASIC) == 127
    assert not in_gsm("\x1b", "turkish")


def test_choose_alphabet() -> None:
    assert choose_alphabet("Ministry of Health: {€}") == "gsm0338"
    assert choose_alphabet("Bộ Y tế") == "ucs2"
    assert choose_alphabet("Sağlık Bakanlığı") == "ucs2"


@pytest.mark.parametrize(
    ("default", "text", "expected"),
    [
        ("gsm0338", "a@é€[", "6100051b651b3c"),
        ("latin1", "a@éÄ[", "6140e9c45b"),
        ("ascii", "a@[~", "61405b7e"),
    ],
)
def test_what_a_carrier_takes_data_coding_0_for(default: str, text: str, expected: str) -> None:
    found = encode(text, "gsm0338", default)  # type: ignore[arg-type]
    assert b"".join(each for each, _ in found).hex() == expected
    assert [weight for _, weight in found] == [2 if each in "€[~" else 1 for each in text]


@pytest.mark.parametrize(
    ("default", "text", "missing"),
    [
        ("latin1", "aΔ€b", "U\\+0394, U\\+20AC"),  # GSM has them, Latin-1 not
        ("latin1", "aç", "U\\+00E7"),  # Latin-1 has it, GSM not: the SMSC could not write it
        ("ascii", "né", "U\\+00E9"),
        ("gsm0338", "Bộ", "U\\+1ED9"),
    ],
)
def test_what_a_carrier_cannot_write_is_named(default: str, text: str, missing: str) -> None:
    with pytest.raises(
        UnencodableTextError, match=f"{default} cannot write {missing}: use the alphabet ucs2"
    ):
        encode(text, "gsm0338", default)  # type: ignore[arg-type]
