"""Who a receipt is for, rule by rule."""

import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from unit.ledger.resolver.rows_of import PEOPLE, T0, facts, received, sent, written

from broadcast.ledger.packing.columns import U64
from broadcast.ledger.packing.ids import IdProfile, Ids
from broadcast.ledger.packing.received import REASONS, pack_parked, unpack_parked
from broadcast.ledger.packing.sent import Answered, Sent, unpack_sent
from broadcast.ledger.resolver.book import CarrierBook, Limits, Snapshot
from broadcast.ledger.resolver.met import Met
from broadcast.ledger.resolver.slices import SliceFacts

A, B, C = PEOPLE + 1, PEOPLE + 2, PEOPLE + 3
SECOND = 1_000_000
LATER = T0 + 10 * SECOND
LONG_AFTER = T0 + 10**6 * SECOND
DELIVERED, UNDELIVERABLE = 8, 7
BOTH = facts(1, [A, B])


def book(*rows: tuple[SliceFacts, Sent], limits: Limits | None = None, **profile: str) -> CarrierBook:
    new = CarrierBook(IdProfile(**profile), 5, limits or Limits())
    new.learn(rows)
    return new


def ended(met: Met) -> list[tuple[int, int, int, int]]:
    """(slice_id, ordinal, segment, state)"""
    return [
        (result.slice_id, *each)
        for result in met.results
        for each in zip(
            result.ordinals.tolist(), result.segments.tolist(), result.states.tolist(), strict=True
        )
    ]


def counts(met: Met) -> tuple[int, int, dict[str, int]]:
    return met.matched, met.duplicate, dict(met.misfits)


def test_a_receipt_ends_its_segment_and_the_last_one_the_message() -> None:
    of = book((BOTH, sent((0, ["a", "b"], T0), (1, ["c", "d"], T0))))
    met = of.meet(received(("b", A, LATER, UNDELIVERABLE, "021"), ("c", B, LATER, DELIVERED, "000")), 1)
    assert ended(met) == [(1, 0, 2, UNDELIVERABLE), (1, 1, 1, DELIVERED)]
    assert met.results[0].errs.all() == ["021", "000"]
    assert met.results[0].received_at.tolist() == [LATER, LATER]
    assert not met.ended and of.open_segments == 2
    assert of.meet(received(("a", A, LATER, DELIVERED)), 2).ended == {(1, UNDELIVERABLE): 1}
    assert of.meet(received(("d", B, LATER, DELIVERED)), 3).ended == {(1, DELIVERED): 1}
    assert of.open_segments == 0


def test_a_message_is_delivered_only_if_every_segment_is() -> None:
    of = book((BOTH, sent((0, ["a", "b"], T0))))
    met = of.meet(received(("a", A, LATER, DELIVERED), ("b", A, LATER, UNDELIVERABLE)), 1)
    assert met.ended == {(1, UNDELIVERABLE): 1}


@pytest.mark.parametrize("evicted", [False, True])
def test_the_time_to_a_handset_is_told_once_with_the_last_receipt_of_who_is_delivered_to(
    evicted: bool,
) -> None:
    of = book((BOTH, sent((0, ["a", "b"], T0), (1, ["c", "d"], T0))))
    if evicted:
        of.evict(LONG_AFTER)
    early = of.meet(received(("b", A, T0 + 9 * SECOND, DELIVERED), ("c", B, LATER, UNDELIVERABLE)), 1)
    assert early.delays_s == {}
    met = of.meet(
        received(("a", A, T0 + 3_900_000, DELIVERED), ("a", A, LATER, DELIVERED), ("d", B, LATER, DELIVERED)),
        2,
    )
    assert met.delays_s == {3: 1}
    together = book((BOTH, sent((0, ["a", "b"], T0), (1, ["c", "d"], T0))))
    some = [("a", A, T0 + SECOND, DELIVERED), ("b", A, T0 + 7 * SECOND, DELIVERED)]
    some += [("c", B, T0 - 100_000, DELIVERED), ("d", B, T0 - 100_000, DELIVERED)]
    assert together.meet(received(*some), 1).delays_s == {7: 1, 0: 1}


