"""The schedule of a seed with a home and two ledgers, and what it is made of."""

import tomllib

import pytest
from chaos.ledger_schedule import MINUTE_EVERY, MINUTE_S, REST_S, ledger_schedule
from chaos.nation import BY_NAME, CARRIERS, COUNTRY, carriers_toml, shares
from chaos.obedience import READ_S, STOP_S
from chaos.schedule import LIFETIME_S, OF_HOSTS, OF_WORKERS, RESOLVER, Kind, Word
from chaos.topology import one_database, two_ledgers

from broadcast.config import of_ledger
from broadcast.config.files import made

SEEDS = range(1, 301)
PLANS = [ledger_schedule(seed) for seed in SEEDS]


def test_a_seed_is_always_the_same_run() -> None:
    assert ledger_schedule(17) == ledger_schedule(17)
    assert ledger_schedule(17).faults != ledger_schedule(18).faults


def test_every_run_strikes_a_worker_a_resolver_a_server_a_way_and_a_host() -> None:
    for plan in PLANS:
        kinds = {fault.kind for fault in plan.faults}
        assert {Kind.DATABASE_DOWN, Kind.WAY_PARTED} & kinds
        assert kinds & {*OF_WORKERS} and kinds & {*RESOLVER} and kinds & {*OF_HOSTS}
        assert list(plan.faults) == sorted(plan.faults, key=lambda each: each.at_s)


def test_what_is_down_is_not_struck_again() -> None:
    for plan in PLANS:
        for index, fault in enumerate(plan.faults):
            for other in plan.faults[:index]:
                assert other.target != fault.target or other.until_s <= fault.at_s or not fault.seconds


def test_everything_comes() -> None:
    faults = [fault for plan in PLANS for fault in plan.faults]
    assert {fault.kind for fault in faults} == set(Kind)
    struck = {fault.target for fault in faults if fault.kind is Kind.DATABASE_DOWN}
    assert struck == {"home", "north", "south"}
    assert {fault.target for fault in faults if fault.kind is Kind.WAY_PARTED} == set(PLANS[0].topology.ways)
    assert {tuple(order.word for order in plan.orders) for plan in PLANS} == {
        (), (Word.CANCEL,), (Word.PAUSE, Word.RESUME), (Word.PAUSE, Word.CANCEL),
    }  # fmt: skip
    for each in ("policy", "home_away", "resolvers"):
        assert len({getattr(plan, each) for plan in PLANS}) == 2
    assert {bool(plan.topology.accounts("viettel")) for plan in PLANS} == {True, False}
    assert {plan.expires_s is None for plan in PLANS} == {True, False}
    assert {bool(plan.stops) for plan in PLANS} == {True, False}


def test_orders_are_given_while_something_is_parted_or_away() -> None:
    parting = {Kind.WAY_PARTED, Kind.HOST_PARTED, Kind.DATABASE_DOWN, Kind.DATABASE_AWAY}
    for plan in PLANS:
        amid = [each for each in plan.faults if each.kind in parting]
        for order in plan.orders[:1]:
            assert any(each.at_s < order.after_s < each.until_s + 1 for each in amid)
        assert all(order.after_s >= STOP_S + READ_S + 1 for order in plan.orders[1:])


def test_some_ledgers_are_away_for_a_real_minute() -> None:
    for plan in PLANS:
        away = [each.seconds for each in plan.faults if each.kind is Kind.DATABASE_AWAY]
        assert (plan.seed % MINUTE_EVERY == 0) is (MINUTE_S in away)


def test_the_alert_ends_within_the_run_and_long_after_the_last_fault() -> None:
    for plan in PLANS:
        assert plan.closes
        assert max(each.until_s for each in plan.faults) + REST_S <= plan.ends_s + 0.1 < LIFETIME_S


def test_stop_comes_where_somebody_of_another_ledger_answers() -> None:
    for plan in PLANS:
        for stops in plan.stops:
            first = BY_NAME[stops.of].first
            assert all(first <= each < first + shares(10_000)[stops.of] for each in stops.numbers(10_000))
            assert set(plan.topology.serving(stops.of)) - set(plan.topology.serving(stops.by))


@pytest.mark.parametrize("split", [False, True])
def test_our_configuration_places_every_carrier(split: bool) -> None:
    topology = two_ledgers(split=split, resolvers=True)
    addresses = {carrier.name: ("127.0.0.1", 2775) for carrier in CARRIERS}
    text = f"{COUNTRY.read_text()}\n{carriers_toml(addresses, topology.ledgers, 'go_on')}"
    config = made(tomllib.loads(text), "the run's")
    assert config.engine.home_away == "go_on"
    for ledger, carriers in topology.ledgers.items():
        mine = of_ledger(config, ledger).carriers
        assert {name: each.tps for name, each in mine.items()} == {each.name: each.tps for each in carriers}
    assert topology.accounts("viettel") == ({"viettel-n": 1200, "viettel-s": 800} if split else {})
    for name, carrier in BY_NAME.items():
        parts = [each for mine in topology.ledgers.values() for each in mine if each.name == name]
        assert sum(each.tps for each in parts) == carrier.tps
        assert sum(each.sending for each in parts) == carrier.sending


def test_between_whom_a_way_is_parted() -> None:
    topology = two_ledgers(split=False, resolvers=True)
    assert list(topology.ends("home|north")) == [("home", "north")]
    assert list(topology.ends("processes of south|home")) == [
        ("south-r1", "home"), ("south-w1", "home"), ("south-w2", "home"),
    ]  # fmt: skip
    pairs = [frozenset(pair) for way in topology.ways for pair in topology.ends(way)]
    assert len(pairs) == len(set(pairs))  # so that no two faults part the same two


def test_one_database_is_home_and_the_only_ledger() -> None:
    plain, several = one_database("r1"), two_ledgers(split=False, resolvers=False)
    assert (plain.several, plain.databases, plain.struck_resolvers) == (False, ("database",), ("r1",))
    assert (several.several, several.databases) == (True, ("home", "north", "south"))
    assert several.struck_resolvers == ("child north", "child south")
