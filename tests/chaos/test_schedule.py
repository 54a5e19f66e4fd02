"""The schedule of a seed, and what is read off samples of traffic: pure parts of the suite."""

from dataclasses import replace
from itertools import pairwise

import pytest
from chaos.faults import Done
from chaos.nation import BY_NAME, CARRIERS, shares
from chaos.resolving import ways_back
from chaos.schedule import FAULTS_LEAST, LEASE_S, OF_HOSTS, RESOLVER, RESOLVER_PLACES, Fault, Kind, schedule
from chaos.topology import CHILD
from chaos.traffic import Sample, first_full, recoveries

from broadcast.config import Engine

SEEDS = range(1, 301)


def test_a_seed_is_always_the_same_run() -> None:
    assert schedule(17) == schedule(17)
    assert schedule(17).faults != schedule(18).faults


def test_every_run_has_enough_faults_of_workers_resolvers_and_of_the_database() -> None:
    for seed in SEEDS:
        faults = schedule(seed).faults
        kinds = {fault.kind for fault in faults}
        assert len(faults) >= FAULTS_LEAST
        assert Kind.DATABASE_DOWN in kinds
        assert kinds & {Kind.WORKER_KILLED, Kind.WORKER_FROZEN}
        assert kinds & set(RESOLVER)
        assert [fault.at_s for fault in faults] == sorted(fault.at_s for fault in faults)


def test_all_kinds_and_both_policies_come() -> None:
    plans = [schedule(seed) for seed in SEEDS]
    of_ledgers = {Kind.DATABASE_AWAY, Kind.WAY_PARTED}
    assert {fault.kind for plan in plans for fault in plan.faults} == set(Kind) - of_ledgers - {*OF_HOSTS}
    on_hosts = [fault.kind for seed in SEEDS for fault in schedule(seed, hosts=True).faults]
    assert set(on_hosts) == set(Kind) - of_ledgers
    assert [schedule(seed, hosts=True).habits for seed in SEEDS] == [plan.habits for plan in plans]
    assert {plan.policy for plan in plans} == {"resend", "hold"}
    assert {plan.resolvers for plan in plans} == set(RESOLVER_PLACES)
    assert {plan.expires_s is None for plan in plans} == {True, False}
    struck = {fault.target for plan in plans for fault in plan.faults if fault.kind in RESOLVER}
    assert struck == {CHILD, "r1", "r2"}
    assert {habit.lost > 0 for plan in plans for habit in plan.habits.values()} == {True, False}


def test_what_is_down_is_not_struck_again() -> None:
    for seed in SEEDS:
        faults = schedule(seed).faults
        for index, fault in enumerate(faults):
            for other in faults[:index]:
                assert other.target != fault.target or other.until_s <= fault.at_s or not fault.seconds


def test_a_frozen_worker_outlasts_its_lease() -> None:
    assert Engine().lease_s == LEASE_S
    frozen = [fault for seed in SEEDS for fault in schedule(seed).faults if fault.kind is Kind.WORKER_FROZEN]
    assert min(fault.seconds for fault in frozen) > LEASE_S + 1


@pytest.mark.parametrize("messages", [1, 7, 50_000])
def test_everybody_is_at_a_carrier(messages: int) -> None:
    assert sum(shares(messages).values()) == messages
    firsts = sorted(carrier.first for carrier in CARRIERS)
    assert all(later - earlier > 1_000_000 for earlier, later in pairwise(firsts))
    assert set(shares(messages)) == set(BY_NAME)


def traffic(*rates: tuple[float, int]) -> list[Sample]:
    """Samples every 50 ms. rates: (seconds, TPS) one after the other."""
    samples, now, count = [(100.0, 0)], 100.0, 0.0
    for seconds, tps in rates:
        for _ in range(round(seconds / 0.05)):
            now, count = now + 0.05, count + tps * 0.05
            samples.append((now, int(count)))
    return samples


def done(kind: Kind, began: float, ended: float) -> Done:
    return Done(Fault(began - 100, kind, "w1", ended - began), began, ended)


