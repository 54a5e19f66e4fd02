"""`broadcast campaign doubts`: who may have been sent to without an answer, and who got a second copy, by name."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from broadcast.actions.reading import note_read
from broadcast.actions.session import Session
from broadcast.archive.books import books_of
from broadcast.campaign.campaigns import by_name
from broadcast.cli.files import replacing_sheet
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, note, print_json, print_table, say, words
from broadcast.cli.session import act_on
from broadcast.languages import _, codes, headings, term
from broadcast.ledger.books import RESENT, Doubted
from broadcast.masked import shown

_FILE = click.Path(dir_okay=False, path_type=Path)
_COLUMNS = codes("carrier", "msisdn", "reason", "since", "ended_at", "ended_as", "first_copy")


@click.command("doubts")
@click.argument("name")
@click.option("--resent", is_flag=True, help="Only who was sent the message again.")
@click.option("--latest", type=click.IntRange(0), default=20, show_default=True, help="How many to show.")
@click.option("--reveal", is_flag=True, help="Whole numbers, here and in the file.")
@click.option("--csv", "file", type=_FILE, help="Write all of them as CSV, or XLSX by its ending.")
@login_option
@json_option
def campaign_doubts(
    name: str, resent: bool, latest: int, reveal: bool, file: Path | None, as_json: bool
) -> None:
    """Everyone who was ever in doubt, why, and how it ended; --json gives all of them.

    \b
    Example:
      broadcast campaign doubts flood-warning --resent --csv second-copies.csv --reveal
    """
    found = act_on(name, lambda session: _read(session, name, RESENT if resent else None, reveal))
    lines = [_line(each, reveal) for each in found]
    if file:
        _write(file, lines)
    if as_json:
        print_json(lines)
    else:
        _show(found, lines[-latest:] if latest else [])
    if file:
        note(_("wrote {file}", file=words(file)))


async def _read(session: Session, name: str, ended_as: str | None, reveal: bool) -> Sequence[Doubted]:
    campaign_id = (await by_name(session.connection, name)).campaign_id
    found: list[Doubted] = []
    async with session.parts(campaign_id) as parts:
        for part in parts.all():
            found += await (await books_of(part.connection, campaign_id)).doubted(ended_as)
    if reveal:
        await note_read(session, "doubts", len(found), campaign_id)
    return found


def _line(each: Doubted, reveal: bool) -> dict[str, Any]:
    values = {column: getattr(each, column) for column in _COLUMNS}
    values["msisdn"] = shown(each.msisdn, reveal=reveal)
    return values


def _write(file: Path, lines: Sequence[dict[str, Any]]) -> None:
    with replacing_sheet(file, "doubts", _COLUMNS, mode=0o600) as sheet:
        for line in lines:
            sheet.row(line.values())


def _cell(column: str, value: Any) -> Any:
    return term(value) if value and column in ("reason", "ended_as") else value


def _show(found: Sequence[Doubted], shown: Sequence[dict[str, Any]]) -> None:
    counts = Counter((each.carrier, each.reason, each.ended_as or "still is") for each in found)
    people = {key: set[int]() for key in counts}
    for each in found:
        people[each.carrier, each.reason, each.ended_as or "still is"].add(each.msisdn)
    if not found:
        say(_("nobody"))
        return
    rows = [
        (carrier, term(reason), term(ended_as), count, len(people[carrier, reason, ended_as]))
        for (carrier, reason, ended_as), count in sorted(counts.items())
    ]
    print_table(
        _("Who was in doubt"), headings("carrier", "reason", "ended as", "doubts", "recipients"), rows
    )
    if shown:
        lines = [[_cell(column, line[column]) for column in _COLUMNS] for line in shown]
        print_table(
            "\n" + _("{shown:,} of {all:,}", shown=len(shown), all=len(found)),
            [term(each).replace("_", " ") for each in _COLUMNS],
            lines,
        )
