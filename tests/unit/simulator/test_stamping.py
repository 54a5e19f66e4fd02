"""Runs of PDUs, written and read by columns."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.simulator.pdus import HEAD, submit, tail

from broadcast.simulator.stamping import column, run_at, stamp

VARYING = ((12, 4), (16 + len(HEAD), 11))


def test_stamp() -> None:
    assert stamp(b"..-..", 3, [(0, 2, b"aabbcc"), (4, 1, b"123")]) == b"aa-.1bb-.2cc-.3"
    assert stamp(b"..", 0, [(0, 1, b"")]) == b""


def test_a_column_of_the_wrong_width_is_an_error() -> None:
    with pytest.raises(ValueError, match="attempt to assign"):
        stamp(b"....", 2, [(0, 2, b"abc")])


@settings(deadline=None)
@given(st.lists(st.binary(min_size=3, max_size=3), min_size=1, max_size=20))
def test_what_is_stamped_is_read_again(values: list[bytes]) -> None:
    run = stamp(b"-" * 7, len(values), [(2, 3, b"".join(values))])
    assert column(run, 7, 2, 3) == b"".join(values)


def test_a_run_ends_where_the_header_changes() -> None:
    block = submit(1, b"84900000001")
    three = b"".join(submit(number, b"8490000000%d" % number) for number in range(3))
    assert run_at(three, 0, block, VARYING) == 3
    assert run_at(b"xy" + three + submit(9, b"84900000001", tail(b"longer")), 2, block, VARYING) == 3
    assert run_at(three[:-1], 0, block, VARYING) == 2
    assert run_at(block, 0, block, VARYING) == 0


@pytest.mark.parametrize("place", [16, 40, 53])
def test_another_octet_that_differs_makes_it_no_run(place: int) -> None:
    block = submit(1, b"84900000001")
    other = bytearray(submit(2, b"84900000002"))
    other[place] ^= 1
    assert run_at(block + other, 0, block, VARYING) == 0
