"""`broadcast subscriber`: who hears alerts."""

import asyncio
import math
from collections.abc import Sequence
from pathlib import Path

import click

from broadcast.actions import subscriber as actions
from broadcast.actions.numbers import numbers_in
from broadcast.actions.session import Session
from broadcast.actions.subscriber import Import, Learnt, OptedOut
from broadcast.audience.attributes import declared
from broadcast.audience.generator import Expected, Facts, Generator
from broadcast.audience.importer import ImportResult
from broadcast.audience.pipes import name_of
from broadcast.audience.subscribers import Consent, Subscriber
from broadcast.cli.file_lines import refused_rows, say_refused_file
from broadcast.cli.files import replacing
from broadcast.cli.import_progress import import_progress
from broadcast.cli.known import import_words
from broadcast.cli.operator import login_option
from broadcast.cli.output import (
    json_option,
    masked,
    note,
    print_facts,
    print_json,
    print_table,
    say,
    words,
)
from broadcast.cli.session import act
from broadcast.cli.settings import configuration
from broadcast.cli.subscriber_erase import erase, export
from broadcast.cli.subscriber_learn import learn, learnt_words, ported
from broadcast.cli.subscriber_standing import consent, do_not_call
from broadcast.cli.subscriber_stats import stats
from broadcast.errors import InputError
from broadcast.languages import _, headings, term

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def subscriber() -> None:
    """Who hears alerts: import, statistics, opt-out.

    \b
    Example:
      broadcast subscriber import people.csv
      broadcast subscriber stats
    """


subscriber.add_command(erase)
subscriber.add_command(export)
subscriber.add_command(do_not_call)
subscriber.add_command(consent)
subscriber.add_command(stats)
subscriber.add_command(learn)
subscriber.add_command(ported)


@subscriber.command("import")
@click.argument("file", type=_FILE)
@click.option(
    "--refused",
    type=_FILE,
    help="Where refused lines go. Default: FILE's name with .refused.csv; of a pipe, piped.refused.csv.",
)
@click.option(
    "--resumable", is_flag=True, help="Commit batch by batch; given again, continue where it stopped."
)
@click.option(
    "--restart", is_flag=True, help="With --resumable: give up an unfinished import, begin at line 1."
)
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="NAME:TYPE",
    help="Keep this column of people, too: text, number or boolean. Once for all lists; repeat for more.",
)
@login_option
@json_option
def import_(
    file: Path, refused: Path | None, resumable: bool, restart: bool, attributes: Sequence[str], as_json: bool
) -> None:
    """Bring a file of numbers into the database; all of it or nothing.

    CSV, also compressed by gzip or zstandard, or Parquet; - is standard input. Columns: msisdn, and perhaps
    carrier (of ported numbers), opted_out, area and seen (where people live and were last: codes or names),
    language (vi, en) and attributes; a CSV file's first line names them. CSV is in UTF-8, with commas,
    semicolons or tabs. Numbers in any usual spelling. What a column says replaces what was known, an empty cell
    too; columns that a file has not stay as they are. An import never lifts an opt-out; one that was stopped has
    changed nothing: start it again.

    With --resumable every batch stays, and an alert launched meanwhile goes to the half of the list that is in.
    The same command continues it after a kill, a lost database or Ctrl-C.

    \b
    Example:
      broadcast subscriber import people.csv.zst --refused refused.csv
      broadcast subscriber import nation.parquet --resumable
      broadcast subscriber import people.csv --attribute age_band:number
      zstdcat people.csv.zst | broadcast subscriber import -
    """
    plan = actions.planned(file, refused, attributes, resumable=resumable, restart=restart)
    done = act(lambda session: _import(session, plan), configuration())
    if as_json:
        print_json(done)
    else:
        _show_import(done)
    actions.check_somebody(done)


def _show_import(done: ImportResult) -> None:
    rows = [
        (_("imported"), done.imported),
        (_("updated"), done.updated),
        (_("duplicate"), done.duplicate),
        *refused_rows(done.refused),
    ]
    print_table(
        _("{source}, {seconds:.1f} s", source=words(done.source), seconds=done.seconds),
        headings("", "lines"),
        [*rows, (_("all"), done.lines)],
    )
    say_refused_file(done.refused_file)
    for line in import_words(done):
        say(line)


@subscriber.command()
@click.argument("number")
@click.option("--reveal", is_flag=True, help="Show the whole number.")
@login_option
@json_option
def show(number: str, reveal: bool, as_json: bool) -> None:
    """One subscriber: carrier, opt-out, area, language, attributes, and what alerts taught of the number.

    \b
    Example:
      broadcast subscriber show 0912345678
    """
    msisdn = actions.number(configuration().country, number)

    async def read(session: Session) -> tuple[Subscriber, Learnt]:
        return await actions.read(session, msisdn), await actions.read_learnt(session, msisdn)

    found, taught = act(read)
    _show(found, reveal, as_json, taught)


