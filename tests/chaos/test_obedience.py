"""What a pause forbids, and what is excused."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from chaos.faults import Done
from chaos.ledger_schedule import ledger_schedule
from chaos.obedience import judged, unobeyed
from chaos.operator import Given
from chaos.schedule import Fault, HomeAway, Kind, Schedule, Word
from chaos.topology import two_ledgers

BOTH = frozenset({"north", "south"})
PLAN = replace(ledger_schedule(1), topology=two_ledgers(split=False, resolvers=False), home_away="stop")
PAUSE = Given(Word.PAUSE, 99.5, 100.0, 101.0, BOTH)
RESUME = Given(Word.RESUME, 110.0, 110.5, 111.0, BOTH)


def accounts(**last: float) -> dict[str, dict[str, list[tuple[float, int]]]]:
    """Samples of 100 a second until then, and again from 110 on."""
    found = {}
    for name in PLAN.habits:
        samples, count = [], 0
        for tick in range(90 * 20, 120 * 20):
            at = tick / 20
            count += 5 if at <= last.get(name, 101.0) or at > 110.2 else 0
            samples.append((at, count))
        found[name] = {"samples": samples}
    return found


def told(
    done: Sequence[Done] = (),
    given: Sequence[Given] = (PAUSE, RESUME),
    plan: Schedule = PLAN,
    **last: float,
) -> list[str]:
    return list(unobeyed(plan, done, given, accounts(**last)))


def fault(kind: Kind, target: str, began: float, ended: float) -> Done:
    return Done(Fault(began - 90, kind, target, ended - began), began, ended)


def test_nothing_leaves_from_two_seconds_on() -> None:
    assert told() == []
    assert told(viettel=102.0) == []
    assert told(viettel=104.0) == ["viettel: 150 segments came after a pause, 2 s and more"]
    assert told(given=(PAUSE,)) != []  # nobody resumed
    assert told(given=()) == []


def test_a_ledger_that_was_not_told_hears_it_from_home() -> None:
    untold = replace(PAUSE, told=frozenset({"south"}))
    away = [fault(Kind.DATABASE_AWAY, "north", 95.0, 107.0)]
    assert told(away, (untold, RESUME)) == []
    assert told(away, (untold, RESUME), viettel=108.0) != []


@pytest.mark.parametrize(("home_away", "excused"), [("stop", False), ("go_on", True)])
def test_who_goes_on_without_home_may_not_hear_it(home_away: HomeAway, excused: bool) -> None:
    plan, untold = replace(PLAN, home_away=home_away), replace(PAUSE, told=frozenset({"south"}))
    parted = [fault(Kind.WAY_PARTED, "processes of north|home", 99.0, 106.0)]
    assert (told(parted, (untold, RESUME), plan, viettel=106.0) == []) is excused
    assert told(parted, (PAUSE, RESUME), plan, viettel=106.0) != []  # the ledger knew
    assert told(parted, (untold, RESUME), plan, mobifone=106.0) != []


def test_without_home_only_the_ledgers_that_were_told_know() -> None:
    alone = replace(PAUSE, told=frozenset({"north"}), without_home=True)
    assert {carrier for carrier, *_ in judged(PLAN, [], [alone])} == {"viettel"}


@pytest.mark.parametrize(
    ("target", "excused"),
    [
        ("viettel", {"viettel"}),
        ("north-w1", {"viettel"}),
        ("south-w2", {"vinaphone", "mobifone"}),
        ("home", set()),
    ],
)
def test_what_was_on_a_broken_way_comes_late(target: str, excused: set[str]) -> None:
    parted = [fault(Kind.HOST_PARTED, target, 99.5, 104.0)]
    assert {carrier for carrier, *_ in judged(PLAN, parted, [PAUSE])} == PLAN.habits.keys() - excused
    over = [fault(Kind.HOST_PARTED, target, 90.0, 98.0)]
    assert {carrier for carrier, *_ in judged(PLAN, over, [PAUSE])} == set(PLAN.habits)
