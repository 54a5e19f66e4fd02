"""`broadcast campaign forecast`: what an alert costs in segments and time, in both alphabets."""

import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from broadcast.audience import subscribers
from broadcast.audience.carriers import tps_that_hold
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.forecast import CarrierForecast, CarrierLoad, Forecast, forecast
from broadcast.campaign.plain import PlainLetter
from broadcast.cli.day_time import database_now
from broadcast.cli.import_warning import warn_of_unfinished
from broadcast.cli.output import duration, json_option, print_json, print_table, say, say_hidden
from broadcast.cli.runner import run
from broadcast.cli.settings import configuration
from broadcast.config import Config
from broadcast.store.pool import connect

_NAMES = {"gsm0338": "GSM 03.38", "ucs2": "UCS-2"}
_UNSEEN = {"": "nothing", " ": "blank", "\n": "new line"}
_UNBROKEN = "\0"
_WIDTH = 110


@click.command("forecast")
@click.argument("name")
@json_option
def campaign_forecast(name: str, as_json: bool) -> None:
    """Segments and minutes per carrier, for the alert as it is and in the other alphabet.

    Characters that are (or, in the other alphabet, would be) written plainly are shown one by one.

    \b
    Example:
      broadcast campaign forecast wash-hands
    """
    config = configuration()
    found, now, changes, tps, reached, excluded = run(_look(config, name))
    loads = _loads(config, found.carriers, tps, reached)
    ways = forecast(found.text, found.alphabet, loads, now, found.expires_at, changes)
    if as_json:
        print_json({"campaign": name, "excluded": excluded, "expires_at": found.expires_at, "ways": ways})
        return
    for way, title in zip(ways, ("as drafted", "for comparison"), strict=True):
        _print_way(way, f"{name}, {title}: {_words(way)}")
    say(f"not reached: {', '.join(f'{count:,} {reason}' for reason, count in excluded.items()) or 'nobody'}")
    say_hidden(text=found.text, sender=found.sender)


async def _look(
    config: Config, name: str
) -> tuple[Campaign, datetime, tuple[PlainLetter, ...], dict[str, int], dict[str, int], dict[str, int]]:
    """The campaign, the time, what `--plain` changed, TPS by carrier, who would be reached there, how many not, by
    reason."""
    conn = await connect()
    try:
        found = await campaigns.by_name(conn, name)
        await warn_of_unfinished(conn)
        now = await database_now(conn)
        changes = await campaigns.plain_changes(conn, found.campaign_id)
        tps = await tps_that_hold(conn, config)
        counts = [each for each in await subscribers.counts(conn) if each.carrier in found.carriers]
    finally:
        await conn.close()
    all_heard = found.content.hears_opted_out
    reached = {
        each.carrier: each.subscribers - (0 if all_heard else each.opted_out)
        for each in counts
        if each.carrier in config.carriers
    }
    reasons = {
        "not_connected": sum(each.subscribers for each in counts if each.carrier not in config.carriers),
        "opted_out": 0
        if all_heard
        else sum(each.opted_out for each in counts if each.carrier in config.carriers),
    }
    return found, now, changes, tps, reached, {reason: count for reason, count in reasons.items() if count}


def _loads(
    config: Config, carriers: Sequence[str], tps: Mapping[str, int], reached: Mapping[str, int]
) -> list[CarrierLoad]:
    return [
        CarrierLoad(
            name,
            reached.get(name, 0),
            tps[name],
            carrier.smpp.concatenation,
            carrier.smpp.default_alphabet,
            carrier.smpp.national_shift,
        )
        for name, carrier in sorted(config.carriers.items())
        if name in carriers
    ]


def _words(way: Forecast) -> str:
    return _NAMES[way.alphabet] + (" without diacritics" if way.without_diacritics else "")


def _print_way(way: Forecast, title: str) -> None:
    if way.problem is not None:
        say(f"{title}: {way.problem}")
        return
    rows: list[tuple[Any, ...]] = [
        (
            each.carrier,
            each.recipients,
            _written(each),
            each.segments,
            each.total_segments,
            duration(each.seconds),
            each.ends_at,
            each.in_time,
        )
        for each in way.carriers
    ]
    total = (None, None, way.total_segments, duration(way.seconds), None, way.in_time)
    rows.append(("all", sum(each.recipients for each in way.carriers), *total))
    columns = (
        "carrier",
        "recipients",
        "alphabet",
        "segments each",
        "segments",
        "at least",
        "ends",
        "before expiry",
    )
    print_table(title, columns, rows)
    for each in way.carriers:
        if each.problem is not None:
            say(f"{each.carrier} cannot carry it: {each.problem}")
    if way.changes:
        say(_changed(way.changes))


def _written(each: CarrierForecast) -> str:
    """The alphabet there, and the national table if one is used."""
    return _NAMES[each.alphabet] + ("" if each.shift == "none" else f", {each.shift} shift table")


def _changed(changes: Sequence[PlainLetter]) -> str:
    """Each character, what is written for it, and how often."""
    count = sum(change.count for change in changes)
    pairs = [f"{_seen(each.character)} → {_seen(each.replacement)}: {each.count:,}" for each in changes]
    whole = "   ".join(pair.replace(" ", _UNBROKEN) for pair in pairs)
    lines = textwrap.wrap(f"{count:,} characters in plain letters:   {whole}", _WIDTH, break_on_hyphens=False)
    return "\n".join(lines).replace(_UNBROKEN, " ")


def _seen(text: str) -> str:
    """What cannot be seen by its name or code point."""
    if text in _UNSEEN:
        return _UNSEEN[text]
    return text if text.isprintable() and not unicodedata.combining(text[0]) else f"U+{ord(text[0]):04X}"
