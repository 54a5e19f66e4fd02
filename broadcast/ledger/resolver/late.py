"""Parked receipts that come again for what was settled long ago, found by their ids in all that was ever sent.

A pass reads the carrier's answers from the first to the last, some at a time and with long rests, and looks for the ids
of what was parked when it began. So a duplicate is known as one after hours, and after a restart.
"""

import time
from typing import Final

import asyncpg

from broadcast.ids import SliceId, WorkerNo
from broadcast.ledger.packing.received import Received
from broadcast.ledger.packing.sent import unpack_sent
from broadcast.ledger.resolver.before import answers_moved
from broadcast.ledger.resolver.found import Found
from broadcast.ledger.resolver.look import CarrierLooks
from broadcast.ledger.resolver.met import ParkedKey
from broadcast.ledger.resolver.whose import Hit, Wanted, fits, moved_of, read_parked, settled_segments
from broadcast.store.queries import sql
from broadcast.store.types import Connection

ROWS: Final = 200  # of a step
RECEIPTS: Final = 200_000  # of a pass, and the rest of a row
SHARE: Final = 50.0  # times what a step took, until the next
EVERY_S: Final = 60.0  # from pass to pass
PARKED_US: Final = 30_000_000  # what was parked for so long is asked about: its answer has had its time

_Key = tuple[WorkerNo, int, SliceId]  # int: the batch
_START: Final[_Key] = (WorkerNo(-1), 0, SliceId(0))


class _Pass:
    """nos: the rows of parked that it asks about."""

    def __init__(self, nos: list[int], keys: list[ParkedKey], receipts: Received, wanted: Wanted) -> None:
        self.nos = nos
        self.keys = keys
        self.receipts = receipts
        self.wanted = wanted
        self.after = _START


class LateDuplicates:
    """Of one carrier."""

    def __init__(self, looks: CarrierLooks) -> None:
        self._looks = looks
        self._pass: _Pass | None = None
        self._due = 0.0

    async def ask(self, connection: Connection, now: int) -> None:
        """One step, if it is due. now: us. Raises LedgerError for a row that cannot be read."""
        started = time.monotonic()
        if started < self._due:
            return
        if self._pass is None:
            self._due = started + EVERY_S
            self._pass = await self._begin(connection, now)
        elif await self._step(connection, self._pass):
            self._looks.parked.asked(self._pass.nos)
            self._pass = None
            self._due = started + EVERY_S
            return
        if self._pass is not None:
            self._due = time.monotonic() + SHARE * (time.monotonic() - started)

    async def _begin(self, connection: Connection, now: int) -> _Pass | None:
        looks, nos, keys = self._looks, [], []
        for no in looks.parked.unasked(now - PARKED_US):
            nos.append(no)
            keys += looks.parked.keys(no)
            if len(keys) >= RECEIPTS:
                break
        if not nos:
            return None
        found, receipts = await read_parked(connection, looks.carrier_no, keys)
        wanted = Wanted(receipts.ids, moved_of(found), looks.profile, looks.seed)
        return _Pass(nos, found, receipts, wanted)

    async def _step(self, connection: Connection, current: _Pass) -> bool:
        """Whether everything is read."""
        looks = self._looks
        rows = await connection.fetch(sql("sent_in_order"), looks.carrier_no, *current.after, ROWS)
        hits: list[tuple[SliceId, Hit]] = []
        for row in rows:
            key = (looks.carrier_no, row["worker_no"], row["batch"], row["slice_id"])
            moved = answers_moved(row["worker_no"], row["batch"])
            found = current.wanted.found_in(unpack_sent(row["packed"], key), moved=moved)
            hits += [(row["slice_id"], hit) for hit in found]
        if hits:
            await self._take(connection, current, hits)
        if rows:
            current.after = _key(rows[-1])
        return len(rows) < ROWS

    async def _take(self, connection: Connection, current: _Pass, hits: list[tuple[SliceId, Hit]]) -> None:
        """Those of settled segments are duplicates."""
        looks = self._looks
        last: dict[SliceId, int] = {}
        for slice_id, hit in hits:
            last[slice_id] = max(last.get(slice_id, 0), hit.ordinal)
        settled = await settled_segments(connection, set(last))
        facts = await looks.facts.of(connection, last)
        gone: set[ParkedKey] = set()
        for slice_id, hit in hits:
            ended = hit.stray or (slice_id, hit.ordinal, hit.segment) in settled
            key = current.keys[hit.i]
            if not ended or slice_id not in facts or not looks.parked.is_left(key):
                continue
            person = int(facts[slice_id].msisdns[hit.ordinal])
            if fits(current.receipts, hit, person):
                gone.add(key)
        if gone:
            keys = sorted(gone)
            found = Found(duplicate=len(keys), left=looks.parked.without(keys))
            await looks.write(connection, found, lambda _: looks.take(keys))


def _key(row: asyncpg.Record) -> _Key:
    return row["worker_no"], row["batch"], row["slice_id"]
