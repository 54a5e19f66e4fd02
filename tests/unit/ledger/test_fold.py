"""What rows say of a slice's people: example by example, and against a reference that goes person by person."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.ledger.fold import NOBODY, PROBLEMS, DoubtRow, FinalRow, People, SliceRow, fold
from broadcast.ledger.packing.result import Result, pack_result, unpack_result
from broadcast.ledger.packing.sent import Answered, Sent, unpack_sent
from broadcast.ledger.states import RecipientState as State

AT = 1_780_000_000_000_000
Report = tuple[int, int, int, int, str]  # ordinal, segment, state, received_at, err


def bitmap(ordinals: Sequence[int]) -> bytes:
    number = sum(1 << ordinal for ordinal in set(ordinals))
    return number.to_bytes((number.bit_length() + 7) // 8, "little")


def a_slice(
    total: int, mark: int = 0, answered: Sequence[int] = (), retry: Sequence[int] = (), state: str = "leased"
) -> SliceRow:
    return SliceRow(mark, state, bitmap(answered), bitmap(retry), [84_900_000_000 + i for i in range(total)])


def sent(
    messages: Sequence[tuple[int, int]] = (), ends: Sequence[tuple[int, int, str, int]] = (), segments: int = 2,
    strays: Sequence[tuple[int, int]] = (),
) -> Sent:  # fmt: skip
    """messages: (ordinal, answered_at); ends: (ordinal, state, err, at); strays: (ordinal, segment)."""
    some = Answered(segments)
    for ordinal, at in messages:
        some.accept_parts(ordinal, [f"{ordinal}-{segment}" for segment in range(1, segments + 1)])
        some.read(at, at)
    for end in ends:
        some.end(*end)
    for ordinal, segment in strays:
        some.stray(ordinal, segment, f"{ordinal}-{segment}")
    return unpack_sent(some.pack())


def result(*reports: Report) -> Result:
    ordinals, segments, states, times, errs = (list(each) for each in zip(*reports, strict=True))
    return unpack_result(pack_result(ordinals, segments, states, times, errs))


def states(people: People) -> list[int]:
    return people.state.tolist()


def problems(people: People) -> dict[str, tuple[int, ...]]:
    return {problem.what: problem.ordinals for problem in people.problems}


@pytest.mark.parametrize(
    ("state", "unsent"),
    [
        ("ready", State.WAITING),
        ("leased", State.WAITING),
        ("expired", State.EXPIRED),
        ("cancelled", State.EXCLUDED),
    ],
)
def test_who_is_not_answered_is_told_by_the_slice(state: str, unsent: State) -> None:
    people = fold(a_slice(10, mark=4, retry=[1], state=state), [], [])
    assert states(people) == [State.IN_DOUBT, unsent, State.IN_DOUBT, State.IN_DOUBT, *[unsent] * 6]
    assert people.msisdn.tolist() == [84_900_000_000 + i for i in range(10)]
    assert people.errs.all() == [""] * 10
    assert people.ids() == [()] * 10
    assert not people.problems


def test_a_message_is_settled_by_its_last_segment_as_its_worst() -> None:
    people = fold(
        a_slice(5, 5, range(5)),
        [sent([(0, AT), (3, AT)]), sent([(1, AT + 20_000), (2, AT + 20_000), (4, AT + 40_000)])],
        [
            result((0, 1, 8, AT + 3_000, "000"), (1, 2, 7, AT + 4_000, "21b"), (2, 1, 5, AT + 4_000, "e")),
            result((0, 2, 8, AT + 9_000, "001"), (1, 1, 8, AT + 1_000, "000"), (2, 2, 5, AT + 9_000, "f")),
            result((3, 2, 7, AT + 9_000, "x")),
        ],
    )
    assert states(people) == [8, 7, 5, State.ACCEPTED, State.ACCEPTED]
    assert people.errs.all() == ["000", "21b", "e", "", ""]
    assert people.settled_at.tolist() == [AT + 9_000, AT + 4_000, AT + 9_000, 0, 0]
    assert people.submitted_at.tolist() == [AT, AT + 20_000, AT + 20_000, AT, AT + 40_000]
    assert people.segments.tolist() == [2] * 5
    assert people.ids() == [(f"{i}-1", f"{i}-2") for i in range(5)]
    assert not people.problems


def test_who_waits_for_receipts_is_unknown_once_the_campaign_is_closed() -> None:
    rows = (
        a_slice(3, 3, range(3)),
        [sent([(0, AT), (1, AT), (2, AT)], segments=1)],
        [result((1, 1, 8, AT, ""))],
    )
    assert states(fold(*rows)) == [State.ACCEPTED, 8, State.ACCEPTED]
    assert states(fold(*rows, closed=True)) == [State.UNKNOWN, 8, State.UNKNOWN]


def test_who_ended_without_a_receipt() -> None:
    ended = [(1, State.REJECTED, "status:11", AT + 1), (2, State.UNKNOWN, "no_receipts", AT + 2)]
    people = fold(a_slice(3, 3, range(3)), [sent([(0, AT)], ended, strays=[(1, 1)])], [])
    assert states(people) == [State.ACCEPTED, State.REJECTED, State.UNKNOWN]
    assert people.errs.all() == ["", "status:11", "no_receipts"]
    assert people.settled_at.tolist() == [0, AT + 1, AT + 2]
    assert people.submitted_at.tolist() == [AT, 0, 0]
    assert people.ids() == [("0-1", "0-2"), (), ()]


def test_a_receipt_of_a_stray_settles_nothing_and_is_no_problem() -> None:
    row = sent(ends=[(1, State.REJECTED, "e", AT)], strays=[(1, 2)])
    people = fold(a_slice(2, 2, [0, 1]), [row, sent([(0, AT)])], [result((1, 2, 8, AT, ""))])
    assert states(people) == [State.ACCEPTED, State.REJECTED]
    assert not people.problems


def test_doubts() -> None:
    doubts = [
        DoubtRow(0, None),
        DoubtRow(1, "answered"),
        DoubtRow(2, "resent"),
        DoubtRow(3, "receipt"),
        DoubtRow(4, "closed"),
    ]
    ended = [(4, State.UNKNOWN, "worker_lost", AT)]
    people = fold(a_slice(6, 5, range(5)), [sent([(1, AT), (3, AT)], ended)], [], doubts)
    assert states(people) == [State.IN_DOUBT, 3, NOBODY, 3, State.UNKNOWN, State.WAITING]
    assert not people.problems


def test_a_doubt_that_the_close_ended_is_unknown_until_a_row_says_more() -> None:
    doubts = [DoubtRow(0, "closed", AT), DoubtRow(1, "closed", AT)]
    people = fold(
        a_slice(2, 2, [0, 1]),
        [sent([(1, AT)])],
        [result((1, 1, 8, AT + 5, ""), (1, 2, 8, AT + 5, ""))],
        doubts,
        closed=True,
    )
    assert states(people) == [State.UNKNOWN, State.DELIVERED]
    assert (people.settled_at[0], people.errs.all()) == (AT, ["in_doubt", ""])
    assert not people.problems


def test_whoever_was_taken_out_is_nobody() -> None:
    row = SliceRow(1, "ready", bitmap([0, 1]), b"", [84_900_000_000, None, 84_900_000_001])
    people = fold(row, [sent([(0, AT)])], [])
    assert states(people) == [State.ACCEPTED, NOBODY, State.WAITING]
    assert people.msisdn.tolist() == [84_900_000_000, 0, 84_900_000_001]
    assert not people.problems


def test_rows_of_the_ledger_before() -> None:
    finals = [
        FinalRow(0, 8, AT - 5, AT, 2, "000", ("a", "b")),
        FinalRow(2, State.REJECTED, 0, AT, 0, "status:8"),
    ]
    people = fold(a_slice(3, 3, range(3)), [sent([(1, AT)])], [], finals=finals)
    assert states(people) == [8, 3, State.REJECTED]
    assert people.submitted_at.tolist() == [AT - 5, AT, 0]
    assert people.settled_at.tolist() == [AT, 0, AT]
    assert people.errs.all() == ["000", "", "status:8"]
    assert people.ids() == [("a", "b"), ("1-1", "1-2"), ()]
    assert not people.problems


@pytest.mark.parametrize(
    ("what", "whom", "people"),
    [
        ("twice", 1, fold(a_slice(2, 2, [0, 1]), [sent([(0, AT), (1, AT)]), sent([(1, AT)])], [])),
        ("twice", 1, fold(a_slice(2, 2, [0, 1]), [sent([(0, AT), (1, AT)], [(1, 6, "", AT)])], [])),
        ("twice", 0, fold(a_slice(2, 1, [0]), [sent([(0, AT)])], [], [DoubtRow(0, None)])),
        ("twice", 0, fold(a_slice(2, 1, [0]), [sent([(0, AT)])], [], [DoubtRow(0, "resent")])),
        ("twice", 0, fold(a_slice(2, 1, [0]), [sent([(0, AT)])], [], finals=[FinalRow(0, 8, AT, AT, 1, "")])),
        ("settled_twice", 0, fold(a_slice(1, 1, [0]), [sent([(0, AT)])], [result((0, 1, 8, AT, ""))] * 2)),
        ("no_submission", 1, fold(a_slice(2, 1, [0]), [sent([(0, AT)])], [result((1, 1, 8, AT, ""))])),
        ("no_submission", 0, fold(a_slice(2, 1, [0]), [sent([(0, AT)])], [result((0, 3, 8, AT, ""))])),
        ("no_submission", 9, fold(a_slice(2, 1, [0]), [sent([(0, AT)])], [result((9, 1, 8, AT, ""))])),
        ("no_row", 1, fold(a_slice(2, 2, [0, 1]), [sent([(0, AT)])], [])),
        ("no_row", 1, fold(a_slice(2, 2, [0, 1]), [sent([(0, AT)])], [], [DoubtRow(1, "receipt")])),
        ("no_answer", 1, fold(a_slice(2, 2, [0]), [sent([(0, AT), (1, AT)])], [])),
        ("no_answer", 1, fold(a_slice(2, 2, [0]), [sent([(0, AT)])], [], [DoubtRow(1, None)])),
        ("unintended", 1, fold(a_slice(2, 1, [0, 1]), [sent([(0, AT), (1, AT)])], [])),
        ("no_place", 2, fold(a_slice(2, 2, [0, 1]), [sent([(0, AT), (1, AT), (2, AT)])], [])),
        ("no_place", 2, fold(a_slice(2, 0), [], [], [DoubtRow(2, None)])),
        ("no_place", 0, fold(SliceRow(1, "ready", b"\1", b"", [None]), [sent([(0, AT)])], [])),
    ],
)  # fmt: skip
def test_rows_that_contradict_one_another_are_named(what: str, whom: int, people: People) -> None:
    assert problems(people) == {what: (whom,)}
    assert what in PROBLEMS


def test_of_two_results_the_first_counts() -> None:
    twice = [result((0, 1, 7, AT, "first")), result((0, 1, 8, AT + 1, "second"))]
    people = fold(a_slice(1, 1, [0]), [sent([(0, AT)], segments=1)], twice)
    assert (states(people), people.errs.all()) == ([7], ["first"])


# ------------------------------------------------------------------ any rows, against person by person

TOTAL = 12
ordinals = st.integers(0, TOTAL + 1)
messages = st.lists(st.tuples(ordinals, st.integers(0, 5).map(lambda ms: AT + 50_000 * ms)), max_size=6)
ends = st.lists(
    st.tuples(ordinals, st.sampled_from([4, 6]), st.sampled_from(["", "e"]), st.just(AT)), max_size=2
)
strays = st.lists(st.tuples(ordinals, st.integers(1, 3)), max_size=2)
reports = st.lists(
    st.tuples(
        ordinals, st.integers(1, 3), st.integers(5, 8), st.integers(0, 60).map(lambda s: AT + 1_000 * s),
        st.sampled_from(["", "000", "x"]),
    ),
    min_size=1, max_size=15, unique_by=lambda report: report[:2],
)  # fmt: skip
doubts = st.lists(
    st.tuples(ordinals, st.sampled_from([None, "answered", "receipt", "resent", "closed"])), max_size=3,
    unique_by=lambda doubt: doubt[0],
)  # fmt: skip
finals = st.lists(
    st.tuples(ordinals, st.integers(4, 8)).map(lambda two: FinalRow(*two, AT, AT + 9, 2, "old", ("a", "b"))), max_size=2
)  # fmt: skip


def rows_for(ordinal: int, sents: list, doubts: list, finals: list[FinalRow]) -> int:
    spoken = Counter(o for _, some, ended, _ in sents for o, *_ in (*some, *ended))
    spoken.update(final.ordinal for final in finals)
    spoken.update(o for o, how in doubts if how in (None, "resent"))
    return spoken[ordinal] or int((ordinal, "closed") in doubts)


def reference(
    row: SliceRow, ordinal: int, sents: list, results: list, doubts: list, finals: list, closed: bool
) -> tuple:
    """(state, segments, submitted_at, settled_at, err, ids) of one person."""
    bit = 1 << ordinal
    unsent = {"expired": 5, "cancelled": 9}.get(row.state, 1)
    intended = ordinal < row.mark and not int.from_bytes(row.retry, "little") & bit
    found: tuple = (2 if intended else unsent, 0, 0, 0, "", ())
    how = dict(doubts).get(ordinal, "none")
    of_rows = None
    for segments, some, _, _ in sents:
        for o, at in some:
            if o == ordinal and of_rows is None:
                first: dict[int, tuple[int, int, str]] = {}
                for o2, segment, *rest in (report for each in results for report in each):
                    if o2 == ordinal and segment <= segments:
                        first.setdefault(segment, tuple(rest))
                of_rows = (
                    4 if closed else 3,
                    segments,
                    at,
                    0,
                    "",
                    tuple(f"{o}-{k}" for k in range(1, segments + 1)),
                )
                if segments and len(first) == segments:
                    state = min(state for state, _, _ in first.values())
                    err = next(first[k][2] for k in sorted(first) if first[k][0] == state)
                    of_rows = (state, segments, at, max(at for _, at, _ in first.values()), err, of_rows[5])
    ended = next((end for _, _, all_of_them, _ in sents for end in all_of_them if end[0] == ordinal), None)
    if ended:
        of_rows = (ended[1], 0, 0, ended[3], ended[2], ())
    final = next((final for final in finals if final.ordinal == ordinal), None)
    if final:
        of_rows = (final.state, 2, AT, AT + 9, "old", ("a", "b"))
    found = of_rows or found
    if how == "resent":
        return (NOBODY, *found[1:])
    if how == "closed" and not of_rows:
        return (4, 0, 0, 0, "in_doubt", ())
    return (2, *found[1:]) if how != "none" and not of_rows else found


@given(
    st.data(),
    st.lists(st.tuples(st.integers(0, 3), messages, ends, strays), max_size=4),
    st.lists(reports, max_size=4),
    doubts,
    finals,
)
def test_any_rows_say_what_they_say_person_by_person(
    data: st.DataObject, sents: list, results: list, doubts: list, finals: list
) -> None:  # fmt: skip
    mark, closed = data.draw(st.integers(0, TOTAL)), data.draw(st.booleans())
    answered, retry = (
        data.draw(st.sets(st.integers(0, TOTAL - 1))),
        data.draw(st.sets(st.integers(0, TOTAL - 1))),
    )
    row = a_slice(TOTAL, mark, answered, retry, data.draw(st.sampled_from(["ready", "expired", "cancelled"])))
    people = fold(
        row, [sent(some, ended, segments, odd) for segments, some, ended, odd in sents],
        [result(*each) for each in results], [DoubtRow(*doubt) for doubt in doubts], finals, closed=closed,
    )  # fmt: skip
    found = zip(
        people.state.tolist(), people.segments.tolist(), people.submitted_at.tolist(), people.settled_at.tolist(),
        people.errs.all(), people.ids(), strict=True,
    )  # fmt: skip
    assert list(found) == [
        reference(row, ordinal, sents, results, doubts, finals, closed) for ordinal in range(TOTAL)
    ]
    spoken = {ordinal: rows_for(ordinal, sents, doubts, finals) for ordinal in range(TOTAL)}
    named = problems(people)
    assert set(named.get("twice", ())) == {ordinal for ordinal, rows in spoken.items() if rows > 1}
    assert set(named.get("no_row", ())) == {ordinal for ordinal in answered if not spoken[ordinal]}
    assert set(named.get("no_answer", ())) == {o for o, rows in spoken.items() if rows and o not in answered}
    assert set(named.get("unintended", ())) == {o for o, rows in spoken.items() if rows and o >= mark}
