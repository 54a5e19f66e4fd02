"""`broadcast campaign watch`: an alert's progress per carrier, until it is finished.

On a terminal a table that moves; elsewhere a line now and then; with --json a document a line.
"""

import asyncio
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Group, JustifyMethod, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from broadcast.cli.findings import finding_document
from broadcast.cli.output import console, duration, json_option, print_json_line, say, time_words
from broadcast.cli.runner import run
from broadcast.diagnosis.finding import Finding
from broadcast.diagnosis.gather import Diagnosis
from broadcast.reports.progress import CarrierProgress, Progress, progress
from broadcast.reports.report import find
from broadcast.store.pool import connect
from broadcast.visible import visible

_LOOK_S = 0.5
_DIAGNOSE_S = 2.0
_REPEAT_S = 60.0
_RATE_OVER_S = 5.0


@click.command("watch")
@click.argument("name")
@click.option(
    "--every", type=click.FloatRange(0.1, 3600), default=5.0, show_default=True, help="Seconds between lines."
)
@json_option
def campaign_watch(name: str, every: float, as_json: bool) -> None:
    """Show the progress of an alert per carrier until it is finished.

    \b
    Example:
      broadcast campaign watch flood-warning
    """
    if as_json:
        run(_follow_json(name, every))
    elif sys.stdout.isatty():
        run(_follow_live(name))
    else:
        run(_follow_lines(name, every))


@dataclass(slots=True)
class Rates:
    """Segments and recipients per second over the last few seconds, from tallies looked at now and then."""

    over_s: float = _RATE_OVER_S
    _seen: deque[tuple[datetime, dict[str, tuple[int, int]]]] = field(default_factory=deque)

    def look(self, now: Progress) -> None:
        counts = {line.carrier: (line.segments, line.sent) for line in (*now.carriers, now.total)}
        self._seen.append((now.at, counts))
        while len(self._seen) > 2 and (now.at - self._seen[1][0]).total_seconds() >= self.over_s:
            self._seen.popleft()

    def segments_per_s(self, carrier: str) -> float:
        return self._rate(carrier, 0)

    def recipients_per_s(self, carrier: str) -> float:
        return self._rate(carrier, 1)

    def left_s(self, line: CarrierProgress) -> float | None:
        """Seconds until the last is sent at this rate; 0 when none waits, None while nothing moves."""
        waiting = line.states["waiting"]
        rate = self.recipients_per_s(line.carrier)
        if waiting == 0:
            return 0.0
        return waiting / rate if rate > 0 else None

    def _rate(self, carrier: str, which: int) -> float:
        if len(self._seen) < 2:
            return 0.0
        (first_at, first), (last_at, last) = self._seen[0], self._seen[-1]
        seconds = (last_at - first_at).total_seconds()
        if seconds <= 0 or carrier not in first or carrier not in last:
            return 0.0
        return max(0.0, (last[carrier][which] - first[carrier][which]) / seconds)


_WIDE_FROM = 130
_WIDE = ("carrier", "", "sent", "of", "delivered", "failed", "in doubt", "segments/s", "TPS", "left")
_NARROW = ("carrier", "%", "sent", "delivered", "failed", "in doubt", "segments/s", "left")


def is_over(now: Progress) -> bool:
    """Nothing more will move, or nothing more is sent."""
    return now.finished or now.state in ("cancelled", "finished")


def headline(now: Progress) -> str:
    """The campaign's state, and what it waits for if it does."""
    if not now.launched:
        return f"{now.state}: not launched yet"
    if is_over(now):
        return now.state
    if now.workers == 0:
        return f"{now.state}: no worker is alive, start some with `broadcast up`"
    return f"{now.state}: {now.workers} worker{'s' if now.workers > 1 else ''}"


def plain_line(now: Progress, rates: Rates) -> str:
    """The total, and then the percentage sent per carrier that is connected."""
    total = now.total
    left = rates.left_s(total)
    parts = [
        f"{time_words(now.at, '%H:%M:%S')} {headline(now)}",
        f"sent {total.sent:,} of {total.to_send:,} ({_percent(total.sent, total.to_send)})",
        f"{rates.segments_per_s('all'):,.0f} segments/s",
        f"delivered {total.states['delivered']:,}",
        f"failed {_failed(total):,}",
        f"left {duration(left) if left is not None else 'unknown'}",
    ]
    carriers = [
        f"{line.carrier} {_percent(line.sent, line.to_send)}" for line in now.carriers if line.to_send
    ]
    return "; ".join([*parts, " ".join(carriers)]).rstrip("; ")


def picture(now: Progress, rates: Rates, width: int) -> Table:
    """A row per carrier that has someone to send to, with rate and time left; what fits into `width`.

    A bar, a rate against TPS where there is room. No digit of a number is ever cut off: it would be another.
    """
    heads = _WIDE if width >= _WIDE_FROM else _NARROW
    shown = Table(header_style="bold", title=Text(headline(now)), title_justify="left", expand=False)
    if heads is _NARROW:
        shown.box = SIMPLE_HEAD
        shown.padding = 0
    for head in heads:
        justify: JustifyMethod = "left" if head in ("carrier", "") else "right"
        shown.add_column(Text(head), justify=justify, overflow="fold")
    for line in (*(each for each in now.carriers if each.to_send), now.total):
        cells = _cells(line, rates)
        shown.add_row(*(cells[head] for head in heads))
    return shown


