"""Who was reached where, and why others were not: exact where all are asked, told as if of all where some are."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg
import pytest
from integration.ledger_world import World, make_world
from integration.packed_rows import DELIVERED, REJECTED, UNDELIVERABLE, WAITING, Person, us, write_slice

from broadcast.areas import tree as trees
from broadcast.audience.profiles import all_profiles
from broadcast.errors import DatabaseDownError
from broadcast.store.address import as_user
from broadcast.store.clock import database_time
from broadcast.store.ledgers import Away, Part, Parts
from broadcast.store.pool import connect
from broadcast.web import sample
from broadcast.web.document import AreaReached, Details, Failure
from broadcast.web.sample import Areas, Sample

FIRST = 84320000000
LASTED = timedelta(seconds=200)
# who lives where, and what became of them: three slices of four
LIVES = ["461", "461", "461", "48", "461", "48", "48", "", "461", "48", "", "461"]
STATES = [DELIVERED, DELIVERED, WAITING, DELIVERED, DELIVERED, UNDELIVERABLE, UNDELIVERABLE, DELIVERED, DELIVERED,
          REJECTED, DELIVERED, WAITING]  # fmt: skip


@pytest.fixture
async def alert(database_url: str, conn: asyncpg.Connection) -> AsyncIterator[tuple[World, datetime]]:
    """A campaign that began LASTED ago, and its moment of now."""
    world = await make_world(database_url, conn)
    now = await database_time(conn)
    await conn.execute("UPDATE campaign SET launched_at = $1", now - LASTED)
    await conn.execute(
        """INSERT INTO area (code, name, parent, kind, source, as_of)
           VALUES ('vn', 'Việt Nam', NULL, '', 'x', now()), ('01', 'Hà Nội', 'vn', '', 'x', now()),
                  ('48', 'Đà Nẵng', 'vn', '', 'x', now()), ('461', 'Ba Đình', '01', '', 'x', now())"""
    )
    await conn.execute(
        "INSERT INTO profile (profile_no, area, seen) VALUES (1, '461', NULL), (2, NULL, '48')"
    )
    for number, where in enumerate(LIVES):
        await conn.execute(
            """INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no, profile_no)
               VALUES ($1::bigint, $1::bigint % 64, $2, 1, $3)""",
            FIRST + number, world.carrier_no, {"461": 1, "48": 2, "": 0}[where],
        )  # fmt: skip
    begun = us(now - LASTED)
    people = [_person(FIRST + number, state, begun + 50_000_000) for number, state in enumerate(STATES)]
    for at in (0, 4, 8):
        await write_slice(conn, world.campaign_id, world.carrier_no, people[at : at + 4])
    yield world, now
    await world.writer._drop()


def _person(msisdn: int, state: int, at: int) -> Person:
    if state == WAITING:
        return Person(msisdn, state)
    if state == REJECTED:
        return Person(msisdn, state, err="status:ESME_RINVDSTADR", submitted_at=at, settled_at=at)
    err = "027" if state == UNDELIVERABLE else "000"
    return Person(msisdn, state, (str(msisdn),), err, at, at + 60_000_000)


async def read(home: asyncpg.Connection, alert: tuple[World, datetime]) -> Details:
    world, now = alert
    areas = Areas(await trees.load(home), await all_profiles(home))
    found = await Sample(world.campaign_id, now - LASTED).read(home, None, areas, now)
    assert found is not None
    return found


def read_from(monkeypatch: pytest.MonkeyPatch, told: list[Parts]) -> None:
    """Ledgers as they are at one reading after another."""

    @asynccontextmanager
    async def parts_of(*_asked: object) -> AsyncIterator[Parts]:
        yield told.pop(0)

    monkeypatch.setattr(sample, "parts_of", parts_of)


async def test_all_are_asked_where_they_are_few(
    conn: asyncpg.Connection, alert: tuple[World, datetime]
) -> None:
    found = await read(conn, alert)
    assert (found.asked, found.whole, found.nameless) == (12, True, False)
    # a country with one top: what is below it; a commune counts for its province, and where a carrier saw them last
    assert found.areas == (AreaReached("01", "Hà Nội", 6, 4), AreaReached("48", "Đà Nẵng", 4, 1))
    assert found.failures == (
        Failure("undeliverable", "027", 2),
        Failure("rejected", "status:ESME_RINVDSTADR", 1),
    )
    assert (found.curve[-1].sent, found.curve[-1].delivered) == (10, 7)
    assert found.curve[0].sent == 0
    began = alert[1] - LASTED
    assert next(each.at - began for each in found.curve if each.sent) == timedelta(seconds=51)
    assert next(each.at - began for each in found.curve if each.delivered) == timedelta(seconds=111)


async def test_some_are_asked_where_they_are_many(
    conn: asyncpg.Connection, alert: tuple[World, datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "PEOPLE", 4)
    found = await read(conn, alert)
    assert (found.asked, found.whole) == (4, False)
    assert found.areas == (AreaReached("01", "Hà Nội", 3, 3), AreaReached("48", "Đà Nẵng", 6, 0))
    assert found.failures == (Failure("undeliverable", "027", 6),)


async def test_a_ledger_that_was_away_comes_in_when_it_is_back(
    conn: asyncpg.Connection, alert: tuple[World, datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that have the same people: with one away nothing is told as exact, nor as if of who is not counted."""
    world, now = alert
    north, south = Part("north", conn, True), Part("south", conn, False)
    read_from(monkeypatch, [Parts([north], [Away("south", DatabaseDownError())]), Parts([north, south])])
    areas = Areas(await trees.load(conn), await all_profiles(conn))
    kept = Sample(world.campaign_id, now - LASTED)
    first, second = [await kept.read(conn, None, areas, now) for _ in range(2)]
    assert first is not None and second is not None
    assert (first.asked, first.whole, first.away) == (12, False, True)
    assert first.areas[0] == AreaReached("01", "Hà Nội", 6, 4)
    assert (second.asked, second.whole, second.away) == (24, True, False)
    assert second.areas[0] == AreaReached("01", "Hà Nội", 12, 8)


