"""When receipts come, and what comes beside them."""

from collections import Counter
from random import Random
from typing import Any

import pytest
from unit.simulator.pdus import HEAD

from broadcast.simulator.fate import Fate
from broadcast.simulator.habits import ReceiptHabits
from broadcast.simulator.personality import Personality
from broadcast.simulator.receipt_plan import (
    EARLY,
    HELD,
    NOBODY,
    OddPlan,
    Strangers,
    dealt,
    plain_plan,
    poisons,
)
from broadcast.simulator.receipts import Receipts, Stage

NOW = 100.0


def batch(count: int) -> Receipts:
    numbers = range(count)
    return Receipts(
        "owner", HEAD, b"2603010800", 11, 4, b"".join(b"849%08d" % n for n in numbers),
        b"".join(b"%04d" % n for n in numbers), bytes((Fate.DELIVERED,)) * count,
    )  # fmt: skip


def plan_of(like: Personality) -> OddPlan:
    return OddPlan(like, Random(1), Counter())


def plan(count: int, jitter: float = 0.0, **habits: Any) -> list[tuple[Any, Receipts]]:
    like = Personality(
        "x", "x", receipt_delay_s=2.0, receipt_jitter_s=jitter, receipts=ReceiptHabits(**habits)
    )
    return list(plan_of(like).of(batch(count), NOW))


def ids(planned: list[tuple[Any, Receipts]], stage: Stage) -> Counter[bytes]:
    found: Counter[bytes] = Counter()
    for _, each in planned:
        if each.stage is stage:
            found.update(each.ids[at : at + each.id_width] for at in range(0, len(each.ids), each.id_width))
    return found


ALL = Counter(b"%04d" % n for n in range(200))


def test_each_piece_has_a_delay_of_its_own() -> None:
    like = Personality("x", "x", receipt_delay_s=2.0, receipt_jitter_s=0.5)
    planned = list(plain_plan(like, Random(1), batch(200), NOW))
    assert ids(planned, Stage.FINAL) == ALL
    assert len({moment for moment, _ in planned}) == 4
    assert all(101.5 <= moment <= 102.5 for moment, _ in planned)


def test_what_is_held_is_not_repeated_nor_early() -> None:
    planned = plan(200, held_share=1.0, early_share=1.0, repeats=1)
    assert [due for due, _ in planned] == [HELD]
    assert ids(planned, Stage.FINAL) == ALL


def test_intermediate_ones_come_first_in_their_order() -> None:
    planned = plan(200, intermediate=("ENROUTE", "BUFFRED"), intermediate_s=0.1, jitter=0.5)
    assert ids(planned, Stage.FINAL) == ALL
    assert ids(planned, Stage.INTERMEDIATE) == ALL + ALL
    for one in (b"0000", b"0199"):
        steps = sorted((at, each.stage, each.fates[0]) for at, each in planned if one in each.ids)
        assert [step[1:] for step in steps] == [(1, 0), (1, 1), (0, Fate.DELIVERED)]
        assert 0.19 < steps[2][0] - steps[0][0] < 0.21


def test_early_ones_are_due_before_the_response() -> None:
    planned = plan(200, early_share=0.5)
    early = [each for moment, each in planned if moment == EARLY]
    assert 60 < sum(map(len, early)) < 140
    assert ids(planned, Stage.FINAL) == ALL


def test_repeats() -> None:
    planned = plan(200, repeats=3, repeat_share=1.0, repeat_after_s=0.1)
    assert ids(planned, Stage.REPEAT) == ALL + ALL + ALL
    assert sorted({round(at - NOW, 6) for at, each in planned if each.stage is Stage.REPEAT}) == [
        2.1,
        2.2,
        2.3,
    ]
    some = ids(plan(200, repeats=1, repeat_share=0.1), Stage.REPEAT)
    assert 5 < len(some) < 40
    early = plan(200, repeats=1, early_share=1.0, repeat_after_s=0.1)
    assert ids(early, Stage.REPEAT) == ALL


def test_strangers_have_ids_of_nobody() -> None:
    planned = plan(200, stranger_share=0.5)
    strangers = ids(planned, Stage.STRANGER)
    assert 60 < len(strangers) < 140
    assert not set(strangers) & set(ALL)
    assert ids(planned, Stage.FINAL) == ALL


def test_strangers_may_have_ids_that_come_later() -> None:
    like = Personality(
        "x", "x", receipts=ReceiptHabits(stranger_share=1.0, stranger_ahead=50, between_s=(1.0, 2.0))
    )
    asked = []

    def coming(count: int, ahead: int) -> list[bytes]:
        asked.append((count, ahead))
        return [b"9%d" % (9 + number) for number in range(count)]

    planned = list(OddPlan(like, Random(1), Counter(), coming).of(batch(3), NOW))
    final = moments(planned, Stage.FINAL)
    told = [(at, each) for at, each in planned if each.stage is Stage.STRANGER]
    assert asked == [(3, 50)]
    assert [each.ids for _, each in told] == [b"99", b"910", b"911"]  # of any width
    assert [at for at, _ in told] == list(final.values())
    assert [each.msisdns for _, each in told] == [single[0] for single in batch(3).singles()]


