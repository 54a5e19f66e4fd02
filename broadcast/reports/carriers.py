"""The carriers of the numbering plan: what the configuration says of each, and how its binds stand in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import asyncpg

from broadcast.config import Bind, Config
from broadcast.store.ledgers import Parts
from broadcast.store.queries import sql
from broadcast.store.types import Connection


@dataclass(frozen=True, slots=True)
class Slot:
    """One bind that a carrier allows. worker: the process that holds it; granted_tps: what it may send."""

    carrier: str
    slot: int
    worker: str | None
    granted_tps: int
    bound: bool


@dataclass(frozen=True, slots=True)
class CarrierLine:
    """One carrier of the numbering plan. hosts: all addresses of its binds; tls: which of the binds have it.
    tps: what holds, its row's; the file's where no worker says otherwise, or the database does not tell.
    tps, slots, window, tls: null when it is not connected. held, bound, granted_tps: null when the database
    does not tell."""

    name: str
    prefixes: tuple[str, ...]
    connected: bool
    hosts: tuple[str, ...]
    tls: Literal["all", "some", "none"] | None
    tps: int | None
    slots: int | None
    window: int | None
    held: int | None
    bound: int | None
    granted_tps: int | None


async def slots(connection: Connection) -> list[Slot]:
    """Every slot of every carrier, as the database has it."""
    return [_slot(row) for row in await connection.fetch(sql("carrier_slots"))]


async def all_slots(parts: Parts, config: Config) -> list[Slot]:
    """Those of every ledger that is reached, numbered as in this configuration."""
    found = []
    for part in parts.reached:
        for slot in await slots(part.connection):
            here = _places(config, part.name, slot.carrier)
            if slot.slot < len(here):
                found.append(replace(slot, slot=here[slot.slot]))
    return sorted(found, key=lambda slot: (slot.carrier, slot.slot))


def _places(config: Config, ledger: str, carrier: str) -> Sequence[int]:
    """Of a ledger's slots of a carrier, by number there, the numbers that the whole carrier has."""
    if not ledger or carrier not in config.carriers:
        return range(1_000_000)
    share = config.ledgers[ledger].shares.get(carrier)
    binds = config.carriers[carrier].slots()
    if share is None:
        return range(len(binds)) if carrier in config.ledgers[ledger].carriers else ()
    return [number for number, bind in enumerate(binds) if bind.system_id in share.accounts]


def carrier_line(
    config: Config, name: str, found: Sequence[Slot] | None, tps: Mapping[str, int]
) -> CarrierLine:
    """found: of `slots`; None when the database does not tell. tps: of `tps_that_hold`; empty when it does not."""
    settings = config.carriers.get(name)
    mine = None if found is None else [slot for slot in found if slot.carrier == name]
    return CarrierLine(
        name=name,
        prefixes=config.country.prefixes[name],
        connected=settings is not None,
        hosts=tuple(dict.fromkeys(each for bind in settings.binds for each in addresses(bind)))
        if settings
        else (),
        tls=_tls_share(settings.binds) if settings else None,
        tps=tps.get(name, settings.tps) if settings else None,
        slots=len(settings.slots()) if settings else None,
        window=sum(bind.window for bind in settings.slots()) if settings else None,
        held=None if mine is None else sum(slot.worker is not None for slot in mine),
        bound=None if mine is None else sum(slot.bound for slot in mine),
        granted_tps=None if mine is None else sum(slot.granted_tps for slot in mine),
    )


def addresses(bind: Bind) -> tuple[str, ...]:
    """In the order in which they are tried."""
    return tuple(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in bind.addresses())


def _tls_share(binds: Sequence[Bind]) -> Literal["all", "some", "none"]:
    having = sum(bind.tls is not None for bind in binds)
    return "all" if having == len(binds) else "some" if having else "none"


def _slot(row: asyncpg.Record) -> Slot:
    return Slot(
        carrier=row["carrier"],
        slot=row["slot_no"],
        worker=None if row["worker_no"] is None else f"{row['worker_no']} ({row['host']}, {row['pid']})",
        granted_tps=row["granted_tps"],
        bound=row["bound"],
    )
