"""What was learnt of numbers, at home: whose they are by now, who is set aside and who is tried again.

Everything here may be repeated: it says how things are to be, and is done when they are. Rows of `subscriber` are
never waited for, bucket by bucket, each in a transaction of its own: whoever opts out meanwhile does not wait either.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from broadcast.audience.subscribers import by_bucket
from broadcast.config.ledgers import BUCKETS
from broadcast.errors import RefusedError
from broadcast.ids import CampaignId, CarrierNo
from broadcast.languages import _
from broadcast.rules.standing import SET_ASIDE
from broadcast.store.locks import Lock
from broadcast.store.queries import sql
from broadcast.store.types import Connection

T = TypeVar("T")

MOST: Final = 5_000  # numbers of a bucket in one statement
DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Said:
    """Of one number of `carrier_no` that it is another's. to: whose; None: nobody said. at: us."""

    msisdn: int
    to: CarrierNo | None
    said: str
    at: int


@dataclass(frozen=True, slots=True)
class Dead:
    """since: the first of so many campaigns that did not reach them."""

    msisdn: int
    since: CampaignId
    campaigns: int


@dataclass(frozen=True, slots=True)
class Port:
    """What was said of a number. was, now: names of carriers; now None: nobody said whose it is. heeded: the list goes
    by it."""

    was: str
    now: str | None
    heeded: bool
    campaign: str | None
    said: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Aside:
    """Since when somebody is set aside, for so many campaigns from `since` to `last`."""

    at: datetime
    campaigns: int
    since: str | None
    last: str | None


async def check_no_import(home: Connection) -> None:
    """Raises RefusedError while an import runs, which holds rows of subscribers until its end."""
    if await home.fetchval(sql("importing_now"), Lock.IMPORTING):
        raise RefusedError(_("an import runs, which holds people of the list: try again when it has ended"))


async def note_ports(
    home: Connection, carrier_no: CarrierNo, said: Sequence[Said], campaign_id: CampaignId
) -> int:
    """Numbers of this carrier are another's: who is named gets them, if the list still has them where they were.
    Returns how many are routed by what was said. Raises RefusedError while somebody holds any of them."""
    routed = 0
    for those in _buckets({each.msisdn: each for each in said}):
        async with home.transaction():
            held = await _held(home, list(those))
            heeded = {
                each.msisdn: each.to is not None
                and each.to != carrier_no
                and held.get(each.msisdn, (carrier_no, 0))[0] in (carrier_no, each.to)
                for each in those.values()
            }
            await _route(home, carrier_no, [each for each in those.values() if heeded[each.msisdn]])
            rows = [
                (each.msisdn, carrier_no, each.to, heeded[each.msisdn], each.said, each.at)
                for each in those.values()
            ]
            await home.execute(sql("note_ports"), *map(list, zip(*rows, strict=True)), campaign_id)
            routed += sum(heeded.values())
    return routed


async def _route(home: Connection, carrier_no: CarrierNo, those: Sequence[Said]) -> None:
    to: defaultdict[CarrierNo, list[int]] = defaultdict(list)
    for each in those:
        assert each.to is not None
        to[each.to].append(each.msisdn)
    for other, numbers in to.items():
        await by_bucket(home, "route_ported", numbers, carrier_no, other)
    await home.execute(sql("ports_outdated"), [each.msisdn for each in those], carrier_no)


async def stand_aside(
    home: Connection, carrier_no: CarrierNo, dead: Sequence[Dead], campaign_id: CampaignId
) -> int:
    """Those who are subscribers of this carrier are set aside. Returns how many this campaign did so to; whoever was it
    before stays as they are. Raises RefusedError while somebody holds any of them."""
    done = 0
    for those in _buckets({each.msisdn: each for each in dead}):
        async with home.transaction():
            held = await _held(home, list(those))
            new = [
                those[msisdn]
                for msisdn, (of_carrier, standing) in held.items()
                if of_carrier == carrier_no and not standing & SET_ASIDE
            ]
            await by_bucket(home, "stand_aside", [each.msisdn for each in new])
            columns = (
                [each.msisdn for each in new],
                [each.since for each in new],
                [each.campaigns for each in new],
            )
            await home.execute(sql("note_set_aside"), *columns, campaign_id)
            done += await home.fetchval(sql("set_aside_by"), list(those), campaign_id)
    return done


async def stand_back(home: Connection, numbers: Collection[int]) -> int:
    """They were reached, or wrote: whoever of them was set aside is not any more. Returns how many that were. Raises
    RefusedError while somebody holds any of them."""
    done = 0
    for those in _buckets(dict.fromkeys(numbers)):
        rows = await home.fetch(sql("set_aside_among"), list(those))
        if rows:
            async with home.transaction():
                done += await _back(home, [row["msisdn"] for row in rows])
    return done


async def try_again(home: Connection, after_days: int, most: int = MOST) -> int:
    """Of those who were set aside so long ago the first `most` are tried again: one more failure sets them aside anew.
    Returns how many. Raises as `stand_back`; nobody is then."""
    async with home.transaction():
        rows = await home.fetch(sql("set_aside_long"), after_days * DAY_S, most)
        return await _back(home, [row["msisdn"] for row in rows]) if rows else 0


async def _back(home: Connection, numbers: Sequence[int]) -> int:
    await _held(home, numbers)
    await by_bucket(home, "stand_back", numbers)
    await home.execute(sql("forget_set_aside"), numbers)
    return len(numbers)


async def _held(home: Connection, numbers: Sequence[int]) -> dict[int, tuple[CarrierNo, int]]:
    """Those of them who are subscribers, locked: carrier and standing."""
    known = {row["msisdn"] for row in await by_bucket(home, "subscribers_known", numbers)}
    held = {
        row["msisdn"]: (CarrierNo(row["carrier_no"]), row["standing"])
        for row in await by_bucket(home, "learning_held", sorted(known))
    }
    if len(held) < len(known):
        raise RefusedError(_("somebody changes some of these people just now: try again in a while"))
    return held


def _buckets(by_number: Mapping[int, T]) -> Iterator[dict[int, T]]:
    """Some of one bucket at a time."""
    order = sorted(by_number, key=lambda msisdn: (msisdn % BUCKETS, msisdn))
    some: dict[int, T] = {}
    for msisdn in order:
        if some and (len(some) >= MOST or next(iter(some)) % BUCKETS != msisdn % BUCKETS):
            yield some
            some = {}
        some[msisdn] = by_number[msisdn]
    if some:
        yield some


async def of_number(home: Connection, msisdn: int) -> tuple[list[Port], Aside | None]:
    """What was learnt of one number."""
    row = await home.fetchrow(sql("set_aside_row"), msisdn)
    known = await home.fetchrow(sql("subscriber_by_msisdn"), msisdn)
    if known is not None and not known["standing"] & SET_ASIDE:
        row = None  # an import has them at another carrier since
    ports = [Port(**each) for each in await home.fetch(sql("ports_of"), msisdn)]
    return ports, None if row is None else Aside(**row)
