"""The books of a campaign: what became of each of its people, wherever that is written.

Whoever reads people reads them through `Books`, and gets the right ones from `archive.books.books_of`: rows of the
database (`PackedBooks`) or the files of an archive (`ArchivedBooks`). Each answers a question as it can, by a statement
or by going through its people a piece at a time; none holds an audience in memory.

Nothing here is logged or put into an error: it holds MSISDNs.
"""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, Protocol, Self

from broadcast.ids import CarrierNo, SliceId
from broadcast.ledger.states import RecipientState

IdKind = Literal["decimal", "uuid", "text"]
RESENT: Final = "resent"
TICK_US: Final = 250_000  # how finely it is told when people were sent to

# slice_id, ordinal, msisdn, state, segments, submitted_at, settled_at, err, smsc_ids: as in People, of one recipient
Row = tuple[int | None, int | None, int, int, int, int | None, int | None, str, str]


@dataclass(frozen=True, slots=True)
class People:
    """Some recipients of one carrier, at most some ten thousand: columns side by side, of plain Python values.

    slice_id, ordinal (from 0): their place; None: left out before the launch. state: a RecipientState. segments: of the
    message, 0 where none was accepted or refused. submitted_at: of the last segment; settled_at: of what ended it; in
    microseconds of Unix time, None where that never was. err: of the receipt, `status:<command_status>`, or why one was
    left out; '': nothing. smsc_ids: of the segments, in order, parted by a blank.
    """

    carrier_no: CarrierNo
    carrier: str
    slice_id: Sequence[SliceId | None]
    ordinal: Sequence[int | None]
    msisdn: Sequence[int]
    state: Sequence[int]
    segments: Sequence[int]
    submitted_at: Sequence[int | None]
    settled_at: Sequence[int | None]
    err: Sequence[str]
    smsc_ids: Sequence[str]

    def rows(self) -> Iterator[Row]:
        """One at a time."""
        return zip(
            self.slice_id, self.ordinal, self.msisdn, self.state, self.segments, self.submitted_at,
            self.settled_at, self.err, self.smsc_ids, strict=True,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.msisdn)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Rows of one carrier that cannot all be true. what: a clause about `recipients` of them; places: the first few of
    these, slice_id and ordinal."""

    carrier_no: CarrierNo
    what: str
    recipients: int
    places: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Counted:
    """recipients: by (carrier_no, state), no zeros."""

    recipients: Mapping[tuple[CarrierNo, RecipientState], int]
    contradictions: Sequence[Contradiction] = ()


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Recipients of a carrier with an end of their own (a receipt, a refusal, a doubt closed), and the same one.

    sent: something was submitted. delay_s: from there to the end, whole seconds up to the most that was asked for,
    which stands for never submitted too.
    """

    carrier: str
    state: int
    err: str
    sent: bool
    delay_s: int
    recipients: int


