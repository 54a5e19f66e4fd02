"""`broadcast carrier`: the carriers of the configuration, how their binds stand, and simulated ones."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import asyncpg
import click

from broadcast import secret
from broadcast.audience.carriers import tps_that_hold
from broadcast.cli.carrier_check import carrier_check
from broadcast.cli.carrier_simulate import carrier_simulate
from broadcast.cli.findings import finding_document, show_findings
from broadcast.cli.misfits import show_misfits
from broadcast.cli.oddities import show_oddities
from broadcast.cli.output import json_option, note, print_facts, print_json, print_table, say
from broadcast.cli.runner import run
from broadcast.cli.settings import configuration
from broadcast.config import Bind, Carrier, Config
from broadcast.diagnosis.finding import Finding
from broadcast.diagnosis.gather import Diagnosis
from broadcast.errors import ConfigError, DatabaseError, RefusedError
from broadcast.reports.received import Misfit, Oddity, Received, misfits, oddities, received
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


@click.group()
def carrier() -> None:
    """The carriers, and simulated ones to rehearse with.

    \b
    Example:
      broadcast carrier list
      broadcast carrier check viettel --to 0912345678
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
    slots, findings, tps = run(_standing(config))
    lines = [_line(config, name, slots, tps) for name in sorted(config.country.prefixes)]
    if as_json:
        print_json([{**asdict(line), "findings": _documents(findings, line.name)} for line in lines])
        return
    rows = [
        (
            line.name,
            "yes" if line.connected else "no",
            line.hosts,
            line.tls,
            line.tps,
            line.slots,
            line.window,
            line.held,
            line.bound,
            line.granted_tps,
        )
        for line in lines
    ]
    limits = ("TPS", "binds", "window", "held", "bound", "TPS granted")
    print_table("", ("carrier", "connected", "SMSC", "TLS", *limits), rows)
    show_findings(findings or ())


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
    slots, findings, tps = run(_standing(config))
    line, settings = _line(config, name, slots, tps), config.carriers.get(name)
    if as_json:
        mine = None if slots is None else [slot for slot in slots if slot.carrier == name]
        got, odd, unfit = (None, None, None) if slots is None else run(_told(name))
        shown = settings and _settings(settings)
        told = {"receipts": got, "misfits": unfit, "oddities": odd, "findings": _documents(findings, name)}
        print_json({"carrier": line, "settings": shown, "slots": mine, **told})
        return
    print_facts("", {"carrier": name, "prefixes": line.prefixes, "connected": line.connected})
    if settings is None:
        note(f"no [carriers.{name}] in the configuration: its subscribers are left out of campaigns")
        return
    facts = {key: value for key, value in settings.settings().items() if key != "binds"} | {"tps": line.tps}
    print_facts("", facts)
    say("")
    _show_binds(name, settings.slots(), slots)
    if slots is not None:
        got, odd, unfit = run(_told(name))
        if got is not None:
            print_facts("\nits receipts", {each: getattr(got, each) for each in Received.__slots__})
        show_misfits(unfit)
        show_oddities(odd)
    show_findings([each for each in findings or () if each.carrier in (name, "")], "What is wrong")


def _documents(findings: Sequence[Finding] | None, name: str) -> list[dict[str, object]] | None:
    """Of one carrier; None when the database does not tell."""
    return (
        None
        if findings is None
        else [finding_document(each) for each in findings if each.carrier in (name, "")]
    )


def _settings(carrier: Carrier) -> dict[str, Any]:
    """All keys; of passwords where they are, if they are there."""
    shown = carrier.settings()
    shown["binds"] = [
        {each.name: getattr(bind, each.name) for each in fields(bind)}
        | secret.shown(bind.password_env, bind.password_file)
        for bind in carrier.binds
    ]
    return shown


def _show_binds(name: str, binds: Sequence[Bind], slots: Sequence[Slot] | None) -> None:
    """A row per slot, in slot order."""
    known = {slot.slot: slot for slot in slots or () if slot.carrier == name}
    rows = []
    for number, bind in enumerate(binds):
        slot = known.get(number)
        rows.append(
            (
                number,
                _addresses(bind),
                bind.system_id,
                bind.mode,
                bind.window,
                _tls(bind),
                slot and slot.worker,
                slot and slot.bound,
                slot and slot.granted_tps,
            )
        )
    columns = ("slot", "SMSC", "system_id", "mode", "window", "TLS", "worker", "bound", "TPS granted")
    print_table("", columns, rows)


def _line(config: Config, name: str, slots: Sequence[Slot] | None, tps: Mapping[str, int]) -> CarrierLine:
    settings = config.carriers.get(name)
    mine = None if slots is None else [slot for slot in slots if slot.carrier == name]
    return CarrierLine(
        name=name,
        prefixes=config.country.prefixes[name],
        connected=settings is not None,
        hosts=tuple(dict.fromkeys(each for bind in settings.binds for each in _addresses(bind)))
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


def _addresses(bind: Bind) -> tuple[str, ...]:
    """In the order in which they are tried."""
    return tuple(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in bind.addresses())


def _tls(bind: Bind) -> str:
    """no; 1.2+; 1.3+, client certificate."""
    if bind.tls is None:
        return "no"
    return f"{bind.tls.min_version}+" + (", client certificate" if bind.tls.cert_file else "")


def _tls_share(binds: Sequence[Bind]) -> Literal["all", "some", "none"]:
    having = sum(bind.tls is not None for bind in binds)
    return "all" if having == len(binds) else "some" if having else "none"


async def _told(name: str) -> tuple[Received | None, tuple[Oddity, ...], tuple[Misfit, ...]]:
    """What its SMSC told us."""
    connection = await connect()
    try:
        return (
            await received(connection, name),
            await oddities(connection, name),
            await misfits(connection, name),
        )
    finally:
        await connection.close()


async def _standing(
    config: Config,
) -> tuple[list[Slot] | None, tuple[Finding, ...] | None, dict[str, int]]:
    """Every slot as the database has it, what is wrong, and the TPS that hold; None or nothing, and a word why, when it
    cannot be asked."""
    try:
        connection = await connect()
    except (DatabaseError, ConfigError, RefusedError) as error:
        note(f"how the binds stand is not known: {error}")
        return None, None, {}
    try:
        rows = await connection.fetch(sql("carrier_slots"))
        tps = await tps_that_hold(connection, config)
        return [_slot(row) for row in rows], await Diagnosis(connection).findings(), tps
    finally:
        await connection.close()


def _slot(row: asyncpg.Record) -> Slot:
    return Slot(
        carrier=row["carrier"],
        slot=row["slot_no"],
        worker=None if row["worker_no"] is None else f"{row['worker_no']} ({row['host']}, {row['pid']})",
        granted_tps=row["granted_tps"],
        bound=row["bound"],
    )


carrier.add_command(carrier_check)
carrier.add_command(carrier_simulate)
