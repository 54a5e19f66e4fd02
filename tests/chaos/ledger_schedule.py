"""What happens to one run with a home and two ledgers, each on a host of its own: drawn from its seed. Pure.

To what happens to one database (schedule.py) come servers of home and of a ledger that are killed or away for long,
ways that are parted, orders that are given amid that, and STOP that comes by way of another carrier. In a third of the
runs a carrier is split over both ledgers. Every run ends with its campaign at its end.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from random import Random
from typing import Final

from chaos.nation import CARRIERS
from chaos.schedule import (
    EXPIRES_S,
    FIRST_S,
    OF_HOSTS,
    OF_WORKERS,
    RESOLVER,
    WEIGHTS,
    Fault,
    Kind,
    Order,
    Policy,
    Schedule,
    Stops,
    Word,
    fault_of,
    habits_of_one,
)
from chaos.topology import Topology, two_ledgers

MINUTE_EVERY: Final = 8  # seeds: of these one has a ledger away for a minute that is no shorter than others'
MINUTE_S: Final = 60.0
REST_S: Final = 75.0  # from the last that happens to the end: time to send to all, on a busy machine too
MORE: Final = (2, 4)  # faults beside those that every run has
_GAP_S: Final = (0.3, 1.5)
_PAUSED_S: Final = (4.0, 9.0)
_WEIGHTS: Final = {**WEIGHTS, Kind.WAY_PARTED: 4, Kind.HOST_PARTED: 3, Kind.HOST_LOSSY: 2}
_PARTING: Final = (Kind.WAY_PARTED, Kind.HOST_PARTED, Kind.DATABASE_DOWN, Kind.DATABASE_AWAY)


def ledger_schedule(seed: int) -> Schedule:
    """The run of this seed; the same in every place and at every time."""
    chance = Random(f"ledgers {seed}")
    policy: Policy = "hold" if chance.random() < 0.25 else "resend"
    habits = {carrier.name: habits_of_one(chance) for carrier in CARRIERS}
    topology = two_ledgers(split=chance.random() < 1 / 3, resolvers=chance.random() < 0.5)
    faults = _faults(chance, topology, minute=seed % MINUTE_EVERY == 0)
    orders = _orders(chance, faults)
    stops = _stops(chance, topology) if chance.random() < 0.5 else ()
    last_s = max([each.until_s for each in faults] + [sum(each.after_s for each in orders)])
    return Schedule(
        seed, policy, topology, "one" if topology.resolvers else "child", faults, habits,
        expires_s=round(chance.uniform(*EXPIRES_S), 1) if chance.random() < 0.2 else None,
        hosts=True,
        ends_s=round(last_s + REST_S, 1),
        home_away="go_on" if chance.random() < 0.3 else "stop",
        orders=orders,
        stops=stops,
    )  # fmt: skip


def _faults(chance: Random, topology: Topology, *, minute: bool) -> tuple[Fault, ...]:
    """Always among them: a worker, a resolver, a server, a way and a host. minute: a ledger is away for a real one."""
    kinds = [chance.choice(each) for each in (OF_WORKERS, RESOLVER, OF_HOSTS)]
    kinds += [Kind.DATABASE_DOWN, Kind.WAY_PARTED]
    kinds += chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=chance.randint(*MORE))
    if chance.random() < 0.3 and not minute:
        kinds.append(Kind.DATABASE_AWAY)
    chance.shuffle(kinds)
    if minute:
        kinds.insert(0, Kind.DATABASE_AWAY)
    faults: list[Fault] = []
    now = FIRST_S + chance.random()
    for kind in kinds:
        fault = fault_of(chance, kind, now, faults, topology)
        if minute and fault.kind is Kind.DATABASE_AWAY:
            fault = replace(fault, seconds=MINUTE_S)
        faults.append(fault)
        now += chance.uniform(*_GAP_S)
    return tuple(faults)


def _orders(chance: Random, faults: Sequence[Fault]) -> tuple[Order, ...]:
    """None, a pause and what ends it, or a cancel: the first while something is parted or away."""
    drawn = chance.random()
    if drawn < 0.3:
        return ()
    amid = chance.choice([each for each in faults if each.kind in _PARTING])
    first_s = round(amid.at_s + chance.uniform(0.2, min(1.5, amid.seconds)), 2)
    if drawn < 0.4:
        return (Order(first_s, Word.CANCEL),)
    last = Word.CANCEL if drawn < 0.5 else Word.RESUME
    return (Order(first_s, Word.PAUSE), Order(round(chance.uniform(*_PAUSED_S), 2), last))


def _stops(chance: Random, topology: Topology) -> tuple[Stops, ...]:
    """Early: most of these people still wait. Some of them, or all, wait in another ledger than where they answer."""
    names = [carrier.name for carrier in CARRIERS]
    ways = [
        (by, of) for by, of in permutations(names, 2) if set(topology.serving(of)) - set(topology.serving(by))
    ]
    found = [Stops(round(chance.uniform(0.5, 5.0), 2), *each) for each in chance.sample(ways, 2)]
    return tuple(sorted(found, key=lambda each: each.at_s))
