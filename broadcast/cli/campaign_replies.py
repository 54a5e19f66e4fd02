"""`broadcast campaign replies`: what people answered, counted, and their latest words."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from broadcast.actions.reading import note_read
from broadcast.actions.session import Session
from broadcast.campaign.campaigns import by_name
from broadcast.cli.files import replacing_sheet
from broadcast.cli.operator import login_option
from broadcast.cli.output import (
    effect_words,
    json_option,
    note,
    print_facts,
    print_json,
    print_table,
    words,
)
from broadcast.cli.session import act, act_on
from broadcast.ids import CampaignId
from broadcast.languages import _, headings, term
from broadcast.ledger import replies
from broadcast.ledger.replies import NO_CAMPAIGN, Elsewhere, Reply, ReplyCount, added
from broadcast.masked import shown
from broadcast.store.types import Connection
from broadcast.visible import visible

_SHOWN = 300  # characters of a text on the terminal

_FILE = click.Path(dir_okay=False, path_type=Path)
_COLUMNS = (
    "received_at", "carrier", "msisdn", "destination", "kind", "keyword", "effect", "parts", "missing", "text",
)  # fmt: skip


@click.command("replies")
@click.argument("name", required=False)
@click.option("--unmatched", is_flag=True, help="Instead of a campaign's: replies that match none.")
@click.option(
    "--latest", type=click.IntRange(0), default=20, show_default=True, help="How many texts to show."
)
@click.option("--reveal", is_flag=True, help="Whole numbers, here and in the file.")
@click.option("--csv", "file", type=_FILE, help="Write every reply as CSV, or XLSX by its ending.")
@login_option
@json_option
def campaign_replies(
    name: str | None, unmatched: bool, latest: int, reveal: bool, file: Path | None, as_json: bool
) -> None:
    """What people answered: counts by keyword, the latest texts.

    \b
    Example:
      broadcast campaign replies wash-hands --csv replies.csv
    """
    if (name is None) is not unmatched:
        raise click.UsageError(_("give a campaign's NAME, or --unmatched for replies that match none"))
    counted, texts, others = _looked(name, latest, file, reveal)
    if as_json:
        print_json(
            {
                "campaign": name,
                "replies": sum(each.replies for each in counted),
                "counts": counted,
                "latest": [_line(each, reveal) for each in texts],
                "elsewhere": others,
            }
        )
    else:
        _show(name, counted, [_line(each, reveal) for each in texts], others)
    if file:
        note(_("wrote {file}", file=words(file)))


def _looked(
    name: str | None, latest: int, file: Path | None, reveal: bool
) -> tuple[list[ReplyCount], list[Reply], Elsewhere]:
    if name is None:
        return act(lambda session: _read(session, None, latest, file, reveal))
    return act_on(name, lambda session: _read(session, name, latest, file, reveal))


async def _read(
    session: Session, name: str | None, most: int, file: Path | None, reveal: bool
) -> tuple[list[ReplyCount], list[Reply], Elsewhere]:
    connection = session.connection
    number = (await by_name(connection, name)).campaign_id if name is not None else NO_CAMPAIGN
    opened = session.all_parts() if number == NO_CAMPAIGN else session.parts(number)
    async with opened as parts:
        connections = [part.connection for part in parts.all()]
        if reveal or file:  # texts say who people are, too
            every = sum([each.replies for one in connections for each in await replies.counts(one, number)])
            await note_read(session, "replies", every if file else min(every, most), number)
        if file:
            await _write(file, connections, number, reveal)
        texts = [text for each in connections for text in await replies.latest(each, number, most)]
        return (
            [count for each in connections for count in await replies.counts(each, number)],
            sorted(texts, key=lambda text: text.received_at, reverse=True)[:most],
            added([await replies.elsewhere(each) for each in connections]),
        )


async def _write(file: Path, connections: Sequence[Connection], number: CampaignId, reveal: bool) -> None:
    with replacing_sheet(file, "replies", _COLUMNS, mode=0o600, peoples_text=True) as sheet:
        for connection in connections:
            async for each in replies.every(connection, number):
                cells = _line(each, reveal).values()
                sheet.row(visible(cell, lines=True) if isinstance(cell, str) else cell for cell in cells)


def _line(each: Reply, reveal: bool) -> dict[str, Any]:
    values = {column: getattr(each, column) for column in _COLUMNS}
    if each.msisdn is not None:
        values["msisdn"] = shown(each.msisdn, reveal=reveal)
    return values


def _show(
    name: str | None, counted: list[ReplyCount], texts: list[dict[str, Any]], others: Elsewhere
) -> None:
    opted_out = sum(each.replies for each in counted if each.effect == "opted_out")
    print_facts(
        _("{name}: what people answered", name=name) if name else _("replies that match no campaign"),
        {
            _("replies"): sum(each.replies for each in counted),
            _("opted out by them"): opted_out,
            _("incomplete"): sum(each.incomplete for each in counted),
        },
    )
    print_table(
        "\n" + _("By keyword"),
        headings("carrier", "kind", "keyword", "effect", "replies", "people"),
        [
            (
                each.carrier,
                term(each.kind) or None,
                each.keyword or None,
                effect_words(each.effect),
                each.replies,
                each.senders,
            )
            for each in counted
        ],
    )
    if texts:
        _show_latest(texts)
    _show_others(name, others)


def _show_latest(texts: list[dict[str, Any]]) -> None:
    print_table(
        "\n" + _("The latest"),
        headings("received", "carrier", "from", "keyword", "text"),
        [
            (
                each["received_at"],
                each["carrier"],
                each["msisdn"],
                each["keyword"] or None,
                _on_one_line(each["text"]),
            )
            for each in texts
        ],
    )


def _show_others(name: str | None, others: Elsewhere) -> None:
    if name and others.unmatched:
        note(
            _(
                "replies that match no campaign: {unmatched:,}; see `broadcast campaign replies --unmatched`",
                unmatched=others.unmatched,
            )
        )
    if others.unread or others.waiting_parts:
        note(
            _(
                "{unread:,} messages are not read yet, {waiting_parts:,} parts wait for the others",
                unread=others.unread,
                waiting_parts=others.waiting_parts,
            )
        )
    if others.set_aside:
        note(
            _(
                "{set_aside:,} messages could not be read or done and were set aside: see `why` in the table "
                "inbound, `effect` in reply",
                set_aside=others.set_aside,
            )
        )


def _on_one_line(text: str) -> str:
    """Its lines after each other, and no more of it than a person wants to see."""
    shown = text[:_SHOWN].replace("\r\n", " ").replace("\n", " ")
    return shown if len(text) <= _SHOWN else shown + "…"
