"""The books of a campaign whose people are in an archive's files."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from broadcast.archive.read import DOUBTS, Archive, file_batches, part_people
from broadcast.ledger.books import (
    RESENT,
    TICK_US,
    Counted,
    Doubt,
    Doubted,
    Ends,
    Exclusion,
    Outcomes,
    People,
    SecondCopies,
)
from broadcast.ledger.doubts import named
from broadcast.ledger.states import RecipientState

_EXCLUDED = int(RecipientState.EXCLUDED)
_EXPIRED = int(RecipientState.EXPIRED)
_DOUBTED = ["carrier", "msisdn", "reason", "since", "ended_at", "ended_as", "first_state"]


class ArchivedBooks:
    """Books of one archive. Its files are read in whole batches, on the event loop."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def counted(self) -> Counted:
        """By the manifest, which `problems` proves. A contradiction would have been two rows of one recipient, and more
        people than the tallies knew when it was made."""
        return Counted(
            {
                (part.carrier_no, RecipientState(state)): each.recipients
                for part in self._archive.parts
                for state, each in part.sums.items()
            }
        )

    async def problems(self) -> list[str]:
        return self._archive.problems()

    async def ends(self, launched_at: datetime, longest_s: int) -> Ends:
        columns = ["state", "err", "submitted_at", "settled_at"]
        counts: Counter[tuple[str, int, str, bool, int]] = Counter()
        ticks: dict[str, Counter[int]] = {}
        there: dict[str, Counter[int]] = {}
        for part in self._archive.parts:
            for batch in file_batches(self._archive, part.file, columns):
                for (state, err, tick, delay, end), recipients in _end_counts(batch, launched_at):
                    late = longest_s if delay is None else min(int(delay), longest_s)
                    counts[part.carrier, state, err, tick is not None, late] += recipients
                    if tick is not None:
                        ticks.setdefault(part.carrier, Counter())[int(tick)] += recipients
                    if state == RecipientState.DELIVERED:
                        there.setdefault(part.carrier, Counter())[int(end)] += recipients
        return Ends([Outcomes(*key, count) for key, count in counts.items()], ticks, there)

    async def exclusions(self) -> list[Exclusion]:
        found: list[Exclusion] = []
        for part in self._archive.parts:
            counts: Counter[str] = Counter()
            for batch in file_batches(self._archive, part.file, ["slice_id", "state", "err"]):
                left = batch.filter(pc.equal(batch.column("state"), _EXCLUDED))
                reasons = pc.if_else(pc.is_null(left.column("slice_id")), left.column("err"), "cancelled")
                counts.update(
                    {each["values"]: each["counts"] for each in pc.value_counts(reasons).to_pylist()}
                )
            found += [Exclusion(part.carrier, reason, count) for reason, count in sorted(counts.items())]
        return found

    async def never_sent(self) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for part in self._archive.parts:
            for batch in file_batches(self._archive, part.file, ["state", "settled_at"]):
                expired = pc.equal(batch.column("state"), _EXPIRED)
                unsent = pc.and_(expired, pc.is_null(batch.column("settled_at")))
                counts[part.carrier] += batch.filter(unsent).num_rows
        return dict(counts)

    async def doubts(self) -> list[Doubt]:
        counts: Counter[tuple[str, str, str | None]] = Counter()
        for batch in file_batches(self._archive, DOUBTS, ["carrier", "reason", "ended_as"]):
            counts.update(zip(*(column.to_pylist() for column in batch.columns), strict=True))
        return [Doubt(*key, count) for key, count in counts.items()]

    async def doubted(self, ended_as: str | None = None) -> list[Doubted]:
        """Archives of old say nothing of first copies. Carriers by their names."""
        found = [
            named({"first_state": None, **row})
            for batch in file_batches(self._archive, DOUBTS, _DOUBTED)
            for row in batch.to_pylist()
            if ended_as in (None, row["ended_as"])
        ]
        return sorted(found, key=lambda each: (each.carrier, each.msisdn, each.since))

    async def resent(self) -> dict[str, Counter[int]]:
        found: dict[str, Counter[int]] = {}
        for each in await self.doubted(RESENT):
            found.setdefault(each.carrier, Counter())[each.msisdn] += 1
        return found

    async def second_copies(self) -> Sequence[SecondCopies]:
        return ()

    async def people(self) -> AsyncIterator[People]:
        for part in self._archive.parts:
            for people in part_people(self._archive, part):
                yield people


def _end_counts(batch: pa.RecordBatch, launched_at: datetime) -> Iterator[tuple[Sequence[Any], int]]:
    """(state, err, tick, delay in s, tick of the end) -> recipients of one batch: only those with a final row."""
    final = batch.filter(pc.is_valid(batch.column("settled_at")))
    submitted, settled = (pc.cast(final.column(name), pa.int64()) for name in ("submitted_at", "settled_at"))
    launched = pa.scalar(launched_at, pa.timestamp("us", tz="UTC")).cast(pa.int64())
    since, until = (
        pc.floor(pc.divide(pc.cast(pc.subtract(at, launched), pa.float64()), float(TICK_US)))
        for at in (submitted, settled)
    )
    delivered = pc.equal(final.column("state"), int(RecipientState.DELIVERED))
    took = pc.divide(pc.cast(pc.subtract(settled, submitted), pa.float64()), 1_000_000.0)
    columns = {
        "state": final.column("state"),
        "err": final.column("err"),
        "tick": since,
        "delay": pc.floor(took),
        "end": pc.if_else(delivered, until, 0.0),
    }
    grouped = pa.table(columns).group_by(list(columns)).aggregate([([], "count_all")])
    for each in grouped.to_pylist():
        yield [each[name] for name in columns], each["count_all"]
