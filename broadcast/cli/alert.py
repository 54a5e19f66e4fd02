"""`broadcast alert`: alerts as CAP 1.2 files, in and out."""

import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from broadcast.actions import alert as actions
from broadcast.actions.alert import Exported, Imported
from broadcast.campaign.content import Hearers
from broadcast.cap.faults import TOLD_MOST, CapError, Fault
from broadcast.cap.octets import LIMITS
from broadcast.cli.campaign_plan import plan, plan_options
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, note, print_json, say, say_hidden, words
from broadcast.cli.session import act
from broadcast.cli.settings import configuration
from broadcast.errors import InputError
from broadcast.languages import _, codes, ngettext, term


@click.group()
def alert() -> None:
    """Alerts as CAP 1.2 files: what others send becomes a draft, and what is sent can be exported.

    \b
    Example:
      broadcast alert import warning.cap --as an
      broadcast campaign show VN-2026-0001
    """


@alert.command("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--name", help="Of the campaign. Default: made of the message's identifier.")
@click.option("--expires", metavar="WHEN", help="Instead of what the message says: 6h, 90m, 2d, or a time.")
@click.option(
    "--hearers", type=click.Choice(["everybody", "phones"]), help="Of an exercise. Default: own phones."
)
@plan_options
@login_option
@json_option
def import_(
    file: Path, as_json: bool, name: str | None, expires: str | None, hearers: Hearers | None, **said: Any
) -> None:
    """Take a CAP message: an Alert or Update becomes a draft, a Cancel ends what it is about. - is stdin.

    \b
    Example:
      broadcast alert import warning.cap --as an
    """
    config, octets, planned = configuration(), read(file), plan(said)
    try:
        done = act(
            lambda session: actions.import_message(session, octets, name, expires, hearers, planned), config
        )
    except CapError as error:
        refuse(error, file, as_json)
    print_json(done) if as_json else tell(done)


@alert.command()
@click.argument("name")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="A file. Default: stdout.")
@login_option
@json_option
def export(name: str, output: Path | None, as_json: bool) -> None:
    """An alert as a CAP 1.2 file, signed where the configuration has a key; a Draft until it was launched.

    \b
    Example:
      broadcast alert export wash-hands --output wash-hands.cap
    """
    found = act(lambda session: actions.export(session, name), configuration())
    tell_faults(found.faults)
    if output is not None:
        output.write_bytes(found.octets)
    show(found, output, as_json)


def read(file: Path) -> bytes:
    """No more than is ever parsed, and an octet. Raises InputError."""
    try:
        with click.open_file(str(file), "rb") as source:
            octets: bytes = source.read(LIMITS.octets + 1)
            return octets
    except FileNotFoundError as error:
        raise InputError(_("there is no file {path}: check its name and where you are", path=file)) from error
    except OSError as error:
        raise InputError(_("cannot read {file}: {why}", file=file, why=error.strerror)) from error


def refuse(error: CapError, file: Path, as_json: bool) -> NoReturn:
    """Every error, a line each; then the command's own line."""
    if as_json:
        print_json({"faults": error.faults})
    else:
        tell_faults(error.faults)
    count = sum(fault.level == "error" for fault in error.faults)
    raise InputError(
        ngettext(
            "{file} has {n} error: nothing was imported",
            "{file} has {n} errors: nothing was imported",
            count,
            file=file,
        )
    ) from error


def tell_faults(faults: tuple[Fault, ...]) -> None:
    levels = {level: term(level) for level in codes("error", "warning", "advice", "note")}
    for fault in faults[:TOLD_MOST]:
        note(f"{levels[fault.level]}: {fault}")
    if len(faults) > TOLD_MOST:
        note(_("and {count} more", count=len(faults) - TOLD_MOST))


def tell(done: Imported) -> None:
    tell_faults(done.faults)
    for line in (*_signature(done), *done.remarks):
        note(line)
    if done.left_out:
        note(_("its texts in {languages} are kept, and do not go out", languages=", ".join(done.left_out)))
    if done.over:
        note(_("it is about {names}, which is over: what was sent stays sent", names=", ".join(done.over)))
    say(_line(done))
    if done.campaign is not None:
        say_hidden(text=done.campaign.text, sender=done.campaign.sender)


def _signature(done: Imported) -> tuple[str, ...]:
    found = done.signature
    if found.standing == "unverified":
        return (_("its signature could not be verified: {reason}", reason=found.reason),)
    if found.standing == "verified":
        return (_("its signature is of {signer}", signer=found.signer),)
    return (_("it is not signed"),)


def _line(done: Imported) -> str:
    message, name = done.message, done.campaign.name if done.campaign else ""
    if done.became == "known" and name:
        return _("{message} was imported before, as {name}: nothing was done", message=message, name=name)
    if done.became == "known":
        return _("{message} was imported before, and made no draft: nothing was done", message=message)
    if done.became == "noted":
        return _("{message} is noted", message=message)
    if done.became == "stopped" and not done.ends:
        return _("{message} cancels what has ended: nothing of it was left to stop", message=message)
    if done.became == "stopped":
        return _("{message} cancels: {names}", message=message, names=", ".join(done.ends))
    return _drafted(done, name)


def _drafted(done: Imported, name: str) -> str:
    assert done.campaign is not None
    expires = words(done.campaign.expires_at)
    if not done.ends:
        return _(
            "{name} is drafted, expires {expires}: see `broadcast campaign show {name}`",
            name=name,
            expires=expires,
        )
    return _(
        "{name} is drafted, expires {expires}; its launch ends {names}: see `broadcast campaign show {name}`",
        name=name,
        expires=expires,
        names=", ".join(done.ends),
    )


def show(found: Exported, output: Path | None, as_json: bool) -> None:
    if as_json:
        print_json(found.record)
    elif output is not None:
        say(_("{file} is written", file=output))
    else:
        sys.stdout.buffer.write(found.octets)
