"""A carrier's resolver over Postgres: what becomes of receipts, and what of a resolver that ends amid them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
import pytest
from integration.resolver_world import (
    DELIVERED,
    NOW,
    SECOND,
    UNDELIVERABLE,
    Receipt,
    ResolverWorld,
    make_campaign,
    make_resolver_world,
    turns,
)

from broadcast.errors import LedgerError
from broadcast.ledger.packing.ids import IdProfile
from broadcast.ledger.resolver import reading
from broadcast.ledger.resolver.book import Limits
from broadcast.ledger.resolver.found import NotOursError
from broadcast.ledger.resolver.reading import heads
from broadcast.store.pool import connect

AN, BINH, CHI = 84961000001, 84961000002, 84961000003


@pytest.fixture
async def world(
    database_url: str, conn: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> ResolverWorld:
    return await make_resolver_world(database_url, conn, monkeypatch)


async def test_receipts_end_messages(world: ResolverWorld) -> None:
    """Two segments each: one arrives whole, of one the second fails, of one nothing is heard."""
    slice_id = await world.slice([AN, BINH, CHI])
    desk = await world.desk()
    await world.commit({slice_id: {0: ("a1", "a2"), 1: ("b1", "b2"), 2: ("c1", "c2")}})
    first: list[Receipt] = [("a1", AN, DELIVERED), ("b2", BINH, UNDELIVERABLE)]
    await world.commit(received=[*first, ("a2", AN, DELIVERED)], worker=1)
    await world.resolve(desk)
    assert await world.tallies() == {"accepted": 2, "delivered": 1}
    await world.commit(received=[("b1", BINH, DELIVERED), ("a2", AN, DELIVERED)])
    await world.resolve(desk)
    assert await world.tallies() == {"accepted": 1, "delivered": 1, "undeliverable": 1}
    assert await world.receipts() == {"matched": 4, "duplicate": 1}
    assert await world.results() == {
        (slice_id, 0, 1): DELIVERED,
        (slice_id, 0, 2): DELIVERED,
        (slice_id, 1, 1): DELIVERED,
        (slice_id, 1, 2): UNDELIVERABLE,
    }
    assert await world.conn.fetchval("SELECT count(*) FROM received") == 0


async def test_a_closed_campaign_s_messages_leave_unknown(world: ResolverWorld) -> None:
    slice_id = await world.slice([AN, BINH])
    await world.commit({slice_id: {0: ("a",), 1: ("b",)}})
    await world.conn.execute("UPDATE campaign SET closed_at = now()")
    await world.tally(world.campaign_id, world.viettel, accepted=-2, unknown=2)
    await world.commit(received=[("a", AN, DELIVERED)])
    await world.resolve(await world.desk())
    assert await world.tallies() == {"unknown": 1, "delivered": 1}


async def test_a_place_that_closed_up_is_whose_it_is_now(world: ResolverWorld) -> None:
    """Somebody above the mark opted out after the resolver had read the slice."""
    slice_id = await world.slice([AN, BINH, CHI])
    await world.conn.execute("UPDATE slice SET mark = 1")
    desk = await world.desk()
    await world.commit({slice_id: {0: ("a",)}})
    await world.resolve(desk)
    await world.conn.execute("UPDATE slice SET msisdns = $1, total = 2, mark = 2", [AN, CHI])
    await world.commit({slice_id: {1: ("c",)}}, [("a", AN, DELIVERED), ("c", CHI, UNDELIVERABLE)])
    await world.resolve(desk)
    assert await world.results() == {(slice_id, 0, 1): DELIVERED, (slice_id, 1, 1): UNDELIVERABLE}
    assert await world.parked() == []


async def test_a_campaign_that_became_files_gets_no_rows_any_more(world: ResolverWorld) -> None:
    """Of a look that was under way meanwhile; another campaign's are written."""
    gone, other = (
        await world.slice([AN, BINH]),
        await world.slice([CHI], campaign_id=await make_campaign(world.conn, "flood")),
    )
    desk = await world.desk()
    await world.commit({gone: {0: ("a",), 1: ("b",)}, other: {0: ("c",)}})
    await world.resolve(desk)
    await world.conn.execute("DELETE FROM sent WHERE slice_id = $1", gone)
    await world.conn.execute("DELETE FROM slice WHERE slice_id = $1", gone)
    await world.conn.execute("INSERT INTO archive VALUES ($1, '/', 2, 0, now(), 'an')", world.campaign_id)
    before = await world.tallies()
    await world.commit(received=[("a", AN, DELIVERED), ("c", CHI, DELIVERED)])
    await world.resolve(desk)
    assert await world.results() == {(other, 0, 1): DELIVERED}
    assert await world.tallies() == before
    assert await world.receipts() == {"matched": 2}


