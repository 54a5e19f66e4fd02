"""Carriers, a launched campaign and the logs of workers, made by hand: what tests of the resolver begin with."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from broadcast.ledger.packing.ids import IdProfile
from broadcast.ledger.packing.received import pack_received, unpack_parked, unpack_received
from broadcast.ledger.packing.result import unpack_result
from broadcast.ledger.packing.sent import Answered
from broadcast.ledger.resolver import late
from broadcast.ledger.resolver.book import Limits
from broadcast.ledger.resolver.desk import Desk
from broadcast.ledger.resolver.facts import Facts
from broadcast.ledger.resolver.look import CarrierLooks
from broadcast.ledger.resolver.reading import heads
from broadcast.ledger.states import RecipientState
from broadcast.store.queries import sql

DELIVERED, UNDELIVERABLE = int(RecipientState.DELIVERED), int(RecipientState.UNDELIVERABLE)
SECOND = 1_000_000
NOW = (int(time.time()) - 10) * SECOND  # us: when a made-up message left, unless a test says otherwise

Receipt = tuple[str, int | None, int]  # id, number, state


@dataclass
class ResolverWorld:
    """One campaign at carriers named viettel and vinaphone, two workers."""

    conn: asyncpg.Connection
    url: str
    carriers: dict[str, int]
    campaign_id: int
    workers: list[int]
    batches: dict[int, int] = field(default_factory=dict)

    @property
    def viettel(self) -> int:
        return self.carriers["viettel"]

    async def slice(
        self, msisdns: Sequence[int], carrier: str = "viettel", campaign_id: int | None = None
    ) -> int:
        """All of them marked, in doubt until `commit` says otherwise."""
        campaign, number = campaign_id or self.campaign_id, self.carriers[carrier]
        slice_id: int = await self.conn.fetchval(
            """INSERT INTO slice (campaign_id, carrier_no, total, mark, state, msisdns)
               VALUES ($1, $2, $3, $3, 'leased', $4) RETURNING slice_id""",
            campaign, number, len(msisdns), list(msisdns),
        )  # fmt: skip
        await self.tally(campaign, number, in_doubt=len(msisdns))
        return slice_id

    async def tally(self, campaign_id: int, carrier_no: int, **changes: int) -> None:
        """Add to a worker's tallies."""
        columns = ", ".join(changes)
        added = ", ".join(f"{each} = tally.{each} + excluded.{each}" for each in changes)
        await self.conn.execute(
            f"""INSERT INTO tally (campaign_id, carrier_no, shard, {columns})
                VALUES ($1, $2, 0, {", ".join(map(str, changes.values()))})
                ON CONFLICT (campaign_id, carrier_no, shard) DO UPDATE SET {added}""",
            campaign_id, carrier_no,
        )  # fmt: skip

    async def commit(
        self,
        sent: Mapping[int, Mapping[int, Sequence[str]]] | None = None,
        received: Sequence[Receipt] = (),
        *,
        carrier: str = "viettel",
        worker: int = 0,
        left_at: int = NOW,
        received_at: int = NOW + SECOND,
    ) -> None:
        """A group of a worker. sent: slice -> ordinal -> the ids of its segments."""
        number, worker_no = self.carriers[carrier], self.workers[worker]
        batch = self.batches[worker_no] = self.batches.get(worker_no, 0) + 1
        async with self.conn.transaction():
            for slice_id, messages in (sent or {}).items():
                await self._append_sent(number, worker_no, batch, slice_id, messages, left_at)
            if received:
                await self.conn.execute(
                    "INSERT INTO received (carrier_no, worker_no, batch, receipts, packed) VALUES ($1, $2, $3, $4, $5)",
                    number, worker_no, batch, len(received), packed_receipts(received, received_at),
                )  # fmt: skip
                await self.conn.execute(
                    """INSERT INTO carrier_tally (carrier_no, shard, received) VALUES ($1, $2, $3)
                       ON CONFLICT (carrier_no, shard) DO UPDATE SET received = carrier_tally.received + $3""",
                    number, worker_no, len(received),
                )  # fmt: skip
            await self.conn.execute(
                "UPDATE worker SET last_batch = $2 WHERE worker_no = $1", worker_no, batch
            )

    async def _append_sent(
        self,
        carrier_no: int,
        worker_no: int,
        batch: int,
        slice_id: int,
        messages: Mapping[int, Sequence[str]],
        left_at: int,
    ) -> None:
        answered = Answered(len(next(iter(messages.values()))))
        for ordinal, ids in messages.items():
            answered.accept_parts(ordinal, ids)
        answered.read(left_at, left_at + SECOND // 10)
        await self.conn.execute(
            """INSERT INTO sent (carrier_no, worker_no, batch, slice_id, first_ordinal, last_ordinal, packed)
               VALUES ($1, $2, $3, $4, $5, $6, $7)""",
            carrier_no, worker_no, batch, slice_id, *answered.ordinals(), answered.pack(),
        )  # fmt: skip
        await self.answered(slice_id, messages)
        campaign_id = await self.conn.fetchval("SELECT campaign_id FROM slice WHERE slice_id = $1", slice_id)
        await self.tally(campaign_id, carrier_no, in_doubt=-len(messages), accepted=len(messages))

    async def answered(self, slice_id: int, ordinals: Iterable[int]) -> None:
        """These are in flight no more."""
        bitmap = bytearray(
            await self.conn.fetchval("SELECT answered FROM slice WHERE slice_id = $1", slice_id)
        )
        for ordinal in ordinals:
            bitmap += bytes(max(0, ordinal // 8 + 1 - len(bitmap)))
            bitmap[ordinal // 8] |= 1 << ordinal % 8
        await self.conn.execute("UPDATE slice SET answered = $2 WHERE slice_id = $1", slice_id, bytes(bitmap))

    async def doubt(self, slice_id: int, ordinal: int, segments: int = 1, **columns: Any) -> None:
        """Somebody of a slice is in doubt: no answer will come."""
        msisdn, campaign_id, carrier_no = await self.conn.fetchrow(
            "SELECT msisdns[$2::int + 1], campaign_id, carrier_no FROM slice WHERE slice_id = $1",
            slice_id,
            ordinal,
        )
        names = "".join(f", {name}" for name in columns)
        places = "".join(f", ${at}" for at in range(7, 7 + len(columns)))
        await self.conn.execute(
            f"""INSERT INTO in_doubt (campaign_id, carrier_no, slice_id, ordinal, segments, msisdn, reason{names})
                VALUES ($1, $2, $3, $4, $5, $6, 'no_response'{places})""",
            campaign_id, carrier_no, slice_id, ordinal, segments, msisdn, *columns.values(),
        )  # fmt: skip
        await self.answered(slice_id, [ordinal])

    async def hold(self, holder: UUID, carrier: str = "viettel") -> None:
        """The carrier is this resolver's, whoever had it before."""
        await self.conn.execute(
            """INSERT INTO resolver (carrier_no, holder, expires_at) VALUES ($1, $2, now() + interval '1 hour')
               ON CONFLICT (carrier_no) DO UPDATE SET holder = $2""",
            self.carriers[carrier], holder,
        )  # fmt: skip

    async def desk(
        self, carrier: str = "viettel", profile: IdProfile | None = None, limits: Limits | None = None
    ) -> Desk:
        """A resolver of this carrier that has just started."""
        holder = uuid4()
        await self.hold(holder, carrier)
        looks = CarrierLooks(
            holder, self.carriers[carrier], profile or IdProfile(), limits or Limits(hot_s=1e9), 7, Facts()
        )
        return Desk(looks)

    async def resolve(self, desk: Desk) -> None:
        """Turns until nothing is left to do."""
        await turns(self.conn, desk)

    # ------------------------------------------------------------ what is there then

    async def tallies(self, campaign_id: int | None = None) -> dict[str, int]:
        """The campaign's, that are not zero, over all carriers."""
        states = (
            "waiting",
            "in_doubt",
            "accepted",
            "unknown",
            "expired",
            "rejected",
            "undeliverable",
            "delivered",
        )
        sums = ", ".join(f"sum({each})::bigint AS {each}" for each in states)
        row = await self.conn.fetchrow(
            f"SELECT {sums} FROM tally WHERE campaign_id = $1", campaign_id or self.campaign_id
        )
        return {name: count for name, count in row.items() if count}

    async def results(self) -> dict[tuple[int, int, int], int]:
        """(slice_id, ordinal, segment) -> state. Each once."""
        found: dict[tuple[int, int, int], int] = {}
        for row in await self.conn.fetch("SELECT slice_id, packed FROM result ORDER BY slice_id, no"):
            result = unpack_result(row["packed"])
            for ordinal, segment, state in zip(
                result.ordinals.tolist(), result.segments.tolist(), result.states.tolist(), strict=True
            ):
                assert (row["slice_id"], ordinal, segment) not in found
                found[row["slice_id"], ordinal, segment] = state
        return found

    async def parked(self, carrier: str = "viettel") -> list[str]:
        """Ids of receipts that are parked, sorted."""
        found = []
        query = "SELECT packed, taken, receipts FROM parked WHERE carrier_no = $1"
        for row in await self.conn.fetch(query, self.carriers[carrier]):
            parked = unpack_parked(row["packed"], row["taken"])
            texts = parked.receipts.ids.texts()
            left = [text for text, is_left in zip(texts, parked.left.tolist(), strict=True) if is_left]
            assert len(left) == row["receipts"] > 0
            found += left
        return sorted(found)

    async def receipts(self, carrier: str = "viettel") -> dict[str, int]:
        """The receipts' own books, which must balance: matched, duplicate, dropped, parked, waiting."""
        number = self.carriers[carrier]
        row = await self.conn.fetchrow(
            """SELECT coalesce(sum(received), 0)::bigint AS received, coalesce(sum(matched), 0)::bigint AS matched,
                      coalesce(sum(duplicate), 0)::bigint AS duplicate, coalesce(sum(dropped), 0)::bigint AS dropped,
                      (SELECT coalesce(sum(receipts), 0)::bigint FROM parked WHERE carrier_no = $1) AS parked,
                      (SELECT coalesce(sum(receipts), 0)::bigint FROM received WHERE carrier_no = $1) AS waiting
                 FROM carrier_tally WHERE carrier_no = $1""",
            number,
        )
        counts = dict(row)
        assert counts.pop("received") == sum(counts.values()), counts
        return {name: count for name, count in counts.items() if count}


async def turns(conn: asyncpg.Connection, desk: Desk) -> None:
    """Of one carrier, until nothing is left to do."""
    seen = await heads(conn, None)
    while await desk.looks.look(conn, seen):
        seen = await heads(conn, None)
    await desk.ask(conn, seen)


def packed_receipts(receipts: Sequence[Receipt], received_at: int) -> bytes:
    ids, msisdns, states = zip(*receipts, strict=True)
    packed = pack_received(
        [(len(receipts), received_at)],
        states,
        [number or 0 for number in msisdns],
        ids,
        ["000"] * len(receipts),
    )
    unpack_received(packed)
    return packed


async def make_resolver_world(
    url: str, conn: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> ResolverWorld:
    """Two carriers, two workers, one campaign that runs; nobody in it yet. However long a test takes, nothing in it is
    old: all rows are asked about late duplicates only where a test says so."""
    monkeypatch.setattr(late, "PARKED_US", 10**15)
    carriers = {
        name: await conn.fetchval(
            "INSERT INTO carrier (name, tps) VALUES ($1, 1000) RETURNING carrier_no", name
        )
        for name in ("viettel", "vinaphone")
    }
    await conn.execute(sql("resolver_rows"))
    workers = [
        await conn.fetchval(
            "INSERT INTO worker (host, pid, expires_at) VALUES ('here', $1, now() + interval '1 hour') "
            "RETURNING worker_no",
            pid,
        )
        for pid in (1, 2)
    ]
    world = ResolverWorld(conn, url, carriers, 0, workers)
    world.campaign_id = await make_campaign(conn, "typhoon")
    return world


async def make_campaign(conn: asyncpg.Connection, name: str) -> int:
    campaign_id: int = await conn.fetchval(
        """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                                 in_doubt_policy, grace_s, expires_at, state, drafted_by, launched_at)
           VALUES ($1, 'emergency', 9, 'BOYTE', 'x', 'gsm0338', '{viettel}', true, 'resend', 0,
                   now() + interval '1 hour', 'running', 'an', '2020-01-01') RETURNING campaign_id""",
        name,
    )
    return campaign_id
