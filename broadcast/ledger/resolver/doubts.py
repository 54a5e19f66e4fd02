"""Parked receipts that name somebody in doubt: the ids of that one were never learnt, the number is known.

A receipt ends a doubt when it came after the doubt's submit left, and its id is nobody's: an old message's receipt that
comes again must not. A message ends when there is a receipt, each with an id of its own, for each segment whose receipt
is awaited. Of several doubts about one person a receipt goes to the one in doubt for longest.

Whoever was given up when the campaign closed is unknown until such receipts come after all. Receipts that nothing
claimed for a while and that name somebody who was sent a second copy, or given up, are of the copy that the recipient's
own row does not speak for.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, Literal

import asyncpg
import numpy as np

from broadcast.ids import CampaignId, CarrierNo, SliceId
from broadcast.ledger.packing.received import Received
from broadcast.ledger.packing.result import pack_result
from broadcast.ledger.packing.sent import Answered
from broadcast.ledger.resolver.before import of_receipts
from broadcast.ledger.resolver.found import Found, write
from broadcast.ledger.resolver.look import CarrierLooks
from broadcast.ledger.resolver.met import ParkedKey
from broadcast.ledger.resolver.parked_rows import Named, microseconds
from broadcast.ledger.resolver.whose import CLOCKS_US, Whose, moved_of, read_parked, spelt_by_responses, whose
from broadcast.ledger.states import ENDS
from broadcast.store.queries import sql
from broadcast.store.types import Connection

PAGE: Final = 5_000  # recipients in doubt
RECEIPTS: Final = 500  # asked about in one transaction
EVERY_S: Final = 0.5
SHARE: Final = 3.0  # times what looking took, until the next look
COPIES_EVERY_S: Final = 2.0
COPIES_SHARE: Final = 50.0
COPY_US: Final = (
    120_000_000  # the answer to a submission may come later than its receipt, by the response timeout at most
)
Still = Literal["open", "closed"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """segments: awaited ones of its message. sent_after: us; first_ids: told of a copy before the second."""

    msisdn: int
    slice_id: SliceId
    ordinal: int
    campaign_id: CampaignId
    segments: int
    since: datetime
    sent_after: int
    first_ids: frozenset[str]


@dataclass(slots=True)
class Asked:
    """Receipts and the doubt that each may end. ids: in their one spelling; texts: these as strings."""

    keys: list[ParkedKey]
    receipts: Received
    texts: list[str]
    doubts: list[Doubt]
    whose: list[Whose]


@dataclass(slots=True)
class Ending:
    """A doubt with a receipt for each segment: of each id, the receipt that counts; taken: these and the same again."""

    doubt: Doubt
    receipts: list[int]
    taken: list[int] = field(default_factory=list)


class Doubts:
    """Of one carrier. Asks when it is due; `asked_until` says up to when doubts are known to have no receipt."""

    def __init__(self, looks: CarrierLooks) -> None:
        self._looks = looks
        self._due = 0.0
        self._copies_due = 0.0
        self.asked_until: datetime | None = None

    async def ask(self, connection: Connection, at: datetime) -> None:
        """at: the database's time of what is parked now."""
        if not len(self._looks.parked.named().msisdns):
            self.asked_until = at
            return
        started = time.monotonic()
        if started >= self._due:
            await self._ask(connection, "open_doubts", partial(self._end, "open"), None)
            self.asked_until = at
            now = time.monotonic()
            self._due = now + max(EVERY_S, SHARE * (now - started))
        started = time.monotonic()
        if started >= self._copies_due:
            await self._ask(connection, "closed_doubts", partial(self._end, "closed"), None)
            await self._ask(connection, "copied_doubts", self._keep_copies, microseconds(at) - COPY_US)
            now = time.monotonic()
            self._copies_due = now + max(COPIES_EVERY_S, COPIES_SHARE * (now - started))

    async def _ask(
        self,
        connection: Connection,
        query: str,
        act: Callable[[Connection, Asked], Awaitable[None]],
        before: int | None,
    ) -> None:
        """before: receipts that came before this time only."""
        parked = self._looks.parked
        async for page in _pages(connection, query, self._looks.carrier_no):
            for pairs in _in_parts(meant(parked.named(), page, before)):
                await act(connection, await self._asked(connection, pairs))

    async def _asked(self, connection: Connection, pairs: dict[ParkedKey, list[Doubt]]) -> Asked:
        looks = self._looks
        keys, receipts = await read_parked(connection, looks.carrier_no, pairs)
        moved = moved_of(keys)
        texts = of_receipts(looks.profile, receipts.ids, moved).texts()
        found = await whose(connection, looks.carrier_no, looks.profile, looks.seed, receipts, moved)
        doubts = [_of_whom(pairs[key], text) for key, text in zip(keys, texts, strict=True)]
        return Asked(keys, receipts, texts, doubts, found)

    # ------------------------------------------------------------ those who are in doubt

    async def _end(self, still: Still, connection: Connection, asked: Asked) -> None:
        looks = self._looks
        again = [i for i, each in enumerate(asked.whose) if each is Whose.SETTLED]
        ending = endings(asked)
        if not again and not ending:
            return
        gone: list[ParkedKey] = []
        looks.expect(lambda _: looks.take(gone))
        async with connection.transaction():
            await connection.execute(sql("resolving_claim"))  # before any row: as a campaign's close does
            places = [each.doubt.slice_id for each in ending], [each.doubt.ordinal for each in ending]
            rows = await connection.fetch(sql("end_doubts"), *places, still)
            won = {(row["slice_id"], row["ordinal"]) for row in rows}
            ended = [each for each in ending if (each.doubt.slice_id, each.doubt.ordinal) in won]
            if ended:
                await self._write_ended(connection, asked, ended, still)
            matched = sum(len(each.receipts) for each in ended)
            taken = again + [i for each in ended for i in each.taken]
            gone += [asked.keys[i] for i in taken]
            found = Found(
                results=_results(asked, ended),
                matched=matched,
                duplicate=len(taken) - matched,
                left=looks.parked.without(gone),
            )
            await write(connection, looks.holder, looks.carrier_no, looks.no, found)
        await looks.settle_unsure(connection)

    async def _write_ended(
        self, connection: Connection, asked: Asked, ended: Sequence[Ending], still: Still
    ) -> None:
        looks = self._looks
        rows: dict[SliceId, list[Ending]] = {}
        for each in ended:
            rows.setdefault(each.doubt.slice_id, []).append(each)
        packed = []
        for endings_of_slice in rows.values():
            answered = Answered(len(endings_of_slice[0].receipts))
            for each in endings_of_slice:
                ids = spelt_by_responses(looks.profile, [asked.texts[i] for i in each.receipts])
                answered.accept_parts(each.doubt.ordinal, ids)
                answered.read(each.doubt.sent_after, 0)
            packed.append(answered.pack())
        ordinals = [[each.doubt.ordinal for each in some] for some in rows.values()]
        await connection.execute(
            sql("keep_doubted"), looks.carrier_no, looks.no + 1, list(rows),
            [min(each) for each in ordinals], [max(each) for each in ordinals], packed,
        )  # fmt: skip
        states = [_state(asked, each) for each in ended]
        await connection.execute(
            sql("tally_doubted"),
            [each.doubt.campaign_id for each in ended],
            [looks.carrier_no] * len(ended),
            [-int(still == "open")] * len(ended),
            [-int(still == "closed")] * len(ended),
            *([int(state == end) for state in states] for end in ENDS),
        )

    # ------------------------------------------------------------ those who were sent another copy

    async def _keep_copies(self, connection: Connection, asked: Asked) -> None:
        looks = self._looks
        again = [i for i, each in enumerate(asked.whose) if each is Whose.SETTLED]
        told = [i for i, each in enumerate(asked.whose) if each is Whose.NOBODYS]
        if not again and not told:
            return
        gone = [asked.keys[i] for i in again + told]
        looks.expect(lambda _: looks.take(gone))
        async with connection.transaction():
            await connection.execute(sql("resolving_claim"))  # before any row: as an archive does
            await connection.execute(
                sql("note_first_copies"),
                [asked.doubts[i].slice_id for i in told],
                [asked.doubts[i].ordinal for i in told],
                asked.receipts.states[told].tolist(),
                [asked.texts[i].encode("latin-1") for i in told],
            )
            found = Found(matched=len(told), duplicate=len(again), left=looks.parked.without(gone))
            await write(connection, looks.holder, looks.carrier_no, looks.no, found)
        await looks.settle_unsure(connection)


