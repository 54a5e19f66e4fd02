"""Campaigns in the database: each function is one transaction, and leaves an event.

Workers are told through the channel `broadcast_control`, with the campaign_id as payload.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, Final

import asyncpg

from broadcast.campaign import approval
from broadcast.campaign.alphabets import Alphabet
from broadcast.campaign.area import Area
from broadcast.campaign.content import (
    Category,
    Content,
    Hearers,
    InDoubtPolicy,
    Status,
    check,
    check_name,
)
from broadcast.campaign.lifecycle import CampaignState, check_move
from broadcast.campaign.plain import PlainLetter
from broadcast.errors import InputError, RefusedError
from broadcast.ids import CampaignId
from broadcast.languages import N_, _, term
from broadcast.store.clock import database_time
from broadcast.store.queries import sql
from broadcast.store.types import Connection


@dataclass(frozen=True, slots=True)
class Campaign:
    """A row of `campaign`. audience and segments (of a message, at most): null until launch. closed_at: since when it
    waits for receipts no longer."""

    campaign_id: CampaignId
    name: str
    category: Category
    priority: int
    sender: str
    text: str
    alphabet: Alphabet
    carriers: tuple[str, ...]
    in_doubt_policy: InDoubtPolicy
    grace_s: int
    expires_at: datetime
    state: CampaignState
    drafted_by: str
    drafted_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    approved_hash: bytes | None
    launched_by: str | None
    launched_at: datetime | None
    finished_at: datetime | None
    audience: int | None
    segments: int | None
    hears_opted_out: bool  # as was decided when the content was written
    closed_at: datetime | None = None
    control_no: int = 0  # orders so far
    texts: tuple[tuple[str, str], ...] = ()
    languages: tuple[str, ...] = ()
    status: Status = "actual"
    hearers: Hearers = "everybody"
    corrects: int | None = None
    areas: tuple[Area, ...] = ()
    channels: tuple[str, ...] = ("sms",)

    @property
    def content(self) -> Content:
        """What an approval binds."""
        return Content(**{each.name: getattr(self, each.name) for each in fields(Content)})

    @property
    def code(self) -> str:
        """Of the content: who approves gives it, and so says what was seen."""
        return approval.content_code(self.content)


_COLUMNS: Final = tuple(each.name for each in fields(Campaign))


@dataclass(frozen=True, slots=True)
class CampaignEvent:
    """Who did what, when. details: whatever the event is worth remembering with."""

    at: datetime
    actor: str
    event: str
    details: dict[str, Any]


async def draft(
    connection: Connection, name: str, content: Content, actor: str, changes: Sequence[PlainLetter] = ()
) -> Campaign:
    """A new campaign. Raises InputError for a taken name, a past expiry or unusable content.

    changes: the characters that its text has in plain letters; the event keeps them for the forecast.
    """
    actor = approval.check_actor(actor)
    check_name(name)
    check(content)
    check_expiry(content, await database_time(connection), InputError)
    try:
        async with connection.transaction():
            campaign_id = await connection.fetchval(sql("insert_campaign"), name, *_values(content), actor)
            details = {"hash": approval.content_hash(content).hex(), **_plain(changes)}
            await note(connection, campaign_id, actor, "drafted", details)
            return await get(connection, campaign_id)
    except asyncpg.UniqueViolationError as error:
        raise InputError(
            _("there is a campaign {name} already: choose another name, or edit that one", name=name)
        ) from error


async def edit(
    connection: Connection,
    campaign: Campaign,
    content: Content,
    actor: str,
    changes: Sequence[PlainLetter] | None = None,
) -> Campaign:
    """New content for a draft or an approved campaign: a draft again, and the editor is its drafter.

    changes: as of `draft`, for a new text; None for the one that it has.
    """
    actor = approval.check_actor(actor)
    check(content)
    async with locked(connection, campaign.campaign_id, CampaignState.DRAFT) as current:
        check_expiry(content, await database_time(connection), InputError)
        await connection.execute(sql("update_content"), current.campaign_id, *_values(content), actor)
        details = {
            "hash": approval.content_hash(content).hex(),
            "approval_voided": current.approved_by is not None,
            **({} if changes is None else _plain(changes)),
        }
        await note(connection, current.campaign_id, actor, "edited", details)
        return await get(connection, current.campaign_id)


async def approve(connection: Connection, campaign: Campaign, actor: str, code: str) -> Campaign:
    """A second person approves what has this code, as `broadcast campaign show` printed it.

    Raises InputError: no code; RefusedError: its drafter, other content than that by now, expired.
    """
    actor = approval.check_actor(actor)
    code = approval.read_code(code)
    async with locked(connection, campaign.campaign_id, CampaignState.APPROVED) as current:
        approval.check_approver(current.drafted_by, actor)
        approval.check_code(current.content, code)
        check_expiry(current.content, await database_time(connection), RefusedError, EDIT)
        approved = approval.content_hash(current.content)
        await connection.execute(sql("approve_campaign"), current.campaign_id, actor, approved)
        await note(connection, current.campaign_id, actor, "approved", {"hash": approved.hex()})
        return await get(connection, current.campaign_id)


async def pause(connection: Connection, campaign: Campaign, actor: str) -> Campaign:
    """Nothing leaves from 2 s after the commit on (law 7)."""
    return await _move(connection, campaign, CampaignState.PAUSED, actor, "paused")


async def resume(connection: Connection, campaign: Campaign, actor: str) -> Campaign:
    """Sending goes on. Raises RefusedError after the expiry, and for a campaign that was never launched."""
    if campaign.state is not CampaignState.PAUSED:
        raise RefusedError(
            _("the campaign is {state}: only a paused one can be resumed", state=term(campaign.state))
        )
    return await _move(connection, campaign, CampaignState.RUNNING, actor, "resumed")


async def cancel(connection: Connection, campaign: Campaign, actor: str) -> Campaign:
    """Nothing leaves any more; who still waited is excluded. Receipts of what left still count."""
    return await _move(connection, campaign, CampaignState.CANCELLED, actor, "cancelled")


async def get(connection: Connection, campaign_id: CampaignId) -> Campaign:
    """Raises InputError when there is none."""
    row = await connection.fetchrow(sql("campaign_by_id"), campaign_id)
    if row is None:
        raise InputError(_("there is no campaign with the number {campaign_id}", campaign_id=campaign_id))
    return _campaign(row)


async def by_name(connection: Connection, name: str) -> Campaign:
    """Raises InputError with the nearest name when there is none."""
    row = await connection.fetchrow(sql("campaign_by_name"), name)
    if row is None:
        names = [each["name"] for each in await connection.fetch(sql("campaign_names"))]
        near = get_close_matches(name, names, n=1)
        hint = _("did you mean {near}?", near=near[0]) if near else _("see `broadcast campaign list`")
        raise InputError(_("there is no campaign {name}: {hint}", name=name, hint=hint))
    return _campaign(row)


async def all_campaigns(connection: Connection) -> list[Campaign]:
    """The newest first."""
    return [_campaign(row) for row in await connection.fetch(sql("all_campaigns"))]


async def events(connection: Connection, campaign_id: CampaignId) -> list[CampaignEvent]:
    """What happened to a campaign, in order."""
    rows = await connection.fetch(sql("campaign_events"), campaign_id)
    return [CampaignEvent(row["at"], row["actor"], row["event"], json.loads(row["details"])) for row in rows]


async def plain_changes(connection: Connection, campaign_id: CampaignId) -> tuple[PlainLetter, ...]:
    """The characters that the text, as it is now, has in plain letters; none when it is as it was given."""
    found: list[list[Any]] = []
    for event in await events(connection, campaign_id):
        found = event.details.get("plain", found)
    return tuple(PlainLetter(*each) for each in found)


@asynccontextmanager
async def locked(
    connection: Connection, campaign_id: CampaignId, target: CampaignState, isolation: Any = None
) -> AsyncIterator[Campaign]:
    """A transaction that holds the campaign's row, once it may go to `target`."""
    async with connection.transaction(isolation=isolation):
        row = await connection.fetchrow(sql("lock_campaign"), campaign_id)
        if row is None:
            raise InputError(_("there is no campaign with the number {campaign_id}", campaign_id=campaign_id))
        current = _campaign(row)
        check_move(current.state, target)
        yield current