@subscriber.command("opt-out")
@click.argument("number", required=False)
@click.option("--file", type=_FILE, help="Of many, a do-not-call register say: a number a line.")
@click.option("--undo", is_flag=True, help="Opt in again.")
@login_option
@json_option
def opt_out(number: str | None, file: Path | None, undo: bool, as_json: bool) -> None:
    """Send a number nothing but emergencies, from now on.

    \b
    Example:
      broadcast subscriber opt-out 0912345678
      broadcast subscriber opt-out --file do-not-call.csv
    """
    if (number is None) is (file is None) or (file and undo):
        raise click.UsageError(_("give a NUMBER, perhaps with --undo, or --file FILE"))
    if file:
        numbers = numbers_in(configuration().country, file)
        _say_opted_out(act(lambda session: actions.opt_all_out(session, numbers)), as_json)
        return
    msisdn, change = (
        actions.number(configuration().country, number or ""),
        actions.opt_in if undo else actions.opt_out,
    )
    _show(act(lambda session: change(session, msisdn)), False, as_json)


def _say_opted_out(done: OptedOut, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    say(
        _(
            "{numbers:,} numbers, {subscribers:,} of them on the list; {opted_out:,} opted out by this",
            numbers=done.numbers,
            subscribers=done.subscribers,
            opted_out=done.opted_out,
        )
    )


@subscriber.command()
@click.argument("file", type=_FILE)
@click.option("--lines", type=click.IntRange(1), default=200_000, show_default=True, help="How many.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same file.")
@click.option(
    "--weight", multiple=True, metavar="CARRIER=SHARE", help="Share of a carrier; give one for each."
)
@click.option("--area", "areas", multiple=True, metavar="CODE[=SHARE]", help="Where some live; repeat.")
@click.option(
    "--language", "languages", multiple=True, metavar="TAG[=SHARE]", help="What some speak; repeat."
)
@click.option("--attribute", "attributes", multiple=True, metavar="NAME:TYPE", help="A column more; repeat.")
@json_option
def generate(
    file: Path, lines: int, seed: int, weight: Sequence[str], areas: Sequence[str], languages: Sequence[str],
    attributes: Sequence[str], as_json: bool,
) -> None:  # fmt: skip
    """Write a made-up list to rehearse with: the country's numbering plan, and the dirt of real lists.

    \b
    Example:
      broadcast subscriber generate people.csv --area 48=3 --area 51 --language vi --attribute band:number
      broadcast subscriber generate people.csv --lines 1000 --weight viettel=5 --weight mobifone=2
    """
    facts = Facts(dict(map(_share, areas)), dict(map(_share, languages)), dict(map(declared, attributes)))
    weights = dict(map(_weight, weight)) or None
    generator = Generator(configuration().country, lines, seed, weights, facts=facts)
    expected = _write(generator, file)
    if as_json:
        print_json(expected)
    else:
        say(
            _(
                "{file}: {lines:,} lines; an import into an empty database gives {imported:,}",
                file=words(file),
                lines=expected.lines,
                imported=expected.imported,
            )
        )


def _write(generator: Generator, file: Path) -> Expected:
    with replacing(file) as sink:
        return generator.write(sink)


def _weight(text: str) -> tuple[str, float]:
    name, _sign, share = text.partition("=")
    try:
        return name, float(share)
    except ValueError:
        raise InputError(_("--weight {text}: write CARRIER=SHARE, viettel=5 say", text=text)) from None


def _share(text: str) -> tuple[str, float]:
    name, sign, share = text.rpartition("=")
    try:
        found = float(share) if sign else 1.0
    except ValueError:
        found = 0.0
    if not 0 < found < math.inf:
        raise InputError(_("{text}: write a number above 0 after =, 48=3 say", text=text))
    return (name if sign else text), found


def _show(found: Subscriber, reveal: bool, as_json: bool, taught: Learnt | None = None) -> None:
    facts = {
        "msisdn": str(found.msisdn) if reveal else masked(found.msisdn),
        "carrier": found.carrier,
        "ported": found.ported,
        "import": found.import_no,
        "opted_out_at": found.opted_out_at,
        "set_aside": found.set_aside,
        "do_not_call": found.do_not_call,
    }
    said = found.profile
    known = {"area": said.area, "seen": said.seen, "language": said.language}
    if as_json:
        learnt = {} if taught is None else {"learnt": taught}
        print_json({**facts, "consent": found.consent, **known, "attributes": said.attributes, **learnt})
        return
    facts["consent"] = None if found.consent is None else _consent(found.consent)
    named = {term(name): value for name, value in {**facts, **known}.items() if name in facts or value}
    print_facts("", {**named, **said.attributes})
    for line in [] if taught is None else learnt_words(taught):
        say(line)


def _consent(word: Consent) -> str:
    shown = {"at": words(word.at), "source": words(word.source)}
    if word.given:
        return _("given at {at}: {source}", **shown)
    return _("withdrawn at {at}: {source}", **shown)


async def _import(session: Session, plan: Import) -> ImportResult:
    try:
        with import_progress(plan.file.name if plan.resumable else name_of(plan.file)) as watcher:
            return await actions.import_subscribers(session, plan, watcher)
    except asyncio.CancelledError:
        if plan.resumable:
            file = words(plan.file.name)
            note(
                _(
                    "{file}: what was committed stays; the same command, without --restart, continues",
                    file=file,
                )
            )
        raise