async def test_an_early_receipt_waits_for_its_submission(world: ResolverWorld) -> None:
    """Also across a restart of the resolver."""
    slice_id = await world.slice([AN, BINH])
    desk = await world.desk()
    await world.commit(received=[("a", AN, DELIVERED), ("b", BINH, UNDELIVERABLE), ("x", None, DELIVERED)])
    await world.resolve(desk)
    assert await world.parked() == ["a", "b", "x"]
    await world.commit({slice_id: {0: ("a",)}}, worker=1)
    await world.resolve(desk)
    assert await world.parked() == ["b", "x"]
    again = await world.desk()
    await world.commit({slice_id: {1: ("b",)}})
    await world.resolve(again)
    assert await world.parked() == ["x"]
    assert await world.tallies() == {"delivered": 1, "undeliverable": 1}
    assert await world.receipts() == {"matched": 2, "parked": 1}
    assert dict(await world.conn.fetch("SELECT reason, receipts FROM misfit")) == {"unknown": 3}


async def test_a_restart_goes_on_where_the_rows_are(world: ResolverWorld) -> None:
    """What was settled before is settled, what was sent while nobody resolved is not lost, nothing is met twice."""
    slice_id = await world.slice([AN, BINH, CHI])
    await world.commit({slice_id: {0: ("a1", "a2")}}, [("a1", AN, DELIVERED)])
    await world.resolve(await world.desk())
    await world.commit({slice_id: {1: ("b1", "b2")}}, [("b1", BINH, DELIVERED)], worker=1)
    await world.commit({slice_id: {2: ("c1", "c2")}}, [("a2", AN, DELIVERED), ("c2", CHI, DELIVERED)])
    desk = await world.desk()
    await world.resolve(desk)
    await world.commit(received=[("b2", BINH, DELIVERED), ("c1", CHI, DELIVERED)], worker=1)
    await world.resolve(desk)
    assert await world.tallies() == {"delivered": 3}
    assert await world.receipts() == {"matched": 6}


async def test_a_restart_knows_what_was_settled_beyond_its_cursors(world: ResolverWorld) -> None:
    """A parked receipt met its answer in a look without any new receipts, so no cursor went past that answer."""
    slice_id = await world.slice([AN, BINH])
    first = await world.desk()
    await world.commit(received=[("a1", AN, DELIVERED), ("b", BINH, DELIVERED)], worker=1)
    await world.resolve(first)
    await world.commit({slice_id: {0: ("a1", "a2")}})
    await world.commit({slice_id: {1: ("b",)}})
    await world.resolve(first)
    assert await world.results() == {(slice_id, 0, 1): DELIVERED, (slice_id, 1, 1): DELIVERED}
    again = await world.desk()
    await world.resolve(again)
    assert again.looks.book.open_segments == 1
    await world.commit(received=[("b", BINH, UNDELIVERABLE), ("a2", AN, DELIVERED)])
    await world.resolve(again)
    assert await world.tallies() == {"delivered": 2}
    assert (slice_id, 0, 2) in await world.results()
    assert await world.receipts() == {"matched": 3, "parked": 1}