def meant(named: Named, doubts: Sequence[Doubt], before: int | None) -> dict[ParkedKey, list[Doubt]]:
    """Receipts that name one of these and came after its submit left: whom, the one in doubt for longest first.

    doubts: in that order for each number. before: receipts that came before this time only (us).
    """
    found: dict[ParkedKey, list[Doubt]] = {}
    numbers = np.array([doubt.msisdn for doubt in doubts], np.int64)
    first = np.searchsorted(named.msisdns, numbers)
    last = np.searchsorted(named.msisdns, numbers, side="right")
    for at in np.nonzero(first < last)[0].tolist():
        doubt = doubts[at]
        for place in range(first[at], last[at]):
            received_at = int(named.received_at[place])
            if received_at >= doubt.sent_after - CLOCKS_US and (before is None or received_at < before):
                found.setdefault((int(named.nos[place]), int(named.indexes[place])), []).append(doubt)
    return found


def endings(asked: Asked) -> list[Ending]:
    """Doubts with a receipt for each awaited segment; of several receipts with one id the greatest state counts."""
    by_doubt: dict[tuple[SliceId, int], dict[str, list[int]]] = {}
    for i, (doubt, text, each) in enumerate(zip(asked.doubts, asked.texts, asked.whose, strict=True)):
        if each is Whose.NOBODYS:
            by_doubt.setdefault((doubt.slice_id, doubt.ordinal), {}).setdefault(text, []).append(i)
    found = []
    for by_id in by_doubt.values():
        doubt = asked.doubts[next(iter(by_id.values()))[0]]
        wanted = max(1, doubt.segments)
        if len(by_id) >= wanted:
            first = sorted(by_id, key=lambda text: (min(asked.receipts.received_at[by_id[text]]), text))[
                :wanted
            ]
            ending = Ending(
                doubt, [max(by_id[text], key=lambda i: int(asked.receipts.states[i])) for text in first]
            )
            ending.taken = [i for text in first for i in by_id[text]]
            found.append(ending)
    return found


