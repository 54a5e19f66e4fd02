"""What a worker holds, and for how long (design: Leases). Every method is one transaction on one connection.

A worker lives by its row: it renews `expires_at`, and once another has reaped it it never lives again. Slots and
slices are its own only while it lives, so one renewal keeps them all. It trusts its own clock less than the
database's: `valid_until` lies a second before the lease could end.

Who is late is not dead: while the database was away nobody could renew. So a worker reaps others only after it could
renew itself for a whole lease without a gap (an outage, a failover) and without a leap of the database's clock.

Whoever has a place is started by a supervisor that saw the process before it end: no lease has to run out for that.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from broadcast.clock import lease_time
from broadcast.config import Config
from broadcast.engine.grants import Plan, Slot, plan
from broadcast.errors import FencedError
from broadcast.ids import CampaignId, CarrierNo, SliceId, WorkerNo
from broadcast.ledger.journal import Journal
from broadcast.ledger.leased import LeasedSlice
from broadcast.store.queries import sql
from broadcast.store.types import Connection

MARGIN_S = 1.0
LOCKED_S = 1.0  # that a worker's lease has been over, and its row still locked
LEAP_S = 1.0  # of the database's clock against ours
STEADY = 0.6  # of a lease: a longer time without a renewal of ours, and others may have had no chance either


@dataclass(frozen=True, slots=True)
class Round:
    """A renewal: when it was asked for and answered (lease_time), and what the database's clock said in between."""

    asked: float
    answered: float
    server_s: float

    def follows(self, before: "Round", most_s: float) -> bool:
        """At most `most_s` after the one before, and the database's clock has gone on as ours has."""
        went_s = self.server_s - before.server_s
        shortest, longest = self.asked - before.answered, self.answered - before.asked
        return longest <= most_s and shortest - LEAP_S <= went_s <= longest + LEAP_S


@dataclass(frozen=True, slots=True)
class SlotChange:
    """What to do about one carrier's slots after a round.

    held: all that are this worker's now, and not given up; not only new ones, for of those it might never hear when
    the database is lost as it says so.
    """

    carrier_no: CarrierNo
    carrier: str
    held: tuple[int, ...]
    given_up: tuple[int, ...]
    granted_tps: int


