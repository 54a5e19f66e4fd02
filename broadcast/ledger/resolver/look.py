"""One carrier's resolver: it reads what workers appended, lets receipts meet submissions in its book, and writes what
was found in one statement.

A look is bounded; what is left is for the next, so that no carrier waits for another's backlog. Answers come first: no
receipt meets a book that lacks an answer which was committed before it. What could not be written, or nobody knows
whether it was, is written again word for word before anything else: a second time it changes nothing. Where the book
may have been left half changed, it is made anew from rows.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import numpy as np

from broadcast.ids import CarrierNo, WorkerNo
from broadcast.ledger.packing.ids import IdProfile
from broadcast.ledger.packing.received import Parked, Received
from broadcast.ledger.packing.result import pack_result
from broadcast.ledger.resolver.book import CarrierBook, Limits
from broadcast.ledger.resolver.facts import Facts, last_ordinals
from broadcast.ledger.resolver.found import Found, NotOursError, write
from broadcast.ledger.resolver.met import Met, ParkedKey, ToPark
from broadcast.ledger.resolver.parked_rows import ParkedRows, microseconds
from broadcast.ledger.resolver.reading import LAST, Heads, heads, joined, read_received, read_sent
from broadcast.ledger.resolver.rebuild import Rebuild, learn_with_results
from broadcast.store.queries import sql
from broadcast.store.types import Connection

READ_S: Final = 0.5  # of answers, or of making the book anew, in one look: a page or a step more at the most
PRUNE_S: Final = 5.0
NONE: Final = joined(())


@dataclass(frozen=True, slots=True)
class _Unsure:
    """What is to be written as look no + 1, or was. done: what follows in memory."""

    no: int
    found: Found | None  # None: was under way as a part of a transaction, which is not begun again
    done: Callable[[int], None]


@dataclass(slots=True)
class Counts:
    """receipts: that came to be resolved. evicted: how often something was made dense. Since they were taken: misfits,
    newly parked ones by reason; delays_s, as Met."""

    receipts: int = 0
    evicted: int = 0
    misfits: Counter[str] = field(default_factory=Counter)
    delays_s: Counter[int] = field(default_factory=Counter)

    def taken_delays(self) -> Counter[int]:
        """They are counted anew from now on."""
        taken, self.delays_s = self.delays_s, Counter()
        return taken

    def taken_misfits(self) -> Counter[str]:
        """They are counted anew from now on."""
        taken, self.misfits = self.misfits, Counter()
        return taken


class CarrierLooks:
    """Of one carrier that `holder` has. Raises NotOursError when it has it no longer; LedgerError where a row cannot be
    read: it is tried again with the next look, and nothing else is passed over."""

    def __init__(
        self, holder: UUID, carrier_no: CarrierNo, profile: IdProfile, limits: Limits, seed: int, facts: Facts
    ) -> None:
        self.holder = holder
        self.carrier_no = carrier_no
        self.profile = profile
        self.seed = seed
        self.facts = facts
        self._limits = limits
        self.counts = Counts()
        self._unsure: _Unsure | None = None
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.book = CarrierBook(self.profile, self.seed, self._limits)
        self.parked = ParkedRows()
        self.no = -1
        self._rebuild: Rebuild | None = None
        self._ready = False
        self._heads: dict[WorkerNo, int] = {}
        self._learnt: dict[WorkerNo, tuple[int, int]] = {}
        self._met: dict[WorkerNo, int] = {}
        self._pruned = time.monotonic()
        self._new = False  # something was learnt since the last meeting
        self._caught_up = False  # what is learnt is newer than all that receipts said before this book began

    @property
    def ready(self) -> bool:
        """The book is whole."""
        return self._ready

    async def look(self, connection: Connection, seen: Heads) -> bool:
        """Whether there is more to do at once."""
        self._heads.update(seen.batches)  # whatever fails now: a worker that ended is not named for long
        await self.settle_unsure(connection)
        if not self._ready and not await self._make_anew(connection, seen):
            return True
        known = await self._learn(connection)
        self.counts.evicted += self.book.evict(
            microseconds(seen.at)
        )  # a backlog of answers is made dense as it is read
        return not known or not await self._resolve(connection, seen)

    async def settle_unsure(self, connection: Connection) -> None:
        """What the last look found is written, if it was not."""
        unsure = self._unsure
        if unsure is None:
            return
        if unsure.found is None:
            now = await connection.fetchval(sql("resolver_no"), self.carrier_no, self.holder)
            if now is None:
                raise NotOursError
            written = now == unsure.no + 1
        else:
            await write(connection, self.holder, self.carrier_no, unsure.no, unsure.found)
            written = True
        self._unsure = None
        if written:
            self.no = unsure.no + 1
            unsure.done(self.no)

    def expect(self, done: Callable[[int], None]) -> None:
        """A transaction begins that writes as look no + 1; settle_unsure says done(no) once it is sure that it did."""
        self._unsure = _Unsure(self.no, None, done)

    def take(self, keys: Sequence[ParkedKey]) -> None:
        """These parked receipts are parked no more."""
        self.parked.take(keys)
        self.book.take(keys)

    async def write(self, connection: Connection, found: Found, done: Callable[[int], None]) -> None:
        """Write what was found; done(no) follows when it is sure that it is written, now or with a later look."""
        self._unsure = _Unsure(self.no, found, done)
        await self.settle_unsure(connection)

    # ------------------------------------------------------------ from rows

    async def _make_anew(self, connection: Connection, seen: Heads) -> bool:
        if self._rebuild is None:
            self._begin_anew()
            no = await connection.fetchval(sql("resolver_no"), self.carrier_no, self.holder)
            if no is None:
                raise NotOursError
            everything = await heads(connection, None)
            self._heads = dict(everything.batches)  # newer than what was seen
            rows = await connection.fetch(sql("resolver_cursors"), self.carrier_no)
            self._met = {row["worker_no"]: row["batch"] for row in rows}
            self.no = no
            self._rebuild = Rebuild(self.carrier_no, self.book, self.parked, self.facts, dict(self._met))
        rebuild, self._rebuild = self._rebuild, None  # a step that fails has it begin again
        deadline = time.monotonic() + READ_S
        while not await rebuild.step(connection, microseconds(seen.at)):
            if time.monotonic() >= deadline:
                self._rebuild = rebuild
                return False
        self._learnt = rebuild.learnt
        self._ready = self._new = True
        return True

    # ------------------------------------------------------------ answers, then receipts

    async def _learn(self, connection: Connection) -> bool:
        """Whether every answer up to the heads is in the book."""
        deadline = time.monotonic() + READ_S
        while True:
            until = {
                worker: batch
                for worker, batch in self._heads.items()
                if self._learnt.get(worker, (0, LAST)) < (batch, LAST)
            }
            if not until:
                self._caught_up = True
                return True
            page = await read_sent(connection, self.carrier_no, self._learnt, until)
            facts = await self.facts.of(connection, last_ordinals(page.rows))
            known = [(facts[slice_id], sent) for slice_id, sent in page.rows if slice_id in facts]
            if known:
                self._ready = False  # until it is whole again
                if self._caught_up:
                    self.book.learn(known)
                else:
                    await learn_with_results(connection, self.book, known)
                self._ready = self._new = True
            self._learnt.update(page.learnt)
            if time.monotonic() >= deadline:
                return False

    async def _resolve(self, connection: Connection, seen: Heads) -> bool:
        """Whether no receipt is left up to the heads."""
        behind = {worker: batch for worker, batch in self._heads.items() if self._met.get(worker, 0) < batch}
        page = await read_received(connection, self.carrier_no, self._met, behind) if behind else None
        whole = page is None or all(page.met[worker] == batch for worker, batch in behind.items())
        received = NONE if page is None else page.received
        if len(received) or (self._new and self.parked.left):
            await self._meet(connection, received, {} if page is None else page.met)
        elif page is not None:
            self._met.update(page.met)
        await self._prune(connection, microseconds(seen.at))
        return whole

    async def _meet(self, connection: Connection, received: Received, met_until: dict[WorkerNo, int]) -> None:
        self._ready = False  # until it is sure that what the book has is written, now or later
        met = self.book.meet(received, self.no + 1)
        found = self._found(met, met_until if len(received) else {})
        self._new = False
        self.counts.receipts += len(received)

        def done(no: int) -> None:
            self.parked.take(met.taken)
            self.counts.misfits.update(met.misfits)
            self.counts.delays_s.update(met.delays_s)
            if found.parked is not None:
                self.parked.add(no, found.parked)
            self._met.update(met_until)

        self._unsure = _Unsure(self.no, found, done)
        self._ready = True
        if found == Found():
            self._unsure = None
            self._met.update(met_until)
        else:
            await self.settle_unsure(connection)

    def _found(self, met: Met, cursors: dict[WorkerNo, int]) -> Found:
        return Found(
            results={
                each.slice_id: pack_result(
                    each.ordinals, each.segments, each.states, each.received_at, each.errs
                )
                for each in met.results
            },
            ended=met.ended,
            cursors=cursors,
            matched=met.matched,
            duplicate=met.duplicate,
            misfits=met.misfits,
            left=self.parked.without(met.taken),
            parked=None if met.parked is None else _all_left(met.parked),
        )

    async def _prune(self, connection: Connection, now: int) -> None:
        """Parked receipts that are too old, or too many, leave memory and the table."""
        if time.monotonic() - self._pruned >= PRUNE_S:
            self._pruned = time.monotonic()
            dropped = self.book.prune(now)
            pruned = dropped.age + dropped.number
            if pruned:
                found = Found(dropped=len(pruned), left=self.parked.without(pruned))
                await self.write(connection, found, lambda _: self.parked.take(pruned))


def _all_left(parked: ToPark) -> Parked:
    return Parked(parked.receipts, parked.reasons, np.ones(len(parked), np.bool_))
