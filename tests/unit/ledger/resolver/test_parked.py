"""Parked receipts: bounded in number and age, named by their keys, found by number and by what is learnt."""

import numpy as np
import pytest
from unit.ledger.resolver.rows_of import PEOPLE, T0, facts, received, sent

from broadcast.ledger.packing.ids import IdProfile
from broadcast.ledger.packing.received import pack_parked, unpack_parked
from broadcast.ledger.resolver.book import CarrierBook, Limits, Pruned

A, B = PEOPLE + 1, PEOPLE + 2
SECOND = 1_000_000


def book(**limits: float) -> CarrierBook:
    return CarrierBook(IdProfile(), 5, Limits(**limits))


def park(of: CarrierBook, no: int, n: int, at: int = T0, msisdn: int = A) -> None:
    assert of.meet(
        received(*((f"{no}-{place}", msisdn, at, 8, f"e{place}") for place in range(n))), no
    ).parked


def test_the_oldest_go_when_there_are_too_many() -> None:
    of = book(parked=5)
    park(of, 1, 3)
    park(of, 2, 4)
    assert of.prune(T0) == Pruned([], [(1, 0), (1, 1)])
    assert (of.parked, of.prune(T0)) == (5, Pruned([], []))


def test_what_is_too_old_goes() -> None:
    of = book(parked_s=60.0)
    park(of, 1, 2, at=T0)
    park(of, 2, 1, at=T0 + SECOND)
    assert of.prune(T0 + 60 * SECOND) == Pruned([], [])
    assert of.prune(T0 + 60 * SECOND + 1) == Pruned([(1, 0), (1, 1)], [])
    assert of.parked == 1


def test_those_that_name_a_number_are_told_with_their_keys() -> None:
    of = book()
    park(of, 1, 2, msisdn=A)
    park(of, 2, 2, msisdn=B)
    park(of, 3, 1, msisdn=0)
    found = of.parked_of(np.array([B, PEOPLE + 9]))
    assert found.keys == [(2, 0), (2, 1)]
    assert found.receipts.ids.texts() == ["2-0", "2-1"]
    assert found.receipts.errs.all() == ["e0", "e1"]
    assert (of.take([(2, 1), (2, 1), (1, 0), (9, 9)]), of.take([(2, 1)])) == (2, 0)
    assert [key[:2] for key in of.snapshot().parked] == [(1, 1), (2, 0), (3, 0)]


@pytest.mark.parametrize("msisdn", [A, 0])
def test_many_come_and_go_in_columns_that_are_made_anew(msisdn: int) -> None:
    of = book()
    for no in range(1, 9):
        park(of, no, 1_000, msisdn=msisdn)
        of.take((no, place) for place in range(990))
    assert of.parked == 80
    of.learn([(facts(1, [A]), sent((0, ["8-995"], T0)))])
    met = of.meet(received(), 9)
    assert (met.taken, met.results[0].errs.all()) == ([(8, 995)], ["e995"])
    of.learn([(facts(2, [A]), sent((0, ["1-990"], T0)))])
    assert of.meet(received(), 10).taken == [(1, 990)]


def test_a_row_is_restored_without_those_that_were_taken() -> None:
    of = book()
    parked = of.meet(received(*((f"{place}", A, T0, 8) for place in range(10))), 3).parked
    assert parked is not None
    again = book()
    again.restore_parked(3, unpack_parked(pack_parked(parked.receipts, parked.reasons), bytes([0b11, 0b1])))
    of.take([(3, 0), (3, 1), (3, 8)])
    assert again.snapshot() == of.snapshot()
    assert again.prune(T0) == Pruned([], [])


def test_one_id_for_all_early_receipts_is_met_by_number() -> None:
    of = book()
    n = 1_000
    of.meet(received(*(("0", PEOPLE + place, T0, 8) for place in range(n))), 1)
    of.learn([(facts(1, range(PEOPLE, PEOPLE + n)), sent(*((place, ["0"], T0) for place in range(n))))])
    met = of.meet(received(), 2)
    assert (met.matched, len(met.taken), of.parked) == (n, n, 0)


def test_more_texts_than_a_row_can_tell_apart_do_no_harm() -> None:
    of = book()
    for no in (1, 2):
        some = [(f"{no}-{place}", A, T0, 8, f"{no}-{place}") for place in range(40_000)]
        of.meet(received(*some), no)
    ids = [f"{no}-{place}" for no in (1, 2) for place in range(40_000)]
    several = facts(1, [A] * 40_000), facts(2, [A] * 40_000)
    for slice_facts, own in zip(several, (ids[:40_000], ids[40_000:]), strict=True):
        of.learn([(slice_facts, sent(*((place, [each], T0) for place, each in enumerate(own))))])
    met = of.meet(received(), 3)
    assert met.matched == 80_000
    assert [result.errs.all() for result in met.results] == [ids[:40_000], ids[40_000:]]
