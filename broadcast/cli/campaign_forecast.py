"""`broadcast campaign forecast`: what an alert costs in segments and time, in both alphabets."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from broadcast.audience import subscribers
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.forecast import CarrierLoad, Forecast, forecast
from broadcast.cli.output import duration, json_option, print_json, print_table, say
from broadcast.cli.runner import run
from broadcast.cli.settings import configuration
from broadcast.config import Config
from broadcast.store.pool import connect

_NAMES = {"gsm0338": "GSM 03.38", "ucs2": "UCS-2"}


@click.command("forecast")
@click.argument("name")
@json_option
def campaign_forecast(name: str, as_json: bool) -> None:
    """Segments and minutes per carrier, for the alert as it is and in the other alphabet.

    \b
    Example:
      broadcast campaign forecast wash-hands
    """
    config = configuration()
    found, reached, excluded = run(_look(config, name))
    now = datetime.now(UTC)
    ways = forecast(
        found.text, found.alphabet, _loads(config, found.carriers, reached), now, found.expires_at
    )
    if as_json:
        print_json({"campaign": name, "excluded": excluded, "expires_at": found.expires_at, "ways": ways})
        return
    for way, title in zip(ways, ("as drafted", "for comparison"), strict=True):
        _print_way(way, f"{name}, {title}: {_words(way)}")
    say(f"not reached: {', '.join(f'{count:,} {reason}' for reason, count in excluded.items()) or 'nobody'}")


async def _look(config: Config, name: str) -> tuple[Campaign, dict[str, int], dict[str, int]]:
    """The campaign, who would be reached by carrier, and how many not, by reason."""
    conn = await connect()
    try:
        found = await campaigns.by_name(conn, name)
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
    return found, reached, {reason: count for reason, count in reasons.items() if count}


def _loads(config: Config, carriers: Sequence[str], reached: Mapping[str, int]) -> list[CarrierLoad]:
    return [
        CarrierLoad(name, reached.get(name, 0), carrier.tps, carrier.concatenation, carrier.default_alphabet)
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
            each.segments,
            each.total_segments,
            duration(each.seconds),
            each.ends_at,
            each.in_time,
        )
        for each in way.carriers
    ]
    total = (None, way.total_segments, duration(way.seconds), None, way.in_time)
    rows.append(("all", sum(each.recipients for each in way.carriers), *total))
    columns = ("carrier", "recipients", "segments each", "segments", "at least", "ends", "before expiry")
    print_table(title, columns, rows)
