"""Octets of subscribers as text: literal ones of every data_coding, and whatever else may come."""

from typing import get_args

import pytest
from aiosmpplib.codec import GSM7BitCodec
from hypothesis import given
from hypothesis import strategies as st

from broadcast.campaign.alphabets import DATA_CODING, GSM_BASIC, encode
from broadcast.campaign.reading import LOST, MOST_CHARACTERS, read_octets, read_parts
from broadcast.config import DefaultAlphabet, NationalShift


@pytest.mark.parametrize(
    ("octets", "data_coding", "text"),
    [
        (b"\x00 \x1b\x65 \x1b\x28a\x1b\x29", 0, "@ € {a}"),
        (b"\x1b\x41 \x1b", 0, "A "),  # an escape that leads nowhere
        (b"caf\xe9", 0, "café"),  # no septet: Latin-1 under the wrong name
        (b"STOP@", 1, "STOP@"),
        (b"caf\xe9", 1, "caf\ufffd"),
        (b"caf\xe9", 3, "café"),
        ("Hủy".encode(), 4, "Hủy"),
        (b"caf\xe9", 2, "café"),
        ("стоп".encode("iso8859-5"), 6, "стоп"),
        ("停止".encode("shift_jis"), 5, "停止"),
        ("중지".encode("euc_kr"), 14, "중지"),
        (bytes.fromhex("00480075006E1EE7"), 8, "Hunủ"),
        (bytes.fromhex("D83DDE00"), 8, "😀"),
        (bytes.fromhex("D83D"), 8, "\ufffd"),
        (bytes.fromhex("FEFF0041"), 8, "A"),
        (bytes.fromhex("FFFE4100"), 8, "A"),
        (b"STOP!", 8, "STOP!"),  # an odd number of octets is no UCS-2
        (b"HI\x00", 0x10, "HI@"),
        (bytes.fromhex("0041"), 0x18, "A"),
        (b"caf\xe9", 0x14, "café"),
        (b"HI\x00", 0xF1, "HI@"),
        (b"caf\xe9", 0xF5, "café"),
        (b"HI\x00", 0xC8, "HI@"),
        (bytes.fromhex("0041"), 0xE0, "A"),
        (b"HI\x00", 9, "HI@"),
        (b"", 8, ""),
    ],
)
def test_every_coding(octets: bytes, data_coding: int, text: str) -> None:
    assert read_octets(octets, data_coding, "gsm0338") == text


def test_what_zero_means_is_the_carriers() -> None:
    assert read_octets(b"\xe9@", 0, "latin1") == "é@"
    assert read_octets(b"@", 0, "ascii") == "@"
    assert read_octets(b"@", 0, "gsm0338") == "¡"


def test_a_national_table() -> None:
    assert read_octets(b"\x1b\x67a", 0, "gsm0338", language=1) == "ğa"
    assert read_octets(b"\x1b\x67a", 0, "gsm0338") == "ga"
    assert read_octets(b"\x1b\x67a", 0, "gsm0338", language=13) == "ga"  # Hindi: not known here


def test_characters_that_are_split_between_parts() -> None:
    assert read_parts([(b"1\x1b", 0, 0), (b"\x652", 0, 0)], "gsm0338") == "1€2"
    halves = "a😀".encode("utf-16-be")
    assert read_parts([(halves[:4], 8, 0), (halves[4:], 8, 0)], "gsm0338") == "a😀"


def test_parts_of_different_codings_and_lost_ones() -> None:
    parts = [(b"one ", 0, 0), ("hai ủ".encode("utf-16-be"), 8, 0), None, (b" four", 0, 0), None]
    assert read_parts(parts, "gsm0338") == f"one hai ủ{LOST} four{LOST}"
    assert read_parts([None, (b"b", 0, 0)], "gsm0338") == f"{LOST}b"
    assert read_parts([], "gsm0338") == ""


def test_what_postgres_cannot_hold() -> None:
    assert read_parts([(b"a\0b", 3, 0)], "gsm0338") == "ab"
    assert read_parts([(b"a" * 60_000, 0, 0)], "gsm0338") == "a" * MOST_CHARACTERS + LOST


@given(st.text(sorted(GSM_BASIC | set("\f^{}\\[~]|€"))), st.sampled_from(get_args(NationalShift)))
def test_septets_round_trip(text: str, shift: NationalShift) -> None:
    octets = b"".join(each for each, _ in encode(text, "gsm0338", "gsm0338", shift))
    language = {"none": 0, "turkish": 1, "spanish": 2, "portuguese": 3}[shift]
    assert read_octets(octets, DATA_CODING["gsm0338"], "gsm0338", language) == text


@given(st.text(sorted(GSM_BASIC | set("^{}\\[~]|€"))))
def test_an_independent_codec_agrees(text: str) -> None:
    octets, _ = GSM7BitCodec().encode(text)
    assert read_octets(octets, 0, "gsm0338") == text


@given(
    st.lists(
        st.none() | st.tuples(st.binary(max_size=40), st.integers(0, 255), st.integers(0, 255)), max_size=5
    ),
    st.sampled_from(get_args(DefaultAlphabet)),
)
def test_whatever_comes(parts: list[tuple[bytes, int, int] | None], default: DefaultAlphabet) -> None:
    text = read_parts(parts, default)
    assert "\0" not in text
    text.encode()  # no half characters
