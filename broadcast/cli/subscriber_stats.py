"""`broadcast subscriber stats`: the health of the list."""

from collections.abc import Sequence
from dataclasses import fields

import click

from broadcast.actions import subscriber as actions
from broadcast.audience.subscribers import CarrierCount, PastImport
from broadcast.cli.known import show_coverage
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, print_json, print_table, say
from broadcast.cli.session import act
from broadcast.languages import _, headings, ngettext


@click.command()
@login_option
@json_option
def stats(as_json: bool) -> None:
    """The health of the list: subscribers per carrier and who of them is left out, what is known, the last imports.

    \b
    Example:
      broadcast subscriber stats
    """
    found = act(actions.known)
    if as_json:
        print_json(found)
        return
    _show_carriers(found.carriers)
    if found.coverage.known:
        show_coverage(found.coverage)
    if found.imports:
        _show_imports(found.imports)
    if found.import_days:
        say(
            ngettext(
                "the newest import is {n:,} day old: numbers change hands meanwhile",
                "the newest import is {n:,} days old: numbers change hands meanwhile",
                found.import_days,
            )
        )


def _show_carriers(counts: Sequence[CarrierCount]) -> None:
    columns = [each.name for each in fields(CarrierCount)]
    rows = [tuple(getattr(each, name) for name in columns) for each in counts]
    total = (_("all"), *(sum(row[at] for row in rows) for at in range(1, len(columns))))
    heads = headings(
        "carrier",
        "subscribers",
        "ported",
        "opted out",
        "set aside",
        "do not call",
        "consented",
        "without area",
        "without language",
    )
    print_table(_("Subscribers"), heads, [*rows, total])


def _show_imports(imports: Sequence[PastImport]) -> None:
    lines = [
        (
            each.finished_at,
            each.source,
            each.lines,
            each.imported,
            each.updated,
            each.duplicate,
            sum(each.refused.values()),
        )
        for each in imports
    ]
    columns = headings("finished", "file", "lines", "imported", "updated", "duplicate", "refused")
    print_table(_("Imports"), columns, lines)
