"""`broadcast subscriber learn` and `ported`: what alerts teach about the list."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from broadcast.actions import learn as actions
from broadcast.actions.learn import Lessons, PortCount, PortedNumber
from broadcast.actions.session import Session
from broadcast.actions.subscriber import Learnt
from broadcast.cli.files import replacing_sheet
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, note, print_json, print_table, say, words
from broadcast.cli.session import act
from broadcast.cli.settings import configuration
from broadcast.languages import _, headings
from broadcast.masked import shown

_FILE = click.Path(dir_okay=False, path_type=Path)
_COLUMNS = ("msisdn", "was", "now", "heeded", "campaign", "said", "at")


@click.command("learn")
@click.option("--campaign", metavar="NAME", help="Of this one alone, however long ago it ended.")
@login_option
@json_option
def learn(campaign: str | None, as_json: bool) -> None:
    """Learn of the list from alerts that are over: ported numbers, and who was not reached for long.

    Workers do it by themselves, two minutes after an alert's end and while none is sent. Each alert is read once:
    given again, it does what is left.

    \b
    Example:
      broadcast subscriber learn
      broadcast subscriber learn --campaign flood-warning
    """
    done = act(lambda session: actions.learn(session, campaign), configuration())
    if as_json:
        print_json(done)
    else:
        _show(done)


def _show(done: Lessons) -> None:
    rows = [
        (name, each.carrier, each.people, each.failed, each.ported, each.routed, each.aside, each.back)
        for name, taught in done.campaigns.items()
        for each in taught
    ]
    if rows:
        columns = headings(
            "campaign", "carrier", "people", "not reached", "ported", "routed", "set aside", "reached again"
        )
        print_table(_("What alerts taught about the list"), columns, rows)
    else:
        say(_("nothing to learn: every alert of the last 30 days that is over was read"))
    for name, taught in done.campaigns.items():
        for each in taught:
            if not each.taught:
                note(
                    _(
                        "{name}, {carrier}: more failed than were reached, which says nothing of the people: "
                        "nothing is learnt",
                        name=name,
                        carrier=each.carrier,
                    )
                )
    if done.again:
        say(_("{again:,} who were set aside are tried again", again=done.again))


@click.command("ported")
@click.option("--carrier", metavar="NAME", help="Only those that were this one's.")
@click.option("--latest", type=click.IntRange(0), default=0, help="Also so many numbers, the newest first.")
@click.option("--reveal", is_flag=True, help="Whole numbers, here and in the file.")
@click.option("--csv", "file", type=_FILE, help="Write all of them as CSV, or XLSX by its ending.")
@login_option
@json_option
def ported(carrier: str | None, latest: int, reveal: bool, file: Path | None, as_json: bool) -> None:
    """Numbers that carriers said are another one's: from whom to whom, and what said so.

    \b
    Example:
      broadcast subscriber ported
      broadcast subscriber ported --carrier viettel --csv ported.csv --reveal
    """
    if reveal and not (latest or file):
        raise click.UsageError(_("--reveal goes with --latest or --csv"))
    most = None if file else latest

    async def read(session: Session) -> tuple[Sequence[PortCount], Sequence[PortedNumber]]:
        counts = await actions.port_counts(session, carrier)
        return counts, [] if most == 0 else await actions.ported_numbers(
            session, carrier, most, reveal=reveal
        )

    counts, numbers = act(read)
    _tell(counts, [_line(each, reveal) for each in numbers], latest, file, as_json)


def _line(each: PortedNumber, reveal: bool) -> dict[str, Any]:
    values = {column: getattr(each, column) for column in _COLUMNS}
    return {**values, "msisdn": shown(each.msisdn, reveal=reveal)}


def _tell(
    counts: Sequence[PortCount],
    lines: Sequence[dict[str, Any]],
    latest: int,
    file: Path | None,
    as_json: bool,
) -> None:
    if file:
        with replacing_sheet(file, "ported", _COLUMNS, mode=0o600) as sheet:
            for line in lines:
                sheet.row(line.values())
    if as_json:
        print_json({"ported": counts, "numbers": lines})
    else:
        _show_counts(counts)
        if latest and lines:
            columns = headings("number", "from", "to", "heeded", "campaign", "said", "at")
            rows = [tuple(line.values()) for line in lines[:latest]]
            print_table(_("The newest {latest:,}", latest=len(rows)), columns, rows)
    if file:
        note(_("wrote {file}", file=words(file)))


def _show_counts(counts: Sequence[PortCount]) -> None:
    if not counts:
        say(_("no carrier said of a number that it is another one's"))
        return
    rows = [
        (each.was, each.now or "", each.heeded, each.numbers, each.first_at, each.last_at) for each in counts
    ]
    print_table(
        _("Numbers that are said to be another carrier's"),
        headings("from", "to", "heeded", "numbers", "first", "last"),
        rows,
    )
    nobody = sum(each.numbers for each in counts if each.now is None)
    if nobody:
        note(
            _(
                "{nobody:,} of nobody that is named: they stay where they are; ported_to or a table of codes in "
                "the carrier's configuration says whose they are",
                nobody=nobody,
            )
        )


def learnt_words(taught: Learnt) -> list[str]:
    """What alerts taught of one number, a line each."""
    found = [
        _(
            "{was} says that it is of {now}: {said}, {at}, alert {campaign}",
            was=each.was,
            now=each.now or _("another carrier"),
            said=each.said,
            at=words(each.at),
            campaign=each.campaign or "-",
        )
        for each in taught.ported
    ]
    if taught.set_aside is not None:
        found.append(
            _(
                "set aside on {at}: not reached by {n} alerts in a row, from {since} to {last}",
                at=words(taught.set_aside.at),
                n=taught.set_aside.campaigns,
                since=taught.set_aside.since or "-",
                last=taught.set_aside.last or "-",
            )
        )
    return found
