"""`broadcast carrier list` and `show`: the carriers of the configuration, and how their binds stand."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

import click

from broadcast import secret
from broadcast.actions.outlook import tps_of_all
from broadcast.actions.session import Session
from broadcast.cli.findings import show_findings, show_misfits, show_oddities
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, note, print_facts, print_json, print_table, say
from broadcast.cli.runner import run
from broadcast.cli.session import act, perhaps
from broadcast.cli.settings import configuration
from broadcast.config import Bind, Carrier, Config
from broadcast.diagnosis.finding import Finding
from broadcast.diagnosis.gather import Diagnosis
from broadcast.diagnosis.order import merged
from broadcast.errors import BroadcastError, ConfigError
from broadcast.languages import _, headings, term
from broadcast.reports.carriers import CarrierLine, Slot, addresses, all_slots, carrier_line
from broadcast.reports.received import Misfit, Oddity, Received, added, misfits, oddities, received
from broadcast.tables import nearest


@click.command("list")
@login_option
@json_option
def carrier_list(as_json: bool) -> None:
    """Every carrier of the numbering plan: its limits, and how many of its binds are up.

    \b
    Example:
      broadcast carrier list
    """
    config = configuration()
    found, findings, tps = run(_standing(config))
    lines = [carrier_line(config, name, found, tps) for name in sorted(config.country.prefixes)]
    if as_json:
        print_json([{**asdict(line), "findings": _documents(findings, line.name)} for line in lines])
        return
    _show_lines(lines)
    show_findings(findings or ())


def _show_lines(lines: Sequence[CarrierLine]) -> None:
    rows = [
        (
            line.name,
            line.connected,
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
    limits = headings("TPS", "binds", "window", "held", "bound", "TPS granted")
    print_table("", (*headings("carrier", "connected", "SMSC", "TLS"), *limits), rows)


@click.command("show")
@click.argument("name")
@login_option
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
        raise ConfigError(
            _("no carrier {name} in the numbering plan: {nearest}", name=name, nearest=nearest(name, known))
        )
    found, findings, tps = run(_standing(config, why=True))
    line, settings = carrier_line(config, name, found, tps), config.carriers.get(name)
    if as_json:
        print_json(_document(line, settings, found, findings))
    else:
        _show(line, settings, found, findings)


def _document(
    line: CarrierLine,
    settings: Carrier | None,
    found: Sequence[Slot] | None,
    findings: Sequence[Finding] | None,
) -> dict[str, Any]:
    name = line.name
    mine = None if found is None else [slot for slot in found if slot.carrier == name]
    got, odd, unfit = (None, None, None) if found is None else act(lambda session: _told(session, name))
    told = {"receipts": got, "misfits": unfit, "oddities": odd, "findings": _documents(findings, name)}
    return {"carrier": line, "settings": settings and _settings(settings), "slots": mine, **told}


def _show(
    line: CarrierLine,
    settings: Carrier | None,
    found: Sequence[Slot] | None,
    findings: Sequence[Finding] | None,
) -> None:
    name = line.name
    print_facts("", {_("carrier"): name, _("prefixes"): line.prefixes, _("connected"): line.connected})
    if settings is None:
        note(
            _(
                "no [carriers.{name}] in the configuration: its subscribers are left out of campaigns",
                name=name,
            )
        )
        return
    facts = {key: value for key, value in settings.settings().items() if key != "binds"} | {"tps": line.tps}
    print_facts("", facts)
    say("")
    _show_binds(name, settings.slots(), found)
    if found is not None:
        got, odd, unfit = act(lambda session: _told(session, name))
        if got is not None:
            print_facts(
                "\n" + _("its receipts"), {term(each): getattr(got, each) for each in Received.__slots__}
            )
        show_misfits(unfit)
        show_oddities(odd)
    show_findings([each for each in findings or () if each.carrier in (name, "")], _("What is wrong"))


def _documents(findings: Sequence[Finding] | None, name: str) -> list[dict[str, object]] | None:
    """Of one carrier; None when the database does not tell."""
    return None if findings is None else [each.document() for each in findings if each.carrier in (name, "")]


def _settings(carrier: Carrier) -> dict[str, Any]:
    """All keys; of passwords where they are, if they are there."""
    shown = carrier.settings()
    shown["binds"] = [
        {each.name: getattr(bind, each.name) for each in fields(bind)}
        | secret.shown(bind.password_env, bind.password_file)
        for bind in carrier.binds
    ]
    return shown


def _show_binds(name: str, binds: Sequence[Bind], found: Sequence[Slot] | None) -> None:
    """A row per slot, in slot order."""
    known = {slot.slot: slot for slot in found or () if slot.carrier == name}
    rows = []
    for number, bind in enumerate(binds):
        slot = known.get(number)
        rows.append(
            (
                number,
                addresses(bind),
                bind.system_id,
                bind.mode,
                bind.window,
                _tls(bind),
                slot and slot.worker,
                slot and slot.bound,
                slot and slot.granted_tps,
            )
        )
    columns = headings("slot", "SMSC", "system_id", "mode", "window", "TLS", "worker", "bound", "TPS granted")
    print_table("", columns, rows)


def _tls(bind: Bind) -> str:
    """no; 1.2+; 1.3+, client certificate."""
    if bind.tls is None:
        return _("no")
    return f"{bind.tls.min_version}+" + (_(", client certificate") if bind.tls.cert_file else "")


async def _told(
    session: Session, name: str
) -> tuple[Received | None, tuple[Oddity, ...], tuple[Misfit, ...]]:
    """What its SMSC told us."""
    async with session.all_parts() as parts:
        here = [part.connection for part in parts.reached]
        return (
            added([await received(each, name) for each in here]),
            tuple([odd for each in here for odd in await oddities(each, name)]),
            tuple([unfit for each in here for unfit in await misfits(each, name)]),
        )


async def _standing(
    config: Config, *, why: bool = False
) -> tuple[list[Slot] | None, tuple[Finding, ...] | None, dict[str, int]]:
    """Every slot as the database has it, what is wrong (why: as `diagnose`), and the TPS that hold; None or nothing,
    and a word about that, when it cannot be asked."""
    async with perhaps() as found:
        if isinstance(found, BroadcastError):
            note(_("how the binds stand is not known: {found}", found=found))
            return None, None, {}
        tps = await tps_of_all(found, config)
        async with found.all_parts() as parts:
            for away in parts.away:
                note(_("how the binds of a ledger stand is not known: {why}", why=away.why))
            reached = [Diagnosis(part.connection) for part in parts.reached]
            wrong = merged([await each.findings(why=why) for each in reached])
            return await all_slots(parts, config), wrong, tps
