"""What a carrier may bill for a month, from our own books: segments that its SMSC accepted, by campaign and day."""

from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from broadcast.campaign.campaigns import Campaign
from broadcast.config import Config
from broadcast.forecast import running
from broadcast.forecast.budget import price_of
from broadcast.forecast.kept import Kept
from broadcast.ids import CampaignId
from broadcast.ledger.states import RecipientState
from broadcast.reports.invoice import Own
from broadcast.reports.recipients import recipients
from broadcast.store.ledgers import parts_of
from broadcast.store.queries import sql
from broadcast.store.types import Connection


@dataclass(slots=True)
class Billed:
    """own: by campaign and local day; day None: copies that were sent again, on nobody knows which day. numbers,
    segments: side by side, a recipient each, of the days of the month."""

    own: dict[tuple[str, date | None], Own] = field(default_factory=dict)
    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    segments: "array[int]" = field(default_factory=lambda: array("q"))


async def billed(home: Connection, config: Config, carrier: str, month: date) -> Billed:
    """month: its first day, of the country's calendar. Raises as the books do."""
    zone, found = ZoneInfo(config.country.time_zone), Billed()
    after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    start, end = (datetime(each.year, each.month, each.day, tzinfo=zone) for each in (month, after))
    rows = await home.fetch(sql("billed_campaigns"), carrier, start, end)
    kept = await running.kept(home, [row["campaign_id"] for row in rows])
    for row in rows:
        of = _Of(row["campaign_id"], row["name"], row["alphabet"], kept.get(row["campaign_id"]))
        await _bill(
            found, home, config, carrier, of, lambda day: (day.year, day.month) == (month.year, month.month)
        )
    return found


async def billed_of(home: Connection, config: Config, carrier: str, campaign: Campaign) -> Billed:
    """The same of one campaign, whatever its days."""
    found, kept = Billed(), await running.kept(home, [campaign.campaign_id])
    of = _Of(campaign.campaign_id, campaign.name, campaign.alphabet, kept.get(campaign.campaign_id))
    await _bill(found, home, config, carrier, of, lambda _day: True)
    return found


@dataclass(frozen=True, slots=True)
class _Of:
    campaign_id: CampaignId
    name: str
    alphabet: str
    kept: Kept | None


async def _bill(
    found: Billed, home: Connection, config: Config, carrier: str, of: _Of, within: Callable[[date], bool]
) -> None:
    """Adds a campaign's segments of the days that are billed."""
    zone = ZoneInfo(config.country.time_zone)
    days, delivered, in_all = Counter[date](), Counter[date](), 0
    async for each in recipients(home, of.campaign_id, config):
        segments = len(each.smsc_ids.split())
        if each.carrier != carrier or not segments or each.submitted_at is None:
            continue
        in_all += segments
        day = each.submitted_at.astimezone(zone).date()
        if within(day):
            days[day] += segments
            delivered[day] += segments if each.state == RecipientState.DELIVERED.column else 0
            found.numbers.append(each.msisdn)
            found.segments.append(segments)
    configured = config.carriers[carrier].price if carrier in config.carriers else None
    price = of.kept.price(carrier) if of.kept else price_of(configured, of.alphabet)
    again = await _tallied(home, config, of.campaign_id, carrier) - in_all
    apart = of.kept.price_apart(carrier) if of.kept else Decimal()
    missing = of.kept.segments(carrier) - in_all if of.kept else 0
    for day, accepted in days.items():
        due = price and accepted * price[0]
        # on one day the mean is of what was accepted, but for the few that were refused; on several each has its mix
        doubtful = missing if accepted == in_all and missing >= 0 else accepted
        found.own[of.name, day] = Own(accepted, delivered.get(day, 0), due, doubtful * apart)
    if again > 0 and days:
        found.own[of.name, None] = Own(again, 0, price and again * price[0], again * apart)


async def _tallied(home: Connection, config: Config, campaign_id: CampaignId, carrier: str) -> int:
    """Segments accepted, all copies."""
    async with parts_of(home, config, campaign_id) as parts:
        return sum(
            [
                await each.connection.fetchval(sql("billed_tally"), campaign_id, carrier)
                for each in parts.all()
            ]
        )