async def test_of_a_ledger_that_comes_later_the_same_share_is_asked(
    conn: asyncpg.Connection, alert: tuple[World, datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home knows how many all are: 48 in four times three slices, of which every fourth is asked."""
    world, now = alert
    monkeypatch.setattr(sample, "PEOPLE", 12)
    await conn.executemany("INSERT INTO ledger VALUES ($1, false, '{}')", [(name,) for name in "abcd"])
    await conn.executemany(
        "INSERT INTO campaign_part (campaign_id, ledger, audience) VALUES ($1, $2, 12)",
        [(world.campaign_id, name) for name in "abcd"],
    )
    ledgers = [Part(name, conn, False) for name in "abcd"]
    told = [Parts(ledgers[:there]) for there in (1, 2, 3, 4)]
    read_from(monkeypatch, told)
    areas = Areas(await trees.load(conn), await all_profiles(conn))
    kept = Sample(world.campaign_id, now - LASTED)
    found = [await kept.read(conn, None, areas, now) for _ in range(4)]
    assert [(each.asked, each.whole) for each in found if each] == [
        (4, False), (4, False), (8, False), (12, False),
    ]  # fmt: skip


async def test_nobody_s_number_is_asked_for_twice(
    conn: asyncpg.Connection, alert: tuple[World, datetime]
) -> None:
    """Where somebody lives does not change: once it was read, what became of them is."""
    world, now = alert
    areas = Areas(await trees.load(conn), await all_profiles(conn))
    kept = Sample(world.campaign_id, now - LASTED)
    first = await kept.read(conn, None, areas, now)
    await conn.execute("DELETE FROM subscriber")
    assert await kept.read(conn, None, areas, now) == first


async def test_who_may_not_read_numbers_is_told_all_but_where(
    conn: asyncpg.Connection, database_url: str, alert: tuple[World, datetime]
) -> None:
    approver = await connect(as_user(database_url, "chi"))  # and admin: neither reads numbers
    found = await read(approver, alert)
    whole = await read(conn, alert)
    await approver.close()
    assert found.nameless and found.areas == ()
    assert (found.failures, found.curve) == (whole.failures, whole.curve)


async def test_what_has_no_people_says_nothing(
    conn: asyncpg.Connection, alert: tuple[World, datetime]
) -> None:
    world, now = alert
    await conn.execute("DELETE FROM slice")
    assert (
        await Sample(world.campaign_id, now - LASTED).read(conn, None, Areas(trees.AreaTree(), []), now)
        is None
    )
