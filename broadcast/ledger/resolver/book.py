"""Who a carrier's receipts are for: everything that waits for one, and every receipt that fits nothing yet.

`CarrierBook` is memory alone. Each look learns what was sent, then meets what was received; what it found is written in
one transaction, and where that fails the book is thrown away and made again from the rows (`restore`,
`restore_parked`): it has moved on.

A receipt is for the segment that has its whole id, its number where both sides know one, and that left before it came
(0.2 s for the clocks). Ids that come again: the newest open one of that number. One id for all segments of a message:
it ends them all. Several people and no number: nobody's. What fits nothing open is a duplicate if it fits something
settled that is still in memory, else parked, and tried again when its id is learnt, or once in a new book, whose
profile may be mended (with the times and states that it came with). Times are microseconds of Unix time.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from broadcast.ids import CampaignId
from broadcast.ledger.packing.columns import I64, U8, U32, U64, Bools, Index
from broadcast.ledger.packing.ids import IdProfile, Ids
from broadcast.ledger.packing.received import REASONS, Parked, Received
from broadcast.ledger.packing.result import Result
from broadcast.ledger.packing.sent import Sent
from broadcast.ledger.resolver.before import as_before, as_they_are, only_moved, receipts_moved
from broadcast.ledger.resolver.choices import CLASH, MATCHED_STRAY, OPEN, PARKED, Asked
from broadcast.ledger.resolver.cold import Cold
from broadcast.ledger.resolver.generation import Generation
from broadcast.ledger.resolver.met import Found, Met, ParkedKey, ToPark
from broadcast.ledger.resolver.parked import ParkedBook, ParkedReceipts
from broadcast.ledger.resolver.part import Part, Rows
from broadcast.ledger.resolver.restored import open_rows, so_far
from broadcast.ledger.resolver.rounds import settle
from broadcast.ledger.resolver.slices import SliceFacts, Slices
from broadcast.ledger.resolver.waiting import Waiting, as_entries, from_rows

_US = 1_000_000
_RESTORED_AT_ONCE = 1 << 20  # segments


@dataclass(frozen=True, slots=True)
class Limits:
    """hot_s: after so long without anything new a generation is made dense; hot_segments: so many are young at most.
    parked, parked_s: so many receipts that fit nothing are kept, so long. generation: room of one, in segments; cold:
    dense ones are merged up to so many segments."""

    hot_s: float = 90.0
    hot_segments: int = 4_000_000
    parked: int = 500_000
    parked_s: float = 3 * 86_400.0
    generation: int = 1 << 20
    cold: int = 1 << 22


@dataclass(frozen=True, slots=True)
class Pruned:
    """Parked receipts that were dropped: for their age; because there were too many."""

    age: list[ParkedKey]
    number: list[ParkedKey]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a book knows, in an order that does not depend on how it came to know. waiting: (slice_id, ordinal, segment,
    id, msisdn, left_ms, segments left, worst); parked: (no, place, id, msisdn, received_at, state, err)."""

    waiting: list[tuple[int, int, int, str, int, int, int, int]]
    parked: list[tuple[int, int, str, int, int, int, str]]