@pytest.mark.parametrize("evicted", [False, True])
def test_another_number_settles_nothing(evicted: bool) -> None:
    of = book((BOTH, sent((0, ["a"], T0))))
    if evicted:
        of.evict(LONG_AFTER)
    assert counts(of.meet(received(("a", B, LATER, DELIVERED)), 1)) == (0, 0, {"other_number": 1})
    assert counts(of.meet(received(("a", 0, LATER, DELIVERED)), 2)) == (1, 0, {})


@pytest.mark.parametrize(("early_us", "fits"), [(200_000, True), (201_000, False)])
def test_a_receipt_is_never_older_than_its_submission(early_us: int, fits: bool) -> None:
    of = book((BOTH, sent((0, ["a"], T0))))
    met = of.meet(received(("a", A, T0 - early_us, DELIVERED)), 1)
    assert counts(met) == ((1, 0, {}) if fits else (0, 0, {"older": 1}))


def test_one_look_keeps_the_times_of_its_receipts() -> None:
    """The older receipt is the earlier submission's, the newer one the later's; though they come together."""
    of = book((BOTH, sent((0, ["a"], T0))), (facts(2, [A]), sent((0, ["a"], T0 + 5 * SECOND))))
    met = of.meet(received(("a", A, T0 + 6 * SECOND, DELIVERED), ("a", A, T0 + SECOND, UNDELIVERABLE)), 1)
    assert ended(met) == [(1, 0, 1, UNDELIVERABLE), (2, 0, 1, DELIVERED)]


def test_the_newest_open_submission_of_a_number_has_the_id() -> None:
    of = book()
    for no, left_at in enumerate([T0 + SECOND, T0 + 2 * SECOND, T0]):
        of.learn([(facts(no, [A]), sent((0, ["7"], left_at)))])
    order = [ended(of.meet(received(("7", A, LATER, DELIVERED)), no))[0][0] for no in (1, 2, 3)]
    assert order == [1, 0, 2]
    assert counts(of.meet(received(("7", A, LATER, DELIVERED)), 4)) == (0, 1, {})


def test_without_a_number_several_open_people_are_a_clash_and_one_is_not() -> None:
    of = book((BOTH, sent((0, ["7"], T0), (1, ["7"], T0))))
    assert counts(of.meet(received(("7", 0, LATER, DELIVERED)), 1)) == (0, 0, {"clash": 1})
    assert ended(of.meet(received(("7", A, LATER, DELIVERED)), 2)) == [(1, 0, 1, DELIVERED)]
    assert ended(of.meet(received(("7", 0, LATER, UNDELIVERABLE)), 3)) == [(1, 1, 1, UNDELIVERABLE)]


def test_a_clash_is_one_between_generations_too() -> None:
    of = book((facts(1, [A]), sent((0, ["7"], T0))), limits=Limits(generation=1))
    of.evict(LONG_AFTER)
    of.learn([(facts(2, [B]), sent((0, ["7"], T0 + SECOND)))])
    assert counts(of.meet(received(("7", 0, LATER, DELIVERED)), 1)) == (0, 0, {"clash": 1})


def test_one_id_for_all_segments_ends_them_all_and_nobody_elses() -> None:
    of = book((BOTH, sent((0, ["7"] * 3, T0), (1, ["7"] * 3, T0))))
    assert of.open_segments == 6
    met = of.meet(received(("7", B, LATER, DELIVERED, "000")), 1)
    assert ended(met) == [(1, 1, segment, DELIVERED) for segment in (1, 2, 3)]
    assert met.results[0].errs.all() == ["000"] * 3
    assert (met.matched, met.ended, of.open_segments) == (1, {(1, DELIVERED): 1}, 3)


def test_ids_that_are_partly_the_same_end_a_segment_each() -> None:
    of = book((BOTH, sent((0, ["7", "7", "8"], T0))))
    met = of.meet(received(*[("7", A, LATER, DELIVERED)] * 3), 1)
    assert (ended(met), met.duplicate) == ([(1, 0, 1, DELIVERED), (1, 0, 2, DELIVERED)], 1)


@pytest.mark.parametrize("states", [(7, 8, 6), (8, 7, 7), (6, 7, 8)])
def test_of_several_receipts_in_one_look_the_greatest_state_counts(states: Sequence[int]) -> None:
    of = book((BOTH, sent((0, ["a"], T0))))
    met = of.meet(received(*(("a", A, LATER, state) for state in states)), 1)
    assert (ended(met), met.matched, met.duplicate) == ([(1, 0, 1, 8)], 1, 2)
    assert counts(of.meet(received(("a", A, LATER, 8)), 2)) == (0, 1, {})


