"""`broadcast carrier check`: what works, what the SMSC is like, and the settings that fit it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import click

from broadcast.actions import clock
from broadcast.audience.msisdn import Normalizer, Refusal
from broadcast.cli.findings import show_misfits
from broadcast.cli.output import json_option, masked, note, print_facts, print_json, say, words
from broadcast.cli.runner import run
from broadcast.cli.session import perhaps
from broadcast.cli.settings import configuration
from broadcast.clock import DayTime, lease_time
from broadcast.config import Config, Country
from broadcast.errors import BroadcastError, ConfigError
from broadcast.languages import _
from broadcast.probe.check import Wanted, check
from broadcast.probe.findings import Finding, Findings
from broadcast.reports.misfits import misfit_documents
from broadcast.reports.received import Misfit, misfits
from broadcast.tables import nearest

_DATABASE_S: Final = 3.0  # it is wanted for its clock, and for what it knows of the carrier's receipts
_AT_ONCE: Final = 4  # carriers


Checked = tuple[Findings, tuple[Misfit, ...]]


@click.command("check")
@click.argument("name", required=False)
@click.option("--all", "every", is_flag=True, help="Every carrier of the configuration; nothing is sent.")
@click.option("--to", metavar="MSISDN", help="A telephone of yours: gets a short and a long message.")
@click.option("--wait", "wait_s", type=click.FloatRange(0.1, 3600), default=60.0, show_default=True,
              metavar="SECONDS", help="How long to wait for receipts.")  # fmt: skip
@click.option("--burst", type=click.IntRange(0, 1000), default=0, metavar="COUNT",
              help="With --to: as many messages more at once, and again if some are refused, to see whether "
              "window and tps fit.")  # fmt: skip
@json_option
@click.pass_context
def carrier_check(
    ctx: click.Context,
    name: str | None,
    every: bool,
    to: str | None,
    wait_s: float,
    burst: int,
    as_json: bool,
) -> None:
    """Try a carrier: connect, TLS, bind as configured, and with --to messages and their receipts.

    Says line by line what works, what does not and which setting to change, then what the SMSC is like, and the
    settings to paste. Writes nothing to the ledger, and leaves receipts that are not its own to the workers.
    Exit code 1 when something failed.

    \b
    Example:
      broadcast carrier check viettel
      broadcast carrier check viettel --to 0912345678 --wait 120
      broadcast carrier check --all
    """
    config = configuration()
    if name is None or every:
        ctx.exit(_every(config, name, every, to, as_json))
    wanted = _wanted(config, name, to, wait_s, burst)
    if wanted.to is not None and not as_json:
        note(_("messages go to {to}", to=masked(wanted.to)))
    found, unfit = run(_check(config, name, wanted, _quiet if as_json else _show))
    if as_json:
        print_json(_document(found, unfit))
    else:
        _summary(found)
        show_misfits(unfit)
    ctx.exit(0 if found.good else 1)


def _every(config: Config, name: str | None, every: bool, to: str | None, as_json: bool) -> int:
    """Some at a time, each told when it is through. The exit code."""
    if not every or name is not None or to is not None:
        raise click.UsageError(_("name one carrier, or give --all alone: with it nothing is sent"))
    checked = run(_check_all(config, _quiet if as_json else _tell_one))
    if as_json:
        print_json([_document(found, unfit) for found, unfit in checked])
    return 0 if all(found.good for found, _unfit in checked) else 1


async def _check_all(config: Config, tell: Callable[[Checked], None]) -> list[Checked]:
    few = asyncio.Semaphore(_AT_ONCE)

    async def one(name: str) -> Checked:
        async with few:
            checked = await _check(config, name, Wanted(), _quiet)
        tell(checked)
        return checked

    return await asyncio.gather(*map(one, sorted(config.carriers)))


def _tell_one(checked: Checked) -> None:
    found, unfit = checked
    say(found.carrier)
    for line in found.lines:
        _show(line)
    _summary(found)
    show_misfits(unfit)
    say("")


def _wanted(config: Config, name: str, to: str | None, wait_s: float, burst: int) -> Wanted:
    if name not in config.carriers:
        raise ConfigError(
            _(
                "no [carriers.{name}] in the configuration: {nearest}",
                name=name,
                nearest=nearest(name, sorted(config.carriers)),
            )
        )
    if burst and to is None:
        raise click.UsageError(_("--burst sends messages: give --to with a telephone of yours"))
    return Wanted(None if to is None else _msisdn(to, config.country), wait_s, burst)


async def _check(config: Config, name: str, wanted: Wanted, tell: Callable[[Finding], None]) -> Checked:
    day_time = DayTime.of_this_machine() if wanted.to is None else await _day_time()
    return await check(config, name, wanted, tell, day_time), await _misfits(name)


async def _misfits(name: str) -> tuple[Misfit, ...]:
    """What fitted nothing in alerts so far. A carrier is checked before there is a database, too."""
    async with perhaps(timeout_s=_DATABASE_S) as found:
        return () if isinstance(found, BroadcastError) else await misfits(found.connection, name)


async def _day_time() -> DayTime:
    """As workers have it, or a check would find fault with validity_period where the fault is this machine's clock."""
    asked = lease_time()
    async with perhaps(timeout_s=_DATABASE_S) as found:
        if isinstance(found, BroadcastError):
            note(_("messages expire by this machine's clock, not by the database's: {found}", found=found))
            return DayTime.of_this_machine()
        return DayTime(await clock.now(found), asked)


def _msisdn(text: str, country: Country) -> int:
    found = Normalizer(country).normalize(text)
    if isinstance(found, Refusal):
        raise click.BadParameter(
            _("it is no mobile number of {name} ({words})", name=country.name, words=found.words),
            param_hint="--to",
        )
    return found


def _quiet(_told: object) -> None:
    """With --json all is printed at the end."""


def _show(finding: Finding) -> None:
    way_out = f"  -> {finding.setting}" if finding.setting else ""
    say(f"{finding.result:<6}  {finding.subject:<20}  {words(finding.said)}{way_out}")


def _summary(found: Findings) -> None:
    if found.habits:
        say("")
        print_facts(_("What the SMSC is like"), found.habits)
    if found.recommended:
        say("")
        say(_("Recommended, to be pasted over what is there:"))
        say("")
        say(found.snippet())
        say("")
    failed = sum(line.result == "failed" for line in found.lines)
    say(
        _("{carrier}: all is well", carrier=found.carrier)
        if not failed
        else _("{carrier}: {failed} to mend", carrier=found.carrier, failed=failed)
    )


def _document(found: Findings, unfit: Sequence[Misfit]) -> dict[str, object]:
    return {
        "carrier": found.carrier,
        "good": found.good,
        "findings": found.lines,
        "habits": found.habits,
        "recommended": found.recommended,
        "toml": found.snippet(),
        "misfits": misfit_documents(unfit),
    }
