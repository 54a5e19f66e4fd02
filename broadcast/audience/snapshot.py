"""The audience of a campaign, fixed at launch: read from home as arrays, cut into slices and exclusions of each ledger.

No recipient becomes an object here: PostgreSQL gives and takes numbers as the octets of its arrays.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

import asyncpg

from broadcast.audience import cutting
from broadcast.audience.choice import Choice
from broadcast.audience.first_share import FirstShare
from broadcast.config.ledgers import BUCKETS
from broadcast.errors import BroadcastError
from broadcast.ids import CampaignId, CarrierNo
from broadcast.languages import _
from broadcast.rules.gate import NEVER, NOW, Gate
from broadcast.rules.standing import REASONS, Reasons
from broadcast.store import arrays, citus
from broadcast.store.copying import HEADER, TRAILER, copy_in
from broadcast.store.ledgers import naming
from broadcast.store.queries import sql
from broadcast.store.types import Connection

# An array of MSISDNs that is only kept, not sent: as long as is handy.
_EXCLUSION_SIZE = 30_000

# What Postgres and this process hold in memory at once: 64 MiB of pages, or a bucket where that is more.
_PART_PAGES = 8192
_PART_PEOPLE = 1_000_000

# array_send of bigint[]: dimensions, nulls, the element's type; then how many and the first index; then the elements
_HEAD: Final = b"\0\0\0\1\0\0\0\0\0\0\0\x14"
_FIRST: Final = b"\0\0\0\1"
_HEAD_OCTETS: Final = 20
_ELEMENT: Final = 12  # octets: a length, a number
_NULL: Final = b"\xff\xff\xff\xff"
_EPOCH_US: Final = 946_684_800_000_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """audience = waiting + the sum of excluded (by reason). Counted in recipients."""

    audience: int
    waiting: int
    excluded: dict[str, int]


@dataclass(frozen=True, slots=True)
class Group:
    """Some subscribers of one carrier and bucket, who all hear it, or are all left out. left_out: why; "": they hear
    it. numbers: elements as octets. variant: which of the campaign's messages they hear. part: of the carrier's people,
    for a first share (`parter`)."""

    carrier_no: CarrierNo
    bucket: int
    left_out: str
    numbers: bytes
    variant: int = 0
    part: int = 0


async def audience(
    home: Connection, carriers: Sequence[CarrierNo], reasons: Reasons, choice: Choice | None = None
) -> AsyncIterator[Sequence[Group]]:
    """The subscribers of these carriers, as home numbers them: about a million at a time. choice: who of them; None:
    all.

    Within a repeatable-read transaction, so that an import meanwhile changes nothing. reasons: who is left out.
    """
    if choice is not None and choice.selection.nobody:
        return
    who = "audience" if choice is None else "chosen"
    more = (list(carriers), *(() if choice is None else (choice.selection.classes,)))
    if await citus.is_spread(home):
        held: list[Group] = []
        for bucket in range(BUCKETS):
            held += _groups(await home.fetch(sql(f"{who}_bucket"), bucket, *more), reasons, choice)
            if sum(len(group.numbers) for group in held) >= _PART_PEOPLE * _ELEMENT:
                yield held
                held = []
        yield held
        return
    pages = await home.fetchval(sql("subscriber_pages"))
    for first in range(0, pages, _PART_PAGES):
        part = (first, 0), (first + _PART_PAGES, 0)
        yield _groups(await home.fetch(sql(f"{who}_pages"), *part, *more), reasons, choice)


def _groups(rows: Sequence[asyncpg.Record], reasons: Reasons, choice: Choice | None) -> list[Group]:
    found: list[Group] = []
    for row in rows:
        key, numbers = row["key"], row["msisdns"]
        left_out = REASONS[reasons[key & 15]]
        if choice is None:
            found.append(Group(CarrierNo(key >> 10), key >> 4 & 63, left_out, numbers[_HEAD_OCTETS:]))
        else:
            found += _chosen(key >> 4, left_out, numbers, choice)
    return found


def _chosen(key: int, left_out: str, numbers: bytes, choice: Choice) -> Iterator[Group]:
    """key: carrier, class and bucket, as chosen_pages makes it."""
    carrier_no, of_class, bucket = CarrierNo(key >> 21), key >> 6 & 32_767, key & 63
    heard = choice.selection.heard[of_class]
    part = choice.selection.parts[of_class] if choice.selection.parts else 0
    if len(set(heard)) == 1:  # whatever lists they are on
        yield Group(carrier_no, bucket, left_out, numbers[_HEAD_OCTETS:], heard[0], part)
        return
    for variant, some in choice.by_variant(of_class, arrays.numbers(numbers)):
        if len(some):
            yield Group(carrier_no, bucket, left_out, arrays.elements(some), variant, part)


class Cutter:
    """Makes the slices and exclusions of one ledger. sizes: of a slice, by the ledger's carrier_no, of its carriers;
    whoever is of another one is left out, `not_connected`. ledger: its name, '' where home is the only one. graded: the
    last of each carrier are cut ever smaller: no worker has many left when the others have none."""

    def __init__(
        self,
        connection: Connection,
        campaign_id: CampaignId,
        sizes: Mapping[CarrierNo, int],
        ledger: str = "",
        graded: bool = False,
    ) -> None:
        self._connection = connection
        self._graded = graded
        self._ledger = ledger
        self._campaign_id = campaign_id
        self._sizes = sizes
        self._waiting: dict[tuple[CarrierNo, int, float, int], bytearray] = {}
        self._excluded: dict[tuple[CarrierNo, str], bytearray] = {}
        self.gate: Gate | None = None  # who is let go when; None: everybody at once
        self.share: int | None = None  # percent of each carrier and part who go ahead; None: nobody does
        self._shares: dict[tuple[CarrierNo, int], FirstShare] = {}

    def add(self, carrier_no: CarrierNo, group: Group) -> None:
        """carrier_no: the ledger's. Nobody of a bucket that is another pass's."""
        if self.gate is not None and group.bucket not in self.gate.buckets:
            return
        if carrier_no not in self._sizes:
            self._excluded.setdefault((carrier_no, "not_connected"), bytearray()).extend(group.numbers)
        elif group.left_out:
            self._excluded.setdefault((carrier_no, group.left_out), bytearray()).extend(group.numbers)
        else:
            for moment, numbers in self.gate.parted(group.numbers) if self.gate else ((NOW, group.numbers),):
                if moment == NEVER:
                    self._excluded.setdefault((carrier_no, "capped"), bytearray()).extend(numbers)
                    continue
                for stage, some in self._staged(carrier_no, group.part, numbers):
                    key = carrier_no, group.variant, moment, stage
                    self._waiting.setdefault(key, bytearray()).extend(some)

    def _staged(self, carrier_no: CarrierNo, part: int, numbers: bytes) -> Iterator[tuple[int, bytes]]:
        """By `slice.stage`: who goes ahead, and who waits for how that went."""
        if self.share is None:
            yield 0, numbers
            return
        share = self._shares.setdefault((carrier_no, part), FirstShare(self.share))
        yield from enumerate(share.parted(numbers))

    async def write(self, last: bool = True) -> None:
        """What was added since: each carrier ends with a shorter row for each message and moment. last: else the end of
        what is graded is kept for the next time."""
        slices, held = [], []
        kept: dict[tuple[CarrierNo, int, float, int], bytearray] = {}
        for key, added in self._waiting.items():
            carrier_no, variant, moment, stage = key
            size = min(self._sizes[carrier_no], self.gate.most if self.gate else self._sizes[carrier_no])
            if self._graded and not last:
                at = cutting.until(len(added) // _ELEMENT, size) * _ELEMENT
                kept[key] = added[at:]
                del added[at:]
            for numbers in _cut(added, cutting.parts(len(added) // _ELEMENT, size, self._graded and last)):
                row = _int2(carrier_no), _int2(variant), _int4(len(numbers) // _ELEMENT), _array(numbers)
                if moment == NOW and stage == 0:
                    slices.append(self._row(*row))
                else:
                    held.append(self._row(*row, b"held", _time(moment), _int2(stage)))
        exclusions = [
            self._row(_int2(carrier_no), reason.encode(), _array(numbers))
            for (carrier_no, reason), added in self._excluded.items()
            for numbers in _cut(added, cutting.parts(len(added) // _ELEMENT, _EXCLUSION_SIZE))
        ]
        self._waiting, self._excluded = kept, {}
        with naming(self._ledger):
            columns = "campaign_id", "carrier_no", "variant", "total", "msisdns"
            await self._copy("slice", columns, slices)
            await self._copy("slice", (*columns, "state", "not_before", "stage"), held)
            await self._copy("exclusion", ("campaign_id", "carrier_no", "reason", "msisdns"), exclusions)

    async def tallied(self) -> Snapshot:
        """The first tallies, from all that was written. Raises BroadcastError when they are not the audience."""
        tallied = await self._connection.fetchrow(sql("snapshot_tallies"), self._campaign_id)
        rows = await self._connection.fetch(sql("excluded"), self._campaign_id)
        reasons = {row["reason"]: row["recipients"] for row in rows}
        if tallied is None or tallied["excluded"] != sum(reasons.values()):
            raise BroadcastError(_("the snapshot does not conserve its audience: nothing was launched"))
        return Snapshot(tallied["waiting"] + tallied["excluded"], tallied["waiting"], reasons)

    def _row(self, *fields: bytes | None) -> bytes:
        """Of a binary COPY. None: null."""
        values = (_int4(self._campaign_id), *fields)
        return _int2(len(values)) + b"".join(
            _NULL if each is None else _int4(len(each)) + each for each in values
        )

    async def _copy(self, table: str, columns: Sequence[str], rows: Sequence[bytes]) -> None:
        if rows:
            await copy_in(self._connection, table, columns, b"".join((HEADER, *rows, TRAILER)))


Place = Callable[[CarrierNo, int], tuple[Cutter, CarrierNo]]


async def take_snapshot(groups: AsyncIterator[Sequence[Group]], place: Place) -> None:
    """Write everybody. place: by carrier_no at home and bucket, where they go, and the carrier's number there."""
    known: dict[int, Cutter] = {}
    async for part in groups:
        cutters: dict[int, Cutter] = {}
        # in the order of the subscribers' key, so that the slices that may hold a number are few
        for group in sorted(part, key=lambda each: (each.carrier_no, each.bucket)):
            cutter, carrier_no = place(group.carrier_no, group.bucket)
            cutters[id(cutter)] = cutter
            cutter.add(carrier_no, group)
        known |= cutters
        await _write(cutters.values(), last=False)
    await _write(known.values(), last=True)


async def _write(cutters: Iterable[Cutter], last: bool) -> None:
    """Each to its end, for whoever tidies up needs their connections."""
    ended = await asyncio.gather(*(each.write(last) for each in cutters), return_exceptions=True)
    if failed := [each for each in ended if each is not None]:
        raise failed[0]


def _cut(numbers: bytearray, sizes: Iterable[int]) -> Iterator[bytes]:
    """Elements, so many of them a time."""
    at = 0
    for size in sizes:
        yield bytes(numbers[at : at + size * _ELEMENT])
        at += size * _ELEMENT


def _array(elements: bytes) -> bytes:
    return b"".join((_HEAD, _int4(len(elements) // _ELEMENT), _FIRST, elements))


def _time(at: float) -> bytes | None:
    """A timestamptz: microseconds since 2000, rounded up. NOW: none."""
    return None if at == NOW else (ceil(at * 1_000_000) - _EPOCH_US).to_bytes(8, "big", signed=True)


def _int2(value: int) -> bytes:
    return value.to_bytes(2, "big", signed=True)


def _int4(value: int) -> bytes:
    return value.to_bytes(4, "big", signed=True)
