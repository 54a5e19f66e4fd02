"""A small launched campaign, made by hand, and a writer to it: what the ledger's tests have in common."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from broadcast.channel.receipt import Receipt
from broadcast.ids import CampaignId, CarrierNo, SliceId
from broadcast.ledger.leased import LeasedSlice
from broadcast.ledger.packing.received import Received, unpack_received
from broadcast.ledger.packing.sent import Sent, unpack_sent
from broadcast.ledger.states import RecipientState
from broadcast.ledger.writer import Writer
from broadcast.store.pool import connect

AT = 1_780_000_000_000_000  # when answers and receipts came, in microseconds
LEFT = AT - 1_000_000  # and their submits left


@dataclass
class World:
    """One carrier, one running campaign; slices as leased by worker `worker_no`."""

    url: str
    conn: asyncpg.Connection
    carrier_no: CarrierNo
    campaign_id: CampaignId
    worker_no: int
    writer: Writer
    commits: list[int]

    async def slice(self, msisdns: Sequence[int], segments: int = 1) -> LeasedSlice:
        """A slice of these recipients, leased, all waiting."""
        slice_id = await self.conn.fetchval(
            """INSERT INTO slice (campaign_id, carrier_no, total, state, worker_no, token, segments, msisdns)
               VALUES ($1, $2, $3, 'leased', $4, 1, $5, $6) RETURNING slice_id""",
            self.campaign_id, self.carrier_no, len(msisdns), self.worker_no, segments, list(msisdns),
        )  # fmt: skip
        await self.conn.execute(
            """INSERT INTO tally (campaign_id, carrier_no, shard, waiting) VALUES ($1, $2, 0, $3)
               ON CONFLICT (campaign_id, carrier_no, shard) DO UPDATE SET waiting = tally.waiting + $3""",
            self.campaign_id, self.carrier_no, len(msisdns),
        )  # fmt: skip
        await self.conn.execute("UPDATE campaign SET audience = coalesce(audience, 0) + $1", len(msisdns))
        return LeasedSlice(
            self.writer.journal, slice_id=SliceId(slice_id), campaign_id=self.campaign_id, carrier_no=self.carrier_no,
            token=1, awaited=segments, mark=0, answered=b"", retry=b"", msisdns=list(msisdns),
        )  # fmt: skip

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[asyncpg.Connection]:
        """Another connection."""
        connection = await connect(self.url)
        try:
            yield connection
        finally:
            connection.terminate()

    def receipt(
        self, smsc_id: str, state: RecipientState | int, msisdn: int | None = None, err: str = "000"
    ) -> None:
        """One receipt into the journal."""
        self.writer.journal.receipts(
            self.carrier_no, [Receipt(b"", int(state), smsc_id, err, msisdn)], AT, lambda: None
        )

    async def sent(self) -> list[Sent]:
        """The rows of `sent`, in the order of batches and slices."""
        rows = await self.conn.fetch("SELECT packed FROM sent ORDER BY worker_no, batch, slice_id")
        return [unpack_sent(row["packed"]) for row in rows]

    async def received(self) -> list[Received]:
        """The rows of `received`, in the order of batches and carriers."""
        rows = await self.conn.fetch("SELECT packed FROM received ORDER BY worker_no, batch, carrier_no")
        return [unpack_received(row["packed"]) for row in rows]

    async def tally(self) -> dict[str, int]:
        """The campaign's tallies that are not zero."""
        row = await self.conn.fetchrow(
            """SELECT sum(waiting) AS waiting, sum(in_doubt) AS in_doubt, sum(accepted) AS accepted,
                      sum(unknown) AS unknown, sum(expired) AS expired, sum(rejected) AS rejected,
                      sum(undeliverable) AS undeliverable, sum(delivered) AS delivered, sum(excluded) AS excluded
                 FROM tally WHERE campaign_id = $1""",
            self.campaign_id,
        )
        assert row is not None
        return {name: int(count) for name, count in row.items() if count}


async def make_world(url: str, conn: asyncpg.Connection) -> World:
    """Everything empty but one running campaign."""
    carrier_no = await conn.fetchval(
        "INSERT INTO carrier (name, tps) VALUES ('viettel', 1000) RETURNING carrier_no"
    )
    campaign_id = await conn.fetchval(
        """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                                 in_doubt_policy, grace_s, expires_at, state, drafted_by, launched_at)
           VALUES ('typhoon', 'emergency', 9, 'BOYTE', 'x', 'gsm0338', '{viettel}', true, 'resend', 0,
                   now() + interval '1 hour', 'running', 'an', now() - interval '10 years') RETURNING campaign_id"""
    )
    worker_no = await conn.fetchval(
        "INSERT INTO worker (host, pid, expires_at) VALUES ('here', 1, now() + interval '1 hour') RETURNING worker_no"
    )
    commits: list[int] = []
    writer = Writer(lambda: connect(url), worker_no, 0.0, lambda count, _: commits.append(count))
    return World(url, conn, CarrierNo(carrier_no), CampaignId(campaign_id), worker_no, writer, commits)
