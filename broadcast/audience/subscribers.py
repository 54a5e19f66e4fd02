"""Who is known: counts per carrier, one person, opting out."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from broadcast.audience.carriers import carrier_names, carrier_numbers
from broadcast.audience.cells import Unclear, read_unclear
from broadcast.audience.profiles import Profile, all_profiles, profile
from broadcast.config.ledgers import BUCKETS
from broadcast.errors import InputError, RefusedError
from broadcast.languages import _
from broadcast.rules.standing import CONSENTED, DO_NOT_CALL, SET_ASIDE
from broadcast.store import citus
from broadcast.store.clock import database_time
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_AREA: Final = 1
_LANGUAGE: Final = 2


@dataclass(frozen=True, slots=True)
class CarrierCount:
    """Subscribers of one carrier. ported: came from another one. without_area, without_language: of whom neither home
    nor last area, or no language, is known."""

    carrier: str
    subscribers: int = 0
    ported: int = 0
    opted_out: int = 0
    set_aside: int = 0
    do_not_call: int = 0
    consented: int = 0
    without_area: int = 0
    without_language: int = 0


@dataclass(frozen=True, slots=True)
class PastImport:
    """A finished import, counted in lines; refused: by reason; unclear: by column."""

    import_no: int
    source: str
    started_at: datetime
    finished_at: datetime
    lines: int
    imported: int
    updated: int
    duplicate: int
    refused: Mapping[str, int]
    unclear: Mapping[str, Unclear]


@dataclass(frozen=True, slots=True)
class Consent:
    """What one person said. given: they agree; else they took it back."""

    at: datetime
    given: bool
    source: str


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One person's row. do_not_call: since when they are on that list. consent: their newest word."""

    msisdn: int
    carrier: str
    ported: bool
    import_no: int
    opted_out_at: datetime | None
    profile: Profile
    set_aside: bool = False
    do_not_call: datetime | None = None
    consent: Consent | None = None


async def counts(connection: Connection) -> list[CarrierCount]:
    """Per carrier, by name; carriers without subscribers too. Nobody's row is read for it, but where these are spread
    over nodes."""
    query = "subscriber_counts" if await citus.is_spread(connection) else "counted_subscribers"
    rows = await connection.fetch(sql(query), await _known(connection))
    found: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for name, is_so in _facts(row).items():
            found[row["carrier_no"]][name] += row["subscribers"] if is_so else 0
    return [
        CarrierCount(name, **found[number]) for name, number in (await carrier_numbers(connection)).items()
    ]


def _facts(row: asyncpg.Record) -> dict[str, bool]:
    """Of a row of counts: of which of CarrierCount's it is."""
    standing = row["standing"] >> 1
    return {
        "subscribers": True,
        "ported": row["ported"],
        "opted_out": row["standing"] & 1 != 0,
        "set_aside": standing & SET_ASIDE != 0,
        "do_not_call": standing & DO_NOT_CALL != 0,
        "consented": standing & CONSENTED != 0,
        "without_area": not row["known"] & _AREA,
        "without_language": not row["known"] & _LANGUAGE,
    }


async def _known(connection: Connection) -> list[int]:
    """By number of the profile: of what it says something."""
    rows = await all_profiles(connection)
    found = [0] * (1 + max((each.profile_no for each in rows), default=0))
    for each in rows:
        found[each.profile_no] = (_AREA if each.area or each.seen else 0) | (
            _LANGUAGE if each.language else 0
        )
    return found


async def past_imports(connection: Connection, limit: int, until: datetime | None = None) -> list[PastImport]:
    """The newest first. until: those that had finished by then."""
    rows = await connection.fetch(sql("recent_imports"), limit, until)
    return [
        PastImport(
            **{
                **row,
                "refused": json.loads(row["refused"] or "{}"),
                "unclear": read_unclear(row["unclear"]),
            }
        )
        for row in rows
    ]


async def find(connection: Connection, msisdn: int) -> Subscriber:
    """Raises InputError when nobody has this number."""
    row = await connection.fetchrow(sql("subscriber_by_msisdn"), msisdn)
    if row is None:
        raise InputError(_("no subscriber has this number: see `broadcast subscriber import`"))
    names = await carrier_names(connection)
    return Subscriber(
        *(row["msisdn"], names[row["carrier_no"]], row["ported"], row["import_no"], row["opted_out_at"]),
        await profile(connection, row["profile_no"]),
        row["standing"] & SET_ASIDE != 0,
        await connection.fetchval(sql("do_not_call_since"), msisdn),
        next(iter(await consents(connection, msisdn)), None),
    )


async def consents(connection: Connection, msisdn: int) -> list[Consent]:
    """What somebody said, be they a subscriber or not, the newest first."""
    return [Consent(**row) for row in await connection.fetch(sql("consents_of"), msisdn)]


async def set_opt_out(connection: Connection, msisdn: int, opted_out: bool) -> Subscriber:
    """Opt out of all but emergencies, what runs already too, or in again for launches from now on.

    Raises InputError as `find`.
    """
    async with connection.transaction():
        await connection.execute(sql("opt_out_claim"))
        before = await find(connection, msisdn)
        at = await database_time(connection) if opted_out else None
        await connection.execute(sql("set_opt_out"), msisdn, at)
        if not opted_out:
            await connection.execute(sql("strangers_in"), [msisdn])
        if opted_out and before.opted_out_at is None:
            await connection.execute(sql("note_opt_outs"), [msisdn], [None], [None])
        return await find(connection, msisdn)


async def opt_all_out(connection: Connection, numbers: Sequence[int]) -> tuple[int, int]:
    """Those of them who are on the list opt out of all but emergencies, what runs already too. Returns how many are on
    it, and for how many that is new. Raises RefusedError while an import holds some: then nobody has opted out.

    Within a transaction of the caller's.
    """
    await connection.execute(sql("opt_out_claim"))
    known = {row["msisdn"] for row in await by_bucket(connection, "subscribers_known", numbers)}
    held = await by_bucket(connection, "subscribers_held", sorted(known))
    if len(held) < len(known):
        raise RefusedError(_("an import holds some of these people: try again when it has ended"))
    new = [row["msisdn"] for row in held if not row["opted_out"]]
    await by_bucket(connection, "set_opt_outs", new, await database_time(connection))
    nothing = [None] * len(new)
    await connection.execute(sql("note_opt_outs"), new, nothing, nothing)
    return len(known), len(new)


async def by_bucket(
    home: Connection, query: str, numbers: Iterable[int], *others: object
) -> list[asyncpg.Record]:
    """Rows of a named query about numbers, asked bucket by bucket ($1; $2: its numbers; then `others`): one node's each
    where the list is spread, and the same plan everywhere."""
    buckets: dict[int, list[int]] = {}
    for msisdn in numbers:
        buckets.setdefault(msisdn % BUCKETS, []).append(msisdn)
    return [
        row
        for bucket, those in sorted(buckets.items())
        for row in await home.fetch(sql(query), bucket, those, *others)
    ]
