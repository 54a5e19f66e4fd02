"""What is refused because of how it is written, and which segments get receipts."""

from typing import Any

import pytest
from unit.simulator.pdus import HEAD, tail

from broadcast.simulator.content import Content
from broadcast.simulator.habits import Rules, Segments
from broadcast.simulator.rules import Ruled


def read(head: bytes = HEAD, end: bytes | None = None, segments: Segments = "all", **rules: Any) -> Content:
    return Ruled(Rules(**rules), segments).read(head, tail() if end is None else end)


def part(number: int, how: str = "udh8") -> bytes:
    if how == "sar":
        tlvs = b"\x02\x0c\0\2\0\7" + b"\x02\x0e\0\1\2" + b"\x02\x0f\0\1" + bytes((number,))
        return tail(b"half", tlvs=tlvs)
    if how == "payload":
        return tail(b"", tlvs=b"\x04\x24\0\5hello")
    start = b"\5\0\3\7\2" if how == "udh8" else b"\6\x08\4\0\7\2"
    return tail(start + bytes((number,)) + b"half", esm=0x40)


def head(sender: bytes, ton: int = 5, npi: int = 0, dest: bytes = b"\1\1", service: bytes = b"") -> bytes:
    return service + b"\0" + bytes((ton, npi)) + sender + b"\0" + dest


def test_anything_goes_by_default() -> None:
    assert read().status == 0
    assert read(head(b"a name far longer than eleven")).status == 0


@pytest.mark.parametrize("how", ["udh8", "udh16", "sar", "payload"])
def test_concatenation(how: Any) -> None:
    others = tuple(each for each in ("udh8", "udh16", "sar", "payload") if each != how)
    assert read(end=part(1, how)).status == 0
    assert read(end=part(1, how)).joined == how
    assert read(end=part(1, how), concatenation=others).status == 0x43
    assert read(end=part(1, how), concatenation=(how,)).status == 0
    assert read(concatenation=()).status == 0  # a plain one
    one, two = (read(end=part(n, how), concatenation=others, concatenation_status=0) for n in (1, 2))
    assert (one.status, one.number, one.total) == (0, 1, 1)
    if how != "payload":
        assert one.message != two.message


def test_senders() -> None:
    assert read(senders=("BOYTE",)).status == 0
    assert read(senders=("OTHER", "8079")).status == 0x0A
    strict = [
        (head(b"BOYTE"), 0), (head(b"BOYTE", ton=1), 0x0A), (head(b"BOYTE", npi=1), 0x0A),
        (head(b"TWELVE CHARS"), 0x0A), (head("ĐỎ".encode("latin-1", "replace")), 0), (head(b"\xd0"), 0x0A),
        (head(b"8079", ton=3), 0), (head(b"8079", ton=5), 0x0A),
    ]  # fmt: skip
    assert [read(each, strict_senders=True).status for each, _ in strict] == [status for _, status in strict]


def test_destination_and_service_type() -> None:
    assert read(head(b"X", dest=b"\2\1"), dest_ton=1).status == 0x50
    assert read(head(b"X", dest=b"\1\0"), dest_npi=1).status == 0x51
    assert read(dest_ton=1, dest_npi=1).status == 0
    assert read(service_types=("CMT",)).status == 0x15
    assert read(head(b"X", service=b"CMT"), service_types=("CMT",)).status == 0


def test_data_coding_and_length() -> None:
    assert read(end=tail(coding=8), data_codings=(0,)).status == 0x104
    assert read(end=tail(coding=8), data_codings=(0, 8)).status == 0
    assert read(end=tail(b"x" * 141), max_octets=140).status == 0x01
    assert read(end=tail(b"x" * 140), max_octets=140).status == 0


def test_validity() -> None:
    absolute, relative = tail(validity=b"990301120000000+"), tail(validity=b"000001000000000R")
    taken = {form: [read(end=end, validity=form).status for end in (absolute, relative, tail())]
             for form in ("any", "absolute", "relative", "none")}  # fmt: skip
    assert taken == {
        "any": [0, 0, 0], "absolute": [0, 0x62, 0x62], "relative": [0x62, 0, 0x62], "none": [0x62, 0x62, 0],
    }  # fmt: skip


def test_which_segments_get_receipts() -> None:
    for segments, wanted in (
        ("all", ["all", "all"]), ("last", ["none", "all"]), ("first", ["all", "none"]), ("none", ["none", "none"]),
    ):  # fmt: skip
        assert [read(end=part(n), segments=segments).receipts for n in (1, 2)] == wanted
    assert read(segments="last").receipts == read(segments="first").receipts == "all"
