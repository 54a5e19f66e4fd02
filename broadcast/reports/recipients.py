"""Every recipient of a campaign by number, for who asks for the list."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from broadcast.archive.books import books_of, snapshot
from broadcast.config import Config
from broadcast.ids import CampaignId
from broadcast.ledger.states import RecipientState
from broadcast.store.ledgers import parts_of
from broadcast.store.types import Connection

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient as it stands. smsc_ids: of its segments, in order."""

    carrier: str
    msisdn: int
    state: str
    submitted_at: datetime | None
    settled_at: datetime | None
    err: str
    smsc_ids: str


async def recipients(
    home: Connection, campaign_id: CampaignId, config: Config | None = None
) -> AsyncIterator[Recipient]:
    """Everybody, ledger by ledger, in no order, streamed: memory does not grow with the audience. config: where there
    are several ledgers."""
    async with parts_of(home, config, campaign_id) as parts:
        for part in parts.all():
            async for each in _of(part.connection, campaign_id):
                yield each


async def _of(connection: Connection, campaign_id: CampaignId) -> AsyncIterator[Recipient]:
    async with snapshot(connection):
        books = await books_of(connection, campaign_id)
        async for people in books.people():
            for _, _, msisdn, state, _, submitted, settled, err, smsc_ids in people.rows():
                yield Recipient(
                    carrier=people.carrier,
                    msisdn=msisdn,
                    state=RecipientState(state).column,
                    submitted_at=_time(submitted),
                    settled_at=_time(settled),
                    err=err,
                    smsc_ids=smsc_ids,
                )


def _time(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)
