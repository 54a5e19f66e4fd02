"""Every text of up to five segments, in every alphabet and way to join, comes back from a handset as it was.

The handset here is not ours: it reads by the specification, with a codec that knows nothing of `broadcast`.
"""

from datetime import UTC, datetime

import gsmcodecs  # noqa: F401 (registers the codecs)
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from unit.campaign.texts import (
    EXTENSION,
    SHIFTS,
    Case,
    any_texts,
    cases,
    gsm_texts,
    joins,
    references,
    shifted_texts,
    ucs2_texts,
)

from broadcast.campaign.alphabets import choose_alphabet
from broadcast.campaign.text import Message, Segment, compose
from broadcast.config import Concatenation, DefaultAlphabet, NationalShift
from broadcast.forecast.ways import CarrierLoad, forecast

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def elements(octets: bytes) -> dict[int, bytes]:
    """A user data header's elements (3GPP TS 23.040 §9.2.3.24): number -> value."""
    found = {}
    rest = octets[1 : octets[0] + 1]
    while rest:
        found[rest[0]] = rest[2 : 2 + rest[1]]
        assert len(found[rest[0]]) == rest[1]
        rest = rest[2 + rest[1] :]
    return found


def handset(message: Message, default_alphabet: DefaultAlphabet) -> str:
    """The text that a telephone shows; it gets the segments in the wrong order."""
    numbered = {}
    for segment in reversed(message.segments):
        (total, number), text = part(segment, message.data_coding, default_alphabet)
        assert total == len(message.segments)
        assert number not in numbered
        numbered[number] = text
    return "".join(text for _, text in sorted(numbered.items()))


def part(
    segment: Segment, data_coding: int, default_alphabet: DefaultAlphabet
) -> tuple[tuple[int, int], str]:
    """((total, number), text): a segment by itself is readable, so nothing in it is half."""
    tlvs = dict(segment.tlvs)
    octets = segment.short_message or tlvs[0x0424]
    assert not (segment.short_message and 0x0424 in tlvs)
    header: dict[int, bytes] = {}
    if segment.udhi:
        header = elements(octets)
        octets = octets[octets[0] + 1 :]
    place = (1, 1)
    if 0x00 in header:
        place = header[0x00][1], header[0x00][2]
    elif 0x08 in header:
        place = header[0x08][2], header[0x08][3]
    elif 0x020C in tlvs:
        place = tlvs[0x020E][0], tlvs[0x020F][0]
    if 0x0424 not in tlvs:
        check_room(octets, segment.short_message, place, header, tlvs, data_coding, default_alphabet)
    return place, decoded(octets, data_coding, default_alphabet, header.get(0x24, b"\0")[0])


def check_room(
    octets: bytes,
    whole: bytes,
    place: tuple[int, int],
    header: dict[int, bytes],
    tlvs: dict[int, bytes],
    data_coding: int,
    default_alphabet: DefaultAlphabet,
) -> None:
    """It fits the 140 octets of the air interface, with the SMSC's own header where it makes one."""
    bits = 8 * (len(whole) - len(octets) + (0x020C in tlvs) * (7 - (len(header) > 0)))
    if data_coding == 8:
        bits += 8 * len(octets)
    else:
        septets = len(octets)
        if default_alphabet != "gsm0338":
            septets = len(octets.decode(default_alphabet).encode("gsm23.038-0-0"))
        bits = -(-bits // 7) * 7 + 7 * septets
    assert bits <= 140 * 8, place


def decoded(octets: bytes, data_coding: int, default_alphabet: DefaultAlphabet, language: int) -> str:
    if data_coding == 8:
        return octets.decode("utf-16-be")
    if default_alphabet != "gsm0338":
        return octets.decode(default_alphabet)
    assert not octets.endswith(b"\x1b")
    return octets.decode(f"gsm23.038-0-{language}")


def check(case: Case, reference: int) -> Message:
    """The message, once it was read as it was written and costs what the forecast says."""
    message = compose(case.text, case.alphabet, case.join, case.default, reference, case.shift)
    assert handset(message, case.default) == case.text
    load = CarrierLoad("c", 10, 1, case.join, case.default, case.shift)
    foreseen = forecast(case.text, case.alphabet, [load], NOW, NOW)[0].carriers[0]
    assert (foreseen.segments, foreseen.total_segments) == (len(message.segments), 10 * len(message.segments))
    assert (foreseen.air_segments, foreseen.alphabet, foreseen.shift) == (
        message.air_segments,
        message.alphabet,
        message.shift,
    )
    assert len(message.segments) == (1 if case.join == "payload" else message.air_segments)
    return message


@given(gsm_texts, joins, references)
@example("a" * 152 + "€" + "b" * 20, "udh8", 1)
@example("@" * 306, "udh8", 0)
def test_gsm_0338(text: str, join: Concatenation, reference: int) -> None:
    message = check(Case(text, "gsm0338", join), reference)
    assert message.data_coding == 0
    assert message.units == len(text) + sum(each in EXTENSION for each in text)


@given(st.one_of(ucs2_texts, any_texts, gsm_texts), joins, references)
@example("a" * 66 + "😷" + "b" * 20, "udh8", 1)
def test_ucs2(text: str, join: Concatenation, reference: int) -> None:
    message = check(Case(text, "ucs2", join), reference)
    assert message.data_coding == 8
    assert message.units == len(text.encode("utf-16-be")) // 2


@given(st.data(), st.sampled_from(SHIFTS[1:]), joins, references)
def test_national_tables(
    data: st.DataObject, shift: NationalShift, join: Concatenation, reference: int
) -> None:
    text = data.draw(shifted_texts(shift))
    alphabet = choose_alphabet(text)
    message = check(Case(text, alphabet, join, shift=shift), reference)
    without = compose(text, alphabet, join, "gsm0338", reference)
    if message.shift == "none":
        assert message == without
    else:
        assert (message.shift, message.alphabet, without.alphabet) == (shift, "gsm0338", "ucs2")
        assert message.air_segments < without.air_segments


@pytest.mark.parametrize("default", ["gsm0338", "ascii", "latin1"])
@given(data=st.data(), reference=references)
def test_every_profile(default: DefaultAlphabet, data: st.DataObject, reference: int) -> None:
    case = data.draw(cases(default))
    message = check(case, reference)
    if default != "gsm0338":
        assert (message.alphabet, message.shift) == (case.alphabet, "none")
        if case.alphabet == "gsm0338":  # octets of another alphabet, and still septets on the air
            same = compose(case.text, "gsm0338", case.join, "gsm0338", reference)
            assert (message.air_segments, message.units) == (same.air_segments, same.units)
