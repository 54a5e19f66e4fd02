"""A plan: its figures add up, and follow what is asked for."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.capacity.carriers import carrier

from broadcast.capacity import costs
from broadcast.capacity.bounds import cores_for
from broadcast.capacity.demand import CarrierPart, Demand
from broadcast.capacity.plan import plan

NATION = Demand(
    (
        carrier("viettel", 67_500_000, tps=12_000, sessions=8, window=4000),
        carrier("vinaphone", 31_250_000, tps=6000),
        carrier("mobifone", 26_250_000, tps=6000),
    ),
    125_000_000,
)


@st.composite
def demands(draw: st.DrawFn) -> Demand:
    names = draw(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True))
    carriers = []
    for name in names:
        segments = draw(st.integers(1, 10))
        submits = draw(st.sampled_from((1, segments)))
        receipts = draw(st.sampled_from((0, 1, submits)))
        people, tps, sessions = (draw(st.integers(1, most)) for most in (10**9, 1_000_000, 100))
        carriers.append(CarrierPart(name, people, tps, sessions, 100 * sessions, segments, submits, receipts))
    workers, cores = draw(st.integers(1, 20)), draw(st.integers(1, 64))
    enough = math.ceil(cores_for(1, workers) / cores)
    return Demand(
        tuple(carriers),
        messages=draw(st.integers(1, 10**12)),
        receipt_s=draw(st.floats(0, 259_200)),
        cores=cores,
        machines=draw(st.none() | st.integers(enough, 10 * enough)),
        workers=workers,
        ledger_per_s=draw(st.integers(1000, 10_000_000)),
    )


@given(demands())
def test_the_figures_add_up(demand: Demand) -> None:
    found = plan(demand)
    assert found.people == sum(line.people for line in found.carriers)
    assert found.segments == sum(line.segments for line in found.carriers)
    assert found.alerts * found.people == pytest.approx(found.messages)
    assert found.times.alert_s == pytest.approx(max(line.seconds for line in found.carriers))
    assert found.times.all_s >= found.alerts * found.times.alert_s
    assert found.workers == sum(each.workers for each in found.ledgers)
    assert found.cores == pytest.approx(sum(each.cores for each in found.ledgers))
    assert found.memory.all_octets == pytest.approx(sum(each.memory_octets for each in found.ledgers))
    assert found.disk.alerts_octets == pytest.approx(found.alerts * found.disk.alert_octets)
    assert found.disk.log_octets >= found.alerts * found.segments * costs.LOG_SEGMENT_OCTETS * (1 - 1e-9)
    for number, each in enumerate(found.ledgers, 1):
        assert each.segments_per_s <= demand.ledger_per_s * (1 + 1e-9)
        assert each.segments_per_s <= each.workers * costs.WORKER_SEGMENTS_PER_S * (1 + 1e-9)
        assert {line.name for line in found.carriers if number in line.ledgers} == set(each.carriers)
    assert all(line.ledgers for line in found.carriers)
    for line in found.carriers:
        assert line.segments_per_s <= line.tps
        assert line.seconds >= line.segments / line.tps
    assert found.machines >= 1
    if demand.machines is None:
        assert found.machines * demand.cores >= found.cores_needed >= found.cores


def test_twice_the_tps_is_half_the_time_until_the_cores_bound_it() -> None:
    def seconds(times: int, machines: int | None) -> float:
        faster = tuple(replace(each, tps=times * each.tps) for each in NATION.carriers)
        return plan(replace(NATION, carriers=faster, cores=2, machines=machines)).times.alert_s

    assert seconds(2, None) == pytest.approx(seconds(1, None) / 2)
    assert seconds(2, 1) == pytest.approx(seconds(1, 1) / 2)
    assert seconds(8, 1) > 1.5 * seconds(8, None)
    assert seconds(16, 1) == pytest.approx(seconds(32, 1), rel=0.01)


def test_carriers_differ() -> None:
    viettel, vinaphone, mobifone = plan(NATION).carriers
    assert viettel.seconds == pytest.approx(67_500_000 * 5 / 12_000 / costs.TPS_USED)
    assert viettel.seconds > vinaphone.seconds > mobifone.seconds
    assert (viettel.answers_within_s, vinaphone.answers_within_s) == (
        pytest.approx(4000 / 12_000),
        pytest.approx(400 / 6000),
    )
    assert {line.bound for line in (viettel, vinaphone, mobifone)} == {"tps"}


def test_fifteen_billion_are_a_hundred_and_twenty_alerts() -> None:
    one, all_ = plan(NATION), plan(replace(NATION, messages=15_000_000_000))
    assert all_.alerts == 120
    assert all_.times.alert_s == one.times.alert_s
    assert all_.times.all_s == pytest.approx(120 * one.times.all_s)
    assert all_.disk.alert_octets == one.disk.alert_octets
    assert all_.disk.archives_octets == pytest.approx(120 * one.disk.archives_octets)
    assert (all_.workers, all_.cores_needed, all_.memory) == (one.workers, one.cores_needed, one.memory)


def test_a_nation_that_one_database_does_not_carry() -> None:
    large = tuple(replace(each, tps=20 * each.tps, sessions=100) for each in NATION.carriers)
    found = plan(replace(NATION, carriers=large, ledger_per_s=100_000))
    viettel, vinaphone, mobifone = found.carriers
    assert len(viettel.ledgers) == 3
    assert len(vinaphone.ledgers) == len(mobifone.ledgers) == 2
    assert any("viettel is more than one database was given" in note for note in found.notes)
    assert len(plan(replace(NATION, carriers=large, ledger_per_s=1_000_000)).ledgers) == 1
    assert plan(NATION).notes == ()


def test_receipts_that_come_late_are_held_in_memory() -> None:
    """Twenty million open segments of five a message were 650 MB."""
    soon, hours = (plan(replace(NATION, receipt_s=receipt_s)).ledgers[0] for receipt_s in (30, 7200))
    more = hours.resolver_octets - soon.resolver_octets
    per_s = sum(line.segments_per_s for line in plan(NATION).carriers)
    assert more == pytest.approx((7200 - costs.YOUNG_S) * per_s * (1 - costs.MISSING) * 29, rel=0.1)
    assert hours.tables_octets > soon.tables_octets  # more rows with less in each


def test_without_receipts_there_is_nothing_to_wait_for() -> None:
    none = tuple(replace(each, receipts=0) for each in NATION.carriers)
    found, usual = plan(replace(NATION, carriers=none)), plan(NATION)
    assert found.ledgers[0].resolver_octets < usual.ledgers[0].resolver_octets / 2
    assert found.disk.alert_octets < usual.disk.alert_octets / 2
    assert found.network.from_carriers_bits_per_s < usual.network.from_carriers_bits_per_s / 2


MEASURED = (  # bench --nation --only pipeline: TPS of each of three, people, resolver's MiB, octets a message
    (500, 72_000, 113, 267),
    (3000, 150_000, 119, 166),
    (6000, 300_000, 148, 149),
    (6000, 860_000, 279, 144),
)


@pytest.mark.parametrize(("tps", "people", "resolver_mib", "octets"), MEASURED)
def test_what_was_measured_is_what_is_planned(tps: int, people: int, resolver_mib: int, octets: int) -> None:
    """By three workers on six sessions a carrier. A small run's tables are not as full; receipts that fit nothing,
    half a million a carrier at the most, did not come."""
    carriers = tuple(carrier(name, people // 3, tps=tps, sessions=6) for name in "abc")
    [found] = plan(Demand(carriers, people, workers=3)).ledgers
    assert found.resolver_octets / costs.MIB - 3 * costs.PARKED_OCTETS / costs.MIB == pytest.approx(
        resolver_mib, rel=0.15
    )
    assert found.tables_octets / people == pytest.approx(octets, rel=0.35)