def test_an_early_receipt_is_met_when_its_submission_is_learnt() -> None:
    of = book()
    early = of.meet(received(("x", A, T0, DELIVERED), ("a", A, T0 + 5, UNDELIVERABLE, "21b")), 1)
    assert (early.misfits, of.parked) == ({"unknown": 2}, 2)
    of.learn([(BOTH, sent((0, ["a"], T0)))])
    met = of.meet(received(), 2)
    assert (ended(met), met.taken, met.matched) == ([(1, 0, 1, UNDELIVERABLE)], [(1, 1)], 1)
    assert (met.results[0].received_at.tolist(), met.results[0].errs.all()) == ([T0 + 5], ["21b"])
    assert of.parked == 1


def test_what_is_parked_is_written_as_it_came_and_meets_in_the_carriers_spelling() -> None:
    of = book(id_case="fold")
    parked = of.meet(received(("AbC", 0, LATER, DELIVERED)), 4).parked
    assert parked is not None and parked.receipts.ids.texts() == ["AbC"]
    again = book((BOTH, sent((0, ["aBc"], T0))), id_case="fold")
    again.restore_parked(4, unpack_parked(pack_parked(parked.receipts, parked.reasons)))
    again.learn([(facts(2, [B]), sent((0, ["abc"], T0)))])
    assert again.meet(received(), 5).taken == []  # two people
    of.learn([(BOTH, sent((0, ["aBc"], T0)))])
    assert of.meet(received(), 5).taken == [(4, 0)]


def test_ids_that_differ_in_case_are_two_where_the_carrier_keeps_it() -> None:
    of = book((BOTH, sent((0, ["ab"], T0), (1, ["AB"], T0))))
    assert ended(of.meet(received(("AB", 0, LATER, DELIVERED)), 1)) == [(1, 1, 1, DELIVERED)]


def test_a_stray_is_matched_and_settles_nothing() -> None:
    of = book((BOTH, sent((1, ["b"], T0), strays=[(0, 2, "a")])))
    for no in (1, 2):
        met = of.meet(received(("a", A, T0 - 10**12, DELIVERED)), no)
        assert (met.matched, met.results, met.ended) == (1, (), Counter())
    assert of.open_segments == 1


def test_nobody_is_ended_who_was_taken_out_of_the_slice() -> None:
    of = book((facts(1, [0, B]), sent((0, ["a"], T0), (1, ["b"], T0))))
    met = of.meet(received(("a", A, LATER, DELIVERED), ("b", B, LATER, DELIVERED)), 1)
    assert (met.matched, ended(met)) == (2, [(1, 1, 1, DELIVERED)])


@pytest.mark.parametrize("evicted", [False, True])
def test_nobody_is_found_among_many_with_one_id_too(evicted: bool) -> None:
    people = [0, *range(A, A + 20)]
    of = book((facts(1, people), sent(*((ordinal, ["7"], T0) for ordinal in range(21)))))
    if evicted:
        of.evict(LONG_AFTER)
    assert ended(of.meet(received(("7", A, LATER, DELIVERED)), 1)) == [(1, 1, 1, DELIVERED)]
    assert counts(of.meet(received(("7", A, LATER, DELIVERED)), 2)) == (1, 0, {})


def test_an_empty_id_is_nobodys() -> None:
    of = book((BOTH, sent((0, ["", "a"], T0), (1, ["", ""], T0))))
    assert counts(of.meet(received(("", A, LATER, DELIVERED), ("", 0, LATER, DELIVERED)), 1))[2] == {
        "unknown": 2
    }
    assert of.meet(received(("a", A, LATER, DELIVERED)), 2).ended == Counter()


def test_an_equal_hash_is_not_an_equal_id() -> None:
    def one_hash(ids: Ids, seed: int) -> U64:
        return np.ones(len(ids), np.uint64)

    of = CarrierBook(IdProfile(), 5, Limits(), one_hash)
    of.learn([(BOTH, sent((0, ["a"], T0), (1, ["x" * 200 + "1"], T0)))])
    for evicted in (False, True):
        if evicted:
            of.evict(LONG_AFTER)
        met = of.meet(
            received(("b", 0, LATER, 8), ("x" * 200 + "2", B, LATER, 8), ("a" * 8, A, LATER, 8)), 1 + evicted
        )
        assert met.misfits == {"unknown": 3}
    assert ended(of.meet(received(("x" * 200 + "1", 0, LATER, 8)), 3)) == [(1, 1, 1, 8)]