async def test_looks_are_bounded_and_lose_nothing(
    world: ResolverWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of answers and of receipts that end amid a worker's log, and amid a group of several slices."""
    monkeypatch.setattr(reading, "SENT_ROWS", 2)
    monkeypatch.setattr(reading, "SENT_ROWS_LEAST", 2)
    monkeypatch.setattr(reading, "RECEIVED_ROWS", 2)
    monkeypatch.setattr(reading, "RECEIPTS", 4)
    slices = [await world.slice([AN + 10 * each, AN + 10 * each + 1]) for each in range(5)]
    desk = await world.desk()
    await world.resolve(desk)
    for ordinal in (0, 1):
        for worker in (0, 1):
            some = slices[worker::2]
            await world.commit({each: {ordinal: (f"{each}/{ordinal}",)} for each in some}, worker=worker)
    for place, each in enumerate(slices):
        for ordinal in (0, 1):
            number = AN + 10 * place + ordinal
            await world.commit(received=[(f"{each}/{ordinal}", number, DELIVERED)], worker=ordinal)
    turns_taken = 1
    while await desk.looks.look(world.conn, await heads(world.conn, None)):
        turns_taken += 1
        await world.receipts()
    assert turns_taken > 2
    assert await world.tallies() == {"delivered": 10}
    assert await world.receipts() == {"matched": 10}


# ---------------------------------------------------------------- two resolvers, and one that ends


async def test_a_resolver_that_was_taken_over_writes_nothing(world: ResolverWorld) -> None:
    """It was frozen between reading and writing; another one did its work meanwhile."""
    slice_id = await world.slice([AN])
    frozen = await world.desk()
    await world.resolve(frozen)
    await world.commit({slice_id: {0: ("a",)}}, [("a", AN, DELIVERED)])

    async def thaw_later() -> None:
        await world.resolve(await world.desk())

    between: Any = Between(world.conn, thaw_later)
    with pytest.raises(NotOursError):
        await turns(between, frozen)
    with pytest.raises(NotOursError):
        await turns(world.conn, frozen)
    assert await world.tallies() == {"delivered": 1}
    assert await world.receipts() == {"matched": 1}
    assert await world.results() == {(slice_id, 0, 1): DELIVERED}


class Between:
    """A connection on whose way to the first `resolve` something happens."""

    def __init__(self, connection: asyncpg.Connection, happens: Callable[[], Awaitable[None]]) -> None:
        self._connection = connection
        self._happens: Callable[[], Awaitable[None]] | None = happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        if query.startswith("SELECT resolve(") and self._happens is not None:
            happens, self._happens = self._happens, None
            await happens()
        return await self._connection.fetchval(query, *arguments)


class EndedError(Exception):
    """The process is no more."""


class Dying:
    """A connection whose process ends with the nth statement: before it reaches the server, or after it was done."""

    def __init__(self, connection: asyncpg.Connection, at: int, done: bool) -> None:
        self._connection = connection
        self._left = at
        self._done = done

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._connection, name)
        if name not in ("fetch", "fetchval", "fetchrow", "execute"):
            return attribute

        async def call(*arguments: Any) -> Any:
            self._left -= 1
            if not self._left and not self._done:
                raise EndedError
            found = await attribute(*arguments)
            if not self._left:
                raise EndedError
            return found

        return call


async def _history(world: ResolverWorld, url: str, at: int, done: bool) -> tuple[bool, object]:
    """Resolved by one that ends at its nth statement, then by another. Whether the first ended so, and the end."""
    slices = [await world.slice([AN, BINH]), await world.slice([CHI])]
    await world.commit(received=[("c1", CHI, DELIVERED), ("x", None, DELIVERED)])
    ended = False
    connection = await connect(url)
    try:
        desk = await world.desk()
        dying: Any = Dying(connection, at, done)
        await turns(dying, desk)
        await world.commit(
            {slices[0]: {0: ("a1", "a2")}, slices[1]: {0: ("c1", "c2")}}, [("a1", AN, DELIVERED)]
        )
        await turns(dying, desk)
    except EndedError:
        ended = True
    finally:
        connection.terminate()
    if world.batches.get(world.workers[0]) != 2:
        await world.commit(
            {slices[0]: {0: ("a1", "a2")}, slices[1]: {0: ("c1", "c2")}}, [("a1", AN, DELIVERED)]
        )
    rest: Sequence[Receipt] = [("a2", AN, DELIVERED), ("c2", CHI, UNDELIVERABLE)]
    await world.commit(received=rest, worker=1)
    await world.resolve(await world.desk())
    return ended, (await world.tallies(), await world.parked(), sum((await world.results()).values()))


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
async def test_wherever_it_ends_the_next_brings_the_same_about(world: ResolverWorld, done: bool) -> None:
    """Every statement of a history is its last once."""
    expected = ({"in_doubt": 1, "delivered": 1, "undeliverable": 1}, ["x"], 3 * DELIVERED + UNDELIVERABLE)
    for at in range(1, 100):
        async with Copied(world) as fresh:
            ended, end = await _history(fresh, world.url, at, done)
            assert end == expected, at
        if not ended:
            assert at > 10
            return
    pytest.fail("it has no end")


class Copied:
    """The same world, in which everything is undone at the end."""

    def __init__(self, world: ResolverWorld) -> None:
        self._world = world

    async def __aenter__(self) -> ResolverWorld:
        return ResolverWorld(
            self._world.conn,
            self._world.url,
            self._world.carriers,
            self._world.campaign_id,
            self._world.workers,
        )

    async def __aexit__(self, *_: object) -> None:
        await self._world.conn.execute(
            "TRUNCATE slice, sent, received, result, parked, resolver_cursor, tally, carrier_tally, misfit CASCADE"
        )
        await self._world.conn.execute("UPDATE worker SET last_batch = 0")
        await self._world.conn.execute("UPDATE resolver SET no = 0")


