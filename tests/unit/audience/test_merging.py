"""Who is asked for, and what PostgreSQL is given of new subscribers, by its documented layout of COPY."""

import struct
from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from broadcast.audience.merging import Seen
from broadcast.audience.staging import (
    CARRIER_SHIFT,
    COMBINATION_SHIFT,
    OPTED_OUT,
    PORTED,
    collected,
    key,
    subscriber_stream,
)

NUMBERS = st.lists(st.integers(1, 10**15 - 1), unique=True, max_size=50)


@given(NUMBERS, NUMBERS)
def test_whoever_was_seen_is_told(first: list[int], second: list[int]) -> None:
    seen = Seen()
    for some in (first, second):
        seen.add(np.array(some, np.int64))
    assert seen.perhaps(np.array(first + second, np.int64)).all()


def test_few_who_were_not_seen_are_taken_for_it() -> None:
    seen, numbers = Seen(), 84_900_000_000 + np.arange(400_000)
    assert not seen.perhaps(numbers).any()
    seen.add(numbers[::2])
    assert seen.perhaps(numbers[::2]).all()
    assert np.count_nonzero(seen.perhaps(numbers[1::2])) < 2_000


def test_rows_of_new_subscribers() -> None:
    facts = {
        key(84912345678): 3 << CARRIER_SHIFT | PORTED | OPTED_OUT,
        key(84912345679): 2 << CARRIER_SHIFT | 5 << COMBINATION_SHIFT,
    }
    people, at = collected(facts), datetime(2000, 1, 1, 0, 0, 1, 5, tzinfo=UTC)
    profiles = np.array([7 if each == 84912345679 else 0 for each in people.msisdns], np.int32)
    octets = subscriber_stream(people, profiles, 9, at)
    assert octets[:19] == b"PGCOPY\n\xff\r\n\0" + bytes(8)
    hearing = struct.pack(
        ">hiqihihi?iiiii", 7, 8, 84912345679, 2, 84912345679 % 64, 2, 2, 1, False, 4, 9, 4, 7, -1
    )
    opted_out = struct.pack(
        ">hiqihihi?iiiiiq", 7, 8, 84912345678, 2, 84912345678 % 64, 2, 3, 1, True, 4, 9, 4, 0, 8, 1_000_005
    )
    assert octets[19:] == hearing + opted_out + b"\xff\xff"