def test_back_at_full_traffic_after_a_kill() -> None:
    samples = traffic((5, 1000), (6, 500), (20, 1000))
    found = recoveries("viettel", 1000, samples, [done(Kind.WORKER_KILLED, 105.0, 105.5)])
    assert [(each.kind, each.judged, each.too_slow) for each in found] == [(Kind.WORKER_KILLED, True, False)]
    assert found[0].seconds == pytest.approx(5.9, abs=0.2)


def test_too_late_and_never() -> None:
    late = recoveries(
        "viettel",
        1000,
        traffic((5, 1000), (12, 500), (20, 1000)),
        [done(Kind.WORKER_KILLED, 105.0, 105.5)],
    )
    never = recoveries(
        "viettel", 1000, traffic((5, 1000), (30, 500)), [done(Kind.DATABASE_DOWN, 105.0, 106.0)]
    )
    assert [each.too_slow for each in (*late, *never)] == [True, True]
    assert never[0].seconds is None


def test_what_another_fault_disturbs_is_not_judged() -> None:
    samples = traffic((5, 1000), (12, 500), (20, 1000))
    kill = done(Kind.WORKER_KILLED, 105.0, 105.5)
    hang = done(Kind.SMSC_HANGS, 104.0, 106.0)
    assert [each.judged for each in recoveries("viettel", 1000, samples, [hang, kill])] == [False]
    soon = replace(kill, began=106.0, ended=106.5)
    assert [each.looked_s for each in recoveries("viettel", 1000, samples, [kill, soon])][:1] == [1.0]


def test_a_machine_that_never_gave_the_full_tps_is_not_judged() -> None:
    samples = traffic((40, 500))
    found = recoveries("viettel", 1000, samples, [done(Kind.WORKER_KILLED, 105.0, 105.5)])
    assert [(each.judged, each.too_slow) for each in found] == [(False, False)]


def test_full_is_a_while_not_a_moment() -> None:
    samples = traffic((1, 100), (0.2, 1000), (1, 100), (2, 1000))
    found = first_full(samples, 1000, 100.0, 200.0)
    assert found == pytest.approx(102.2, abs=0.11)


def resolved(kind: Kind, began: float, ended: float, resolved_at: float | None) -> Done:
    return replace(done(kind, began, ended), resolved=resolved_at)


def test_resolved_again_after_a_kill_and_after_waking() -> None:
    killed = resolved(Kind.RESOLVER_KILLED, 105.0, 105.5, 112.0)
    frozen = resolved(Kind.RESOLVER_FROZEN, 120.0, 126.0, 137.0)
    found = ways_back([killed, done(Kind.LINK_CUT, 106.0, 106.0), frozen], "one")
    assert [(each.kind, each.seconds, each.judged, each.too_late) for each in found] == [
        (Kind.RESOLVER_KILLED, 7.0, True, False),
        (Kind.RESOLVER_FROZEN, 11.0, True, True),
    ]


def test_what_a_resolver_cannot_help_is_not_judged() -> None:
    killed = resolved(Kind.RESOLVER_KILLED, 105.0, 105.5, 125.0)
    stopped = resolved(Kind.DATABASE_DOWN, 107.0, 110.0, 125.0)
    assert [each.judged for each in ways_back([killed, stopped], "one")] == [False, True]
    worker = resolved(Kind.WORKER_KILLED, 107.0, 108.0, 125.0)
    assert [each.judged for each in ways_back([killed, worker], "child")] == [False, True]
    assert [each.too_late for each in ways_back([killed, worker], "one")] == [True]


def test_without_a_resolver_traffic_has_no_excuse() -> None:
    samples = traffic((5, 1000), (12, 500), (20, 1000))
    kill = done(Kind.WORKER_KILLED, 105.0, 105.5)
    late = recoveries("viettel", 1000, samples, [kill, done(Kind.RESOLVER_FROZEN, 106.0, 112.0)])
    assert [each.too_slow for each in late] == [True]
