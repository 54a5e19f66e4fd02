"""Campaigns in the database: each step is a function there (store/migrations/0027_desk.sql), which looks at who logged
in, is one transaction, and leaves an event and an entry of the audit chain.

Workers are told through the channel `broadcast_control`, with the campaign_id as payload. Raises RefusedError where a
rule forbids a step, InputError where what was given is no use.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Final

import asyncpg

from broadcast.campaign import approval, refusals
from broadcast.campaign.alphabets import Alphabet
from broadcast.campaign.approval import Approval
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
from broadcast.campaign.lifecycle import CampaignState
from broadcast.campaign.plain import PlainLetter
from broadcast.campaign.plan import NOTHING_SAID, Plan
from broadcast.errors import InputError
from broadcast.ids import CampaignId
from broadcast.languages import _
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
    plan: Plan = NOTHING_SAID
    nonce: str = ""  # of its code
    rules: str = "{}"  # under which it was launched, as rules/limits.py reads them
    stage: int = 0  # 1: the rest may follow its first share

    @property
    def content(self) -> Content:
        """What an approval binds."""
        return Content(**{each.name: getattr(self, each.name) for each in fields(Content)})

    @property
    def code(self) -> str:
        """Of the content as it was written last: who approves gives it, and so says what was seen."""
        return approval.content_code(self.content, self.nonce)


_COLUMNS: Final = tuple(each.name for each in fields(Campaign))


@dataclass(frozen=True, slots=True)
class CampaignEvent:
    """Who did what, when. details: whatever the event is worth remembering with."""

    at: datetime
    actor: str
    event: str
    details: dict[str, Any]


async def draft(
    connection: Connection, name: str, content: Content, changes: Sequence[PlainLetter] = ()
) -> Campaign:
    """A new campaign, by who logged in.

    changes: the characters that its text has in plain letters; the event keeps them for the forecast.
    """
    check_name(name)
    check(content)
    return await _step(connection, "desk_draft", name, _document(content), _plain(changes))


async def edit(
    connection: Connection,
    campaign: Campaign,
    content: Content,
    changes: Sequence[PlainLetter] | None = None,
) -> Campaign:
    """New content for a draft or an approved campaign: a draft again, and the editor is its drafter.

    changes: as of `draft`, for a new text; None for the one that it has.
    """
    check(content)
    return await _step(connection, "desk_edit", campaign.campaign_id, _document(content), _plain(changes))


async def approve(connection: Connection, campaign: Campaign, code: str) -> Campaign:
    """A second person approves what has this code, as `broadcast campaign show` printed it; where a rule wants more of
    them, it is a draft until the last one has."""
    return await _step(connection, "desk_approve", campaign.campaign_id, approval.read_code(code))


async def override(connection: Connection, campaign: Campaign) -> Campaign:
    """Who approved it goes on alone, where a rule allows that."""
    return await _step(connection, "desk_override", campaign.campaign_id)


async def withdraw(connection: Connection, campaign: Campaign, reason: str) -> Campaign:
    """Who approved it takes that back, before the launch."""
    return await _step(connection, "desk_withdraw", campaign.campaign_id, reason)


async def send_back(connection: Connection, campaign: Campaign, reason: str) -> Campaign:
    """An approver returns it for another edit: whatever was approved is void."""
    return await _step(connection, "desk_return", campaign.campaign_id, reason)


async def pause(connection: Connection, campaign: Campaign) -> Campaign:
    """Nothing leaves from 2 s after the commit on (law 7)."""
    return await _step(connection, "desk_pause", campaign.campaign_id)


async def resume(connection: Connection, campaign: Campaign) -> Campaign:
    """Sending goes on. Refused after the expiry, and for a campaign that was never launched."""
    return await _step(connection, "desk_resume", campaign.campaign_id)


async def cancel(connection: Connection, campaign: Campaign) -> Campaign:
    """Nothing leaves any more; who still waited is excluded. Receipts of what left still count."""
    return await _step(connection, "desk_cancel", campaign.campaign_id)


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


async def approvals(connection: Connection, campaign_id: CampaignId) -> tuple[Approval, ...]:
    """Those that hold, in order."""
    return tuple(Approval(**row) for row in await connection.fetch(sql("approvals"), campaign_id))


async def _step(connection: Connection, step: str, *given: Any) -> Campaign:
    """The campaign after it."""
    with refusals.told():
        async with connection.transaction():
            return await get(connection, await connection.fetchval(sql(step), *given))


def _document(content: Content) -> str:
    return json.dumps(content.document())


def _plain(changes: Sequence[PlainLetter] | None) -> str:
    """For an event: even an empty one says that the text is not the one before; None: it is."""
    return json.dumps({} if changes is None else {"plain": [astuple(change) for change in changes]})


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
    "nonce": lambda value: value.hex,
    "texts": lambda value: tuple(sorted(json.loads(value).items())),
    "areas": lambda value: tuple(map(Area.read, json.loads(value))),
    "plan": lambda value: Plan.read(json.loads(value or "{}")),
    "rules": lambda value: value or "{}",
    "stage": lambda value: value or 0,
}
