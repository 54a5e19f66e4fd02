"""Takes people out of one database, who asked to be erased: nothing there says their number afterwards.

States, times and counts of theirs stay, so that the books of old campaigns balance as before; a tombstone stands where
the number stood (nameless.py). While a campaign goes on somebody in it is still needed: whoever waits is taken out of
their slice (opt_outs.py), and of whom the SMSC has the message the receipt is waited for, not longer than a day.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
import numpy as np

from broadcast.audience.erased import Erased
from broadcast.config.ledgers import BUCKETS
from broadcast.ids import SliceId
from broadcast.ledger.nameless import Tombstones, national, without, without_octets
from broadcast.ledger.packing.failing import pack_failing, unpack_failing
from broadcast.ledger.packing.received import numbers_in, with_numbers
from broadcast.ledger.replies import columns, make_spans
from broadcast.store.plans import LOOK_UP
from broadcast.store.queries import sql
from broadcast.store.types import Connection

NO_CAMPAIGN: Final = 0
_UNREAD: Final = ("new", "waiting")  # of raw messages: somebody reads them within a second, or never


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom to erase. overdue: those of them for whom nothing is waited for any more. known: all who ever asked."""

    numbers: frozenset[int]
    overdue: frozenset[int]
    known: Erased
    country_code: str

    @property
    def texts(self) -> frozenset[str]:
        """Their digits, as they stand in each spelling."""
        return frozenset(national(each, self.country_code) for each in self.numbers)


@dataclass(slots=True)
class _Pass:
    """One pass over a database. left: whom it may not take out yet."""

    connection: Connection
    wanted: Wanted
    tombstones: Tombstones = field(default_factory=Tombstones)
    left: set[int] = field(default_factory=set)

    def may(self, msisdn: int, *, over: bool, needless: bool) -> bool:
        """Whether this one's number goes from here now. over: the campaign is finished; needless: nothing may be sent
        to it, or is in doubt."""
        if over or (needless and msisdn in self.wanted.overdue):
            return True
        self.left.add(msisdn)
        return False

    async def fetch(self, query: str, *given: Any) -> list[asyncpg.Record]:
        return await self.connection.fetch(sql(query), *given)


async def erase(connection: Connection, wanted: Wanted) -> frozenset[int]:
    """Take them out of one database's ledger; who is still needed there. Repeated, it does the rest."""
    here = _Pass(connection, wanted)
    if wanted.numbers:
        async with connection.transaction():
            await connection.execute(LOOK_UP)
            await _from_slices(here)
            await _from_doubts(here)
            await _from_exclusions(here)
            await _from_failing(here)
        async with connection.transaction():
            await _from_replies(here)
            await _from_inbound(here)
            await _from_what_was_strange(here)
    await _from_receipts(here)
    return frozenset(here.left)


async def _from_slices(here: _Pass) -> None:
    await make_spans(here.connection)
    asked = sorted(here.wanted.numbers)
    recalled: list[SliceId] = []
    gone: list[tuple[SliceId, int, int, int]] = []
    for row in await here.fetch("erasure_places", asked):
        slice_id, msisdn = row["slice_id"], row["msisdn"]
        if not row["over"] and row["waiting"]:
            recalled.append(slice_id)
        if here.may(msisdn, over=row["over"], needless=row["settled"] and not row["waiting"]):
            other = here.tombstones.of(row["campaign_id"], msisdn)
            gone.append((slice_id, row["ordinal"] + 1, msisdn, other))
    await here.connection.executemany(sql("erase_place"), gone)
    await here.connection.execute(sql("erase_spans"), sorted({slice_id for slice_id, *_ in gone}))
    await here.connection.execute(sql("erasure_recall"), recalled)


async def _from_doubts(here: _Pass) -> None:
    gone = [
        (row["slice_id"], row["ordinal"], here.tombstones.of(row["campaign_id"], row["msisdn"]))
        for row in await here.fetch("erasure_doubts", sorted(here.wanted.numbers))
        if here.may(row["msisdn"], over=row["over"], needless=row["ended"])
    ]
    await _write(here, "erase_doubts", gone)


