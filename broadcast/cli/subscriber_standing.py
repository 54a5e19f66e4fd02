"""`broadcast subscriber do-not-call` and `consent`: who may be told what, by a register or their word."""

from pathlib import Path
from typing import Any

import click

from broadcast.actions import standing as actions
from broadcast.actions import subscriber
from broadcast.actions.standing import Consented, Lines, Registered, Told
from broadcast.cli.file_lines import say_refused_file, show_lines
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, print_json, say
from broadcast.cli.session import act
from broadcast.cli.settings import configuration
from broadcast.languages import _

_FILE = click.Path(dir_okay=False, path_type=Path)
_REFUSED = click.option("--refused", type=_FILE, help="Where refused lines go. Default: as of import.")


@click.command("do-not-call")
@click.argument("number", required=False)
@click.option("--file", type=_FILE, help="Of many: CSV or Parquet as of import, with a column msisdn.")
@click.option("--replace", is_flag=True, help="The file is the whole list: whoever is not in it is off it.")
@click.option("--anyway", is_flag=True, help="Although the file takes most numbers off the list.")
@click.option("--undo", is_flag=True, help="They are on it no more.")
@_REFUSED
@login_option
@json_option
def do_not_call(
    number: str | None, file: Path | None, undo: bool, refused: Path | None, as_json: bool, **how: bool
) -> None:
    """Keep the do-not-call list: alerts of a category whose rule heeds it go to nobody on it, emergencies do.

    Numbers that are no subscribers' are kept, too, so that a later import knows them. The same file may be given
    again. What was launched before goes on as it was fixed.

    \b
    Example:
      broadcast subscriber do-not-call --file register.csv --replace
      broadcast subscriber do-not-call 0912345678 --undo
    """
    if (number is None) is (file is None) or (how["replace"] and (undo or file is None)):
        raise click.UsageError(
            _("give a NUMBER or --file FILE, perhaps with --undo; --replace goes with a file")
        )
    config = configuration()
    given = file or subscriber.number(config.country, number or "")
    if undo:
        done = act(lambda session: actions.unregister(session, given, refused), config)
    else:
        done = act(lambda session: actions.register(session, given, refused, **how), config)
    if as_json:
        print_json(done)
    else:
        _say_registered(done)


def _say_registered(done: Registered) -> None:
    _show_lines(done.file)
    say(
        _(
            "on the do-not-call list: {on_list:,}; new: {new:,}, gone: {gone:,}; subscribers whom that changes:"
            " {subscribers:,}",
            on_list=done.on_list,
            new=done.new,
            gone=done.gone,
            subscribers=done.subscribers,
        )
    )


@click.command("consent")
@click.argument("number", required=False)
@click.option(
    "--file", type=_FILE, help="Of many: as of import, perhaps with columns consent and consent_source."
)
@click.option("--source", metavar="TEXT", help='By what: "form 12, Da Nang clinic". Of lines that name none.')
@click.option("--at", metavar="TIME", help="When they said so: 2030-01-31, 2030-01-31T18:00. Default: now.")
@click.option("--withdrawn", is_flag=True, help="They take it back.")
@_REFUSED
@login_option
@json_option
def consent(as_json: bool, number: str | None, **said: Any) -> None:
    """Note what people agreed to, or took back, with its time and source. Their newest word counts.

    Alerts of a category whose rule asks for consent go to nobody else. Emergencies do. A file's column consent
    says when, consent_source by what.

    \b
    Example:
      broadcast subscriber consent --file forms.csv --source "form 12, Da Nang clinic" --at 2030-01-31
      broadcast subscriber consent 0912345678 --source "by phone" --withdrawn
    """
    if (number is None) is (said["file"] is None):
        raise click.UsageError(_("give a NUMBER or --file FILE"))
    config = configuration()
    told = Told(None if number is None else subscriber.number(config.country, number), **said)
    done = act(lambda session: actions.note_consent(session, told), config)
    if as_json:
        print_json(done)
    else:
        _say_consented(done)


def _say_consented(done: Consented) -> None:
    _show_lines(done.file)
    say(
        _(
            "words kept: {words:,}; subscribers whom that changes: {subscribers:,}",
            words=done.words,
            subscribers=done.subscribers,
        )
    )


def _show_lines(file: Lines | None) -> None:
    if file is None:
        return
    show_lines(file)
    if file.refused:
        say_refused_file(file.refused_file)
