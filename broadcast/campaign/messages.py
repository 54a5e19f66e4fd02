"""CAP messages in the database: what was received, and which campaign each became (table `alert_message`)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import asyncpg

from broadcast.campaign import campaigns, refusals
from broadcast.campaign.campaigns import Campaign
from broadcast.cap.references import Key
from broadcast.ids import CampaignId
from broadcast.store.queries import sql
from broadcast.store.types import Connection


@dataclass(frozen=True, slots=True)
class Message:
    """A row of `alert_message`. about: message_no; ends: campaigns, of an Update at its launch, of a Cancel at once."""

    message_no: int
    sender: str
    identifier: str
    sent: datetime
    status: str
    message_type: str
    about: tuple[int, ...]
    campaign_id: CampaignId | None
    ends: tuple[CampaignId, ...]
    octets: bytes
    signature: str
    signer: str
    reason: str
    received_at: datetime
    received_by: str

    @property
    def key(self) -> Key:
        return Key(self.sender, self.identifier, self.sent)


_COLUMNS: Final = tuple(each.name for each in fields(Message))


async def keep(
    connection: Connection,
    key: Key,
    *,
    status: str,
    message_type: str,
    octets: bytes,
    signature: tuple[str, str, str],
    about: Sequence[int] = (),
    campaign_id: CampaignId | None = None,
    ends: Sequence[CampaignId] = (),
) -> None:
    """By who logged in. signature: standing, signer, reason.

    Raises asyncpg.UniqueViolationError: it is there already; RefusedError: as those functions of the database say.
    """
    standing, signer, reason = signature
    row = {
        "sender": key.sender, "identifier": key.identifier, "sent": key.sent.isoformat(), "status": status,
        "message_type": message_type, "about": list(about), "campaign_id": campaign_id, "ends": list(ends),
        "signature": standing, "signer": signer, "reason": reason,
    }  # fmt: skip
    with refusals.told():
        step = "desk_keep_cancel" if message_type == "Cancel" else "desk_keep_message"
        await connection.fetchval(sql(step), json.dumps(row), octets)


async def by_key(connection: Connection, key: Key) -> Message | None:
    return _message(
        await connection.fetchrow(sql("alert_message_by_key"), key.sender, key.identifier, key.sent)
    )


async def called(connection: Connection, key: Key) -> list[Message]:
    """Those of its sender and identifier, whenever they were sent."""
    return _messages(await connection.fetch(sql("alert_messages_called"), key.sender, key.identifier))


async def of_campaign(connection: Connection, campaign_id: CampaignId) -> Message | None:
    return _message(await connection.fetchrow(sql("alert_message_of_campaign"), campaign_id))


async def updates_of(connection: Connection, numbers: Sequence[int]) -> list[Message]:
    """Updates that are about one of these messages."""
    return _messages(await connection.fetch(sql("alert_messages_after"), list(numbers)))


async def ended_by(connection: Connection, campaign_id: CampaignId) -> list[Campaign]:
    """The campaigns that the launch of this one ended."""
    numbers = await connection.fetch(sql("campaigns_ended_by"), campaign_id)
    return [await campaigns.get(connection, row["campaign_id"]) for row in numbers]


def _message(row: asyncpg.Record | None) -> Message | None:
    return None if row is None else _messages([row])[0]


def _messages(rows: Sequence[asyncpg.Record]) -> list[Message]:
    return [Message(**{name: _value(row[name]) for name in _COLUMNS}) for row in rows]


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
