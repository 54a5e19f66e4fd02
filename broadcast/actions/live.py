"""What stands between a slip and a nation: how many hear an alert is typed, and one's own phones hear it first."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from broadcast.access.desk_rules import RULES
from broadcast.actions.session import Session
from broadcast.audience.phones import NO_PHONES, read_phones
from broadcast.campaign import campaigns, choosing
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.content import check_name
from broadcast.campaign.lifecycle import CampaignState
from broadcast.campaign.typed import asks, check_typed
from broadcast.errors import ConfigError, RefusedError
from broadcast.languages import _
from broadcast.store.queries import sql

PHONES_WITHIN_H: Final = 24
_DRAFTS: Final = (CampaignState.DRAFT, CampaignState.APPROVED)
_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Reach:
    """recipients: who would hear it as things are now. asked: their number is to be typed."""

    campaign: Campaign
    recipients: int
    asked: bool


async def reach(session: Session, name: str) -> Reach:
    """For who is about to launch it. Raises InputError when there is no such campaign."""
    found = await campaigns.by_name(session.connection, name)
    if found.hearers != "everybody":
        return Reach(found, 0, asked=False)
    recipients = await choosing.expected(session.connection, session.config, found.content)
    return Reach(found, recipients, asks(found.status, recipients, await _rule(session, "typed_from")))


async def check(session: Session, found: Campaign, typed: int | None) -> Callable[[int], None]:
    """What a launch is to ask of its audience once that is fixed, within its transaction. typed: by who launches.

    A correction is not asked for: it goes to who heard what it corrects, and every second counts.
    Raises RefusedError: one's own phones have not heard it.
    """
    if found.hearers == "everybody" and await _rule(session, "phones_first"):
        await _check_phones(session, found)
    typed_from = await _rule(session, "typed_from")

    def counted(recipients: int) -> None:
        due = found.hearers == "everybody" and asks(found.status, recipients, typed_from)
        if due or typed is not None:
            check_typed(typed, recipients)

    return counted


async def rehearse(session: Session, name: str) -> Campaign:
    """The same content as a campaign of its own, for one's own phones alone. It is approved and launched as any other.

    A draft of that name that is there already becomes it. Raises ConfigError where there are no phones.
    """
    found = await campaigns.by_name(session.connection, name)
    if not read_phones(session.config.phones, session.config.country):
        raise ConfigError(_(NO_PHONES))
    content = replace(found.content, hearers="phones", corrects=None)
    changes = await campaigns.plain_changes(session.connection, found.campaign_id)
    there = {each.name: each for each in await campaigns.all_campaigns(session.connection)}
    for number in range(1, _MOST):
        own = f"{name}-phones" + (f"-{number}" if number > 1 else "")
        check_name(own)
        if own not in there:
            return await campaigns.draft(session.connection, own, content, changes)
        if there[own].state in _DRAFTS and there[own].content == content:
            return there[own]
        if there[own].state in _DRAFTS:
            return await campaigns.edit(session.connection, there[own], content, changes)
    raise RefusedError(
        _("{name} was rehearsed {times} times: draft it under another name", name=name, times=_MOST)
    )


async def _check_phones(session: Session, found: Campaign) -> None:
    """The same words reached one of them of late: a receipt says so."""
    rows = await session.connection.fetch(sql("rehearsals_of"), found.campaign_id, PHONES_WITHIN_H)
    for row in rows:
        async with session.parts(row["campaign_id"]) as parts:
            for part in parts.reached:
                if await part.connection.fetchval(sql("delivered_of"), row["campaign_id"]):
                    return
    if rows:
        raise RefusedError(
            _(
                "no receipt says yet that one of one's own phones has {name}: wait for it (`broadcast campaign watch "
                "{own}`), then launch this",
                name=found.name,
                own=rows[0]["name"],
            )
        )
    raise RefusedError(
        _(
            "one's own phones hear it first, by a rule: `broadcast campaign rehearse {name}`, have that approved and "
            "launch it, with these very words",
            name=found.name,
        )
    )


async def _rule(session: Session, key: str) -> int:
    value: int = await session.connection.fetchval(sql("rule_value"), key, RULES[key].otherwise)
    return value
