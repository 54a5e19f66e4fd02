"""What alerts teach about the list, by hand: as a worker learns it by itself, and what was learnt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from broadcast.actions.reading import note_read
from broadcast.actions.session import Session
from broadcast.audience import learnt
from broadcast.audience.carriers import carrier_numbers
from broadcast.campaign.campaigns import Campaign, by_name
from broadcast.config import Config
from broadcast.errors import InputError, RefusedError
from broadcast.ids import CampaignId
from broadcast.languages import _
from broadcast.ledger import learn as learning
from broadcast.ledger.learn import Words
from broadcast.ledger.opt_outs import Sides
from broadcast.smpp.sayings import sayings
from broadcast.store.ledgers import Part
from broadcast.store.queries import sql
from broadcast.store.types import Connection
from broadcast.tables import nearest


@dataclass(frozen=True, slots=True)
class Taught:
    """Of one carrier's people of a campaign. done: all of them were looked at. taught: false, it reached fewer than it
    failed, which says nothing of them. routed: of the ported; aside: newly; back: those that had been."""

    carrier: str
    taught: bool
    people: int
    failed: int
    ported: int
    routed: int
    aside: int
    back: int
    done: bool


@dataclass(frozen=True, slots=True)
class Lessons:
    """campaigns: what each taught, by name, those of now alone; of one campaign all that it taught. replies: looked at;
    again: so many are tried again."""

    campaigns: dict[str, list[Taught]]
    replies: int
    again: int


async def learn(session: Session, name: str | None = None) -> Lessons:
    """Of every campaign that is over, or of this one: what no worker learnt yet. Repeated, it does the rest.

    Raises InputError: there is no such campaign. RefusedError: it is not over, or archived and not learnt of; somebody
    is sent to, an import runs, or somebody else learns just now.
    """
    home, wanted = session.connection, None
    if name is not None:
        campaign = await by_name(home, name)
        await _check_over(home, campaign)
        wanted = campaign.campaign_id
    await learnt.check_no_import(home)
    campaigns, replies = list[CampaignId](), 0
    async with session.all_parts() as parts:
        for part in parts.all():
            sides = Sides(home, part.connection, "" if part.home else part.name)
            done, heard = await _learn(sides, await _words(session.config, part), wanted)
            campaigns, replies = campaigns + done, replies + heard
        hygiene = session.config.hygiene
        again = await learnt.try_again(home, hygiene.retry_after_days if hygiene.dead_after else 0)
        told = [wanted] if wanted is not None else sorted(set(campaigns))
        return Lessons(
            {await _name(home, each): await _taught(parts.all(), each) for each in told}, replies, again
        )


async def _check_over(home: Connection, campaign: Campaign) -> None:
    if campaign.finished_at is None:
        raise RefusedError(
            _(
                "{name} is {state}: it teaches about the list when it is over",
                name=campaign.name,
                state=campaign.state,
            )
        )
    archived = {row["campaign_id"] for row in await home.fetch(sql("archives_here"))}
    if campaign.campaign_id in archived and not await home.fetch(sql("lessons_of"), campaign.campaign_id):
        raise RefusedError(
            _(
                "{name} is archived: what its people were told is not read for the list any more",
                name=campaign.name,
            )
        )


async def _words(config: Config, part: Part) -> Words:
    numbers = await carrier_numbers(part.connection)
    known = {numbers[name]: sayings(each) for name, each in config.carriers.items() if name in numbers}
    return Words(known, config.hygiene)


async def _learn(sides: Sides, words: Words, wanted: CampaignId | None) -> tuple[list[CampaignId], int]:
    """The campaigns of which something was read, and replies."""

    async def go_on() -> bool:
        return not await sides.ledger.fetchval(sql("anybody_sent_to"))

    done, replies = list[CampaignId](), 0
    async with learning.alone(sides) as mine:
        if not mine:
            raise RefusedError(_("a worker learns of the list just now: try again in a while"))
        while (heard := await learning.hear(sides, words)) > 0:
            replies += heard
        while due := await learning.due(sides.ledger, words, wanted):
            if not await go_on():
                raise RefusedError(
                    _("an alert is being sent: what others teach is read when everybody in it was sent to")
                )
            await learning.learn(sides, words, due, go_on)
            done.append(due.campaign_id)
    return done, replies


async def _name(home: Connection, campaign_id: CampaignId) -> str:
    row = await home.fetchrow(sql("campaign_by_id"), campaign_id)
    return str(campaign_id) if row is None else str(row["name"])


async def _taught(parts: Sequence[Part], campaign_id: CampaignId) -> list[Taught]:
    return [
        Taught(**row) for part in parts for row in await part.connection.fetch(sql("lessons_of"), campaign_id)
    ]


@dataclass(frozen=True, slots=True)
class PortCount:
    """was, now: names of carriers; now None: nobody said whose they are. heeded: the list goes by it."""

    was: str
    now: str | None
    heeded: bool
    numbers: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class PortedNumber:
    """One of them, and what said so. Names as in PortCount."""

    msisdn: int
    was: str
    now: str | None
    heeded: bool
    campaign: str | None
    said: str
    at: datetime


async def port_counts(session: Session, carrier: str | None = None) -> list[PortCount]:
    """How many numbers are said to be another carrier's, from whom (None: from anybody) to whom. Raises InputError:
    there is no such carrier."""
    known = await carrier_numbers(session.connection)
    if carrier is not None and carrier not in known:
        raise InputError(
            _(
                "there is no carrier {carrier}: {nearest}",
                carrier=carrier,
                nearest=nearest(carrier, list(known)),
            )
        )
    return [PortCount(**row) for row in await session.connection.fetch(sql("port_counts"), carrier)]


async def ported_numbers(
    session: Session, carrier: str | None, most: int | None, *, reveal: bool
) -> list[PortedNumber]:
    """The newest of them, at most so many (None: all), that were of this carrier (None: of any). reveal: whole numbers
    are shown, which is an act."""
    found = [PortedNumber(**row) for row in await session.connection.fetch(sql("all_ports"), carrier, most)]
    if reveal:
        await note_read(session, "ported", len(found))
    return found