def test_strangers_of_a_session() -> None:
    like = Personality("x", "x")
    made = Strangers(like, Random(1)).of("session", 100, b"2603010800")
    assert (len(made), made.owner, made.stage) == (100, "session", Stage.STRANGER)
    singles = list(made.singles())
    assert len({single[1] for single in singles}) == 100
    assert all(single[0].startswith(b"849") and len(single[0]) == 11 for single in singles)


def test_late_ones() -> None:
    planned = plan(200, late_share=0.5, late_s=60.0)
    late = sum(len(each) for at, each in planned if at == NOW + 62)
    assert 60 < late < 140
    assert late + sum(len(each) for at, each in planned if at == NOW + 2) == 200


def moments(planned: list[tuple[Any, Receipts]], stage: Stage) -> dict[bytes, float]:
    """When each of them comes, by id. Each has a time of its own."""
    return {
        single[1]: at
        for due, each in planned
        if each.stage is stage
        for at, single in zip(due, each.singles(), strict=True)
    }


def test_each_receipt_has_a_delay_of_its_own() -> None:
    found = moments(plan(2000, between_s=(2.0, 30.0)), Stage.FINAL)
    delays = sorted(at - NOW for at in found.values())
    assert len(found) == 2000 < len(set(delays)) * 2
    assert 2.0 <= delays[0] < 3.0
    assert 20.0 < delays[-1] <= 30.0
    assert 8.5 < sum(delays) / 2000 < 12.5  # of a beta distribution of 1.3 and 3.0 the mean is 1.3 / 4.3
    assert delays[1000] < sum(delays) / 2000


def test_scattered_ones_come_with_all_that_belongs_to_them() -> None:
    planned = plan(
        200, between_s=(2.0, 30.0), intermediate=("ENROUTE",), intermediate_s=0.5, repeats=1,
        repeat_between_s=(60.0, 90.0),
    )  # fmt: skip
    first, final, again = (
        moments(planned, stage) for stage in (Stage.INTERMEDIATE, Stage.FINAL, Stage.REPEAT)
    )
    assert set(first) == set(final) == set(again) == set(ALL)
    assert all(final[one] - first[one] == pytest.approx(0.5) for one in ALL)
    assert all(60.0 <= again[one] - final[one] <= 90.0 for one in ALL)


def test_some_come_after_minutes() -> None:
    found = moments(
        plan(2000, between_s=(2.0, 30.0), late_share=0.1, late_between_s=(60.0, 180.0)), Stage.FINAL
    )
    assert len(found) == 2000
    assert 140 < sum(60.0 <= at - NOW <= 180.0 for at in found.values()) < 260
    assert all(2.0 <= at - NOW <= 30.0 or 60.0 <= at - NOW <= 180.0 for at in found.values())


def test_repeats_of_receipts_that_come_together_part() -> None:
    planned = plan(200, repeats=1, repeat_between_s=(60.0, 90.0))
    assert {at for at, each in planned if each.stage is Stage.FINAL} == {102.0}
    assert all(162.0 <= at <= 192.0 for at in moments(planned, Stage.REPEAT).values())


def test_missing_ones_never_come_in_any_form() -> None:
    like = Personality(
        "x", "x", receipts=ReceiptHabits(missing_share=0.5, repeats=1, intermediate=("ENROUTE",))
    )
    told: Counter[str] = Counter()
    planned = list(OddPlan(like, Random(1), told).of(batch(200), NOW))
    final = ids(planned, Stage.FINAL)
    assert len(final) == 200 - told["missing_receipts"]
    assert 60 < told["missing_receipts"] < 140
    assert set(ids(planned, Stage.REPEAT)) == set(ids(planned, Stage.INTERMEDIATE)) == set(final)
    assert plan(200, missing_share=1.0) == []


def test_any_session() -> None:
    assert {each.owner for _, each in plan(5, any_session=True)} == {NOBODY}
    assert {each.owner for _, each in plan(5, late_share=0.5)} == {"owner"}


class Session:
    receives = True


def test_repeats_for_a_new_link_know_the_one_of_their_message() -> None:
    planned = plan(50, any_session=True, repeats=1, repeats_on_new_link=True)
    assert {each.owner for _, each in planned if each.stage is Stage.FINAL} == {NOBODY}
    assert {each.owner for _, each in planned if each.stage is Stage.REPEAT} == {"owner"}


def test_what_is_nobodys_is_dealt_among_all_that_receive() -> None:
    mine, other = Session(), Session()
    whose, anybodys = batch(100), batch(200)
    whose.owner, anybodys.owner = mine, NOBODY
    kept, *pieces = dealt([whose, anybodys], [mine, other], Random(1))
    assert kept is whose
    assert kept.owner is mine
    assert {id(piece.owner) for piece in pieces} == {id(mine), id(other)}
    assert b"".join(piece.ids for piece in pieces) == anybodys.ids
    assert max(map(len, pieces)) <= 16


def test_poisons() -> None:
    stored: dict[bytes, bytes] = {}
    made = poisons("owner", 3, stored)
    assert (len(made), made.stage, len(stored)) == (3, Stage.POISON, 3)
    assert made.part(1, 2).ids in stored
