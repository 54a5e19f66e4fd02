"""Segments that go one by one: in the order in which they are due and came."""

from typing import cast

from broadcast.engine.pieces import Pieces
from broadcast.engine.work import Work


def work() -> Work:
    return cast(Work, object())


def test_what_is_due_first_goes_first_and_of_equals_what_came_first() -> None:
    pieces, one = Pieces(), work()
    assert (pieces.next_at, pieces.due(9.0)) == (None, False)
    for segment, due in enumerate((2.0, 1.0, 1.0), 1):
        pieces.add((one, 0, segment), due)
    assert pieces.next_at == 1.0
    assert (pieces.due(0.9), pieces.due(1.0)) == (False, True)
    assert [pieces.pop()[2] for _ in range(3)] == [2, 3, 1]


def test_what_is_given_back_is_taken_out_and_the_rest_keeps_its_order() -> None:
    pieces, stays, goes = Pieces(), work(), work()
    for ordinal, one in enumerate((goes, stays, goes, stays, stays)):
        pieces.add((one, ordinal, 1), 5.0 - ordinal)
        pieces.add((one, ordinal, 2), 5.0 - ordinal)
    found = pieces.of(lambda one: one is goes)
    assert sorted((ordinal, segment) for _, ordinal, segment in found) == [(0, 1), (0, 2), (2, 1), (2, 2)]
    pieces.drop({(goes, 0), (goes, 2)})
    assert not pieces.of(lambda one: one is goes)
    assert [pieces.pop()[1] for _ in range(6)] == [4, 4, 3, 3, 1, 1]
    assert not pieces
