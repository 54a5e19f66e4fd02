"""From a demand to a plan: how long it takes, what bounds it, and what it needs."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from broadcast.capacity import costs, wire
from broadcast.capacity.bounds import Bound, bound_of, in_words, sending_of
from broadcast.capacity.demand import CarrierPart, Demand
from broadcast.capacity.flow import Flow
from broadcast.capacity.ledgers import dealt
from broadcast.capacity.needs import Disk, Ledger, Memory, Network, ledger
from broadcast.languages import _


@dataclass(frozen=True, slots=True)
class CarrierLine:
    """One carrier in one alert. seconds: until it is through; segments_per_s: when most; bound: by what it is no
    faster. answers_within_s: an SMSC that takes longer has its windows full, and is slower for that. ledgers:
    numbers of its databases, from 1."""

    name: str
    people: int
    segments: int
    tps: int
    sessions: int
    seconds: float
    segments_per_s: float
    bound: Bound
    answers_within_s: float
    ledgers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Times:
    """Of the import of everybody, once; of a launch, and of sending, in each alert; of all alerts."""

    import_s: float
    launch_s: float
    alert_s: float
    all_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """alerts: how many, the last perhaps to a part of the people; segments: of one of them. segments_per_s: when most.
    bound: what bounds an alert, in a sentence. cores: busy at the most; cores_needed: for that, with room
    left; machines: of so many cores as were asked for. notes: what has to be looked at before it is true, a sentence
    each."""

    alerts: float
    people: int
    messages: int
    segments: int
    segments_per_s: float
    times: Times
    bound: str
    carriers: tuple[CarrierLine, ...]
    ledgers: tuple[Ledger, ...]
    workers: int
    cores: float
    cores_needed: int
    machines: int
    disk: Disk
    memory: Memory
    network: Network
    notes: tuple[str, ...]


def plan(demand: Demand) -> Plan:
    """Pure arithmetic on what was measured; a real carrier, network or disk may be slower."""
    known = {carrier.name: carrier for carrier in demand.carriers}
    sending = sending_of(demand)
    ledgers = tuple(
        ledger(parts, known, sending, demand)
        for parts in dealt({name: sending.most_of({name: 1.0}) for name in known}, demand.ledger_per_s)
    )
    cores = sum(each.cores for each in ledgers)
    needed = math.ceil(cores / costs.BUSY)
    launch_s = demand.people / costs.LAUNCH_PEOPLE_PER_S
    return Plan(
        alerts=demand.alerts,
        people=demand.people,
        messages=demand.messages,
        segments=sum(carrier.total for carrier in demand.carriers),
        segments_per_s=sending.per_s,
        times=Times(
            import_s=demand.people / costs.IMPORT_LINES_PER_S,
            launch_s=launch_s,
            alert_s=sending.seconds,
            all_s=demand.alerts * sending.seconds + math.ceil(demand.alerts) * launch_s,
        ),
        bound=in_words(demand, sending),
        carriers=tuple(_line(carrier, sending, ledgers) for carrier in demand.carriers),
        ledgers=ledgers,
        workers=sum(each.workers for each in ledgers),
        cores=cores,
        cores_needed=needed,
        machines=demand.machines or math.ceil(needed / demand.cores),
        disk=_disk(demand, ledgers),
        memory=Memory(
            workers_octets=sum(each.workers_octets for each in ledgers),
            resolvers_octets=sum(each.resolver_octets for each in ledgers),
            postgres_octets=sum(each.postgres_octets for each in ledgers),
        ),
        network=_network(known, sending),
        notes=tuple(_notes(demand, ledgers)),
    )


def _line(carrier: CarrierPart, sending: Flow, ledgers: Sequence[Ledger]) -> CarrierLine:
    return CarrierLine(
        name=carrier.name,
        people=carrier.people,
        segments=carrier.total,
        tps=carrier.tps,
        sessions=carrier.sessions,
        seconds=sending.seconds_of(carrier.name),
        segments_per_s=sending.most_of({carrier.name: 1.0}),
        bound=bound_of(carrier, sending),
        answers_within_s=carrier.window / carrier.tps,
        ledgers=tuple(number for number, each in enumerate(ledgers, 1) if carrier.name in each.carriers),
    )


def _notes(demand: Demand, ledgers: Sequence[Ledger]) -> Iterator[str]:
    if len(ledgers) > 1:
        yield (
            _(
                "no database was given more than {ledger_per_s:,} segments a second; whether yours carries more "
                "says `broadcast bench --nation --only ledger` on its machine (--ledger-tps)",
                ledger_per_s=demand.ledger_per_s,
            )
        )
        yield _(
            "home, the database of people and alerts, is one more, with little to do while an alert is sent"
        )
    for name in sorted({name for each in ledgers for name, part in each.carriers.items() if part < 1}):
        yield (
            _(
                "{name} is more than one database was given: it can be split by bind account if its receipts come to "
                "the account that sent, else give it a database that carries it",
                name=name,
            )
        )


def _disk(demand: Demand, ledgers: Sequence[Ledger]) -> Disk:
    alert = sum(each.tables_octets for each in ledgers) + costs.SLICE_OCTETS * demand.people
    archived = sum(
        carrier.people * (costs.ARCHIVE_MESSAGE_OCTETS + costs.ARCHIVE_SEGMENT_OCTETS * carrier.receipts)
        for carrier in demand.carriers
    )
    return Disk(
        people_octets=costs.SUBSCRIBER_OCTETS * demand.people,
        alert_octets=alert,
        alerts_octets=demand.alerts * alert,
        archives_octets=demand.alerts * archived,
        log_octets=demand.alerts
        * (costs.LOG_LAUNCH_OCTETS * demand.people + sum(each.log_octets for each in ledgers)),
        log_between_octets=sum(
            min(each.log_octets, each.log_octets_per_s * costs.CHECKPOINT_S) for each in ledgers
        ),
    )


def _network(known: Mapping[str, CarrierPart], sending: Flow) -> Network:
    """Of the phase in which most is sent."""
    sent = received = 0.0
    for name, per_s in sending.busiest.per_s.items():
        carrier = known[name]
        to_carrier, from_carrier = wire.octets(carrier.segments, carrier.submits, carrier.receipts)
        sent += per_s / carrier.submits * to_carrier
        received += per_s / carrier.submits * from_carrier
    carriers = wire.on_the_wire(sent, received)
    databases = wire.on_the_wire(
        sending.per_s * costs.TO_DATABASE_OCTETS, sending.per_s * costs.FROM_DATABASE_OCTETS
    )
    return Network(*(8 * each for each in (*carriers, *databases)))