def test_what_was_evicted_settles_though_other_segments_were_settled_before_and_after() -> None:
    of = book((BOTH, sent((0, ["a", "b", "c"], T0), (1, ["d", "e", "f"], T0))))
    of.meet(received(("a", A, LATER, UNDELIVERABLE)), 1)
    of.evict(LONG_AFTER)
    assert (of.hot_segments, of.open_segments) == (0, 5)
    of.meet(received(("c", A, LATER, DELIVERED)), 2)
    of.learn([(facts(2, [A]), sent((0, ["g"], T0)))])
    of.evict(LONG_AFTER)
    assert of.meet(received(("b", A, LATER, DELIVERED)), 3).ended == {(1, UNDELIVERABLE): 1}
    assert of.open_segments == 4


def test_young_is_what_is_new_and_not_too_much() -> None:
    of = book(limits=Limits(generation=2, hot_segments=4))
    for no in range(4):
        of.learn([(facts(no, [A]), sent((0, [f"{no}a", f"{no}b"], T0)))])
    of.evict(T0 + SECOND)
    assert (of.hot_segments, of.open_segments) == (4, 8)
    of.evict(T0 + 91 * SECOND)
    assert (of.hot_segments, of.open_segments) == (0, 8)


def test_a_restored_book_knows_what_rows_know() -> None:
    rows = sent((0, ["a", "b"], T0), (1, ["7", "7"], T0)), sent((2, ["c", "d"], T0))
    three = facts(1, [A, B, A])
    of = book(*((three, row) for row in rows))
    met = of.meet(received(("b", A, LATER, UNDELIVERABLE), ("7", 0, LATER, DELIVERED), ("?", 0, LATER, 8)), 1)
    again = CarrierBook(IdProfile(), 77, Limits())
    again.restore([(three, rows, [written(result) for result in met.results])])
    assert met.parked is not None
    again.restore_parked(1, unpack_parked(pack_parked(met.parked.receipts, met.parked.reasons)))
    assert again.snapshot() == of.snapshot()
    assert again.meet(received(("a", A, LATER, DELIVERED)), 2).ended == {(1, UNDELIVERABLE): 1}


def test_a_mended_spelling_settles_what_was_parked_under_the_old_one() -> None:
    """A clash stays one: whoever of them is left has no better claim to it when the others have had their end."""
    rows = sent((0, ["f"], T0), (1, ["10"], T0), (2, ["11"], T0))
    three = facts(1, [A, B, C])
    parked = book((three, rows)).meet(
        received(("15", 0, LATER, DELIVERED), ("16", B, LATER, DELIVERED), ("17", 0, LATER, 8)), 1
    ).parked  # fmt: skip
    assert parked is not None
    reasons = np.array([REASONS.index(each) for each in ("unknown", "unknown", "clash")], np.uint8)
    again = CarrierBook(IdProfile("hex", "decimal"), 5, Limits())
    again.restore([(three, [rows], [])])
    again.restore_parked(1, unpack_parked(pack_parked(parked.receipts, reasons)))
    met = again.meet(received(), 2)
    assert (ended(met), met.taken) == ([(1, 0, 1, 8), (1, 1, 1, 8)], [(1, 0), (1, 1)])
    assert again.meet(received(), 3).taken == []


def test_a_mended_spelling_makes_no_whole_of_a_message_that_is_partly_settled() -> None:
    row = sent((0, ["A", "a"], T0))
    results = book((BOTH, row)).meet(received(("A", A, LATER, UNDELIVERABLE)), 1).results
    again = CarrierBook(IdProfile(id_case="fold"), 5, Limits())
    again.restore([(BOTH, [row], [written(result) for result in results])])
    met = again.meet(received(("A", A, LATER, DELIVERED)), 2)
    assert (ended(met), met.ended) == ([(1, 0, 2, DELIVERED)], {(1, UNDELIVERABLE): 1})


