"""Segmentation: literal octets, limits, and properties over all alphabets and ways to join."""

import pytest
from aiosmpplib.codec import GSM7BitCodec
from hypothesis import given
from hypothesis import strategies as st

from broadcast.campaign import text as module
from broadcast.campaign.text import (
    GSM_BASIC,
    Message,
    UnencodableTextError,
    choose_alphabet,
    compose,
    normalise,
    without_diacritics,
)
from broadcast.errors import InputError

JOINS = ("udh8", "udh16", "sar", "payload")
GSM_ALL = sorted(GSM_BASIC | set("\f^{}\\[~]|€"))


def joined(message: Message) -> bytes:
    """The octets of the text, headers taken off."""
    found = b""
    for segment in message.segments:
        octets = segment.short_message
        if segment.udhi:
            octets = octets[octets[0] + 1 :]
        payload = dict(segment.tlvs).get(module.MESSAGE_PAYLOAD, b"")
        found += octets + payload
    return found


def gsm_decoded(octets: bytes) -> str:
    return GSM7BitCodec().decode(octets)[0]


def test_gsm_table_is_the_standard_one() -> None:
    assert gsm_decoded(
        compose("".join(GSM_ALL), "gsm0338", "udh8", "gsm0338", 0).segments[0].short_message
    ) == ("".join(GSM_ALL))
    assert len(GSM_BASIC) == 127


def test_a_short_text_is_one_segment() -> None:
    message = compose("Hi @", "gsm0338", "udh8", "gsm0338", 7)
    assert message.data_coding == 0
    assert message.units == 4
    assert message.air_segments == 1
    assert [(s.short_message, s.udhi, s.tlvs) for s in message.segments] == [(b"Hi \x00", False, ())]


def test_vietnamese_is_ucs2_big_endian() -> None:
    message = compose("Bộ", "ucs2", "udh8", "gsm0338", 0)
    assert message.data_coding == 8
    assert message.segments[0].short_message == bytes.fromhex("0042 1ed9")


@pytest.mark.parametrize(
    ("alphabet", "join", "whole", "part"),
    [
        ("gsm0338", "udh8", 160, 153),
        ("gsm0338", "udh16", 160, 152),
        ("gsm0338", "sar", 160, 152),
        ("ucs2", "udh8", 70, 67),
        ("ucs2", "udh16", 70, 66),
        ("ucs2", "sar", 70, 66),
    ],
)
def test_limits(alphabet: str, join: str, whole: int, part: int) -> None:
    def count(length: int) -> int:
        return len(compose("a" * length, alphabet, join, "gsm0338", 1).segments)  # type: ignore[arg-type]

    assert count(whole) == 1
    assert count(whole + 1) == 2
    assert count(part * 2) == 2
    assert count(part * 2 + 1) == 3
    assert count(part * 255) == 255
    with pytest.raises(InputError, match="256 segments"):
        compose("a" * (part * 255 + 1), alphabet, join, "gsm0338", 1)  # type: ignore[arg-type]


def test_udh8_header() -> None:
    first, second = compose("a" * 161, "gsm0338", "udh8", "gsm0338", 0x1234).segments
    assert first.short_message == b"\x05\x00\x03\x34\x02\x01" + b"a" * 153
    assert second.short_message == b"\x05\x00\x03\x34\x02\x02" + b"a" * 8
    assert first.udhi
    assert second.tlvs == ()


def test_udh16_header() -> None:
    first, second = compose("a" * 161, "gsm0338", "udh16", "gsm0338", 0x51234).segments
    assert first.short_message == b"\x06\x08\x04\x12\x34\x02\x01" + b"a" * 152
    assert second.short_message == b"\x06\x08\x04\x12\x34\x02\x02" + b"a" * 9


def test_sar_tlvs() -> None:
    first, second = compose("a" * 161, "gsm0338", "sar", "gsm0338", 0x1234).segments
    assert not first.udhi
    assert first.short_message == b"a" * 152
    assert first.tlvs == ((0x020C, b"\x12\x34"), (0x020E, b"\x02"), (0x020F, b"\x01"))
    assert second.tlvs == ((0x020C, b"\x12\x34"), (0x020E, b"\x02"), (0x020F, b"\x02"))


def test_payload_is_one_submit_and_several_segments_on_the_air() -> None:
    message = compose("a" * 161, "gsm0338", "payload", "gsm0338", 1)
    assert [(s.short_message, s.udhi, s.tlvs) for s in message.segments] == [
        (b"", False, ((0x0424, b"a" * 161),))
    ]
    assert message.air_segments == 2
    assert compose("a" * 160, "gsm0338", "payload", "gsm0338", 1).segments[0].short_message == b"a" * 160


def test_an_escape_pair_stays_together() -> None:
    first, second = compose("a" * 152 + "€" + "b" * 20, "gsm0338", "udh8", "gsm0338", 1).segments
    assert first.short_message[6:] == b"a" * 152
    assert second.short_message[6:] == b"\x1be" + b"b" * 20