class CarrierBook:
    """Of one carrier. hashes: of ids with a seed; another one only to test what equal hashes do."""

    def __init__(
        self,
        profile: IdProfile,
        seed: int,
        limits: Limits,
        hashes: Callable[[Ids, int], U64] = Ids.hashes,
    ) -> None:
        self._profile = profile
        self._seed = seed
        self._limits = limits
        self._hashes = hashes
        self._slices = Slices()
        self._young: list[Generation] = []  # the newest last, as below
        self._cold: list[Cold] = []
        self._moved: list[Cold] = []  # from the ledger of before
        self._parked = ParkedBook()
        self._learnt: list[
            tuple[U64, I64]
        ] = []  # hashes, numbers: since the last meeting, while any are parked

    @property
    def open_segments(self) -> int:
        """That wait for a receipt."""
        return sum(part.awaited for part in self._parts())

    @property
    def hot_segments(self) -> int:
        """In young generations, settled ones too; of a message with one id for all its segments one."""
        return sum(generation.used for generation in self._young)

    @property
    def parked(self) -> int:
        """Receipts that fit nothing."""
        return len(self._parked)

    def octets(self) -> int:
        """Of memory, within a tenth."""
        return sum(part.octets for part in self._parts()) + self._parked.octets + self._slices.octets

    def learn(
        self, rows: Sequence[tuple[SliceFacts, Sent]], results: Sequence[tuple[SliceFacts, Result]] = ()
    ) -> None:
        """What was sent: rows that were not learnt before. results: all that receipts said of these slices, where
        another book may have known these rows."""
        waiting = from_rows([(self._slices.place(facts), facts.msisdns, sent) for facts, sent in rows])
        settled = None
        if results:
            said = [(self._slices.place(facts), result) for facts, result in results]
            waiting, settled = so_far(waiting, said)
        ids = self._profile.of_responses(waiting.ids)
        waiting, hashes = as_entries(replace(waiting, ids=ids), self._hashes(ids, self._seed), settled)
        if len(self._parked):
            self._learnt.append((hashes, waiting.messages.msisdns[waiting.message]))
        start = 0
        while start < len(waiting):
            generation = self._generation(waiting, start)
            some, end = waiting.from_segment(start, generation.room)
            generation.append(some, hashes[start:end])
            start = end

    def restore(
        self, rows: Sequence[tuple[SliceFacts, Sequence[Sent], Sequence[Result]]], *, moved: bool = False
    ) -> None:
        """What rows say of slices: all that was sent of each up to the cursor, and all results. In any order and number
        of calls, each slice once. moved: what was sent in the ledger of before, apart from the slice's rest."""
        some: list[tuple[int, I64, Sent]] = []
        results: list[tuple[int, Result]] = []
        segments = 0
        for facts, sents, of_slice in rows:
            place = self._slices.place(facts)
            some += [(place, facts.msisdns, sent) for sent in sents]
            results += [(place, result) for result in of_slice]
            segments += sum(len(sent.ids) for sent in sents)
            if segments >= _RESTORED_AT_ONCE:
                self._restore(some, results, moved)
                some, results, segments = [], [], 0
        self._restore(some, results, moved)

    def restore_parked(self, no: int, row: Parked) -> None:
        """A row of parked receipts. In order of no. The next meeting tries them again, for the profile may have been
        mended since; but for a clash, which who is still open does not decide when others have had their end."""
        left = np.nonzero(row.left)[0]
        self._park(no, left, row.receipts, left, row.reasons[left] != CLASH)

    def meet(self, received: Received, no: int) -> Met:
        """Whom these are for; and the parked ones whose ids were learnt since the last meeting. no: of this look,
        greater than all before: those that fit nothing are parked as (no, place in Met.parked)."""
        due = self._due()
        again = len(due)
        asked, states, received_at = self._asked(due, received)
        found = Found()
        met, reasons = settle(asked, states, self._newest_first(), self._slices.ids, found)
        taken = due[met[:again] != PARKED]
        keys = self._parked.keys(taken)
        texts, errs = self._errs(due, received)
        self._parked.remove(taken)
        misfits = np.nonzero(met[again:] == PARKED)[0]
        to_park = self._to_park(received, misfits, reasons[again:]) if len(misfits) else None
        if to_park is not None:
            self._park(no, np.arange(len(misfits)), to_park.receipts, np.arange(len(misfits)))
        counts = np.bincount(met, minlength=PARKED + 1).tolist()
        matched = counts[OPEN] + counts[MATCHED_STRAY]
        return Met(
            found.results(self._slices.ids, states, received_at, texts, errs),
            found.done(self._slices.campaigns),
            matched,
            len(met) - matched - counts[PARKED],
            to_park,
            keys,
            Counter(REASONS[reason] for reason in to_park.reasons.tolist()) if to_park else Counter(),
            found.delays_s(received_at),
        )

    def prune(self, now: int) -> Pruned:
        """Drop parked receipts that are too old, then the oldest of too many."""
        old = self._parked.older(now - int(self._limits.parked_s * _US))
        self._parked.remove(old)
        many = self._parked.oldest(self._limits.parked)
        self._parked.remove(many)
        return Pruned(self._parked.keys(old), self._parked.keys(many))

    def parked_of(self, msisdns: I64) -> ParkedReceipts:
        """Those that name one of these numbers."""
        places = self._parked.named(msisdns)
        return ParkedReceipts(self._parked.keys(places), self._parked.at(places))

    def take(self, keys: Iterable[ParkedKey]) -> int:
        """These are parked no more: found to be duplicates, or to end a doubt. Returns how many of them were."""
        places = self._parked.places(keys)
        self._parked.remove(places)
        return len(places)

    def forget(self, campaign_ids: Collection[CampaignId]) -> None:
        """These campaigns' rows are gone: no receipt is for them any more."""
        gone = np.isin(self._slices.campaigns, list(campaign_ids))
        for part in self._parts():
            part.forget(gone)

    def evict(self, now: int) -> bool:
        """Make dense what is old, or too much: of it nothing is kept but what still waits. Whether anything was."""
        evicted = 0
        youngest_ms = now // 1000 - int(self._limits.hot_s * 1000)
        while self._young:
            oldest = self._young[0]
            if oldest.newest_ms > youngest_ms and self.hot_segments <= self._limits.hot_segments:
                break
            del self._young[0]
            evicted += 1
            if oldest.open:
                self._add_cold([oldest.rows()])
        self._cold, self._moved = _without_settled(self._cold), _without_settled(self._moved)
        return evicted > 0

    def snapshot(self) -> Snapshot:
        """For tests: all of it, one tuple each."""
        waiting = []
        for part in self._parts():
            rows = part.rows()
            of = rows.messages.take(rows.message.astype(np.intp))
            texts = rows.ids.ids(np.arange(len(rows))).texts()
            columns = (of.ordinals, rows.segment, texts, of.msisdns, of.left_ms, of.left, of.worst)
            waiting += list(
                zip(self._slices.ids[of.slices].tolist(), *(list(column) for column in columns), strict=True)
            )
        every = self._parked.every()
        receipts = every.receipts
        parked = zip(
            every.keys, receipts.ids.texts(), receipts.msisdns.tolist(), receipts.received_at.tolist(),
            receipts.states.tolist(), receipts.errs.all(), strict=True,
        )  # fmt: skip
        return Snapshot(sorted(waiting), [(*key, *rest) for key, *rest in parked])

    def _parts(self) -> list[Part]:
        return [*self._moved, *self._cold, *self._young]

    def _newest_first(self) -> list[Part]:
        return self._parts()[::-1]

    def _generation(self, waiting: Waiting, start: int) -> Generation:
        """One with room for the message that begins there."""
        needed = waiting.segments_at(start)
        newest_ms = int(waiting.messages.left_ms.max())
        last = self._young[-1] if self._young else None
        if last is None or last.room < needed or not last.messages.room_for(newest_ms):
            last = Generation(max(self._limits.generation, needed), newest_ms)
            self._young.append(last)
        return last

    def _restore(
        self, some: Sequence[tuple[int, I64, Sent]], results: Sequence[tuple[int, Result]], moved: bool
    ) -> None:
        spelt = as_they_are if moved else self._profile.of_responses
        rows = open_rows(some, results, spelt, lambda ids: self._hashes(ids, self._seed))
        if len(rows):
            self._add_cold([rows], moved=moved)

    def _add_cold(self, rows: Sequence[Rows], *, moved: bool = False) -> None:
        """And the last is merged with the one before while that is not much larger: so there are few, and none is moved
        often."""
        cold = self._moved if moved else self._cold
        cold.append(Cold(rows, moved=moved))
        while len(cold) > 1:
            before, last = cold[-2:]
            if before.open > 4 * last.open or before.open + last.open > self._limits.cold:
                break
            cold[-2:] = [Cold([part.rows() for part in (before, last) if part.open], moved=moved)]

    def _due(self) -> Index:
        restored = self._parked.take_due()
        learnt, self._learnt = self._learnt, []
        if not learnt:
            return restored
        hashes, msisdns = (np.concatenate(columns) for columns in zip(*learnt, strict=True))
        return np.union1d(restored, self._parked.of_learnt(hashes, msisdns))

    def _asked(self, due: Index, received: Received) -> tuple[Asked, U8, I64]:
        """The parked ones that are due, then what came; their states; when they were received."""
        ids = self._profile.of_receipts(received.ids)
        states, msisdns, received_at = received.states, received.msisdns, received.received_at
        if len(due):
            old_received_at, old_states, old_msisdns, old_ids = self._parked.columns(due)
            received_at = np.concatenate([old_received_at, received_at])
            states = np.concatenate([old_states, states])
            msisdns = np.concatenate([old_msisdns, msisdns])
            ids = Ids.concat([old_ids, ids])
        asked = Asked(ids, self._hashes(ids, self._seed), msisdns, received_at // 1000)
        if self._moved:
            before = as_before(self._profile, received.ids)
            if len(due):  # those that did not move met all of it when they came
                before = Ids.concat([only_moved(old_ids, self._parked.orders(due) < 0), before])
            asked.before = Asked(before, self._hashes(before, self._seed), msisdns, asked.received_ms)
        return asked, states, received_at

    def _errs(self, due: Index, received: Received) -> tuple[list[str], U32]:
        texts = list(received.errs.texts)
        errs = received.errs.index.astype(np.uint32)
        if not len(due):
            return texts, errs
        old_texts, old = self._parked.errs(due)
        return old_texts + texts, np.concatenate([old, errs + np.uint32(len(old_texts))])

    def _to_park(self, received: Received, places: Index, reasons: U8) -> ToPark:
        some = Received(
            received.received_at[places],
            received.states[places],
            received.msisdns[places],
            received.ids.take(places),
            received.errs.take(places),
        )
        return ToPark(some, reasons[places])

    def _park(self, no: int, places: Index, receipts: Received, of: Index, due: Bools | bool = False) -> None:
        """Those `of` receipts, ids as they came, under the keys (no, place)."""
        ids = receipts.ids.take(of)
        ids = as_they_are(ids) if receipts_moved(no) else self._profile.of_receipts(ids)
        some = Received(
            receipts.received_at[of], receipts.states[of], receipts.msisdns[of], ids, receipts.errs.take(of)
        )
        self._parked.put(no, places, some, self._hashes(ids, self._seed), due)


def _without_settled(parts: Sequence[Cold]) -> list[Cold]:
    """Those in which something waits, made anew where most does not."""
    return [
        part if 2 * part.open >= part.used else Cold([part.rows()], moved=part.moved)
        for part in parts
        if part.open
    ]
