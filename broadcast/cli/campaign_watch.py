"""`broadcast campaign watch`: an alert's progress per carrier, until it is finished.

On a terminal a table that moves; elsewhere a line now and then; with --json a document a line.
"""

import sys
from collections.abc import AsyncIterator
from datetime import timedelta

import click
from rich.box import SIMPLE_HEAD
from rich.console import Group, JustifyMethod, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.style import Style
from rich.table import Table
from rich.text import Text

from broadcast.actions.session import Session
from broadcast.cli.notices import show_notice
from broadcast.cli.operator import login_option
from broadcast.cli.output import console, duration, json_option, print_json_line, say, time_words
from broadcast.cli.runner import run
from broadcast.cli.settings import perhaps_configuration
from broadcast.diagnosis.finding import Code, Finding
from broadcast.languages import _, codes, grouped, term
from broadcast.reports.progress import CarrierProgress, Progress
from broadcast.reports.rates import OVER_S, Rates
from broadcast.reports.watch import Told, headline, moment_document, watch
from broadcast.visible import visible

_LOOK_S = 0.5


@click.command("watch")
@click.argument("name")
@click.option(
    "--every", type=click.FloatRange(0.1, 3600), default=5.0, show_default=True, help="Seconds between lines."
)
@click.option("--why", is_flag=True, help="Say also of a carrier that is well why it is not faster.")
@login_option
@json_option
def campaign_watch(name: str, every: float, why: bool, as_json: bool) -> None:
    """Show the progress of an alert per carrier until it is finished.

    \b
    Example:
      broadcast campaign watch flood-warning
    """
    if as_json:
        run(_follow_json(name, every, why))
    elif sys.stdout.isatty():
        run(_follow_live(name, why))
    else:
        run(_follow_lines(name, every, why))


_WIDE_FROM = 130
_WIDE = codes("carrier", "", "sent", "of", "delivered", "failed", "in doubt", "segments/s", "TPS", "left")
_NARROW = codes("carrier", "%", "sent", "delivered", "failed", "in doubt", "segments/s", "left")


def plain_line(now: Progress, rates: Rates) -> str:
    """The total, and then the percentage sent per carrier that is connected."""
    total = now.total
    left = rates.left_s(total)
    parts = [
        f"{time_words(now.at, '%H:%M:%S')} {headline(now)}",
        _(
            "sent {sent:,} of {to_send:,} ({percent})",
            sent=total.sent,
            to_send=total.to_send,
            percent=_percent(total.sent, total.to_send),
        ),
        _("{rate:,.0f} segments/s", rate=rates.segments_per_s("all")),
        _("delivered {delivered:,}", delivered=total.states["delivered"]),
        _("failed {failed:,}", failed=total.failed),
        _("left {left}", left=duration(left) if left is not None else _("unknown")),
    ]
    parts += _arrival(now)
    carriers = [
        f"{line.carrier} {_percent(line.sent, line.to_send)}" for line in now.carriers if line.to_send
    ]
    return "; ".join([*parts, " ".join(carriers)]).rstrip("; ")


def _arrival(now: Progress) -> list[str]:
    """In a clause, where somebody knows."""
    if now.arrives_at is None:
        return []
    same_day = now.arrives_at - now.at < timedelta(hours=20)
    at = time_words(now.arrives_at, "%H:%M") if same_day else time_words(now.arrives_at)
    return [_("90% delivered at about {at}", at=at)]


def picture(now: Progress, rates: Rates, width: int) -> Table:
    """A row per carrier that has someone to send to, with rate and time left; what fits into `width`.

    A bar, a rate against TPS where there is room. No digit of a number is ever cut off: it would be another.
    """
    heads = _WIDE if width >= _WIDE_FROM else _NARROW
    title = Text("; ".join([headline(now), *_arrival(now)]))
    shown = Table(header_style="bold", title=title, title_justify="left", expand=False)
    if heads is _NARROW:
        shown.box = SIMPLE_HEAD
        shown.padding = 0
    for head in heads:
        justify: JustifyMethod = "left" if head in ("carrier", "") else "right"
        shown.add_column(Text(term(head)), justify=justify, overflow="fold")
    for line in (*(each for each in now.carriers if each.to_send), now.total):
        cells = _cells(line, rates)
        shown.add_row(*(cells[head] for head in heads))
    return shown


def _cells(line: CarrierProgress, rates: Rates) -> dict[str, RenderableType]:
    left = rates.left_s(line)
    return {
        "carrier": Text(_("all"), style="bold") if line.carrier == "all" else Text(line.carrier),
        "": ProgressBar(total=max(1, line.to_send), completed=line.sent, width=24),
        "%": _percent(line.sent, line.to_send),
        "sent": grouped(line.sent),
        "of": grouped(line.to_send),
        "delivered": grouped(line.states["delivered"]),
        "failed": grouped(line.failed),
        "in doubt": grouped(line.states["in_doubt"]),
        "segments/s": grouped(rates.segments_per_s(line.carrier), ",.0f"),
        "TPS": grouped(line.tps) if line.tps else "-",
        "left": duration(left) if left is not None else "-",
    }


def _percent(part: int, whole: int) -> str:
    """Rounded down, so that 100% is all of it."""
    return f"{100 * part // whole}%" if whole else "100%"


async def _look(name: str, every_s: float, why: bool) -> AsyncIterator[tuple[Progress, tuple[Finding, ...]]]:
    async with Session.open(perhaps_configuration(), show_notice) as session:
        async for seen in watch(session.connection, name, every_s, session.configuration, why=why):
            yield seen


async def _follow_live(name: str, why: bool) -> None:
    rates = Rates()
    with Live(console=console(), auto_refresh=False) as live:
        async for now, findings in _look(name, _LOOK_S, why):
            rates.look(now)
            live.update(Group(picture(now, rates, live.console.width), *map(_line, findings)), refresh=True)


def _line(finding: Finding) -> Text:
    style = "green" if finding.code is Code.TPS_REACHED else "red" if finding.grave else "yellow"
    return Text(visible(str(finding)), style=Style(color=style, bold=finding.grave))


async def _follow_lines(name: str, every_s: float, why: bool) -> None:
    """A line at the start, one every `every_s` seconds, one at the end; what is wrong when it is known."""
    rates, told, last = Rates(max(every_s, OVER_S)), Told(), None
    async for now, findings in _look(name, min(_LOOK_S, every_s), why):
        rates.look(now)
        if last is None or now.over or (now.at - last).total_seconds() >= every_s:
            say(plain_line(now, rates))
            last = now.at
        for line in told.news(now.at, findings):
            say(f"  {line}")


async def _follow_json(name: str, every_s: float, why: bool) -> None:
    rates = Rates(max(every_s, OVER_S))
    async for now, findings in _look(name, every_s, why):
        rates.look(now)
        print_json_line(moment_document(now, rates, findings))
