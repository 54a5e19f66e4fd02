"""A campaign's report without its audit, for tests of rows that no audit would let pass."""

from broadcast.archive.books import books_of, snapshot
from broadcast.campaign.campaigns import by_name
from broadcast.reports import report as reports
from broadcast.store.types import Connection


async def report(connection: Connection, name: str) -> reports.Report:
    """In a snapshot of its own."""
    async with snapshot(connection):
        campaign = await by_name(connection, name)
        books = await books_of(connection, campaign.campaign_id)
        found = await reports.read(connection, campaign, books)
        return await reports.report(connection, campaign, found)
