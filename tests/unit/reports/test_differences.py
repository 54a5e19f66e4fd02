"""What an audit finds, in words: what it may mean follows from how the differences of a carrier add up."""

import pytest

from broadcast.ledger.books import Contradiction
from broadcast.reports.differences import KEEP, AuditLine, archive, audience, contradictions, receipts, states


def line(state: str, counted: int, tallied: int, carrier: str = "viettel") -> AuditLine:
    return AuditLine(carrier, state, counted, tallied)


def test_what_agrees_is_no_difference() -> None:
    assert states([line("waiting", 5, 5), line("delivered", 0, 0)]) == []
    assert (audience(7, 7), contradictions([], {}), receipts([("viettel", 3, 3)])) == ([], [], [])


def test_a_step_without_its_tallies() -> None:
    found = states([line("accepted", 5, 8), line("delivered", 13, 10), line("waiting", 1, 1)])
    assert [(each.line, each.by) for each in found] == [
        ("viettel accepted: 5 counted, 8 tallied", 3),
        ("viettel delivered: 13 counted, 10 tallied", 3),
    ]
    assert all("nobody of viettel is lost" in each.means for each in found)
    assert all("from accepted to delivered" in each.means for each in found)


@pytest.mark.parametrize(
    ("counted", "says"),
    [
        (8, "rows of 2 recipients of viettel are gone"),
        (12, "2 recipients of viettel have rows that no tally"),
    ],
)
def test_rows_gone_or_too_many(counted: int, says: str) -> None:
    (found,) = states([line("delivered", counted, 10)])
    assert (found.by, found.next) == (2, KEEP)
    assert found.means.startswith(says)


def test_each_carrier_by_itself() -> None:
    """One carrier's surplus does not explain another one's loss."""
    found = states([line("delivered", 9, 10), line("delivered", 11, 10, "mobifone")])
    assert "gone" in found[0].means
    assert "no tally knows" in found[1].means


def test_the_sum_against_the_audience() -> None:
    (fewer,), (more,) = audience(12, 13), audience(14, 13)
    assert (fewer.line, fewer.by) == ("12 recipients counted, the audience is 13", 1)
    assert "in no row at all" in fewer.means
    assert "counted twice" in more.means


def test_receipts_without_a_place_and_with_two() -> None:
    lost, doubled = receipts([("viettel", 9, 7), ("mobifone", 9, 10)])
    assert (lost.line, lost.by) == ("viettel: 9 receipts acked, 7 have a place", 2)
    assert "2 receipts were acked and are nowhere" in lost.means
    assert "1 receipts have two places" in doubled.means


def test_the_rest_says_what_to_do_too() -> None:
    found = contradictions(
        [Contradiction(2, "a segment has two results", 3, [(7, 0), (9, 4)])], {2: "viettel"}
    )
    assert [(each.line, each.by) for each in found] == [
        ("viettel: a segment has two results (3 recipients, places 0 of slice 7, 4 of slice 9 ...)", 3)
    ]
    for each in [*found, *archive(["viettel delivered: the archive's rows are not what was archived"])]:
        assert each.means
        assert each.next