async def _move(
    connection: Connection, campaign: Campaign, target: CampaignState, actor: str, event: str
) -> Campaign:
    actor = approval.check_actor(actor)
    async with locked(connection, campaign.campaign_id, target) as current:
        if target is CampaignState.RUNNING:
            check_expiry(current.content, await database_time(connection), RefusedError, _ANOTHER)
        await connection.execute(sql("move_campaign"), current.campaign_id, target.value)
        await note(connection, current.campaign_id, actor, event, {"from": current.state.value})
        return await get(connection, current.campaign_id)


async def note(
    connection: Connection, campaign_id: CampaignId, actor: str, event: str, details: dict[str, Any]
) -> None:
    """An event, and a word to the workers; both with the commit."""
    await connection.execute(sql("insert_campaign_event"), campaign_id, actor, event, json.dumps(details))
    await connection.execute(sql("notify_control"), str(campaign_id))


def _plain(changes: Sequence[PlainLetter]) -> dict[str, Any]:
    """For an event: even an empty one says that the text is not the one before."""
    return {"plain": [astuple(change) for change in changes]}


def _campaign(row: asyncpg.Record) -> Campaign:
    """Of a schema that may be a version older or newer: amid an upgrade it has fewer columns, or more."""
    values = {name: _VALUE.get(name, _as_it_is)(row[name]) for name in _COLUMNS if name in row}
    return Campaign(**values)


def _as_it_is(value: Any) -> Any:
    return value


_VALUE: Final[Mapping[str, Callable[[Any], Any]]] = {
    "carriers": tuple,
    "languages": tuple,
    "channels": tuple,
    "state": CampaignState,
    "texts": lambda value: tuple(sorted(json.loads(value).items())),
    "areas": lambda value: tuple(map(Area.read, json.loads(value))),
}


def _values(content: Content) -> tuple[Any, ...]:
    """In the order of `insert_campaign` and `update_content`."""
    return (
        content.category,
        content.priority,
        content.sender,
        content.text,
        content.alphabet,
        list(content.carriers),
        content.in_doubt_policy,
        content.grace_s,
        content.expires_at,
        content.hears_opted_out,
        json.dumps(dict(content.texts)),
        list(content.languages),
        content.status,
        content.hearers,
        content.corrects,
        json.dumps([each.document() for each in content.areas]),
        list(content.channels),
    )


# A validity_period has two digits for its year (SMPP 3.4 §7.1.1): from then on it would be a past one.
_NEXT_CENTURY = datetime(2100, 1, 1, tzinfo=UTC)
_LATER = N_("give a later one")
EDIT = N_("edit it with a later one (--expires), and have that approved")
_ANOTHER = N_("cancel it and draft another campaign")


def check_expiry(
    content: Content, now: datetime, error: type[InputError] | type[RefusedError], way_out: str = _LATER
) -> None:
    """now: by the database's clock, as for workers; whoever acts may sit at a machine that is a day off (law 5)."""
    if content.expires_at <= now:
        raise error(_("the campaign's expiry has passed: {way_out}", way_out=_(way_out)))
    if content.expires_at >= _NEXT_CENTURY:
        raise error(_("the campaign's expiry is in another century: give an earlier one"))
