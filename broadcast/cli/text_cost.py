"""`broadcast text cost`: alphabet, units and segments of a text, and as it is typed."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import click

from broadcast.actions.cost import cost_of
from broadcast.actions.terms import Terms, worded
from broadcast.campaign.cost import Cost, WayCost
from broadcast.cli.campaign_content import terms, text_options
from broadcast.cli.campaign_forecast import NAMES, seen
from broadcast.cli.notices import show_notice
from broadcast.cli.output import json_option, print_json, print_table, say
from broadcast.cli.settings import configuration
from broadcast.errors import BroadcastError
from broadcast.languages import _, headings, ngettext

_DEAR_MOST = 12


@click.command("cost")
@text_options
@json_option
def text_cost(as_json: bool, **options: Any) -> None:
    """Alphabet, units and segments of a text at each carrier, with what makes it dear and what would refuse it.

    Without a text, it is typed, and the cost of what is there stands below it; or it comes through a pipe.

    \b
    Example:
      broadcast text cost --text-file alert.txt
      broadcast text cost
    """
    given = options["texts"] or options["text_files"]
    typed = not given and sys.stdin.isatty()
    said = _typed(terms(options)) if typed else terms(_piped(options) if not given else options)
    found = cost_of(configuration(), said, show_notice)
    if as_json:
        print_json(found)
    else:
        show_cost(found)


def _piped(options: Mapping[str, Any]) -> dict[str, Any]:
    return {**options, "text_files": ("-",)}


def _typed(said: Terms) -> Terms:
    # its editor is a large library, and only a terminal has a use for it
    from broadcast.cli.text_typed import typed

    def with_text(text: str) -> Terms:
        return replace(said, text=worded(text, plain=said.plain))

    def below(text: str) -> str:
        try:
            return "\n".join(lines(cost_of(configuration(), with_text(text), lambda notice: None)))
        except BroadcastError as error:
            return str(error)

    return with_text(typed(below))


def show_cost(found: Cost) -> None:
    """As a table, and what is to be said of it."""
    rows = [
        (
            ", ".join(way.carriers) or _("any"),
            _alphabet(way),
            way.units,
            way.left,
            way.segments if way.problem is None else None,
        )
        for way in found.ways
    ]
    print_table("", headings("carriers", "alphabet", "units", "left", "segments"), rows)
    for line in [*_problems(found), *_remarks(found)]:
        say(line)


def lines(found: Cost) -> list[str]:
    """The same in few words, for below what is typed."""
    ways = [_way(way, whose=len(found.ways) > 1) for way in found.ways if way.problem is None]
    return [*ways, *_problems(found), *_remarks(found)]


def _way(way: WayCost, *, whose: bool) -> str:
    units = ngettext("{n} unit", "{n} units", way.units)
    figures = _(
        "{units}, {left} left, {segments}", units=units, left=way.left, segments=_segments(way.segments)
    )
    return f"{', '.join(way.carriers) + ': ' if whose else ''}{_alphabet(way)}, {figures}"


def _problems(found: Cost) -> list[str]:
    return [
        _(
            "{carriers} cannot carry it: {why}",
            carriers=", ".join(way.carriers) or _("nobody"),
            why=way.problem,
        )
        for way in found.ways
        if way.problem
    ]


def _remarks(found: Cost) -> list[str]:
    remarks = []
    if found.dear:
        listed = ", ".join(f"{seen(each)} {count}" for each, count in found.dear[:_DEAR_MOST])
        more = " ..." if len(found.dear) > _DEAR_MOST else ""
        remarks.append(_("not in GSM 03.38: {letters}", letters=listed + more))
    if found.plain_segments:
        remarks.append(_("with --plain: {what}", what=_segments(found.plain_segments)))
    elif found.plain_problem:
        remarks.append(_("with --plain: {what}", what=found.plain_problem))
    return remarks + [_("refused: {why}", why=each) for each in found.refusals]


def _segments(count: int) -> str:
    return ngettext("{n} segment", "{n} segments", count)


def _alphabet(way: WayCost) -> str:
    name = NAMES[way.alphabet]
    return name if way.shift == "none" else name + _(", {shift} shift table", shift=way.shift)