def test_a_carrier_with_one_id_for_all_is_met_by_number() -> None:
    n = 2_000
    msisdns = random.Random(1).sample(range(PEOPLE, PEOPLE + n), n)
    for evicted in (False, True):
        of = book((facts(1, msisdns), sent(*((ordinal, ["0"], T0) for ordinal in range(n)))))
        if evicted:
            of.evict(LONG_AFTER)
        met = of.meet(received(*(("0", msisdn, LATER, DELIVERED) for msisdn in reversed(msisdns * 2))), 1)
        assert (met.matched, met.duplicate, of.open_segments) == (n, n, 0)


def test_without_numbers_one_id_for_all_is_a_clash() -> None:
    msisdns = list(range(PEOPLE, PEOPLE + 300))
    for evicted in (False, True):
        of = book((facts(1, msisdns), sent(*((ordinal, ["0"], T0) for ordinal in range(300)))))
        if evicted:
            of.evict(LONG_AFTER)
        assert of.meet(received(*[("0", 0, LATER, DELIVERED)] * 400), 1).misfits == {"clash": 400}


@pytest.mark.parametrize("evicted", [False, True])
def test_who_has_not_seen_everybody_with_the_id_does_not_choose(evicted: bool) -> None:
    people = list(range(PEOPLE, PEOPLE + 100))
    of = book((facts(1, people), sent(*((ordinal, ["0"], T0) for ordinal in range(100)))))
    if evicted:
        of.evict(LONG_AFTER)
    of.meet(received(*(("0", person, LATER, DELIVERED) for person in people[1:-1])), 1)
    assert of.meet(received(("0", 0, LATER, DELIVERED)), 2).misfits == {"clash": 1}


def test_no_look_takes_for_ever_when_all_want_the_same_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broadcast.ledger.resolver.rounds._STEPS_FREE", 0)
    monkeypatch.setattr("broadcast.ledger.resolver.rounds._STEPS_EACH", 1)
    of = book((facts(1, [A] * 9), sent(*((ordinal, ["0"], T0) for ordinal in range(9)))))
    met = of.meet(received(*[("0", A, LATER, DELIVERED)] * 9), 1)
    assert 0 < met.matched < 9
    assert met.misfits == {"clash": 9 - met.matched}


def test_a_generation_ends_where_a_message_does() -> None:
    of = book((BOTH, sent((0, ["a", "b", "c"], T0), (1, ["d", "e", "f"], T0))), limits=Limits(generation=4))
    met = of.meet(received(*((each, 0, LATER, DELIVERED) for each in "fedcba")), 1)
    assert met.ended == {(1, DELIVERED): 2}


def test_times_far_apart_are_kept_apart() -> None:
    day = 86_400 * SECOND
    of = book((facts(1, [A]), sent((0, ["7"], T0))))
    of.learn([(facts(2, [A]), sent((0, ["7"], T0 + 60 * day)))])
    of.evict(T0 + 100 * day)
    assert ended(of.meet(received(("7", A, T0 + 59 * day, DELIVERED)), 1)) == [(1, 0, 1, DELIVERED)]
    assert ended(of.meet(received(("7", A, T0 + 61 * day, DELIVERED)), 2)) == [(2, 0, 1, DELIVERED)]


def test_forgotten_campaigns_wait_for_nothing() -> None:
    of = book((BOTH, sent((0, ["a"], T0))), (facts(2, [B], campaign_id=9), sent((0, ["b"], T0))))
    of.evict(LONG_AFTER)
    of.learn([(facts(3, [B], campaign_id=9), sent((0, ["c"], T0)))])
    of.forget([9])
    assert of.open_segments == 1
    assert ended(of.meet(received(("a", A, LATER, 8), ("b", B, LATER, 8), ("c", B, LATER, 8)), 1)) == [
        (1, 0, 1, 8)
    ]


def test_a_row_without_accepted_messages_waits_for_nothing() -> None:
    answered = Answered(2)
    answered.end(0, 6, "0x45", T0)
    row = unpack_sent(answered.pack())
    of = book((BOTH, row))
    of.learn([])
    of.restore([])
    of.restore([(facts(2, [A]), [row], []), (facts(3, [A]), [], [])])
    of.evict(LONG_AFTER)
    assert of.snapshot() == Snapshot([], [])
    assert counts(of.meet(received(), 1)) == (0, 0, {})
