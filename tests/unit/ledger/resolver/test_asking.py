"""Pure parts of what the resolver asks rows about: parked receipts, ids in rows, whom a receipt in doubt names."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.ledger.resolver.rows_of import T0, received, sent

from broadcast.ledger.packing.ids import IdProfile, Ids
from broadcast.ledger.packing.received import REASONS, Parked
from broadcast.ledger.resolver.doubts import Asked, Doubt, endings, meant
from broadcast.ledger.resolver.facts import msisdns
from broadcast.ledger.resolver.parked_rows import ParkedRows, microseconds, moment
from broadcast.ledger.resolver.whose import Hit, Wanted, Whose, spelt_by_responses

UNKNOWN, OTHER_NUMBER = REASONS.index("unknown"), REASONS.index("other_number")
AN, BINH = 84961000001, 84961000002
SECOND = 1_000_000


def parked(*numbers: int, reasons: tuple[int, ...] = (), left: tuple[bool, ...] = ()) -> Parked:
    receipts = received(*((f"x{at}", number, T0 + at, 8) for at, number in enumerate(numbers)))
    return Parked(
        receipts,
        np.array(reasons or [UNKNOWN] * len(numbers), np.uint8),
        np.array(left or [True] * len(numbers), np.bool_),
    )


def doubt(
    msisdn: int, slice_id: int = 1, *, segments: int = 1, sent_after: int = T0, since: int = 0
) -> Doubt:
    return Doubt(msisdn, slice_id, 0, 1, segments, moment(T0 + since), sent_after, frozenset())


# ---------------------------------------------------------------- parked rows


def test_what_is_taken_of_parked_rows_is_as_their_bitmaps_say() -> None:
    rows = ParkedRows()
    rows.add(3, parked(AN, BINH, AN, left=(True, False, True)))
    rows.add(5, parked(AN))
    assert rows.left == 3
    left = rows.without([(3, 0), (5, 0)])
    assert (left.nos, left.counts, left.taken) == ([3, 5], [1, 0], [b"\x03", b"\x01"])
    assert rows.left == 3  # nothing happened yet
    rows.take([(3, 0), (5, 0)])
    assert rows.left == 1
    assert [rows.is_left(key) for key in ((3, 0), (3, 1), (3, 2), (5, 0))] == [False, False, True, False]
    assert rows.keys(3) == [(3, 2)]


def test_only_receipts_whose_id_is_nobody_s_name_somebody() -> None:
    rows = ParkedRows()
    rows.add(1, parked(BINH, 0, AN, reasons=(UNKNOWN, UNKNOWN, OTHER_NUMBER)))
    rows.add(2, parked(AN))
    named = rows.named()
    assert named.msisdns.tolist() == [AN, BINH]
    assert list(zip(named.nos.tolist(), named.indexes.tolist(), strict=True)) == [(2, 0), (1, 0)]
    rows.take([(2, 0)])
    assert rows.named().msisdns.tolist() == [BINH]


def test_rows_are_asked_about_once() -> None:
    rows = ParkedRows()
    rows.add(1, parked(AN))
    rows.add(2, parked(AN, AN))
    assert rows.unasked(T0 + 1) == [1]
    rows.asked([1, 7])
    assert rows.unasked(T0 + 100) == [2]


@given(st.integers(0, 4_000_000_000_000_000))
def test_times_go_there_and_back(us: int) -> None:
    assert microseconds(moment(us)) == us


# ---------------------------------------------------------------- ids in rows


def test_whole_ids_are_found_with_their_segments() -> None:
    """The same id in several places, and one that is asked for twice."""
    row = sent((4, ("a1", "a2"), T0), (9, ("b1", "a2"), T0 + SECOND), strays=((7, 1, "s"),))
    wanted = Wanted(Ids.of(["a2", "s", "none", "a2"]), np.zeros(4, np.bool_), IdProfile(), seed=1)
    found = wanted.found_in(row, moved=False)
    expected = [
        *(
            Hit(i, ordinal, 2, left_at, stray=False)
            for i in (0, 3)
            for ordinal, left_at in ((4, T0), (9, T0 + SECOND))
        ),
        Hit(1, 7, 1, 0, stray=True),
    ]
    assert sorted(found, key=repr) == sorted(expected, key=repr)


def test_ids_are_found_as_the_profile_spells_them() -> None:
    profile = IdProfile(response_id="hex", receipt_id="decimal")
    row = sent((0, ("00FF",), T0))
    wanted = Wanted(Ids.of(["255", "FF"]), np.zeros(2, np.bool_), profile, 1)
    assert [hit.i for hit in wanted.found_in(row, moved=False)] == [0]


def test_ids_that_moved_are_found_as_the_ledger_of_before_spelt_them() -> None:
    """A row of its own has 255; the receipts told of it in hex, the last one before the move."""
    profile = IdProfile(receipt_id="hex")
    wanted = Wanted(Ids.of(["FF", "0ff", "255", "255"]), np.array([False, False, False, True]), profile, 1)
    assert [hit.i for hit in wanted.found_in(sent((0, ("255",), T0)), moved=True)] == [0, 1, 3]


@pytest.mark.parametrize("form", ["text", "decimal", "hex"])
@given(receipts=st.lists(st.text("0123456789", min_size=1, max_size=20), min_size=1, max_size=5))
def test_what_a_receipt_told_is_kept_in_the_spelling_of_responses(form: str, receipts: list[str]) -> None:
    profile = IdProfile(response_id=form, receipt_id="decimal")  # type: ignore[arg-type]
    canonical = profile.of_receipts(Ids.of(receipts))
    kept = Ids.of(spelt_by_responses(profile, canonical.texts()))
    assert profile.of_responses(kept).texts() == canonical.texts()


# ---------------------------------------------------------------- doubts


def test_a_receipt_is_for_the_person_that_it_names_after_the_submit_left() -> None:
    rows = ParkedRows()
    rows.add(1, parked(AN, BINH, AN))
    first, second = doubt(AN, 1, sent_after=T0 + 100_000), doubt(AN, 2, sent_after=T0 + 300_000)
    assert meant(rows.named(), [first, second], None) == {(1, 0): [first], (1, 2): [first]}
    assert meant(rows.named(), [first], T0 + 1) == {(1, 0): [first]}
    assert meant(rows.named(), [doubt(AN + 5)], None) == {}


def asked(of: Doubt, *receipts: tuple[str, int], whose: tuple[Whose, ...] = ()) -> Asked:
    told = received(*((text, of.msisdn, T0 + at, state) for at, (text, state) in enumerate(receipts)))
    every = list(whose) or [Whose.NOBODYS] * len(receipts)
    return Asked(
        [(1, at) for at in range(len(receipts))], told, told.ids.texts(), [of] * len(receipts), every
    )


def test_a_doubt_ends_with_a_receipt_of_its_own_for_each_segment() -> None:
    of = doubt(AN, segments=2)
    assert endings(asked(of, ("a", 8))) == []
    assert endings(asked(of, ("a", 8), ("a", 8))) == []
    assert endings(asked(of, ("a", 8), ("b", 8), whose=(Whose.NOBODYS, Whose.SOMEBODYS))) == []
    (ending,) = endings(asked(of, ("a", 7), ("b", 8), ("a", 8), ("c", 8)))
    assert (ending.receipts, ending.taken) == ([2, 1], [0, 2, 1])  # c is left


def test_a_message_of_which_no_receipt_is_awaited_ends_with_one() -> None:
    (ending,) = endings(asked(doubt(AN, segments=0), ("a", 7)))
    assert ending.receipts == [0]


# ---------------------------------------------------------------- facts


def as_sent(numbers: list[int | None]) -> bytes:
    """array_send of a bigint[] (PostgreSQL, src/backend/utils/adt/arrayfuncs.c)."""
    head = [1, int(None in numbers), 20, len(numbers), 1]
    elements = [
        (-1).to_bytes(4, "big", signed=True)
        if number is None
        else (8).to_bytes(4, "big") + number.to_bytes(8, "big", signed=True)
        for number in numbers
    ]
    return b"".join([*(field.to_bytes(4, "big") for field in head), *elements])


@given(st.lists(st.none() | st.integers(1, 2**63 - 1), min_size=1, max_size=20))
def test_numbers_are_read_as_postgres_sends_them(numbers: list[int | None]) -> None:
    assert msisdns(as_sent(numbers)).tolist() == [number or 0 for number in numbers]