def _state(asked: Asked, ending: Ending) -> int:
    """Of the message: delivered only if every segment was."""
    return int(asked.receipts.states[ending.receipts].min())


def _results(asked: Asked, ended: Iterable[Ending]) -> dict[SliceId, bytes]:
    by_slice: dict[SliceId, list[tuple[int, int, int]]] = {}
    for each in ended:
        entries = [(each.doubt.ordinal, segment, i) for segment, i in enumerate(each.receipts, 1)]
        by_slice.setdefault(each.doubt.slice_id, []).extend(entries)
    found, said = {}, asked.receipts
    for slice_id, of_slice in by_slice.items():
        ordinals, segments, receipts = np.array(of_slice).T
        found[slice_id] = pack_result(
            ordinals, segments, said.states[receipts], said.received_at[receipts], said.errs.take(receipts)
        )
    return found


def _of_whom(doubts: Sequence[Doubt], text: str) -> Doubt:
    """The one of which a late answer told this id, else the one in doubt for longest."""
    return next((doubt for doubt in doubts if text in doubt.first_ids), doubts[0])


def _in_parts(pairs: dict[ParkedKey, list[Doubt]]) -> Iterable[dict[ParkedKey, list[Doubt]]]:
    """Some at a time, whole people each."""
    part: dict[ParkedKey, list[Doubt]] = {}
    people: dict[int, list[ParkedKey]] = {}
    for key, doubts in pairs.items():
        people.setdefault(doubts[0].msisdn, []).append(key)
    for keys in people.values():
        part |= {key: pairs[key] for key in keys}
        if len(part) >= RECEIPTS:
            yield part
            part = {}
    if part:
        yield part


async def _pages(connection: Connection, query: str, carrier_no: CarrierNo) -> AsyncIterator[list[Doubt]]:
    """Whole people each."""
    after = -1
    while True:
        rows = await connection.fetch(sql(query), carrier_no, after, PAGE)
        whole = len(rows) < PAGE
        last = rows[-1]["msisdn"] if rows else after
        if not whole and rows[0]["msisdn"] != last:
            rows = [row for row in rows if row["msisdn"] != last]
        if rows:
            after = rows[-1]["msisdn"]
            yield [_doubt(row) for row in rows]
        if whole:
            return


def _doubt(row: asyncpg.Record) -> Doubt:
    return Doubt(
        msisdn=row["msisdn"],
        slice_id=row["slice_id"],
        ordinal=row["ordinal"],
        campaign_id=row["campaign_id"],
        segments=row["segments"],
        since=row["since"],
        sent_after=microseconds(row["sent_after"]),
        first_ids=frozenset(octets.decode("latin-1") for octets in row["first_ids"]),
    )
