"""Our ledger beside an SMSC's account, person by person: what may differ, and what may not."""

from collections.abc import Sequence
from itertools import product

import pytest

from broadcast.ledger.states import RecipientState
from broadcast.reports.people import (
    ALLOWED,
    MEANS,
    NOTHING,
    Comparison,
    Theirs,
    Verdict,
    parse,
    read,
    verdict,
)

S = RecipientState
V = Verdict

ARRIVED = "1 taken 1DD1 1DD1"
PART_LOST = "1 taken 1DD1 1UU1"
REFUSED = "1 refused"
TWICE = "1 taken 2DD2 2DD2"


def found(state: RecipientState, theirs: str, *, resends: int = 0, sent: bool = True) -> Verdict:
    return verdict(state, sent, resends, parse(theirs.encode()) if theirs else NOTHING)


@pytest.mark.parametrize(
    ("state", "theirs"),
    [
        (S.DELIVERED, ARRIVED),
        (S.DELIVERED, "1 taken 1DD0 1DD1"),  # the ack was lost with its link
        (S.DELIVERED, "1 taken 1D.0 1DD1"),  # receipts were asked for the last segment only
        (S.UNDELIVERABLE, PART_LOST),
        (S.EXPIRED, "1 taken 1EE1"),
        (S.REJECTED, "1 taken 1RR1"),
        (S.REJECTED, REFUSED),
        (S.REJECTED, "1 refused 0--0 1DD1"),
    ],
)
def test_the_same_end(state: RecipientState, theirs: str) -> None:
    assert found(state, theirs) is V.SAME


@pytest.mark.parametrize("state", [S.DELIVERED, S.UNDELIVERABLE, S.EXPIRED, S.REJECTED])
@pytest.mark.parametrize("letter", "DUER")
def test_another_end_is_a_fault(state: RecipientState, letter: str) -> None:
    told = {"D": S.DELIVERED, "U": S.UNDELIVERABLE, "E": S.EXPIRED, "R": S.REJECTED}[letter]
    assert (found(state, f"1 taken 1{letter}{letter}1") is V.SAME) is (told is state)
    if told is not state:
        assert found(state, f"1 taken 1{letter}{letter}1") is V.OTHER_END
        assert found(state, f"1 taken 2{letter}{letter}2", resends=1) is V.OTHER_END


def test_a_message_is_reached_by_all_its_segments() -> None:
    assert found(S.DELIVERED, PART_LOST) is V.OTHER_END
    assert found(S.UNDELIVERABLE, ARRIVED) is V.OTHER_END


def test_what_the_smsc_told_counts_and_not_what_it_decided() -> None:
    assert found(S.DELIVERED, "1 taken 1UD1") is V.SAME
    assert found(S.UNDELIVERABLE, "1 taken 1UD1") is V.OTHER_END


def test_refused_there_is_rejected_here_and_nothing_else() -> None:
    assert found(S.DELIVERED, REFUSED) is V.OTHER_END
    assert found(S.REJECTED, ARRIVED) is V.OTHER_END


@pytest.mark.parametrize("theirs", ["1 taken 1D-0 1D-0", "1 taken 1DD1 1D-0", "1 taken 1D.0"])
def test_an_end_that_nobody_told_is_a_fault(theirs: str) -> None:
    assert found(S.DELIVERED, theirs) is V.UNTOLD


@pytest.mark.parametrize("state", [S.ACCEPTED, S.UNKNOWN, S.IN_DOUBT])
@pytest.mark.parametrize(
    "theirs", ["1 taken 1D-0 1D-0", "1 taken 1DD1 1D-0", "1 taken 1DD1 1DD0", "1 taken 1D.0"]
)
def test_open_while_a_receipt_never_came_or_is_due_or_was_not_acked(
    state: RecipientState, theirs: str
) -> None:
    assert found(state, theirs) is V.OPEN


def test_what_was_taken_back_may_stay_open_or_be_reported() -> None:
    assert parse(b"1 taken 1W-0 1DD1").decided is S.UNDELIVERABLE
    assert found(S.ACCEPTED, "1 taken 1W-0") is V.OPEN
    assert found(S.UNDELIVERABLE, "1 taken 1WU1") is V.SAME


@pytest.mark.parametrize("state", [S.ACCEPTED, S.UNKNOWN, S.IN_DOUBT])
def test_open_though_all_was_acked_is_a_fault(state: RecipientState) -> None:
    assert found(state, ARRIVED) is V.RECEIPT_LOST
    assert found(state, PART_LOST) is V.RECEIPT_LOST
    assert found(state, "1 taken 1D.0 1DD1") is V.RECEIPT_LOST


def test_who_is_in_doubt_may_have_been_sent_to_or_not() -> None:
    for state, theirs in product((S.IN_DOUBT, S.UNKNOWN), ("", REFUSED, "1 taken 1DD1 0--0")):
        assert found(state, theirs) is V.OPEN


@pytest.mark.parametrize("theirs", ["", REFUSED, "1 taken 1DD1 0--0"])
def test_accepted_and_not_taken_is_a_fault(theirs: str) -> None:
    assert found(S.ACCEPTED, theirs) is V.NOT_TAKEN


def test_an_end_of_what_was_not_taken_is_a_fault() -> None:
    for state in (S.DELIVERED, S.UNDELIVERABLE, S.EXPIRED, S.REJECTED):
        assert found(state, "") is V.NOT_TAKEN