def test_a_surrogate_pair_stays_together() -> None:
    first, second = compose("a" * 66 + "😷" + "b" * 20, "ucs2", "udh8", "gsm0338", 1).segments
    assert len(first.short_message) == 6 + 2 * 66
    assert second.short_message[6:10] == "😷".encode("utf-16-be")


@pytest.mark.parametrize(("default", "octets"), [("gsm0338", b"\x00"), ("latin1", b"@"), ("ascii", b"@")])
def test_what_a_carrier_takes_data_coding_0_for(default: str, octets: bytes) -> None:
    assert compose("@", "gsm0338", "udh8", default, 0).segments[0].short_message == octets  # type: ignore[arg-type]


def test_latin1_counts_septets_on_the_air() -> None:
    message = compose("[" * 81, "gsm0338", "udh8", "latin1", 0)
    assert message.units == 162
    assert [len(segment.short_message) for segment in message.segments] == [6 + 76, 6 + 5]


@pytest.mark.parametrize(
    ("text", "alphabet", "default", "point"),
    [
        ("Bộ", "gsm0338", "gsm0338", "U\\+1ED9"),
        ("Δ", "gsm0338", "latin1", "U\\+0394"),
        ("é", "gsm0338", "ascii", "U\\+00E9"),
        ("\ud83d", "ucs2", "gsm0338", "U\\+D83D"),
        ("\x1b", "gsm0338", "gsm0338", "U\\+001B"),
    ],
)
def test_unencodable_names_code_points(text: str, alphabet: str, default: str, point: str) -> None:
    with pytest.raises(UnencodableTextError, match=point) as caught:
        compose(text, alphabet, "udh8", default, 0)  # type: ignore[arg-type]
    assert text not in str(caught.value)


def test_unencodable_is_bounded() -> None:
    with pytest.raises(UnencodableTextError, match="and 12 more"):
        compose("".join(map(chr, range(0x1EA0, 0x1EB4))), "gsm0338", "udh8", "gsm0338", 0)


def test_empty_text() -> None:
    with pytest.raises(InputError, match="empty"):
        compose("", "ucs2", "udh8", "gsm0338", 0)


def test_choose_alphabet() -> None:
    assert choose_alphabet("Ministry of Health: {€}") == "gsm0338"
    assert choose_alphabet("Bộ Y tế") == "ucs2"


def test_without_diacritics() -> None:
    assert without_diacritics("Bộ Y tế: đeo khẩu trang, ĐỪNG ra ngoài… “nhé” – ưở") == (
        'Bo Y te: deo khau trang, DUNG ra ngoai... "nhe" - uo'
    )
    assert without_diacritics("Łódź, Straße") == "Lodz, Straße"
    assert without_diacritics("Bộ Y tế") == "Bo Y te"


def test_normalise_composes_and_tidies() -> None:
    assert normalise(" Bộ\r\nY tế\r \n") == "Bộ\nY tế"


gsm_text = st.text(st.sampled_from(GSM_ALL), min_size=1, max_size=1500)
any_text = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=700)


@given(gsm_text, st.sampled_from(JOINS), st.integers(0, 1 << 20))
def test_gsm_round_trip(text: str, join: str, reference: int) -> None:
    message = compose(text, "gsm0338", join, "gsm0338", reference)  # type: ignore[arg-type]
    assert gsm_decoded(joined(message)) == text
    room = 160 if len(message.segments) == 1 else {"udh8": 153, "udh16": 152, "sar": 152}.get(join, 160)
    for segment in message.segments:
        body = (
            segment.short_message[segment.short_message[0] + 1 :] if segment.udhi else segment.short_message
        )
        assert len(body) <= room
        assert len(segment.short_message) <= 160
        assert (len(body) - len(body.rstrip(b"\x1b"))) == 0, "ends in an escape"


@given(any_text, st.sampled_from(JOINS), st.integers(0, 1 << 20))
def test_ucs2_round_trip(text: str, join: str, reference: int) -> None:
    message = compose(text, "ucs2", join, "gsm0338", reference)  # type: ignore[arg-type]
    assert joined(message).decode("utf-16-be") == text
    assert message.units == len(text.encode("utf-16-be")) // 2
    for segment in message.segments:
        assert len(segment.short_message) <= 140
        body = (
            segment.short_message[segment.short_message[0] + 1 :] if segment.udhi else segment.short_message
        )
        body.decode("utf-16-be")  # raises when a surrogate pair was split


@given(gsm_text, st.sampled_from(JOINS))
def test_segments_on_the_air_match_what_is_sent(text: str, join: str) -> None:
    message = compose(text, "gsm0338", join, "gsm0338", 0)  # type: ignore[arg-type]
    assert len(message.segments) == (1 if join == "payload" else message.air_segments)


@given(st.text(max_size=200))
def test_plain_text_stays_as_it_is(text: str) -> None:
    once = without_diacritics(text)
    assert without_diacritics(once) == once
