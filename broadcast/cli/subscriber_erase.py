"""`broadcast subscriber erase` and `export`: what people may ask of whoever has their number."""

from pathlib import Path

import click

from broadcast.actions import erasure as actions
from broadcast.actions import subscriber
from broadcast.actions.erasure import Asked, Due
from broadcast.actions.numbers import numbers_in
from broadcast.cli.files import replacing
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, note, print_json, say, to_json, words
from broadcast.cli.session import act
from broadcast.cli.settings import configuration
from broadcast.languages import _

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("erase")
@click.argument("number", required=False)
@click.option("--file", type=_FILE, help="Of many: a number a line.")
@click.option("--due", is_flag=True, help="Erase whoever asked, everywhere: a timer runs it every hour.")
@click.option("--undo", is_flag=True, help="They ask to be heard again: an import may bring them in.")
@login_option
@json_option
def erase(number: str | None, file: Path | None, due: bool, undo: bool, as_json: bool) -> None:
    """Forget a number: off the list now, out of ledger and archives within 24 hours. It cannot be undone.

    What became of alerts stays, without the number, and the audit of each balances. No import brings it back.

    \b
    Example:
      broadcast subscriber erase 0912345678
      broadcast subscriber erase --due
    """
    if sum((number is not None, file is not None, due)) != 1 or (due and undo):
        raise click.UsageError(_("give a NUMBER, or --file FILE, or --due"))
    if due:
        _say_due(act(actions.erase_due, configuration()), as_json)
        return
    numbers = _numbers(number, file)
    if undo:
        _say_undone(act(lambda session: actions.may_return(session, numbers)), as_json)
    else:
        _say_asked(act(lambda session: actions.erase(session, numbers)), as_json)


def _numbers(number: str | None, file: Path | None) -> list[int]:
    country = configuration().country
    if file:
        return numbers_in(country, file, visitors=True)
    return [subscriber.number(country, number or "", visitors=True)]


def _say_asked(done: Asked, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    say(
        _(
            "{numbers:,} to be erased, {asked:,} of them anew; {subscribers:,} were on the list and are not any more",
            numbers=done.numbers,
            asked=done.asked,
            subscribers=done.subscribers,
        )
    )
    note(_("old alerts and archives: `broadcast subscriber erase --due`, by a timer, within 24 hours"))


def _say_due(done: Due, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    say(
        _(
            "erased everywhere: {erased:,}; archives made anew: {archives:,}",
            erased=done.erased,
            archives=done.archives,
        )
    )
    if done.waiting:
        note(
            _(
                "{waiting:,} are in an alert that goes on, or an import runs: try again, at the latest within 24 h",
                waiting=done.waiting,
            )
        )


def _say_undone(done: int, as_json: bool) -> None:
    if as_json:
        print_json({"numbers": done})
    else:
        say(_("{numbers:,} may be imported again", numbers=done))


@click.command("export")
@click.argument("number")
@click.option("--file", type=_FILE, help="Where to write it, for its owner's eyes only. Default: here.")
@login_option
def export(number: str, file: Path | None) -> None:
    """All that is known of one number, as JSON, for whoever has it: the list, alerts, replies.

    \b
    Example:
      broadcast subscriber export 0912345678 --file answer.json
    """
    config = configuration()
    msisdn = subscriber.number(config.country, number, visitors=True)
    found = act(lambda session: actions.export(session, msisdn), config)
    if file is None:
        print_json(found)
        return
    with replacing(file, mode=0o600) as sink:
        sink.write(to_json(found) + "\n")
    note(_("wrote {file}", file=words(file)))
