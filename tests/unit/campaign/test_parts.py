"""Where a part of a subscriber's message belongs: literal octets, and headers of any order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.campaign.parts import UDHI, Part, read_part
from broadcast.smpp.delivery import sar_of


@pytest.mark.parametrize(
    ("payload", "part"),
    [
        # an 8-bit reference, the usual
        ("0500031102024849", Part(b"HI", "u8:17:2", 2, 2)),
        # a 16-bit one
        ("060804A1B203014849", Part(b"HI", "u16:41394:3", 1, 3)),
        # port addressing first, then the reference (quirk 45)
        ("0B0504158A00000003110302" + "4849", Part(b"HI", "u8:17:3", 2, 3)),
        # the reference first
        ("0B00031103020504158A0000" + "4849", Part(b"HI", "u8:17:3", 2, 3)),
        # a national shift table alone: no part, but a language
        ("032401014849", Part(b"HI", language=1)),
        # both
        ("0824010100031102014849", Part(b"HI", "u8:17:2", 1, 2, language=1)),
        # two references: the last valid one counts, an invalid one hides nothing
        ("0A00031102010003120202" + "4849", Part(b"HI", "u8:18:2", 2, 2)),
        ("0A00031102010003120203" + "4849", Part(b"HI", "u8:17:2", 1, 2)),
        # one of one is a whole text
        ("0500031101014849", Part(b"HI")),
        # number 0, number beyond the total, total 0: ignored
        ("0500031102004849", Part(b"HI")),
        ("0500031102034849", Part(b"HI")),
        ("0500031100004849", Part(b"HI")),
        # a reference of the wrong length
        ("04000211024849", Part(b"HI")),
        # an element that is cut
        ("0500091102014849", Part(b"HI")),
        # a header alone
        ("050003110202", Part(b"", "u8:17:2", 2, 2)),
        # a header that does not end is text
        ("7F00031102", Part(bytes.fromhex("7F00031102"))),
        # an empty header
        ("004849", Part(b"HI")),
        ("", Part(b"")),
    ],
)
def test_headers(payload: str, part: Part) -> None:
    assert read_part(UDHI, bytes.fromhex(payload), None) == part
    assert read_part(UDHI | 0x80, bytes.fromhex(payload), None) == part


def test_a_header_that_nobody_announced() -> None:
    assert read_part(0, bytes.fromhex("0500031102024849"), None) == Part(b"HI", "u8:17:2", 2, 2)
    assert read_part(0, bytes.fromhex("0500031102034849"), None).octets == bytes.fromhex("0500031102034849")
    assert read_part(0, bytes.fromhex("05000311"), None) == Part(bytes.fromhex("05000311"))
    assert read_part(0, b"STOP", None) == Part(b"STOP")


def test_sar() -> None:
    tlvs = {0x020C: b"\x12\x34", 0x020E: b"\x02", 0x020F: b"\x01", 0x1400: b"x"}
    assert sar_of(tlvs) == (0x1234, 2, 1)
    assert read_part(0, b"HI", sar_of(tlvs)) == Part(b"HI", "sar:4660:2", 1, 2)
    header_first = read_part(UDHI, bytes.fromhex("0500031102024849"), sar_of(tlvs))
    assert header_first == Part(b"HI", "u8:17:2", 2, 2)
    assert read_part(0, b"HI", (7, 1, 1)) == Part(b"HI")
    assert read_part(0, b"HI", (7, 2, 3)) == Part(b"HI")


def test_sar_of_wrong_lengths() -> None:
    assert sar_of({0x020C: b"\x34", 0x020E: b"\0\x02", 0x020F: b"\0\0\0\0\0\0\0\0\0\x01"}) == (0x34, 2, 1)
    assert sar_of({0x020C: b"\x12\x34", 0x020E: b"\x02"}) is None
    assert sar_of({0x020C: b"\x12\x34", 0x020E: b"", 0x020F: b"\1"}) is None


_OTHER = st.tuples(st.integers(0, 255).filter(lambda kind: kind not in (0, 8, 0x24)), st.binary(max_size=9))


@given(
    others=st.lists(_OTHER, max_size=6),
    wide=st.booleans(),
    reference=st.integers(0, 255),
    total=st.integers(2, 255),
    data=st.data(),
    text=st.binary(max_size=60),
)
def test_elements_of_any_order(
    others: list[tuple[int, bytes]], wide: bool, reference: int, total: int, data: st.DataObject, text: bytes
) -> None:
    number = data.draw(st.integers(1, total))
    joining = (8, bytes((0, reference, total, number))) if wide else (0, bytes((reference, total, number)))
    elements = data.draw(st.permutations([joining, *others]))
    header = b"".join(bytes((kind, len(value))) + value for kind, value in elements)
    part = read_part(UDHI, bytes((len(header),)) + header + text, None)
    assert part == Part(text, f"{'u16' if wide else 'u8'}:{reference}:{total}", number, total)


@given(st.integers(0, 255), st.binary(max_size=200), st.none() | st.tuples(*[st.integers(0, 65535)] * 3))
def test_whatever_comes(esm_class: int, payload: bytes, sar: tuple[int, int, int] | None) -> None:
    part = read_part(esm_class, payload, sar)
    assert payload.endswith(part.octets)
    assert 1 <= part.number <= part.total
    assert bool(part.thread) == (part.total > 1)
