"""Receipts that are held back: all of a person's come together, each once."""

from collections import Counter

from unit.simulator.pdus import HEAD

from broadcast.simulator.fate import Fate
from broadcast.simulator.held import Held
from broadcast.simulator.receipt_plan import NOBODY
from broadcast.simulator.receipts import Receipts

PEOPLE = 3000
SEGMENTS = 5


def held() -> Held:
    """Of each person's segments in a batch with two others'."""
    made = Held()
    for first in range(0, PEOPLE, 3):
        numbers = range(first, first + 3)
        digits = b"".join(b"849%08d" % number for number in numbers)
        for segment in range(SEGMENTS):
            ids = b"".join(b"%04d%d" % (number, segment) for number in numbers)
            fates = bytes((Fate.DELIVERED,)) * len(numbers)
            made.put(Receipts(NOBODY, HEAD, b"2603010800", 11, 5, digits, ids, fates))
    return made


def taken(some: Held, share: float) -> Counter[bytes]:
    """Receipts by MSISDN."""
    return Counter(single[0] for batch in some.released(share) for single in batch.singles())


def test_a_share_of_the_people_with_all_that_is_theirs() -> None:
    some = held()
    assert len(some) == PEOPLE * SEGMENTS
    first = taken(some, 0.1)
    assert set(first.values()) == {SEGMENTS}
    assert 0.05 * PEOPLE < len(first) < 0.15 * PEOPLE
    assert len(some) == PEOPLE * SEGMENTS - first.total()
    second = taken(some, 0.1)
    assert set(second.values()) == {SEGMENTS}
    assert not first.keys() & second.keys()
    rest = taken(some, 1.0)
    assert len(first) + len(second) + len(rest) == PEOPLE
    assert len(some) == 0
    assert taken(some, 1.0) == {}


def test_who_stops_asking_loses_nothing() -> None:
    some = held()
    asked = some.released(1.0)
    gone = len(next(asked))
    asked.close()
    assert 0 < gone < PEOPLE * SEGMENTS
    assert taken(some, 1.0).total() == len(some) + PEOPLE * SEGMENTS - gone
