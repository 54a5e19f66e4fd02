"""The books of a campaign whose people are in the database: packed rows, folded slice by slice.

Columns of numbers inside, lists where they leave. A slice is folded in some milliseconds on the event loop; between two
whoever else runs there has its turn, for a worker's auditor folds a nation.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import asyncpg
import numpy as np
from numpy.typing import NDArray

from broadcast.audience.carriers import carrier_names
from broadcast.ids import CampaignId, CarrierNo, SliceId
from broadcast.ledger import doubts, fold, recount, withdrawn
from broadcast.ledger.books import (
    TICK_US,
    CarrierSums,
    Contradiction,
    Counted,
    Doubt,
    Doubted,
    Ends,
    Exclusion,
    Outcomes,
    People,
    SecondCopies,
    Shape,
    Sum,
    sums,
)
from broadcast.ledger.states import RecipientState
from broadcast.store import plans
from broadcast.store.queries import sql
from broadcast.store.types import Connection

NAMED: Final = 5  # places of a contradiction that are told

_FETCH: Final = 8_192
_DECIMAL: Final = "(0|[1-9][0-9]{0,17})"
_UUID: Final = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_DECIMALS: Final = re.compile(f"({_DECIMAL}( {_DECIMAL})*)?")
_UUIDS: Final = re.compile(f"({_UUID}( {_UUID})*)?")
_LOGS: Final = ("sent", "results", "finals")
_REST: Final = ("withdrawals_drop", "packed_drop_slices", "packed_drop_exclusions")


class PackedBooks:
    """LiveBooks of one campaign."""

    def __init__(self, connection: Connection, campaign_id: CampaignId) -> None:
        self._connection = connection
        self._campaign_id = campaign_id

    async def counted(self) -> Counted:
        counts: Counter[tuple[CarrierNo, RecipientState]] = Counter()
        wrong: dict[tuple[CarrierNo, str], _Wrong] = {}
        async for rows, folded in self._folded():
            for state, recipients in enumerate(np.bincount(folded.state).tolist()):
                if recipients and state != fold.NOBODY:
                    counts[rows.carrier_no, RecipientState(state)] += recipients
            for problem in folded.problems:
                wrong.setdefault((rows.carrier_no, problem.what), _Wrong()).add(
                    rows.slice_id, problem.ordinals
                )
            if never_held := withdrawn.strangers(rows):
                wrong.setdefault((rows.carrier_no, fold.NOT_HELD), _Wrong()).add(rows.slice_id, never_held)
        for row in await self._fetch("packed_left_out"):
            counts[row["carrier_no"], RecipientState.EXCLUDED] += row["recipients"]
        contradictions = [
            Contradiction(carrier_no, fold.PROBLEMS[what], each.recipients, tuple(each.places))
            for (carrier_no, what), each in sorted(wrong.items())
        ]
        for row in await self._fetch("withdrawals_differ"):
            contradictions.append(
                Contradiction(row["carrier_no"], withdrawn.OTHER_SUM, row["recipients"], ())
            )
        return Counted({key: count for key, count in counts.items() if count}, tuple(contradictions))

    async def problems(self) -> Sequence[str]:
        """None: rows bear no sums of their own, `counted` and the tallies speak for them."""
        return ()

    async def ends(self, launched_at: datetime, longest_s: int) -> Ends:
        names, launched = await carrier_names(self._connection), round(launched_at.timestamp() * 1e6)
        counts: Counter[tuple[str, int, str, bool, int]] = Counter()
        ticks: dict[str, Counter[int]] = {}
        there: dict[str, Counter[int]] = {}
        async for rows, folded in self._folded():
            carrier = names[rows.carrier_no]
            here = np.nonzero((folded.settled_at > 0) & (folded.state != fold.NOBODY))[0]
            for (state, err, sent, delay), recipients in _outcomes(folded, here, longest_s).items():
                counts[carrier, state, folded.errs.texts[err], sent, delay] += recipients
            submitted = folded.submitted_at[here]
            ticks.setdefault(carrier, Counter()).update(_ticks(submitted[submitted > 0], launched))
            had = here[folded.state[here] == RecipientState.DELIVERED]
            there.setdefault(carrier, Counter()).update(_ticks(folded.settled_at[had], launched))
        outcomes = [Outcomes(*key, count) for key, count in counts.items()]
        return Ends(outcomes, _busy(ticks), _busy(there))

    async def exclusions(self) -> list[Exclusion]:
        return [Exclusion(**row) for row in await self._fetch("packed_exclusions")]

    async def never_sent(self) -> dict[str, int]:
        return {row["carrier"]: row["recipients"] for row in await self._fetch("packed_never_sent")}

    async def doubts(self) -> list[Doubt]:
        return await doubts.counts(self._connection, self._campaign_id)

    async def doubted(self, ended_as: str | None = None) -> list[Doubted]:
        return await doubts.doubted(self._connection, self._campaign_id, ended_as)

    async def resent(self) -> dict[str, dict[int, int]]:
        return await doubts.resent(self._connection, self._campaign_id)

    async def second_copies(self) -> list[SecondCopies]:
        return await doubts.second_copies(self._connection, self._campaign_id)

    async def people(self) -> AsyncIterator[People]:
        """In the order of LiveBooks: of each carrier its slices, then who was left out before the launch."""
        async for people, _ in self._people():
            yield people

    async def sums(self) -> list[CarrierSums]:
        summing: dict[CarrierNo, _Summing] = {}
        async for people, rows in self._people():
            summing.setdefault(people.carrier_no, _Summing(people.carrier)).add(people, rows)
        return [each.done(carrier_no) for carrier_no, each in summing.items()]

    def doubt_history(self) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
        return doubts.history(self._connection, self._campaign_id)

    async def drop(self) -> int:
        await self._connection.execute(plans.LOOK_UP)
        gone = 0
        for log in _LOGS:
            gone += await self._connection.fetchval(sql(f"packed_drop_{log}"), self._campaign_id)
        for each in _REST:
            await self._connection.execute(sql(each), self._campaign_id)
        await self._connection.execute(sql("drop_doubts"), self._campaign_id)
        return gone

    async def _people(self) -> AsyncIterator[tuple[People, int]]:
        """And how many rows of the logs speak for these."""
        names = await carrier_names(self._connection)
        left_out = [CarrierNo(row["carrier_no"]) for row in await self._fetch("packed_left_out")]
        async for rows, folded in self._folded():
            while left_out and left_out[0] < rows.carrier_no:
                first = left_out.pop(0)
                async for people in self._left_out(first, names[first]):
                    yield people, 0
            logs = len(rows.sent) + len(rows.results) + len(rows.finals)
            yield _people(names[rows.carrier_no], rows, folded), logs
        for carrier_no in left_out:
            async for people in self._left_out(carrier_no, names[carrier_no]):
                yield people, 0

    async def _folded(self) -> AsyncIterator[tuple[recount.SliceRows, fold.People]]:
        async for rows in recount.slices(self._connection, self._campaign_id):
            yield rows, recount.folded(rows)
            await asyncio.sleep(0)  # others' turn on this loop

    async def _left_out(self, carrier_no: CarrierNo, carrier: str) -> AsyncIterator[People]:
        cursor = await self._connection.cursor(sql("packed_left_out_people"), self._campaign_id, carrier_no)
        while rows := await cursor.fetch(_FETCH):
            msisdns, reasons = zip(*rows, strict=True)
            nothing, zeros, texts = [None] * len(rows), [0] * len(rows), [""] * len(rows)
            states = [int(RecipientState.EXCLUDED)] * len(rows)
            yield People(
                carrier_no, carrier, nothing, nothing, msisdns, states, zeros, nothing, nothing, reasons, texts
            )  # fmt: skip

    async def _fetch(self, name: str) -> list[asyncpg.Record]:
        return await self._connection.fetch(sql(name), self._campaign_id)


@dataclass(slots=True)
class _Wrong:
    """A contradiction in the making."""

    recipients: int = 0
    places: list[tuple[int, int]] = field(default_factory=list)

    def add(self, slice_id: SliceId, ordinals: Sequence[int]) -> None:
        self.recipients += len(ordinals)
        room = NAMED - len(self.places)
        self.places += [(slice_id, ordinal) for ordinal in ordinals[:room]]


@dataclass(slots=True)
class _Summing:
    """One carrier's sums in the making. most_ids: of one recipient."""

    carrier: str
    rows: int = 0
    counts: Counter[int] = field(default_factory=Counter)
    checksums: Counter[int] = field(default_factory=Counter)
    decimals: bool = True
    uuids: bool = True
    most_ids: int = 0

    def add(self, people: People, rows: int) -> None:
        self.rows += rows
        for state, each in sums(people.rows()).items():
            self.counts[state] += each.recipients
            self.checksums[state] += each.checksum
        self.decimals = self.decimals and all(map(_DECIMALS.fullmatch, people.smsc_ids))
        self.uuids = self.uuids and all(map(_UUIDS.fullmatch, people.smsc_ids))
        most = max((ids.count(" ") + 1 for ids in people.smsc_ids if ids), default=0)
        self.most_ids = max(self.most_ids, most)

    def done(self, carrier_no: CarrierNo) -> CarrierSums:
        return CarrierSums(
            carrier_no=carrier_no,
            carrier=self.carrier,
            shape=Shape.of(decimals=self.decimals, uuids=self.uuids, most_ids=self.most_ids),
            rows=self.rows,
            sums={state: Sum(self.counts[state], self.checksums[state]) for state in sorted(self.counts)},
        )


