"""What an alert can be no faster than: a carrier's TPS, its sessions, or the cores that are there."""

import math
from dataclasses import replace
from typing import Literal

from broadcast.capacity import costs
from broadcast.capacity.demand import CarrierPart, Demand
from broadcast.capacity.flow import Flow, flow
from broadcast.errors import InputError
from broadcast.languages import _
from broadcast.words import duration

Bound = Literal["tps", "sessions", "cores"]
_WORKER_S = costs.WORKER_S + costs.POSTGRES_S
_SEGMENT_S = costs.WORKER_SEGMENT_S + costs.POSTGRES_SEGMENT_S + costs.RESOLVER_SEGMENT_S


def sending_of(demand: Demand) -> Flow:
    """One alert. Raises InputError when the cores that are there carry nothing."""
    most = math.inf if demand.machines is None else carried(_cores(demand), demand.workers)
    if most <= 0:
        least = cores_for(1, demand.workers)
        raise InputError(
            _(
                "{cores:,} cores are too few for {workers:,} workers: {least:,} at least",
                cores=_cores(demand),
                workers=demand.workers,
                least=least,
            )
        )
    carriers = demand.carriers
    return flow(
        {each.name: each.total for each in carriers}, {each.name: may(each) for each in carriers}, most
    )


def may(carrier: CarrierPart) -> float:
    """Segments a second: of its TPS what is used, and no more than one worker on each of its sessions."""
    return min(carrier.tps * costs.TPS_USED, carrier.sessions * costs.WORKER_SEGMENTS_PER_S)


def carried(cores: int, workers_least: int) -> float:
    """Segments a second that so many cores carry, with PostgreSQL and a resolver on them too; 0 and less: nothing."""
    busy = costs.BUSY * cores - costs.RESOLVER_S
    # workers, if parts of one could be had
    even = busy / (costs.WORKER_SEGMENTS_PER_S * _SEGMENT_S + _WORKER_S)
    return max(
        min(workers * costs.WORKER_SEGMENTS_PER_S, (busy - workers * _WORKER_S) / _SEGMENT_S)
        for workers in (max(workers_least, math.floor(even)), max(workers_least, math.ceil(even)))
    )


def cores_for(per_s: float, workers_least: int) -> int:
    """That carry so many segments a second: the other way round."""
    workers = max(workers_least, math.ceil(per_s / costs.WORKER_SEGMENTS_PER_S))
    return math.ceil((costs.RESOLVER_S + workers * _WORKER_S + per_s * _SEGMENT_S) / costs.BUSY)


def bound_of(carrier: CarrierPart, sending: Flow) -> Bound:
    """What this carrier is no faster than."""
    if any(phase.part < 1 for phase in sending.phases if carrier.name in phase.per_s):
        return "cores"
    return "tps" if carrier.tps * costs.TPS_USED <= may(carrier) else "sessions"


def in_words(demand: Demand, sending: Flow) -> str:
    """What bounds an alert as a whole, and what more of it would bring."""
    if sending.slowed:
        wanted = sum(may(carrier) for carrier in demand.carriers)
        return _(
            "the cores bound it: the carriers take {wanted:,.0f} segments a second, {cores:,} cores carry "
            "{per_s:,.0f}; {cores_for:,} would carry all",
            wanted=wanted,
            cores=_cores(demand),
            per_s=sending.per_s,
            cores_for=cores_for(wanted, demand.workers),
        )
    last = max(demand.carriers, key=lambda carrier: sending.seconds_of(carrier.name))
    if bound_of(last, sending) == "sessions":
        return _(
            "{name}'s sessions bound it: a session is one worker's, which carries "
            "{worker_segments_per_s:,.0f} segments a second; {sessions} of them are fewer than its "
            "{tps:,} TPS",
            name=last.name,
            worker_segments_per_s=costs.WORKER_SEGMENTS_PER_S,
            sessions=last.sessions,
            tps=last.tps,
        )
    return _(
        "{name}'s TPS bounds it: {tps:,} a second for {total:,} segments; {twice}",
        name=last.name,
        tps=last.tps,
        total=last.total,
        twice=_twice(demand, last),
    )


def _twice(demand: Demand, last: CarrierPart) -> str:
    """What twice this carrier's TPS would bring."""
    faster = replace(
        demand,
        carriers=tuple(replace(each, tps=2 * each.tps) if each == last else each for each in demand.carriers),
    )
    return _("with twice that an alert takes {seconds}", seconds=duration(sending_of(faster).seconds))


def _cores(demand: Demand) -> int:
    return demand.cores * (demand.machines or 1)
