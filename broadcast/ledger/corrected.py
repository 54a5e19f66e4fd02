"""Who may have heard a campaign, for its correction: by each ledger's own rows, slice by slice, as arrays.

Numbers and carriers are those of the slices: who has been ported since, or has left the list, heard it there. Nobody is
asked for at home but who is left out since, where the correction is no emergency: they opted out, say. Who was set
aside since is told: they may have heard it.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from broadcast.audience import consents, do_not_call
from broadcast.audience.distinct import distinct
from broadcast.audience.snapshot import Group
from broadcast.config import Config
from broadcast.errors import RefusedError
from broadcast.ids import CampaignId, CarrierNo
from broadcast.languages import _
from broadcast.ledger import recount
from broadcast.ledger.withdrawn import may_have_heard
from broadcast.rules.standing import REASONS, Reasons
from broadcast.store import arrays, plans
from broadcast.store.ledgers import Part
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_STOPPED_S: Final = 2.0  # law 7: from then on nothing leaves of what was stopped
_LOOK_S: Final = 0.1
_PART_PEOPLE: Final = 1_000_000

_NOBODY: Final = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Sorted numbers, each once. consented: who agreed; None: nobody need."""

    opted_out: NDArray[np.int64] = field(default_factory=lambda: _NOBODY)
    do_not_call: NDArray[np.int64] = field(default_factory=lambda: _NOBODY)
    consented: NDArray[np.int64] | None = None

    def parted(self, numbers: NDArray[np.int64]) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """By why they are left out, in the order of rules/standing.py; at last, under "", who is not. Pure."""
        for reason, those in (("opted_out", self.opted_out), ("do_not_call", self.do_not_call)):
            out = _among(numbers, those)
            yield reason, numbers[out]
            numbers = numbers[~out]
        if self.consented is not None:
            agree = _among(numbers, self.consented)
            yield "no_consent", numbers[~agree]
            numbers = numbers[agree]
        yield "", numbers


def _among(numbers: NDArray[np.int64], those: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of a few are among many, which are sorted."""
    if not len(those):
        return np.zeros(len(numbers), np.bool_)
    found: NDArray[np.bool_] = those[np.minimum(np.searchsorted(those, numbers), len(those) - 1)] == numbers
    return found


@dataclass(frozen=True, slots=True)
class Heard:
    """The campaign that is corrected. segments: of a message, at most. variants: the correction's, by the number of the
    message that somebody heard."""

    campaign_id: CampaignId
    name: str
    launched_at: datetime
    segments: int
    variants: Sequence[int] = (0,)


class Corrected:
    """Implements the launch's Hearers. reasons: whom the correction leaves out."""

    def __init__(self, of: Heard, config: Config, reasons: Reasons) -> None:
        self._of = of
        self._config = config
        self._reasons = reasons

    @property
    def corrects(self) -> CampaignId:
        """See Hearers."""
        return self._of.campaign_id

    async def settled(self, home: Connection, parts: Sequence[Part]) -> list[str]:
        """The names of the ledgers that have people of it, once nothing of it leaves any more: after 2 s at the most.

        Raises RefusedError: it goes on, or its people are not to be had.
        """
        await self.check(home)
        there = [part for part in parts if await self.check(part.connection)]
        known = {row["ledger"] for row in await home.fetch(sql("campaign_parts"), self._of.campaign_id)}
        if missing := sorted(known - {part.name for part in there}):
            raise RefusedError(
                _(
                    "whoever heard {name} by ledger {ledgers} is not known there any more: draft an alert to everybody"
                    " instead",
                    name=self._of.name,
                    ledgers=", ".join(missing),
                )
            )
        for _look in range(int(_STOPPED_S / _LOOK_S)):
            if not await self._is_leased(there):
                break
            await asyncio.sleep(_LOOK_S)
        return [part.name for part in there]

    async def check(self, connection: Connection) -> bool:
        """Whether this database has it at all. Raises RefusedError while it goes on here, or it is in files."""
        row = await connection.fetchrow(sql("corrected_here"), self._of.campaign_id)
        if row is not None and row["archived"]:
            raise RefusedError(
                _(
                    "{name} is archived: who heard it is in files, and is not read from there; draft an alert to"
                    " everybody instead",
                    name=self._of.name,
                )
            )
        if row is not None and row["state"] == "running":
            raise RefusedError(
                _(
                    "{name} is still being sent: cancel it (`broadcast campaign cancel {name}`), or pause it, and"
                    " launch the correction then",
                    name=self._of.name,
                )
            )
        return row is not None

    async def left_out(self, home: Connection) -> LeftOut:
        """Who is left out, though they may have heard it: by their own word, or by what its category heeds. Who was set
        aside since is told."""
        heeded = {REASONS[each] for each in self._reasons}
        rows: list[Any] = []
        for query in ("opted_out_since", "strangers_out_since") if "opted_out" in heeded else ():
            rows += await home.fetch(sql(query), self._of.launched_at)
        return LeftOut(
            distinct(*(arrays.numbers(row["msisdns"]) for row in rows)),
            await do_not_call.members(home) if "do_not_call" in heeded else _NOBODY,
            await consents.consented(home) if "no_consent" in heeded else None,
        )

    async def groups(
        self, connection: Connection, carriers: Mapping[str, CarrierNo], left_out: LeftOut
    ) -> AsyncIterator[Sequence[Group]]:
        """Of one ledger, about a million at a time. carriers: its numbers, by name; left_out: of `left_out`. Within a
        repeatable-read transaction."""
        await connection.execute(plans.SETS)
        whole = {number: self._whole(name) for name, number in carriers.items()}
        async with plans.by_index(connection):
            places = await connection.fetch(sql("corrected_slices"), self._of.campaign_id, list(whole))
        held: list[Group] = []
        people = 0
        heard = {row["slice_id"]: row["variant"] for row in places}
        async for rows in recount.of_places(connection, places):
            numbers = may_have_heard(rows, whole=whole[rows.carrier_no])
            numbers = numbers[numbers > 0]  # who was erased since hears nothing more
            variant = self._of.variants[heard[rows.slice_id]]
            held += _groups(rows.carrier_no, variant, numbers, left_out)
            people += len(numbers)
            if people >= _PART_PEOPLE:
                yield held
                held, people = [], 0
            await asyncio.sleep(0)  # a server of others may run on this loop
        yield held

    def _whole(self, carrier: str) -> bool:
        """Do rows speak of every segment of a message there (quirk 21)?"""
        known = self._config.carriers.get(carrier)
        return self._of.segments == 1 or known is None or known.smpp.receipts == "all"

    async def _is_leased(self, parts: Collection[Part]) -> bool:
        looks = [
            await part.connection.fetchval(sql("corrected_leased"), self._of.campaign_id) for part in parts
        ]
        return any(looks)


def _groups(
    carrier_no: CarrierNo, variant: int, numbers: NDArray[np.int64], left_out: LeftOut
) -> list[Group]:
    """Bucket 0: the slices that they come from are in the order of the list already."""
    return [
        Group(carrier_no, 0, reason, arrays.elements(some), variant)
        for reason, some in left_out.parted(numbers)
        if len(some)
    ]
