"""What an alert would cost and whom it would reach, as things are now: looked at before somebody approves it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from broadcast.actions import clock
from broadcast.actions.audience import tell_of_unfinished
from broadcast.actions.session import Session
from broadcast.audience import subscribers
from broadcast.audience.carriers import tps_that_hold
from broadcast.audience.subscribers import CarrierCount
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.config import Config, of_ledger
from broadcast.forecast.ways import CarrierLoad, Forecast, forecast


@dataclass(frozen=True, slots=True)
class Foreseen:
    """variants: as it is, and in the other alphabet. excluded: who would not be reached, by reason."""

    campaign: Campaign
    variants: Sequence[Forecast]
    excluded: Mapping[str, int]


async def foresee(session: Session, name: str) -> Foreseen:
    """Changes nothing. Raises InputError when there is no such campaign."""
    connection, config = session.connection, session.config
    found = await campaigns.by_name(connection, name)
    await tell_of_unfinished(session)
    now = await clock.now(session)
    changes = await campaigns.plain_changes(connection, found.campaign_id)
    counts = [each for each in await subscribers.counts(connection) if each.carrier in found.carriers]
    loads = _loads(config, found, counts, await tps_of_all(session, config))
    variants = forecast(found.text, found.alphabet, loads, now, found.expires_at, changes)
    return Foreseen(found, variants, _excluded(config, found, counts))


async def expected(session: Session, found: Campaign) -> int:
    """How many would hear it, as things are now."""
    counts = [each for each in await subscribers.counts(session.connection) if each.carrier in found.carriers]
    tps = {name: carrier.tps for name, carrier in session.config.carriers.items()}
    return sum(each.recipients for each in _loads(session.config, found, counts, tps))


async def tps_of_all(session: Session, config: Config) -> dict[str, int]:
    """What holds of each carrier, over its ledgers; what the file says where one is away."""
    held = Counter[str]()
    async with session.all_parts() as parts:
        for part in parts.reached:
            own = of_ledger(config, part.name) if part.name else config
            held.update(await tps_that_hold(part.connection, own))
    return {name: carrier.tps for name, carrier in config.carriers.items()} | held


def _loads(
    config: Config, found: Campaign, counts: Sequence[CarrierCount], tps: Mapping[str, int]
) -> list[CarrierLoad]:
    """Of the connected carriers. tps: what holds, by carrier."""
    all_heard = found.hears_opted_out
    reached = {each.carrier: each.subscribers - (0 if all_heard else each.opted_out) for each in counts}
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
        if name in found.carriers
    ]


def _excluded(config: Config, found: Campaign, counts: Sequence[CarrierCount]) -> dict[str, int]:
    connected = [each for each in counts if each.carrier in config.carriers]
    unheard = 0 if found.hears_opted_out else sum(each.opted_out for each in connected)
    reasons = {
        "not_connected": sum(each.subscribers for each in counts if each.carrier not in config.carriers),
        "opted_out": unheard,
    }
    return {reason: count for reason, count in reasons.items() if count}
