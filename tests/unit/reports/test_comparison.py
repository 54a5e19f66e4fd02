"""Our ledger beside an SMSC's account: equal when nobody is open, ahead by the open ones at most."""

from dataclasses import replace
from typing import Any

import pytest

from broadcast.ledger.states import RecipientState
from broadcast.reports.comparison import Ours, compare
from broadcast.reports.progress import CarrierProgress

BOOK: dict[str, Any] = {
    "segments": 22, "duplicates": 0, "rejected": 2, "max_per_second": 50, "tps": 50,
    "fates": {"delivered": 8, "undeliverable": 2, "expired": 1, "rejected": 1},
}  # fmt: skip


def ours(segments: int = 22, never_sent: int = 0, doubts: int = 0, resent: int = 0, **states: int) -> Ours:
    counts = {state.column: 0 for state in RecipientState}
    counts |= {"delivered": 8, "undeliverable": 2, "expired": 1, "rejected": 3} | states
    return Ours(CarrierProgress("viettel", 50, 1, segments, counts), never_sent, doubts, resent, 2)


def problems(mine: Ours, **book: Any) -> dict[str, str]:
    return {line.what: line.problem for line in compare(mine, BOOK | book) if line.problem}


def test_equal_books_agree() -> None:
    assert problems(ours()) == {}
    assert [(line.what, line.ours, line.theirs) for line in compare(ours(), BOOK)] == [
        ("delivered", 8, 8),
        ("undeliverable", 2, 2),
        ("expired", 1, 1),
        ("rejected", 3, 3),
        ("segments", 22, 22),
        ("second copies", 0, 0),
        ("receipts acked", 0, 0),
        ("most segments in a second", 50, 50),
    ]


def test_what_never_left_is_not_theirs() -> None:
    assert problems(ours(expired=6, never_sent=5)) == {}
    assert problems(ours(expired=6, never_sent=4)) == {"expired": "the SMSC has fewer"}


def test_a_first_copy_of_who_expired_before_the_second() -> None:
    """Or whose second copy was refused: of no more people than these."""
    again = ours(delivered=7, expired=2, never_sent=1, resent=1, doubts=1)
    assert problems(again) == {}
    assert set(problems(replace(again, resent=0))) == {"delivered"}
    assert set(problems(replace(again, line=ours(delivered=6, expired=2).line))) == {"delivered"}
    refused = ours(delivered=7, resent=1, doubts=1)
    assert problems(refused) == {}


@pytest.mark.parametrize("state", ["accepted", "unknown", "in_doubt"])
def test_open_recipients_may_be_anywhere_there(state: str) -> None:
    assert problems(ours(delivered=7, **{state: 1})) == {}
    assert problems(ours(delivered=6, **{state: 1})) == {
        "delivered": "the SMSC has more, and only 1 of ours are open"
    }


def test_one_lost_and_one_invented_do_not_cancel_out() -> None:
    assert problems(ours(delivered=9, undeliverable=1)) == {"delivered": "the SMSC has fewer"}


def test_segments_differ_by_those_in_doubt_only() -> None:
    assert problems(ours(segments=21)) == {"segments": "they differ"}
    assert problems(ours(segments=23)) == {"segments": "they differ"}
    assert problems(ours(segments=20, doubts=1)) == {}
    assert problems(ours(segments=19, doubts=1)) == {
        "segments": "they differ by more than the 2 that were ever in doubt"
    }


def test_second_copies_are_the_resent_ones_at_most() -> None:
    assert problems(ours(), duplicates=1) == {"second copies": "more second copies than we resent"}
    assert problems(ours(resent=1), duplicates=1) == {}


def test_what_was_acked_is_in_the_ledger() -> None:
    assert problems(replace(ours(), acked=12), receipts={"acked": 12}) == {}
    assert problems(replace(ours(), acked=13), receipts={"acked": 12}) == {}  # the ack was lost with its link
    assert problems(replace(ours(), acked=11), receipts={"acked": 12}) == {
        "receipts acked": "acked receipts are not in the ledger"
    }


def test_whatever_differs_is_explained() -> None:
    mine = ours(segments=19, doubts=1, resent=1, delivered=7, accepted=1)
    lines = {line.what: line for line in compare(mine, BOOK)}
    assert {what for what, line in lines.items() if line.ours != line.theirs and not line.means} == set()
    assert {what for what, line in lines.items() if line.means} == {"delivered", "segments", "second copies"}


def test_nothing_above_the_tps() -> None:
    assert problems(ours(), max_per_second=51) == {
        "most segments in a second": "more in a second than the carrier allows"
    }
    assert problems(ours(), max_per_second=51, tps=0) == {}