@dataclass(frozen=True, slots=True)
class Ends:
    """Whoever has an end of their own, as histograms. outcomes: in no order.

    sent: carrier -> ticks of TICK_US since the launch (negative: a worker's clock was behind) -> recipients whose last
    segment was submitted then. delivered: the same of when those had it who did.
    """

    outcomes: Sequence[Outcomes]
    sent: Mapping[str, Mapping[int, int]]
    delivered: Mapping[str, Mapping[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Recipients left out for the same reason; `cancelled`: what a cancel left unsent."""

    carrier: str
    reason: str
    recipients: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """Recipients that were ever in doubt. ended_as: answered, receipt, resent, closed, or None: still is."""

    carrier: str
    reason: str
    ended_as: str | None
    recipients: int


@dataclass(frozen=True, slots=True)
class Doubted:
    """One doubt about one recipient. ended_as: as of a Doubt.

    first_copy: the state that receipts told of the copy in doubt after another one was sent; None: they told nothing.
    """

    carrier: str
    msisdn: int
    reason: str
    since: datetime
    ended_at: datetime | None
    ended_as: str | None
    first_copy: str | None = None


@dataclass(frozen=True, slots=True)
class SecondCopies:
    """One carrier's. resends: copies beyond the first that were given to be sent. told: copies before them of which
    a late answer or a receipt told; delivered: that they arrived.
    """

    carrier: str
    recipients: int
    resends: int
    told: int
    delivered: int


@dataclass(frozen=True, slots=True)
class Shape:
    """What the SMSC ids of one carrier look like in an archive. parts: id columns, 1 for text whatever it holds."""

    kind: IdKind
    parts: int

    @classmethod
    def of(cls, *, decimals: bool, uuids: bool, most_ids: int) -> Self:
        """decimals: all are numbers below 10^18 without leading zeros. most_ids: of one recipient. Numbers before UUIDs
        before whatever else it may be."""
        kind: IdKind = "decimal" if decimals else "uuid" if uuids else "text"
        return cls(kind, 1 if kind == "text" else max(1, most_ids))


@dataclass(frozen=True, slots=True)
class Sum:
    """Recipients of one state. checksum: the sum of their hashes, whatever their order."""

    recipients: int
    checksum: int


@dataclass(frozen=True, slots=True)
class CarrierSums:
    """One carrier's people as an archive must hold them. rows: of the logs, that speak for them. sums: by state."""

    carrier_no: CarrierNo
    carrier: str
    shape: Shape
    rows: int
    sums: Mapping[int, Sum]


def row_hash(row: Row) -> int:
    """The first 8 octets of the SHA-256 of its columns, joined by '|': signed."""
    text = "|".join(["" if value is None else str(value) for value in row])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def sums(rows: Iterable[Row]) -> dict[int, Sum]:
    """Per state."""
    counts: Counter[int] = Counter()
    totals: Counter[int] = Counter()
    for row in rows:
        counts[row[3]] += 1
        totals[row[3]] += row_hash(row)
    return {state: Sum(count, totals[state]) for state, count in counts.items()}


class Books(Protocol):
    """One campaign's. What is in the database is seen as by the caller's transaction: one snapshot, with `plans.SETS`.
    Streams want one. Whoever counts in Python asks for the next piece within a second or so: a worker's server ends a
    transaction that idles for two.

    Carriers come in the order of their numbers, and are named unless their numbers are said. Raises ArchiveError where
    files cannot be read.
    """

    async def counted(self) -> Counted:
        """Everybody, from what speaks for each, never from a tally; and where that contradicts itself."""
        ...

    async def problems(self) -> Sequence[str]:
        """Where files are not what was written once: a sentence each. Reads them all; may be asked when the
        transaction is over."""
        ...

    async def ends(self, launched_at: datetime, longest_s: int) -> Ends:
        """Whoever has an end of their own. longest_s: of a delay."""
        ...

    async def exclusions(self) -> Sequence[Exclusion]:
        """Who was left out, per carrier by reason."""
        ...

    async def never_sent(self) -> Mapping[str, int]:
        """Per carrier: recipients that expired and never left us. A carrier without any may be missing."""
        ...

    async def doubts(self) -> Sequence[Doubt]:
        """Who was ever in doubt, counted."""
        ...

    async def doubted(self, ended_as: str | None = None) -> Sequence[Doubted]:
        """Everyone who was ever in doubt, or those whose doubt ended so; by carrier, number and time. All in memory."""
        ...

    async def resent(self) -> Mapping[str, Mapping[int, int]]:
        """carrier -> MSISDN -> how often it was given to be sent again."""
        ...

    async def second_copies(self) -> Sequence[SecondCopies]:
        """Per carrier with any; none of an archive."""
        ...

    def people(self) -> AsyncIterator[People]:
        """Everybody once, in no order, streamed. One that was sent again counts where it was sent last."""
        ...


class LiveBooks(Books, Protocol):
    """Those in the database: what a finished campaign's archive is made of."""

    def people(self) -> AsyncIterator[People]:
        """As of Books, and by carrier_no, slice_id (None last), ordinal, MSISDN."""
        ...

    async def sums(self) -> Sequence[CarrierSums]:
        """The same people of a finished campaign counted and summed (`sums`); carriers without people are missing."""
        ...

    def doubt_history(self) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
        """Everyone who was ever in doubt, some thousand at a time, by carrier_no, slice_id, ordinal: as `Doubted`, and
        slice_id, ordinal, segments, first_state (a RecipientState or None), first_ids (texts)."""
        ...

    async def drop(self) -> int:
        """Remove it all, in the caller's transaction; how many rows of the logs these were (`CarrierSums.rows`)."""
        ...
