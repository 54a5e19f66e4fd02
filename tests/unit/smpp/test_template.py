"""Stamped PDUs are the PDUs that would have been encoded one by one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.errors import ConfigError
from broadcast.smpp.adapter import SubmitFields, submit_pdu
from broadcast.smpp.template import Template

FIELDS = SubmitFields("BOYTE", 5, 0, 1, 1, "", 0, 8, 1, "", b"\x1e\xa4")
LONG = [
    replace(FIELDS, short_message=bytes([5, 0, 3, 9, 3, part]) + b"x" * part, esm_class=0x40)
    for part in (1, 2, 3)
]


def test_one_segment_octet_by_octet() -> None:
    assert Template([FIELDS]).stamp(0x7FFFFFFE, [84912345678, 8491]) == (
        b"\0\0\0\x33" b"\0\0\0\4" b"\0\0\0\0" b"\x7f\xff\xff\xfe"
        b"\0" b"\5\0BOYTE\0" b"\1\x0184912345678\0" b"\0\0\0\0\0\1\0\x08\0\2\x1e\xa4"
        b"\0\0\0\x2c" b"\0\0\0\4" b"\0\0\0\0" b"\x7f\xff\xff\xff"
        b"\0" b"\5\0BOYTE\0" b"\1\x018491\0" b"\0\0\0\0\0\1\0\x08\0\2\x1e\xa4"
    )  # fmt: skip


@given(st.integers(1, 0x7FFF0000), st.lists(st.integers(10**6, 10**15 - 1), max_size=40), st.integers(1, 3))
def test_a_run_is_all_segments_of_each_message_in_order(
    first: int, msisdns: list[int], segments: int
) -> None:
    template = Template(LONG[:segments])
    assert template.segments == segments
    assert template.stamp(first, msisdns) == b"".join(
        submit_pdu(fields, str(msisdn), first + place * segments + part)
        for place, msisdn in enumerate(msisdns)
        for part, fields in enumerate(LONG[:segments])
    )


def test_one_segment_again() -> None:
    template = Template(LONG)
    assert template.stamp_segment(77, 84912345678, 2) == submit_pdu(LONG[1], "84912345678", 77)
    assert template.stamp_segment(78, 849123456789, 3) == submit_pdu(LONG[2], "849123456789", 78)


def test_nobody_to_send_to() -> None:
    assert Template([FIELDS]).stamp(1, []) == b""


def test_a_wrong_field_is_known_before_anything_is_sent() -> None:
    with pytest.raises(ConfigError):
        Template([replace(FIELDS, source="x" * 30)])