def _cells(line: CarrierProgress, rates: Rates) -> dict[str, RenderableType]:
    left = rates.left_s(line)
    return {
        "carrier": Text(line.carrier, style="bold" if line.carrier == "all" else ""),
        "": ProgressBar(total=max(1, line.to_send), completed=line.sent, width=24),
        "%": _percent(line.sent, line.to_send),
        "sent": f"{line.sent:,}",
        "of": f"{line.to_send:,}",
        "delivered": f"{line.states['delivered']:,}",
        "failed": f"{_failed(line):,}",
        "in doubt": f"{line.states['in_doubt']:,}",
        "segments/s": f"{rates.segments_per_s(line.carrier):,.0f}",
        "TPS": f"{line.tps:,}" if line.tps else "-",
        "left": duration(left) if left is not None else "-",
    }


@dataclass(slots=True)
class Told:
    """Which findings a reader of lines has been told: a new one at once, one that stays now and then."""

    _at: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def news(self, at: datetime, findings: Sequence[Finding]) -> list[str]:
        """Lines to print at this moment."""
        standing = {(each.code.value, each.carrier): each for each in findings}
        gone = self._at.keys() - standing.keys()
        lines = []
        for key, each in standing.items():
            if key not in self._at or (at - self._at[key]).total_seconds() >= _REPEAT_S:
                self._at[key] = at
                lines.append(str(each))
        for key in gone:
            del self._at[key]
        return lines


def json_line(now: Progress, rates: Rates, findings: Sequence[Finding] = ()) -> dict[str, Any]:
    """One moment as a document: states per carrier, rates in segments per second, time left in seconds."""
    return {
        "at": now.at,
        "state": now.state,
        "workers": now.workers,
        "total": _json_carrier(now.total, rates),
        "carriers": [_json_carrier(line, rates) for line in now.carriers],
        "findings": [finding_document(each) for each in findings],
    }


def _json_carrier(line: CarrierProgress, rates: Rates) -> Mapping[str, Any]:
    left = rates.left_s(line)
    return {
        "carrier": line.carrier,
        "audience": line.audience,
        "sent": line.sent,
        **line.states,
        "segments_accepted": line.segments,
        "segments_per_s": round(rates.segments_per_s(line.carrier), 1),
        "left_s": None if left is None else round(left, 1),
    }


def _failed(line: CarrierProgress) -> int:
    return sum(line.states[state] for state in ("undeliverable", "rejected", "expired", "unknown"))


def _percent(part: int, whole: int) -> str:
    """Rounded down, so that 100% is all of it."""
    return f"{100 * part // whole}%" if whole else "100%"


async def _look(name: str, every_s: float) -> AsyncIterator[tuple[Progress, tuple[Finding, ...]]]:
    """The campaign's progress every so many seconds, and what is wrong; the last one is its end."""
    connection = await connect()
    try:
        campaign_id = (await find(connection, name)).campaign_id
        diagnosis, findings, diagnosed_at = (
            Diagnosis(connection, campaign_id),
            tuple[Finding, ...](),
            -_DIAGNOSE_S,
        )
        while True:
            now = await progress(connection, campaign_id)
            if is_over(now) or time.monotonic() - diagnosed_at >= _DIAGNOSE_S:
                findings, diagnosed_at = await diagnosis.findings(), time.monotonic()
            yield now, findings
            if is_over(now):
                return
            await asyncio.sleep(every_s)
    finally:
        await connection.close()


async def _follow_live(name: str) -> None:
    rates = Rates()
    with Live(console=console(), auto_refresh=False) as live:
        async for now, findings in _look(name, _LOOK_S):
            rates.look(now)
            live.update(Group(picture(now, rates, live.console.width), *map(_line, findings)), refresh=True)


def _line(finding: Finding) -> Text:
    return Text(visible(str(finding)), style="bold red" if finding.grave else "yellow")


async def _follow_lines(name: str, every_s: float) -> None:
    """A line at the start, one every `every_s` seconds, one at the end; what is wrong when it is known."""
    rates, told, last = Rates(max(every_s, _RATE_OVER_S)), Told(), None
    async for now, findings in _look(name, min(_LOOK_S, every_s)):
        rates.look(now)
        if last is None or is_over(now) or (now.at - last).total_seconds() >= every_s:
            say(plain_line(now, rates))
            last = now.at
        for line in told.news(now.at, findings):
            say(f"  {line}")


async def _follow_json(name: str, every_s: float) -> None:
    rates = Rates(max(every_s, _RATE_OVER_S))
    async for now, findings in _look(name, every_s):
        rates.look(now)
        print_json_line(json_line(now, rates, findings))
