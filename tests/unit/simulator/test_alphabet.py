"""What octets say; and that our own writer and the simulator's reader, made apart, agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.campaign.text import compose
from broadcast.simulator.alphabet import UNREADABLE, decode, encode_gsm


@pytest.mark.parametrize(
    ("octets", "coding", "zero", "text"),
    [
        (b"\x00 \x02\x11", 0, "gsm0338", "@ $_"),
        (b"\x1be\x1b<\x1b\x14", 0, "gsm0338", "€[^"),
        (b"@$_\xe9", 0, "latin1", "@$_é"),
        (b"@$_\xe9", 0, "ascii", "@$_" + UNREADABLE),
        (b"\xe9", 3, "gsm0338", "é"),
        (b"@", 1, "gsm0338", "@"),
        (b"\x1e\xa1\xd8\x3d\xde\x00", 8, "gsm0338", "ạ😀"),
        (b"\xd8\x3d", 8, "gsm0338", UNREADABLE),
        (b"a\x1b", 0, "gsm0338", "a" + UNREADABLE),
        (b"\x80", 0, "gsm0338", UNREADABLE),
        (b"\x00a", 0x10, "latin1", "@a"),
        (b"\x00a", 0xF0, "latin1", "@a"),
        (b"\x00a", 0x18, "latin1", "a"),
        (b"\x00a", 4, "gsm0338", "0061"),
        (b"\x00a", 0xF5, "gsm0338", "0061"),
    ],
)
def test_octets(octets: bytes, coding: int, zero: str, text: str) -> None:
    assert decode(octets, coding, zero) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shift", "octets", "text"),
    [
        (1, b"\x1bI\x1bi\x1bs\x1be", "İış€"),
        (2, b"\x1b\x09\x1bA\x1bu", "çÁú"),
        (3, b"\x1b{\x1b|\x1b\x7f\x1b\x05", "ãõâê"),
        (0, b"\x1bI", UNREADABLE),
        (9, b"\x1be", "€"),
    ],
)
def test_national_single_shift(shift: int, octets: bytes, text: str) -> None:
    assert decode(octets, 0, "gsm0338", shift) == text


_GSM = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡AZÄÖÑÜ§¿azäöñüà\f^{}\\[~]|€"


@given(st.text(st.sampled_from(_GSM), min_size=1, max_size=150))
def test_our_writer_and_this_reader_agree(text: str) -> None:
    (segment,) = compose(text, "gsm0338", "udh8", "gsm0338", 7).segments[:1]
    if len(compose(text, "gsm0338", "udh8", "gsm0338", 7).segments) == 1:
        assert decode(segment.short_message, 0, "gsm0338") == text
        assert encode_gsm(text) == segment.short_message


def test_what_the_alphabet_has_not() -> None:
    assert encode_gsm("ạ") is None
    assert encode_gsm("\x1b") is None
