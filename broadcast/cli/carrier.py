"""`broadcast carrier`: the carriers of the configuration, how their binds stand, and simulated ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import click

from broadcast.cli.carrier_simulate import carrier_simulate
from broadcast.cli.output import json_option, note, print_facts, print_json, print_table, say
from broadcast.cli.runner import run
from broadcast.cli.settings import configuration
from broadcast.config import Bind, Config
from broadcast.errors import ConfigError, DatabaseError
from broadcast.store.pool import connect
from broadcast.store.queries import sql
from broadcast.tables import nearest


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
    """One carrier of the numbering plan. tps, slots, window: null when it is not connected. held, bound,
    granted_tps: null when the database does not tell."""

    name: str
    prefixes: tuple[str, ...]
    connected: bool
    tps: int | None
    slots: int | None
    window: int | None
    held: int | None
    bound: int | None
    granted_tps: int | None


@click.group()
def carrier() -> None:
    """The carriers, and simulated ones to rehearse with.

    \b
    Example:
      broadcast carrier list
      broadcast carrier simulate --personality config/simulator/viettel.toml
    """


@carrier.command("list")
@json_option
def carrier_list(as_json: bool) -> None:
    """Every carrier of the numbering plan: its limits, and how many of its binds are up.

    \b
    Example:
      broadcast carrier list
    """
    config = configuration()
    slots = run(_slots())
    lines = [_line(config, name, slots) for name in sorted(config.country.prefixes)]
    if as_json:
        print_json(lines)
        return
    rows = [
        (
            line.name,
            "yes" if line.connected else "no",
            line.tps,
            line.slots,
            line.window,
            line.held,
            line.bound,
            line.granted_tps,
        )
        for line in lines
    ]
    print_table("", ("carrier", "connected", "TPS", "binds", "window", "held", "bound", "TPS granted"), rows)


@carrier.command("show")
@click.argument("name")
@json_option
def carrier_show(name: str, as_json: bool) -> None:
    """One carrier: how it is spoken to, and each of its binds. Never a password.

    \b
    Example:
      broadcast carrier show viettel
    """
    config = configuration()
    known = sorted(config.country.prefixes)
    if name not in known:
        raise ConfigError(f"no carrier {name} in the numbering plan: {nearest(name, known)}")
    slots = run(_slots())
    line, settings = _line(config, name, slots), config.carriers.get(name)
    if as_json:
        mine = None if slots is None else [slot for slot in slots if slot.carrier == name]
        print_json({"carrier": line, "settings": settings, "slots": mine})
        return
    print_facts("", {"carrier": name, "prefixes": line.prefixes, "connected": line.connected})
    if settings is None:
        note(f"no [carriers.{name}] in the configuration: its subscribers are left out of campaigns")
        return
    facts = {key: getattr(settings, key) for key in type(settings).__slots__ if key != "binds"}
    print_facts("", facts)
    say("")
    _show_binds(name, settings.slots(), slots)


def _show_binds(name: str, binds: Sequence[Bind], slots: Sequence[Slot] | None) -> None:
    """A row per slot, in slot order."""
    known = {slot.slot: slot for slot in slots or () if slot.carrier == name}
    rows = []
    for number, bind in enumerate(binds):
        slot = known.get(number)
        rows.append(
            (
                number,
                f"{bind.host}:{bind.port}",
                bind.system_id,
                bind.mode,
                bind.window,
                bind.tls is not None,
                slot and slot.worker,
                slot and slot.bound,
                slot and slot.granted_tps,
            )
        )
    columns = ("slot", "SMSC", "system_id", "mode", "window", "TLS", "worker", "bound", "TPS granted")
    print_table("", columns, rows)


def _line(config: Config, name: str, slots: Sequence[Slot] | None) -> CarrierLine:
    settings = config.carriers.get(name)
    mine = None if slots is None else [slot for slot in slots if slot.carrier == name]
    return CarrierLine(
        name=name,
        prefixes=config.country.prefixes[name],
        connected=settings is not None,
        tps=settings.tps if settings else None,
        slots=len(settings.slots()) if settings else None,
        window=sum(bind.window for bind in settings.slots()) if settings else None,
        held=None if mine is None else sum(slot.worker is not None for slot in mine),
        bound=None if mine is None else sum(slot.bound for slot in mine),
        granted_tps=None if mine is None else sum(slot.granted_tps for slot in mine),
    )


async def _slots() -> list[Slot] | None:
    """Every slot as the database has it; None, and a word why, when it cannot be asked."""
    try:
        connection = await connect()
    except DatabaseError as error:
        note(f"how the binds stand is not known: {error}")
        return None
    try:
        rows = await connection.fetch(sql("carrier_slots"))
    finally:
        await connection.close()
    return [
        Slot(
            carrier=row["carrier"],
            slot=row["slot_no"],
            worker=None if row["worker_no"] is None else f"{row['worker_no']} ({row['host']}, {row['pid']})",
            granted_tps=row["granted_tps"],
            bound=row["bound"],
        )
        for row in rows
    ]


carrier.add_command(carrier_simulate)
