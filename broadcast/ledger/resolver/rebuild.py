"""A carrier's book made anew from rows after a start, step by step: other carriers have their turn meanwhile."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

from broadcast.ids import CampaignId, CarrierNo, SliceId, WorkerNo
from broadcast.ledger.packing.received import unpack_parked
from broadcast.ledger.packing.result import Result, unpack_result
from broadcast.ledger.packing.sent import Sent, unpack_sent
from broadcast.ledger.resolver.before import answers_moved
from broadcast.ledger.resolver.book import CarrierBook
from broadcast.ledger.resolver.facts import ANEW, Facts
from broadcast.ledger.resolver.parked_rows import ParkedRows
from broadcast.ledger.resolver.reading import LAST
from broadcast.ledger.resolver.slices import SliceFacts
from broadcast.store.queries import sql
from broadcast.store.types import Connection

SLICES: Final = 8  # of a step: some 5 MB of rows at the most
PARKED_ROWS: Final = 200
_FIRST_NO: Final = -(2**62)  # before that of everything that moved, too

_Rows = tuple[dict[SliceId, list[Sent]], dict[SliceId, list[Result]], bool]  # moved from the ledger of before


class Rebuild:
    """One carrier's. cursors: of each worker's log what lies before is read here, and no more than that. What comes
    after is learnt like anything new, for nobody knows which parked receipts were tried with it; but receipts may have
    settled some of it (`learn_with_results`)."""

    def __init__(
        self,
        carrier_no: CarrierNo,
        book: CarrierBook,
        parked: ParkedRows,
        facts: Facts,
        cursors: Mapping[WorkerNo, int],
    ) -> None:
        self._carrier_no = carrier_no
        self._book = book
        self._parked = parked
        self._facts = facts
        self._cursors = cursors
        self._campaigns: deque[CampaignId] | None = None
        self._slice = 0  # read of the first of these campaigns, up to this one
        self._parked_no: int | None = _FIRST_NO  # read up to this one; None: all

    @property
    def learnt(self) -> dict[WorkerNo, tuple[int, int]]:
        """How far each worker's log is known once it is done."""
        return {worker: (batch, LAST) for worker, batch in self._cursors.items()}

    async def step(self, connection: Connection, now: int) -> bool:
        """Whether it is done. now: us. Raises LedgerError for a row that cannot be read."""
        if self._campaigns is None:
            rows = await connection.fetch(sql("rebuild_campaigns"), self._carrier_no)
            self._campaigns = deque(row["campaign_id"] for row in rows)
        elif self._campaigns:
            await self._restore_slices(connection, self._campaigns)
            self._book.evict(now)
        elif self._parked_no is not None:
            await self._restore_parked(connection, self._parked_no)
        return not self._campaigns and self._parked_no is None

    async def _restore_slices(self, connection: Connection, campaigns: deque[CampaignId]) -> None:
        """The next ones."""
        rows = await connection.fetch(
            sql("rebuild_slices"), self._carrier_no, campaigns[0], self._slice, SLICES
        )
        slices = [row["slice_id"] for row in rows]
        if slices:
            facts = await self._facts.of(connection, dict.fromkeys(slices, ANEW))
            for sent, results, moved in await self._rows(connection, slices):
                of_slices = [
                    (facts[each], sent[each], results.get(each, []))
                    for each in slices
                    if each in sent and each in facts
                ]
                self._book.restore(of_slices, moved=moved)
        if len(slices) < SLICES:
            campaigns.popleft()
            self._slice = 0
        else:
            self._slice = slices[-1]

    async def _rows(self, connection: Connection, slices: Sequence[SliceId]) -> list[_Rows]:
        """Of these slices by their ids, what moved apart from the rest. What receipts said is all here: this resolver
        alone writes it."""
        sent: dict[SliceId, list[Sent]] = {}
        sent_before: dict[SliceId, list[Sent]] = {}
        for row in await connection.fetch(sql("sent_of_slices"), slices):
            slice_id, worker, batch = row["slice_id"], row["worker_no"], row["batch"]
            if not worker or batch <= self._cursors.get(worker, 0):
                key = (self._carrier_no, worker, batch, slice_id)
                some = sent_before if answers_moved(worker, batch) else sent
                some.setdefault(slice_id, []).append(unpack_sent(row["packed"], key))
        results = await _results(connection, slices)
        return [(sent_before, results, True), (sent, results, False)]

    async def _restore_parked(self, connection: Connection, after: int) -> None:
        rows = await connection.fetch(sql("parked_of_carrier"), self._carrier_no, after, PARKED_ROWS)
        for row in rows:
            parked = unpack_parked(row["packed"], row["taken"], (self._carrier_no, row["no"]))
            self._parked.add(row["no"], parked)
            self._book.restore_parked(row["no"], parked)
        self._parked_no = rows[-1]["no"] if len(rows) == PARKED_ROWS else None


async def learn_with_results(
    connection: Connection, book: CarrierBook, known: Sequence[tuple[SliceFacts, Sent]]
) -> None:
    """Answers beyond the cursors that another book may have known: what receipts said of them stands in rows. Raises
    LedgerError for a row that cannot be read."""
    by_slice: dict[SliceId, list[tuple[SliceFacts, Sent]]] = {}
    for facts, sent in known:
        by_slice.setdefault(facts.slice_id, []).append((facts, sent))
    every = list(by_slice)
    for start in range(0, len(every), SLICES):
        slices = every[start : start + SLICES]
        results = await _results(connection, slices)
        book.learn(
            [row for each in slices for row in by_slice[each]],
            [(by_slice[each][0][0], result) for each in slices for result in results.get(each, ())],
        )


async def _results(connection: Connection, slices: Sequence[SliceId]) -> dict[SliceId, list[Result]]:
    """What receipts said of these slices, by their ids. Raises LedgerError."""
    found: dict[SliceId, list[Result]] = {}
    for row in await connection.fetch(sql("results_of_slices"), slices):
        found.setdefault(row["slice_id"], []).append(unpack_result(row["packed"], row["slice_id"]))
    return found