class Lost:
    """A connection that loses the answer to the next `resolve`, after or before the server did it."""

    def __init__(self, connection: asyncpg.Connection, done: bool) -> None:
        self._connection = connection
        self._done = done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        if query.startswith("SELECT resolve("):
            if self._done:
                await self._connection.fetchval(query, *arguments)
            raise OSError
        return await self._connection.fetchval(query, *arguments)


@pytest.mark.parametrize("done", [False, True], ids=["not written", "written"])
async def test_a_lost_answer_is_neither_written_twice_nor_lost(world: ResolverWorld, done: bool) -> None:
    slice_id = await world.slice([AN, BINH])
    desk = await world.desk()
    await world.commit({slice_id: {0: ("a",), 1: ("b",)}}, [("a", AN, DELIVERED), ("x", None, DELIVERED)])
    lost: Any = Lost(world.conn, done)
    with pytest.raises(OSError):
        await turns(lost, desk)
    await world.resolve(desk)
    await world.commit(received=[("b", BINH, DELIVERED)])
    await world.resolve(desk)
    assert await world.tallies() == {"delivered": 2}
    assert await world.parked() == ["x"]
    assert await world.receipts() == {"matched": 2, "parked": 1}
    assert await world.conn.fetchval("SELECT no FROM resolver WHERE carrier_no = $1", world.viettel) == 2


async def test_what_cannot_be_read_stays_and_is_tried_again(world: ResolverWorld) -> None:
    slice_id = await world.slice([AN, BINH])
    desk = await world.desk()
    await world.commit({slice_id: {0: ("a",), 1: ("b",)}}, [("a", AN, DELIVERED)])
    good = await world.conn.fetchval("SELECT packed FROM received")
    await world.conn.execute("UPDATE received SET packed = '\\x00'")
    for _ in range(2):
        with pytest.raises(LedgerError):
            await world.resolve(desk)
    await world.conn.execute("UPDATE received SET packed = $1", good)
    await world.resolve(desk)
    assert await world.tallies() == {"accepted": 1, "delivered": 1}


# ---------------------------------------------------------------- parked ones


async def test_too_many_and_too_old_ones_are_dropped(
    world: ResolverWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broadcast.ledger.resolver.look.PRUNE_S", 0.0)
    at = int((await world.conn.fetchval("SELECT extract(epoch FROM now())")) * SECOND)
    desk = await world.desk(limits=Limits(parked=2, parked_s=100.0))
    await world.commit(received=[("old", None, DELIVERED)], received_at=at - 200 * SECOND)
    await world.commit(received=[(f"x{each}", None, DELIVERED) for each in range(4)], received_at=at)
    await world.resolve(desk)
    assert len(await world.parked()) == 2
    assert await world.receipts() == {"dropped": 3, "parked": 2}


async def test_a_duplicate_is_known_after_hours_and_a_restart(
    world: ResolverWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its whole id, its number and its time, in all rows; ids as the profile spells them."""
    monkeypatch.setattr("broadcast.ledger.resolver.late.EVERY_S", 0.0)
    monkeypatch.setattr("broadcast.ledger.resolver.late.SHARE", 0.0)
    monkeypatch.setattr("broadcast.ledger.resolver.late.PARKED_US", -7200 * SECOND)
    profile = IdProfile(response_id="hex", receipt_id="decimal")
    slice_id = await world.slice([AN, BINH])
    await world.commit({slice_id: {0: ("ff",), 1: ("fe",)}}, [("255", AN, DELIVERED)])
    await world.resolve(await world.desk(profile=profile))
    desk = await world.desk(profile=profile)
    again: list[Receipt] = [("255", AN, DELIVERED), ("255", BINH, DELIVERED), ("253", AN, DELIVERED)]
    await world.commit(received=again, received_at=NOW + 3600 * SECOND)
    await world.commit(
        received=[("255", None, DELIVERED)], received_at=NOW - SECOND
    )  # older than its submission
    for _ in range(6):
        await world.resolve(desk)
    assert await world.receipts() == {"matched": 1, "duplicate": 1, "parked": 3}
    assert await world.tallies() == {"accepted": 1, "delivered": 1}