def _outcomes(
    folded: fold.People, here: NDArray[np.int64], longest_s: int
) -> Counter[tuple[int, int, bool, int]]:
    """(state, place of the reason in its texts, sent, delay) -> recipients. here: whom to count."""
    submitted, settled = folded.submitted_at[here], folded.settled_at[here]
    delays = np.where(submitted > 0, np.minimum((settled - submitted) // 1_000_000, longest_s), longest_s)
    states, errs = folded.state[here].tolist(), folded.errs.index[here].tolist()
    return Counter(zip(states, errs, (submitted > 0).tolist(), delays.tolist(), strict=True))


def _busy(ticks: Mapping[str, Counter[int]]) -> dict[str, Counter[int]]:
    """Carriers that have any."""
    return {carrier: each for carrier, each in ticks.items() if each}


def _ticks(moments: NDArray[np.int64], launched: int) -> dict[int, int]:
    """moments, launched: us."""
    ticks, counts = np.unique((moments - launched) // TICK_US, return_counts=True)
    return dict(zip(ticks.tolist(), counts.tolist(), strict=True))


def _people(carrier: str, rows: recount.SliceRows, folded: fold.People) -> People:
    here = np.nonzero(folded.state != fold.NOBODY)[0]
    ids, texts = folded.ids(), folded.errs.texts
    return People(
        carrier_no=rows.carrier_no,
        carrier=carrier,
        slice_id=[rows.slice_id] * len(here),
        ordinal=(ordinals := here.tolist()),
        msisdn=folded.msisdn[here].tolist(),
        state=folded.state[here].tolist(),
        segments=folded.segments[here].tolist(),
        submitted_at=[at or None for at in folded.submitted_at[here].tolist()],
        settled_at=[at or None for at in folded.settled_at[here].tolist()],
        err=[texts[place] for place in folded.errs.index[here].tolist()],
        smsc_ids=[" ".join(ids[ordinal]) for ordinal in ordinals],
    )
