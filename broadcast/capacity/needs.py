"""What one database and its processes need while an alert is sent, and what is left of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from broadcast.capacity import costs
from broadcast.capacity.demand import CarrierPart, Demand
from broadcast.capacity.flow import Flow


@dataclass(frozen=True, slots=True)
class Ledger:
    """One database, its workers and its resolver. carriers: the part of each that it has, 1: all of it. segments_per_s:
    when most, and the cores that are busy then; connections: at most, of `max_connections`; commits_per_s: each an
    fsync at most. log_octets, tables_octets: of one alert. workers_octets, resolver_octets, postgres_octets: of
    memory."""

    carriers: Mapping[str, float]
    segments_per_s: float
    workers: int
    workers_cores: float
    postgres_cores: float
    resolver_cores: float
    connections: int
    commits_per_s: float
    log_octets_per_s: float
    log_octets: float
    tables_octets: float
    workers_octets: float
    postgres_octets: float
    resolver_octets: float

    @property
    def cores(self) -> float:
        """Busy at the most."""
        return self.workers_cores + self.postgres_cores + self.resolver_cores

    @property
    def memory_octets(self) -> float:
        """Of all its processes."""
        return self.workers_octets + self.postgres_octets + self.resolver_octets


@dataclass(frozen=True, slots=True)
class Disk:
    """Over all databases: everybody's rows; of one alert, and of all if none is archived; archives of all; the
    write-ahead log of all, and between two checkpoints."""

    people_octets: float
    alert_octets: float
    alerts_octets: float
    archives_octets: float
    log_octets: float
    log_between_octets: float


@dataclass(frozen=True, slots=True)
class Memory:
    """Of all processes of a kind."""

    workers_octets: float
    resolvers_octets: float
    postgres_octets: float

    @property
    def all_octets(self) -> float:
        """Of all kinds."""
        return self.workers_octets + self.resolvers_octets + self.postgres_octets


@dataclass(frozen=True, slots=True)
class Network:
    """When most is sent, headers included: between workers and carriers, and to all databases and back."""

    to_carriers_bits_per_s: float
    from_carriers_bits_per_s: float
    to_databases_bits_per_s: float
    from_databases_bits_per_s: float


def ledger(
    carriers: Mapping[str, float], known: Mapping[str, CarrierPart], sending: Flow, demand: Demand
) -> Ledger:
    """Of the database that has these parts of carriers."""
    per_s = sending.most_of(carriers)
    workers = max(demand.workers, math.ceil(per_s / costs.WORKER_SEGMENTS_PER_S))
    seconds = max(sending.seconds_of(name) for name in carriers)
    segments = sum(part * known[name].total for name, part in carriers.items())
    spread = [_Spread(known[name], part, workers, sending, demand) for name, part in carriers.items()]
    young = sum(each.waiting_octets() for each in spread)
    facts = min(costs.FACTS_MOST_OCTETS, 8 * sum(each.messages for each in spread))
    return Ledger(
        carriers=carriers,
        segments_per_s=per_s,
        workers=workers,
        workers_cores=workers * costs.WORKER_S + per_s * costs.WORKER_SEGMENT_S,
        postgres_cores=workers * costs.POSTGRES_S + per_s * costs.POSTGRES_SEGMENT_S,
        resolver_cores=costs.RESOLVER_S + per_s * costs.RESOLVER_SEGMENT_S,
        connections=workers * costs.WORKER_CONNECTIONS + costs.RESOLVER_CONNECTIONS,
        commits_per_s=workers / demand.group_s + len(carriers) / costs.LOOK_S,
        log_octets_per_s=workers * costs.LOG_WORKER_OCTETS + per_s * costs.LOG_SEGMENT_OCTETS,
        log_octets=workers * costs.LOG_WORKER_OCTETS * seconds + segments * costs.LOG_SEGMENT_OCTETS,
        tables_octets=sum(each.tables_octets() for each in spread),
        workers_octets=workers * costs.WORKER_OCTETS,
        postgres_octets=costs.POSTGRES_OCTETS,
        resolver_octets=costs.RESOLVER_OCTETS + facts + young,
    )


class _Spread:
    """How one carrier's part of an alert lies in time."""

    def __init__(
        self, carrier: CarrierPart, part: float, workers: int, sending: Flow, demand: Demand
    ) -> None:
        self.messages = part * carrier.people
        self._carrier = carrier
        self._demand = demand
        self._per_s = sending.most_of({carrier.name: part})
        self._senders = min(workers, max(1, round(part * carrier.sessions)))

    def tables_octets(self) -> float:
        """Its answers and what receipts said, and the rows that these come in."""
        told = costs.MESSAGE_OCTETS + costs.SEGMENT_OCTETS * self._carrier.receipts
        return self.messages * (told + costs.ROW_OCTETS * self._rows() / self._demand.slice_size)

    def waiting_octets(self) -> float:
        """Of its resolver's memory, when most."""
        receipts, demand = self._carrier.receipts, self._demand
        if not receipts:
            return 0.0
        awaited = self.messages * receipts
        per_s = self._per_s * receipts / self._carrier.submits
        young = min(awaited, costs.YOUNG_MOST, per_s * costs.YOUNG_S + costs.GENERATION)
        late = min(awaited - young, per_s * max(0.0, demand.receipt_s - costs.YOUNG_S))
        old = late + costs.MISSING * (awaited - young - late)
        return (
            costs.PARKED_OCTETS
            + young * _each(costs.YOUNG_OCTETS, receipts)
            + old * _each(costs.OLD_OCTETS, receipts)
        )

    def _rows(self) -> float:
        """Of one slice: a row of answers for each group while it is sent, one of results for each look meanwhile and
        until its receipts are there."""
        size, demand = self._demand.slice_size, self._demand
        sent_s = size * self._carrier.submits * self._senders / self._per_s
        answers = min(size, 1 + sent_s / demand.group_s)
        looks = (sent_s + demand.receipt_s) / costs.LOOK_S
        return answers + min(size * self._carrier.receipts, looks)


def _each(octets: tuple[int, int], segments: int) -> float:
    """Of a segment, its part of its message's included."""
    return octets[0] + octets[1] / segments