def test_expired_unsent() -> None:
    assert found(S.EXPIRED, "", sent=False) is V.UNSENT
    assert found(S.EXPIRED, "1 taken 1DD1 0--0", sent=False) is V.UNSENT  # never complete
    assert found(S.EXPIRED, ARRIVED, sent=False) is V.NOT_OURS
    assert found(S.EXPIRED, "", sent=True) is V.NOT_TAKEN


@pytest.mark.parametrize("state", [S.WAITING, S.EXCLUDED])
def test_whoever_was_not_sent_to_is_not_there(state: RecipientState) -> None:
    assert found(state, "") is V.NOT_SENT
    assert found(state, ARRIVED) is V.NOT_OURS
    assert found(state, ARRIVED, resends=1) is V.SENT_AGAIN  # the copy before


def test_copies_are_those_that_the_ledger_names() -> None:
    assert found(S.DELIVERED, TWICE) is V.COPIES
    assert found(S.DELIVERED, TWICE, resends=1) is V.SENT_AGAIN
    assert found(S.DELIVERED, "1 taken 3DD3 3DD3", resends=1) is V.COPIES
    assert found(S.DELIVERED, ARRIVED, resends=1) is V.SENT_AGAIN
    assert found(S.DELIVERED, "1 taken 2DD2 1DD1") is V.SAME  # one segment twice is no second copy
    assert found(S.IN_DOUBT, TWICE) is V.COPIES
    assert found(S.ACCEPTED, "1 taken 2DD1 2DD2", resends=1) is V.OPEN
    assert found(S.ACCEPTED, TWICE, resends=1) is V.RECEIPT_LOST


def compare(ours: Sequence[tuple[int, RecipientState]], *lines: str) -> tuple[dict[Verdict, int], set[int]]:
    """People by verdict, and who differs."""
    comparison = Comparison("viettel", read(line.encode() for line in lines), {})
    differ = [comparison.look(msisdn, state, sent=True) for msisdn, state in ours]
    everybody = [*(each for each in differ if each), *comparison.rest()]
    assert comparison.people == sum(comparison.counts.values())
    assert len(everybody) == sum(comparison.differing.values())
    return dict(comparison.counts), {each.msisdn for each in everybody}


def test_two_people_exchanged() -> None:
    """Any sums balance."""
    lines = (f"84900000001 {ARRIVED}", f"84900000002 {PART_LOST}", f"84900000003 {ARRIVED}")
    right = [(84900000001, S.DELIVERED), (84900000002, S.UNDELIVERABLE), (84900000003, S.DELIVERED)]
    assert compare(right, *lines) == ({V.SAME: 3}, set())
    wrong = [(84900000002, S.DELIVERED), (84900000001, S.UNDELIVERABLE), (84900000003, S.DELIVERED)]
    assert compare(wrong, *lines) == ({V.SAME: 1, V.OTHER_END: 2}, {84900000001, 84900000002})


def test_whom_only_one_side_knows() -> None:
    lines = (f"84900000001 {ARRIVED}", f"84900000002 {ARRIVED}", f"84900000004 {REFUSED}")
    ours = [(84900000003, S.DELIVERED), (84900000001, S.DELIVERED), (84900000000, S.EXCLUDED)]
    assert compare(ours, *lines) == (
        {V.NOT_TAKEN: 1, V.SAME: 1, V.NOT_SENT: 1, V.NOT_OURS: 2},
        {84900000002, 84900000003, 84900000004},
    )


def test_somebody_twice() -> None:
    ours = [(84900000001, S.DELIVERED), (84900000001, S.DELIVERED)]
    assert compare(ours, f"84900000001 {ARRIVED}") == ({V.SAME: 1, V.TWICE: 1}, {84900000001})


def test_two_messages_to_one_person_are_two_copies() -> None:
    lines = ("84900000001 1 taken 1DD1", "84900000001 2 taken 1UU0", "84900000002 1 taken 1DD1")
    account = read(line.encode() for line in lines)
    assert len(account) == 2
    assert account.find(84900000001) == (
        Theirs(copies=2, begun=True, decided=S.UNDELIVERABLE, told=S.UNDELIVERABLE, acked=False),
        False,
    )
    ours = [(84900000001, S.UNDELIVERABLE), (84900000002, S.DELIVERED)]
    assert compare(ours, *lines) == ({V.COPIES: 1, V.SAME: 1}, {84900000001})


def test_nobody_at_all() -> None:
    assert compare([]) == ({}, set())


@pytest.mark.parametrize(
    "lines",
    [
        ["84900000001"],
        ["84900000001 1"],
        ["84900000001 1 gone"],
        ["84900000001 1 taken 1DX1"],
        ["84900000001 1 taken DD"],
        ["+8490000000 1 taken"],
        ["x 1 taken"],
        ['{"error": "known are"}'],
        ["9" * 19 + " 1 taken 1DD1"],
        ["2 1 taken 1DD1", "1 1 taken 1DD1"],
    ],
)
def test_what_is_no_account(lines: list[str]) -> None:
    with pytest.raises(ValueError):
        read(line.encode() for line in lines)


def test_an_account_is_packed() -> None:
    account = read(b"849%08d 1 taken 1DD1 1DD1 1DD1 1DD1 1DD1" % number for number in range(10_000))
    held = account._msisdns.itemsize + account._kinds.itemsize + 1
    assert (held, len(account._theirs), len(account)) == (13, 1, 10_000)


def test_every_fault_is_explained() -> None:
    assert set(MEANS) == set(Verdict) - ALLOWED
