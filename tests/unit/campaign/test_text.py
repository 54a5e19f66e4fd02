"""Segmentation: literal octets and limits. What any text becomes: test_round_trip.py."""

import pytest

from broadcast.campaign.alphabets import UnencodableTextError
from broadcast.campaign.text import Message, compose, normalise
from broadcast.errors import InputError


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


def test_normalise_composes_and_tidies() -> None:
    assert normalise(" Bộ\r\nY tế\r \n") == "Bộ\nY tế"


SHIFT_LIMITS = [("udh8", 149), ("udh16", 148), ("sar", 148), ("payload", 149)]


@pytest.mark.parametrize(("join", "part"), SHIFT_LIMITS)
def test_a_national_table_takes_room_from_every_segment(join: str, part: int) -> None:
    def composed(length: int) -> Message:
        text = "ş" + "a" * (length - 2)
        return compose(text, "ucs2", join, "gsm0338", 1, "turkish")  # type: ignore[arg-type]

    assert composed(155).air_segments == 1
    assert composed(156).air_segments == 2
    assert composed(2 * part).air_segments == 2
    assert composed(2 * part + 1).air_segments == 3
    assert {(composed(n).alphabet, composed(n).data_coding, composed(n).units) for n in (155,)} == {
        ("gsm0338", 0, 155)
    }
    assert composed(155 * 2).shift == "turkish"


def test_a_single_message_with_a_national_table_has_a_header() -> None:
    text = "Sağlık Bakanlığı: ellerinizi sık sık yıkayın, maske takın, evde kalın. Ateş"
    assert len(text) > 70
    message = compose(text, "ucs2", "udh8", "gsm0338", 7, "turkish")
    (segment,) = message.segments
    assert segment.udhi
    assert segment.tlvs == ()
    assert segment.short_message.startswith(bytes.fromhex("03 24 01 01") + b"Sa\x1bgl\x1bik ")
    assert (message.units, message.air_segments) == (len(text) + sum(each in "ğış" for each in text), 1)


def test_the_joining_element_comes_before_the_national_one() -> None:
    text = "ã" + "a" * 160
    headers = {}
    for join, _ in SHIFT_LIMITS:
        first = compose(text, "ucs2", join, "gsm0338", 0x1234, "portuguese").segments[0]  # type: ignore[arg-type]
        octets = dict(first.tlvs).get(0x0424, b"") + first.short_message
        assert first.udhi
        headers[join] = octets[: octets[0] + 1].hex(" ")
        assert octets[octets[0] + 1 :].startswith(b"\x1b\x7ba")
    assert headers == {
        "udh8": "08 00 03 34 02 01 24 01 03",
        "udh16": "09 08 04 12 34 02 01 24 01 03",
        "sar": "03 24 01 03",
        "payload": "03 24 01 03",
    }


@pytest.mark.parametrize(
    ("text", "alphabet", "default"),
    [
        ("ş" * 70, "ucs2", "gsm0338"),
        ("ş" * 134, "ucs2", "gsm0338"),
        ("a" * 100, "ucs2", "gsm0338"),
        ("şã" + "a" * 100, "ucs2", "gsm0338"),
        ("ş" + "a" * 100, "ucs2", "latin1"),
        ("[" + "a" * 100, "gsm0338", "gsm0338"),
    ],
    ids=[
        "one segment either way",
        "two segments either way",
        "the default alphabet has it, so somebody asked for UCS-2",
        "the table has not all of it",
        "data_coding 0 is not GSM 03.38",
        "the default alphabet has it",
    ],
)
def test_no_national_table_without_need(text: str, alphabet: str, default: str) -> None:
    message = compose(text, alphabet, "udh8", default, 0, "turkish")  # type: ignore[arg-type]
    assert (message.alphabet, message.shift) == (alphabet, "none")
    assert message == compose(text, alphabet, "udh8", default, 0)  # type: ignore[arg-type]


def test_a_national_table_saves_a_text_that_ucs2_could_not_hold() -> None:
    text = "ş" + "a" * (67 * 255)
    with pytest.raises(InputError, match="256 segments, at most 255 can be joined"):
        compose(text, "ucs2", "udh8", "gsm0338", 0)
    assert compose(text, "ucs2", "udh8", "gsm0338", 0, "turkish").air_segments == 115


@pytest.mark.parametrize("cluster", ["e\u0323\u0302", "👩\u200d⚕", "👋🏽", "क\u093f", "❤\ufe0f"])
def test_what_a_reader_takes_for_one_character_stays_together(cluster: str) -> None:
    units = len(cluster.encode("utf-16-be")) // 2
    for before in range(67 - units + 1, 67):
        first, second = compose("a" * before + cluster + "b" * 30, "ucs2", "udh8", "gsm0338", 0).segments
        assert first.short_message[6:].decode("utf-16-be") == "a" * before
        assert second.short_message[6:].decode("utf-16-be") == cluster + "b" * 30
    # where it would take a segment more, it is cut
    before = 67 - len(cluster[0].encode("utf-16-be")) // 2
    full = "a" * before + cluster + "b" * (67 * 2 - before - units)
    first, second = compose(full, "ucs2", "udh8", "gsm0338", 0).segments
    assert first.short_message[6:].decode("utf-16-be") == "a" * before + cluster[0]


def test_marks_without_end_are_cut_somewhere() -> None:
    text = "a" + "\u0301" * 200
    message = compose(text, "ucs2", "udh8", "gsm0338", 0)
    assert [len(each.short_message) for each in message.segments] == [140] * 3
