"""Whose books a campaign's are: the one place that knows where its people are written."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from broadcast.archive.place import place_of
from broadcast.ids import CampaignId
from broadcast.ledger.books import Books, LiveBooks
from broadcast.ledger.packed_books import PackedBooks
from broadcast.store import plans
from broadcast.store.types import Connection


@asynccontextmanager
async def snapshot(connection: Connection) -> AsyncIterator[None]:
    """A transaction in which books are read: everything in it is of one moment."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(plans.SETS)
        yield


async def books_of(connection: Connection, campaign_id: CampaignId) -> Books:
    """For as long as the caller's transaction. Every file of an archive is read once here, to see that it is whole.

    Raises ArchiveError: the archive is not there, not this campaign's, or damaged.
    """
    place = await place_of(connection, campaign_id)
    if place is None:
        return live_books(connection, campaign_id)
    # not before it is needed: its Parquet reader takes as much memory as the rest of a worker
    from broadcast.archive.archived_books import ArchivedBooks
    from broadcast.archive.read import load_at

    return ArchivedBooks(load_at(place))


def live_books(connection: Connection, campaign_id: CampaignId) -> LiveBooks:
    """Of a campaign whose people are in the database."""
    return PackedBooks(connection, campaign_id)