class Leases:
    """The leases of one worker. valid_until: they are its own until then. reaps_from: before, none is reaped by it.
    Both by lease_time."""

    def __init__(self, config: Config, worker_no: WorkerNo, asked: float) -> None:
        self.worker_no = worker_no
        self._config = config
        self._lease_s = config.engine.lease_s
        self.valid_until = asked + self._lease_s - MARGIN_S
        # whoever the last outage kept from renewing has come back by then
        self.reaps_from = asked + self._lease_s / 2
        self._round: Round | None = None
        self._tokens: dict[SliceId, int] = {}  # by slice_id, of the slices that it leased

    @classmethod
    async def register(
        cls, connection: Connection, config: Config, host: str, pid: int, place: UUID | None = None
    ) -> "Leases":
        """A new worker, alive for a lease from now. place: what whoever lived there before held is free at once."""
        asked = lease_time()
        async with connection.transaction():
            if place is not None:
                await connection.execute(sql("cut_off_predecessors"), place)
                await connection.execute(sql("end_predecessors"), place)
            worker_no = await connection.fetchval(
                sql("register_worker"), host, pid, config.engine.lease_s, place
            )
        return cls(config, worker_no, asked)

    async def renew(self, connection: Connection) -> None:
        """Live for another lease. Raises FencedError when somebody has reaped this worker."""
        asked = lease_time()
        server_s = await connection.fetchval(sql("renew_worker"), self.worker_no, self._lease_s)
        if server_s is None:
            raise FencedError("this worker was taken for dead and its leases given away")
        self.valid_until = asked + self._lease_s - MARGIN_S
        made = Round(asked, lease_time(), server_s)
        if self._round is not None and not made.follows(self._round, STEADY * self._lease_s):
            self.reaps_from = made.answered + self._lease_s
        self._round = made

    async def reap(self, connection: Connection) -> int:
        """Give back what ended workers held. Returns how many recipients are in doubt because of it (law 2)."""
        async with connection.transaction():
            if self.reaps_from <= lease_time() < self.valid_until:  # who is late itself has yet to learn why
                await connection.fetch(sql("cut_off_workers"), LOCKED_S)
                await connection.fetch(sql("reap_workers"), self._lease_s)
            await connection.execute(sql("free_slots"))
            freed = [row["slice_id"] for row in await connection.fetch(sql("free_slices"))]
            return await doubt_orphans(connection, freed) if freed else 0

    async def share_slots(
        self,
        connection: Connection,
        bound: set[tuple[CarrierNo, int]],
        lower: Callable[[CarrierNo, int], None],
        remaining: Mapping[CarrierNo, int],
    ) -> list[SlotChange]:
        """Move towards a fair share of every carrier's slots and TPS (law 4). The carriers' rows are locked.

        lower(carrier_no, tps): this worker's new grant, called before the commit; a higher one is for after it.
        remaining: see Slot, by carrier; those of which more is to be had are missing.
        """
        async with connection.transaction():
            carriers = await connection.fetch(sql("lock_carriers"))
            living = [row["worker_no"] for row in await connection.fetch(sql("living_workers"))]
            if self.worker_no not in living:
                raise FencedError("this worker was taken for dead and its leases given away")
            rows = await connection.fetch(sql("slots"))
            changes = []
            for carrier in carriers:
                if carrier["name"] in self._config.carriers:
                    slots = self._slots(carrier, rows, bound, remaining)
                    decided = plan(slots, self.worker_no, living, carrier["tps"], carrier["carrier_no"])
                    changes.append(await self._apply(connection, carrier, decided, bound, remaining))
                    lower(changes[-1].carrier_no, changes[-1].granted_tps)
            return changes

    def _slots(
        self,
        carrier: asyncpg.Record,
        rows: list[asyncpg.Record],
        bound: set[tuple[CarrierNo, int]],
        remaining: Mapping[CarrierNo, int],
    ) -> list[Slot]:
        binds = self._config.carriers[carrier["name"]].slots()
        carrier_no = carrier["carrier_no"]
        return [
            Slot(
                slot_no=row["slot_no"],
                worker_no=row["worker_no"],
                granted_tps=row["granted_tps"],
                bound=(carrier_no, row["slot_no"]) in bound
                if row["worker_no"] == self.worker_no
                else row["bound"],
                sends=binds[row["slot_no"]].mode != "receiver",
                receives=binds[row["slot_no"]].mode != "transmitter",
                remaining=remaining.get(carrier_no)
                if row["worker_no"] == self.worker_no
                else row["remaining"],
            )
            for row in rows
            if row["carrier_no"] == carrier_no and row["slot_no"] < len(binds)
        ]

    async def _apply(
        self,
        connection: Connection,
        carrier: asyncpg.Record,
        decided: Plan,
        bound: set[tuple[CarrierNo, int]],
        remaining: Mapping[CarrierNo, int],
    ) -> SlotChange:
        carrier_no = carrier["carrier_no"]
        if decided.take:
            await connection.fetch(
                sql("take_slots"), self.worker_no, [carrier_no] * len(decided.take), list(decided.take)
            )
        kept = {**decided.grants, **dict.fromkeys(decided.give_up, 0)}
        if kept:
            await connection.execute(
                sql("set_grants"),
                self.worker_no,
                [carrier_no] * len(kept),
                list(kept),
                list(kept.values()),
                [(carrier_no, slot_no) in bound for slot_no in kept],
                remaining.get(carrier_no),
            )
        return SlotChange(
            carrier_no,
            carrier["name"],
            (*decided.grants, *decided.take),
            decided.give_up,
            sum(decided.grants.values()),
        )

    async def ready(self, connection: Connection) -> dict[CarrierNo, set[CampaignId]]:
        """Of which running campaigns slices are to be had, by carrier."""
        found: dict[CarrierNo, set[CampaignId]] = {}
        for row in await connection.fetch(sql("ready_slices")):
            found.setdefault(row["carrier_no"], set()).add(row["campaign_id"])
        return found

    async def release_slot(self, connection: Connection, carrier_no: CarrierNo, slot_no: int) -> None:
        """A slot goes back, its link closed before."""
        await connection.execute(sql("release_slots"), self.worker_no, [carrier_no], [slot_no])

    async def lease_slices(
        self,
        connection: Connection,
        journal: Journal,
        carrier_no: CarrierNo,
        campaign_id: CampaignId,
        count: int,
        awaited: Sequence[int],
    ) -> list[LeasedSlice]:
        """Up to `count` ready slices of a campaign at a carrier become this worker's, whichever of its messages they
        hear. awaited: of each message, by its number."""
        leased = await connection.fetch(
            sql("lease_slices"), self.worker_no, carrier_no, campaign_id, count, awaited
        )
        self._tokens |= {row["slice_id"]: row["token"] for row in leased}
        return [
            LeasedSlice(
                journal,
                slice_id=SliceId(row["slice_id"]),
                campaign_id=campaign_id,
                carrier_no=carrier_no,
                token=row["token"],
                variant=row["variant"],
                awaited=awaited[row["variant"]],
                mark=row["mark"],
                answered=row["answered"],
                retry=row["retry"],
                msisdns=row["msisdns"],
            )
            for row in leased
        ]

    async def give_back_unknown(self, connection: Connection) -> None:
        """Slices that were leased to this worker and of which it never heard, for the database was lost as it said so.

        Not while `lease_slices` is under way.
        """
        rows = await connection.fetch(sql("leased_slices"), self.worker_no)
        leased = {(row["slice_id"], row["token"]) for row in rows}
        unknown = [slice_id for slice_id, _ in leased - self._tokens.items()]
        if unknown:
            await connection.execute(sql("give_back_slices"), self.worker_no, unknown)
        self._tokens = dict(leased & self._tokens.items())

    async def end(self, connection: Connection) -> None:
        """Goodbye: whatever is still held is free for the others at once."""
        await connection.execute(sql("end_worker"), self.worker_no)
        await self.reap(connection)


async def doubt_orphans(connection: Connection, slice_ids: list[SliceId]) -> int:
    """Slices whose owner is gone: what was intended without a recorded answer is in doubt from now on.

    Inside the caller's transaction. The bits are set since the in_doubt table speaks for them now. Returns the count.
    """
    status: str = await connection.execute(sql("doubt_orphans"), slice_ids)
    bitmaps = await connection.fetch(sql("orphan_bitmaps"), slice_ids)
    changed = [(row["slice_id"], _all_spoken_for(row)) for row in bitmaps]
    await connection.execute(
        sql("set_answered"), [slice_id for slice_id, _ in changed], [bitmap for _, bitmap in changed]
    )
    return int(status.rsplit(" ", 1)[1])


def _all_spoken_for(row: asyncpg.Record) -> bytes:
    """Every bit below the mark, but those that wait again."""
    octets = (row["total"] + 7) // 8
    below = (1 << row["mark"]) - 1
    waiting = int.from_bytes(row["retry"], "little")
    answered = int.from_bytes(row["answered"], "little")
    spoken_for: int = answered | (below & ~waiting)
    return spoken_for.to_bytes(octets, "little")