async def _from_exclusions(here: _Pass) -> None:
    """Nothing is ever sent by these: they need not wait."""
    for row in await here.fetch("erasure_exclusions", sorted(here.wanted.numbers)):
        numbers = [
            here.tombstones.of(row["campaign_id"], each) if each in here.wanted.numbers else each
            for each in row["msisdns"]
        ]
        await here.connection.execute(sql("erase_exclusion"), row["place"], numbers)


async def _from_failing(here: _Pass) -> None:
    """For how many campaigns they were not reached is nobody's business any more."""
    for bucket in sorted({each % BUCKETS for each in here.wanted.numbers}):
        for row in await here.fetch("failing_rows_of", bucket):
            those = unpack_failing(row["packed"], f"{row['carrier']}, {bucket}")
            kept = those.take(~np.isin(those.msisdns, list(here.wanted.numbers)))
            if len(kept) < len(those):
                key = row["carrier_no"], bucket, len(kept)
                await here.connection.execute(sql("failing_write"), *key, pack_failing(kept))


async def _from_replies(here: _Pass) -> None:
    """What they wrote goes, and their number from what others wrote."""
    gone, texts = [], here.wanted.texts
    for row in await here.fetch("erasure_replies", sorted(here.wanted.numbers)):
        msisdn, text = row["msisdn"], row["text"]
        if msisdn in here.wanted.numbers:
            if here.may(msisdn, over=row["effect"] is not None, needless=True):
                gone.append((row["reply_no"], here.tombstones.of(row["campaign_id"], msisdn), ""))
        elif (struck := without(text, texts)) != text:
            gone.append((row["reply_no"], msisdn, struck))
    await _write(here, "erase_replies", gone)


async def _from_inbound(here: _Pass) -> None:
    gone, texts = [], here.wanted.texts
    async for row in here.connection.cursor(sql("erasure_inbound")):
        msisdn, source, payload = row["msisdn"], row["source"], row["payload"]
        whose = msisdn if msisdn in here.wanted.numbers else _number(source, here.wanted)
        if whose is not None:
            if here.may(whose, over=row["state"] not in _UNREAD, needless=True):
                gone.append((row["inbound_no"], None, "", b""))
            continue
        struck = without_octets(payload, texts)
        named = without(source, texts)
        if (struck, named) != (payload, source):
            gone.append((row["inbound_no"], msisdn, named, struck))
    await _write(here, "erase_inbound", gone)


def _number(source: str, wanted: Wanted) -> int | None:
    """Whose address that is, of those who are to be erased."""
    digits = source.lstrip("+0")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > len(str(2**63)) - 1:
        return None
    spelt = (int(digits), int(wanted.country_code + digits))
    return next((each for each in spelt if each in wanted.numbers), None)


async def _from_what_was_strange(here: _Pass) -> None:
    texts = here.wanted.texts
    for row in await here.fetch("erasure_quarantine"):
        struck = without_octets(row["pdu"], texts)
        if struck != row["pdu"]:
            await here.connection.execute(sql("erase_quarantine"), row["carrier_no"], row["digest"], struck)
    for row in await here.fetch("erasure_oddities"):
        value = without(row["value"], texts)
        if value != row["value"]:
            key = row["carrier_no"], row["kind"], row["value"]
            await here.connection.execute(sql("erase_oddity"), *key, value)


async def _from_receipts(here: _Pass) -> None:
    """Those that fit nothing, and those that wait to be resolved: of who is erased now, and of whoever was before."""
    needed = here.left & here.wanted.numbers

    def names(numbers: Collection[int]) -> dict[int, int]:
        found = (here.wanted.numbers & set(numbers)) | here.wanted.known.among(numbers)
        return {each: here.tombstones.of(NO_CAMPAIGN, each) for each in found - needed}

    await _strike(here, "parked", ("carrier_no", "no"), names)
    await _strike(here, "received", ("carrier_no", "worker_no", "batch"), names)


async def _strike(
    here: _Pass, table: str, key: Sequence[str], names: Callable[[Collection[int]], dict[int, int]]
) -> None:
    """Row by row: a resolver writes beside it."""
    for row in await here.fetch(f"erasure_{table}"):
        if others := names(numbers_in(row["packed"])):
            struck = with_numbers(row["packed"], others)
            await here.connection.execute(sql(f"erase_{table}"), *(row[each] for each in key), struck)


async def _write(here: _Pass, query: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        await here.connection.execute(sql(query), *columns(rows))
