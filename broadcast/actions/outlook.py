"""What there is beside an alert to be launched: TPS, what else runs, how soon receipts come, what may be spent."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from broadcast.actions.session import Session
from broadcast.audience.carriers import tps_that_hold
from broadcast.config import Config, of_ledger
from broadcast.forecast import history, running
from broadcast.forecast.budget import Standing, period, standing
from broadcast.forecast.running import Running, Spent
from broadcast.forecast.ways import Around
from broadcast.ids import CampaignId
from broadcast.store.clock import database_time
from broadcast.store.ledgers import Part

NO_CAMPAIGN = CampaignId(0)


@dataclass(frozen=True, slots=True)
class Outlook:
    """tps, around: by carrier. budget: as it stands; None: there is none. A ledger that is away is missing in it, but
    for the TPS, which are then the file's."""

    at: datetime
    tps: Mapping[str, int]
    around: Mapping[str, Around]
    budget: Standing | None


@dataclass(slots=True)
class _Read:
    """Of all ledgers that were reached."""

    tps: Counter[str] = field(default_factory=Counter)
    newest: list[history.Newest] = field(default_factory=list)
    running: list[Running] = field(default_factory=list)
    spent: list[Spent] = field(default_factory=list)


async def outlook(session: Session, but: CampaignId = NO_CAMPAIGN) -> Outlook:
    """but: a campaign that is not to be counted among those that run."""
    config, at = session.config, await database_time(session.connection)
    span = None if config.budget is None else period(config.budget, zone(config), at)
    found = _Read()
    async with session.all_parts() as parts:
        for part in parts.reached:
            await _read(found, part, config, but, None if span is None else span[0])
    foreseen = await running.kept(
        session.connection,
        [*(each.campaign_id for each in found.running), *(each.campaign_id for each in found.spent)],
    )
    others, delays = running.flows(found.running, foreseen, at), history.joined(found.newest)
    budget = None
    if config.budget is not None and span is not None:
        budget = standing(config.budget, *span, running.spendings(found.spent, foreseen, config.carriers))
    around = {
        name: Around(others.get(name, ()), delays.get(name), carrier.price)
        for name, carrier in config.carriers.items()
    }
    return Outlook(at, _of_files(config) | found.tps, around, budget)


async def tps_of_all(session: Session, config: Config) -> dict[str, int]:
    """What holds of each carrier, over its ledgers; what the file says where one is away."""
    held = Counter[str]()
    async with session.all_parts() as parts:
        for part in parts.reached:
            held.update(await tps_that_hold(part.connection, _own(config, part)))
    return _of_files(config) | held


async def _read(found: _Read, part: Part, config: Config, but: CampaignId, since: datetime | None) -> None:
    found.tps.update(await tps_that_hold(part.connection, _own(config, part)))
    found.newest.append(await history.read(part.connection))
    found.running += await running.running(part.connection, but)
    if since is not None:
        found.spent += await running.spent(part.connection, since)


def _own(config: Config, part: Part) -> Config:
    return of_ledger(config, part.name) if part.name else config


def _of_files(config: Config) -> dict[str, int]:
    return {name: carrier.tps for name, carrier in config.carriers.items()}


def zone(config: Config) -> ZoneInfo:
    """The country's."""
    return ZoneInfo(config.country.time_zone)
