"""A campaign's people as rows, made by hand: accepted, in doubt, waiting. What tests of its end begin with."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from broadcast.ledger import recount
from broadcast.ledger.fold import NOBODY
from broadcast.ledger.packing.sent import Answered
from broadcast.ledger.states import RecipientState
from broadcast.store import plans

AT = 1_780_000_000_000_000
STATES = tuple(state.column for state in RecipientState)


@dataclass
class CloseWorld:
    """One running campaign at one carrier, whose resolver has just looked; and another carrier."""

    conn: asyncpg.Connection
    carrier_no: int
    other_no: int
    campaign_id: int
    batches: int = 0

    async def accepted(self, msisdns: Sequence[int], segments: int = 1) -> int:
        """A slice of them, all accepted by the SMSC."""
        slice_id = await self._slice(self.carrier_no, msisdns, "accepted")
        answered = Answered(segments)
        for ordinal in range(len(msisdns)):
            answered.accept_parts(ordinal, [f"{slice_id}-{ordinal}-{part}" for part in range(segments)])
        answered.read(AT, AT)
        self.batches += 1
        await self.conn.execute(
            "INSERT INTO sent VALUES ($1, 1, $2, $3, $4, $5, $6)",
            self.carrier_no, self.batches, slice_id, *answered.ordinals(), answered.pack(),
        )  # fmt: skip
        return slice_id

    async def doubted(
        self, msisdns: Sequence[int], reason: str = "link_lost", carrier_no: int | None = None
    ) -> int:
        """A slice of them, all in doubt."""
        carrier_no = carrier_no or self.carrier_no
        slice_id = await self._slice(carrier_no, msisdns, "in_doubt")
        await self.conn.execute(
            """INSERT INTO in_doubt (campaign_id, carrier_no, slice_id, ordinal, segments, msisdn, reason, since)
               SELECT $1, $2, $3, ordinal - 1, 1, msisdn, $5, clock_timestamp() - interval '1 second'
                 FROM unnest($4::bigint[]) WITH ORDINALITY AS each (msisdn, ordinal)""",
            self.campaign_id, carrier_no, slice_id, list(msisdns), reason,
        )  # fmt: skip
        return slice_id

    async def waiting(self, msisdns: Sequence[int]) -> int:
        """A slice of them that nobody has leased."""
        return await self._slice(self.carrier_no, msisdns, "waiting")

    async def _slice(self, carrier_no: int, msisdns: Sequence[int], state: str) -> int:
        told = 0 if state == "waiting" else len(msisdns)
        slice_id: int = await self.conn.fetchval(
            """INSERT INTO slice (campaign_id, carrier_no, total, mark, state, segments, answered, msisdns)
               VALUES ($1, $2, $3, $4, $5, 1, $6, $7) RETURNING slice_id""",
            self.campaign_id, carrier_no, len(msisdns), told, "done" if told else "ready",
            ((1 << told) - 1).to_bytes(-(-told // 8), "little"), list(msisdns),
        )  # fmt: skip
        await self.conn.execute(
            f"""INSERT INTO tally (campaign_id, carrier_no, shard, {state}) VALUES ($1, $2, 1, $3)
                ON CONFLICT (campaign_id, carrier_no, shard) DO UPDATE SET {state} = tally.{state} + $3""",
            self.campaign_id, carrier_no, len(msisdns),
        )  # fmt: skip
        return slice_id

    async def second_copies(self, state: str = "in_doubt") -> int:
        """Slices made of those who are resent are sent, and nobody knows what became of them. How many there were."""
        rows = await self.conn.fetch(
            """UPDATE slice SET state = 'done', mark = total, answered = decode(repeat('ff', total / 8 + 1), 'hex')
                WHERE resends AND state = 'ready' RETURNING slice_id, msisdns"""
        )
        for row in rows:
            await self.conn.execute(
                """INSERT INTO in_doubt (campaign_id, carrier_no, slice_id, ordinal, segments, msisdn, reason, since)
                   SELECT $1, $2, $3, ordinal - 1, 1, msisdn, 'no_response', clock_timestamp() - interval '1 second'
                     FROM unnest($4::bigint[]) WITH ORDINALITY AS each (msisdn, ordinal)""",
                self.campaign_id, self.carrier_no, row["slice_id"], row["msisdns"],
            )  # fmt: skip
            await self.conn.execute(
                "UPDATE tally SET waiting = waiting - $1, in_doubt = in_doubt + $1 WHERE shard = 0",
                len(row["msisdns"]),
            )
        return len(rows)

    async def resolved(self, carrier_no: int | None = None, ago: str = "0 seconds") -> None:
        """A carrier's resolver has looked, so long ago."""
        await self.conn.execute(
            """INSERT INTO resolver (carrier_no, resolved_until) VALUES ($1, clock_timestamp() - $2::text::interval)
               ON CONFLICT (carrier_no) DO UPDATE SET resolved_until = excluded.resolved_until""",
            carrier_no or self.carrier_no, ago,
        )  # fmt: skip

    async def set(self, assignments: str) -> None:
        """Change the campaign."""
        await self.conn.execute(f"UPDATE campaign SET {assignments}")

    async def balanced(self) -> dict[str, int]:
        """The campaign's tallies, which are what its rows say."""
        sums = ", ".join(f"sum({each})::bigint AS {each}" for each in STATES)
        row = await self.conn.fetchrow(f"SELECT {sums} FROM tally WHERE campaign_id = $1", self.campaign_id)
        assert row is not None
        tallied = {name: count for name, count in row.items() if count}
        counted = await self.counted()
        assert tallied == counted
        return counted

    async def counted(self) -> dict[str, int]:
        """By state, from its rows."""
        left_out = await self.conn.fetchval("SELECT sum(cardinality(msisdns)) FROM exclusion")
        found: dict[str, int] = {"excluded": left_out} if left_out else {}
        async with self.conn.transaction(isolation="repeatable_read", readonly=True):
            await self.conn.execute(plans.SETS)
            async for rows in recount.slices(self.conn, self.campaign_id):
                for state in recount.folded(rows).state.tolist():
                    if state != NOBODY:
                        name = RecipientState(state).column
                        found[name] = found.get(name, 0) + 1
        return found


async def make_close_world(conn: asyncpg.Connection) -> CloseWorld:
    """Nobody in it yet."""
    carriers = [
        await conn.fetchval(
            "INSERT INTO carrier (name, tps) VALUES ($1, 1000) RETURNING carrier_no", name
        )
        for name in ("viettel", "mobifone")
    ]  # fmt: skip
    campaign_id = await conn.fetchval(
        """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                                 in_doubt_policy, grace_s, expires_at, state, drafted_by, launched_at)
           VALUES ('typhoon', 'emergency', 9, 'BOYTE', 'x', 'gsm0338', '{viettel,mobifone}', true, 'resend', 0,
                   now() + interval '1 hour', 'running', 'an', now() - interval '1 day') RETURNING campaign_id"""
    )
    world = CloseWorld(conn, *carriers, campaign_id)
    await world.resolved()
    return world
