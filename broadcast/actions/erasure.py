"""Who asks to be erased, and who asks what is known of them.

Asked for, a number is off the list at once, and workers take it out of what runs. `erase_due` does the rest: by a
timer, as often as one likes, within a day. Everything is tried again until it is done, and only then is the number
itself forgotten; what stays is a keyed digest, so that no import brings it back.
"""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from broadcast.actions.reading import note_read
from broadcast.actions.session import Session
from broadcast.audience import erased, learnt, subscribers
from broadcast.campaign.refusals import told
from broadcast.config.ledgers import BUCKETS
from broadcast.errors import RefusedError
from broadcast.ids import CampaignId
from broadcast.languages import _
from broadcast.ledger import erasure, learn
from broadcast.ledger.erasure import Wanted
from broadcast.ledger.nameless import Tombstones
from broadcast.store.queries import sql
from broadcast.store.types import Connection

OVERDUE_S: Final = 20 * 3600  # from then on no receipt is waited for: 24 h are promised


@dataclass(frozen=True, slots=True)
class Asked:
    """asked: not asked for before; subscribers: of them those who were on the list."""

    numbers: int
    asked: int
    subscribers: int


@dataclass(frozen=True, slots=True)
class Due:
    """erased: they stand nowhere any more. waiting: something that goes on needs them. archives: made anew."""

    erased: int
    waiting: int
    oldest: datetime | None
    archives: int


async def erase(session: Session, numbers: Collection[int]) -> Asked:
    """From now on they are on no list, and in nothing that is launched. Raises RefusedError: too many a day."""
    home = session.connection
    with told():
        key = await erased.key(home)
        digests = [erased.digest(key, each) for each in numbers]
        async with home.transaction():
            await home.execute(sql("opt_out_claim"))
            asked = await home.fetchval(sql("erasure_ask"), list(numbers), digests)
            gone = await _off_the_list(home, numbers)
            nothing = [None] * len(numbers)  # as who opts out: what runs lets them go
            await home.execute(sql("note_opt_outs"), list(numbers), nothing, nothing)
    return Asked(len(numbers), asked, gone)


async def _off_the_list(home: Connection, numbers: Iterable[int]) -> int:
    gone = 0
    for bucket in sorted({each % BUCKETS for each in numbers}):
        gone += await home.fetchval(sql("erasure_subscribers"), bucket)
    await home.execute(sql("erasure_named_lists"))
    await home.execute(sql("erasure_learnt"))
    return gone


async def may_return(session: Session, numbers: Collection[int]) -> int:
    """They asked to be heard again: an import may bring them in. Returns how many had been erased, or were to be."""
    with told():
        key = await erased.key(session.connection)
        done: int = await session.connection.fetchval(
            sql("erasure_unerase"), [erased.digest(key, each) for each in numbers]
        )
    return done


async def erase_due(session: Session) -> Due:
    """Whoever asked for it is erased, where nothing that goes on needs them. Each try does what is left.

    Raises RefusedError while another one is at it; what keeps a ledger or an archive from being reached: then nobody
    counts as erased.
    """
    home = session.connection
    if not await home.fetchval(sql("erasure_lock")):
        raise RefusedError(_("somebody erases just now, or archives an alert: try again in a while"))
    try:
        return await _erase_due(session)
    finally:
        if not home.is_closed():
            await home.execute(sql("erasure_unlock"))


async def _erase_due(session: Session) -> Due:
    home = session.connection
    rows = await home.fetch(sql("erasures_open"), OVERDUE_S)
    numbers = frozenset(row["msisdn"] for row in rows)
    overdue = frozenset(row["msisdn"] for row in rows if row["overdue"])
    wanted = Wanted(numbers, overdue, await erased.load(home), session.config.country.country_code)
    left = set(numbers) if numbers and not await _is_off_the_list(home, numbers) else set[int]()
    archives = 0
    async with session.all_parts() as parts:
        for part in parts.all():
            if not part.home and not await part.connection.fetchval(sql("erasure_lock")):
                raise RefusedError(
                    _("ledger {name}: somebody archives an alert, try again in a while", name=part.name)
                )
            left |= await erasure.erase(part.connection, wanted)
            archives += await _from_archives(part.connection, numbers)
    done = [row["erasure_no"] for row in rows if row["msisdn"] not in left]
    gone = numbers - left
    if done:
        tombstones = Tombstones()
        await home.execute(
            sql("erase_opt_outs"), list(gone), [tombstones.of(erasure.NO_CAMPAIGN, each) for each in gone]
        )
        await home.execute(sql("erasure_done"), done)
    oldest = min((row["asked_at"] for row in rows if row["msisdn"] in left), default=None)
    return Due(len(done), len(left), oldest, archives)


async def _is_off_the_list(home: Connection, numbers: Collection[int]) -> bool:
    """Unless an import runs, which may have read them before they asked."""
    async with home.transaction():
        alone = await home.fetchval(sql("import_lock"))
        await _off_the_list(home, numbers)
    return bool(alone)


async def _from_archives(connection: Connection, numbers: Collection[int]) -> int:
    from broadcast.archive.erase import (
        erase as erase_files,
    )  # its Parquet reader takes memory, and time to load

    made = 0
    for row in await connection.fetch(sql("archives_here")):
        made += await erase_files(connection, CampaignId(row["campaign_id"]), numbers)
    return made


async def export(session: Session, msisdn: int) -> dict[str, Any]:
    """All that is known of one number, for whoever has it: the list, opt-outs, each campaign, what they wrote."""
    home = session.connection
    row = await home.fetchrow(sql("subscriber_everything"), msisdn)
    ports, aside = await learnt.of_number(home, msisdn)
    found: dict[str, Any] = {
        "msisdn": str(msisdn),
        "subscriber": None if row is None else dict(row),
        "do_not_call_since": await home.fetchval(sql("do_not_call_since"), msisdn),
        "consents": [asdict(each) for each in await subscribers.consents(home, msisdn)],
        "lists": [row["name"] for row in await home.fetch(sql("lists_of"), msisdn)],
        "opt_outs": [dict(each) for each in await home.fetch(sql("opt_outs_of"), msisdn)],
        "ported": [asdict(each) for each in ports],
        "set_aside": None if aside is None else asdict(aside),
        "not_reached": [],
        "campaigns": [],
        "replies": [],
    }
    async with session.all_parts() as parts:
        for part in parts.all():
            found["campaigns"] += await _campaigns(part.connection, msisdn)
            found["not_reached"] += [asdict(each) for each in await learn.of_number(part.connection, msisdn)]
            found["replies"] += [
                dict(each) for each in await part.connection.fetch(sql("replies_of"), msisdn)
            ]
    await note_read(session, "export", 1)
    return found


async def _campaigns(connection: Connection, msisdn: int) -> list[dict[str, Any]]:
    found = [dict(row) for row in await connection.fetch(sql("exclusions_of"), msisdn)]
    for row in await connection.fetch(sql("campaigns_of"), msisdn):
        history = await connection.fetch(sql("history_of"), row["name"], msisdn)
        found.append({"campaign": row["name"], "history": [dict(each) for each in history]})
    return found + await _archived(connection, msisdn)


async def _archived(connection: Connection, msisdn: int) -> list[dict[str, Any]]:
    from broadcast.archive.find import find

    rows = await connection.fetch(sql("archives_here"))
    return [each for row in rows for each in await find(connection, CampaignId(row["campaign_id"]), msisdn)]
