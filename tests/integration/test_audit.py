"""The audit by itself: what a worker finds is remembered, served as a metric, and said once."""

import asyncio
import json
import logging
from collections.abc import Awaitable
from datetime import UTC, datetime

import asyncpg
import pytest
from integration.ledger_world import AT, LEFT, World
from integration.packed_rows import DELIVERED, UNDELIVERABLE, WAITING, Person, us, write_slice
from integration.resolver_world import ResolverWorld, turns
from integration.rig import Rig
from waiting import PATIENCE_S, until

from broadcast.archive.books import books_of
from broadcast.engine import auditor
from broadcast.engine.auditor import QUIET_S, RECENT_S, Auditor
from broadcast.engine.connections import Connections
from broadcast.errors import DatabaseDownError
from broadcast.ledger import close, fold, recount
from broadcast.ledger.books import SecondCopies
from broadcast.ledger.journal import LateAnswer
from broadcast.ledger.leased import LeasedSlice
from broadcast.ledger.packing.received import pack_received
from broadcast.ledger.resolver import doubts
from broadcast.ledger.resolver.desk import Desk
from broadcast.reports.audit import audit
from broadcast.reports.nation_reading import read
from broadcast.store.failures import MENDABLE
from broadcast.store.pool import connect
from broadcast.store.queries import sql

PEOPLE, GROUP, FIRST = 2_000, 50, 84321000000


async def recorded(world: World) -> list[tuple[str, int, list[str]]]:
    rows = await world.conn.fetch(
        "SELECT actor, details FROM campaign_event WHERE event = 'audited' ORDER BY event_no"
    )
    found = [(row["actor"], json.loads(row["details"])) for row in rows]
    return [(actor, each["differences"], each["problems"]) for actor, each in found]


async def shown(world: World) -> list[int]:
    """What the national figures make of it."""
    now = await read(world.conn)
    return [each.audited.differences for each in now.campaigns if each.audited is not None]


def auditing(world: World) -> Auditor:
    return Auditor(Connections(world.url).connect)


@pytest.fixture
async def quiet(world: World) -> World:
    """Everybody of the campaign is delivered, every receipt is resolved."""
    at = us(datetime(2026, 3, 1, tzinfo=UTC))
    people = [Person(84321000000 + n, DELIVERED, (f"id-{n}",), "000", at, at + 1) for n in (1, 2)]
    await write_slice(world.conn, world.campaign_id, world.carrier_no, people)
    await world.conn.execute(
        "INSERT INTO tally (campaign_id, carrier_no, shard, delivered, segments) VALUES ($1, $2, 0, 2, 2)",
        world.campaign_id, world.carrier_no,
    )  # fmt: skip
    await world.conn.execute(
        "INSERT INTO carrier_tally (carrier_no, shard, received, matched) VALUES ($1, 7, 2, 2)",
        world.carrier_no,
    )
    await world.conn.execute("UPDATE campaign SET audience = 2")
    return world


async def receive(world: World, receipts: int) -> None:
    """They came, and no resolver has seen them."""
    n = range(receipts)
    packed = pack_received(
        [(receipts, 1)], [DELIVERED for _ in n], [0 for _ in n], [str(each) for each in n], ["" for _ in n]
    )
    await world.conn.execute(
        "INSERT INTO received (carrier_no, worker_no, batch, receipts, packed) VALUES ($1, 7, 1, $2, $3)",
        world.carrier_no, receipts, packed,
    )  # fmt: skip
    await world.conn.execute(
        "UPDATE carrier_tally SET received = received + $1::integer WHERE shard = 7", receipts
    )


async def test_a_worker_says_what_does_not_balance_until_it_does(
    quiet: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(auditor, "EVERY_S", 0.0)
    monkeypatch.setattr(auditor, "SHARE", 0.0)
    mine = auditing(quiet)
    await mine.look(quiet.conn)
    assert await recorded(quiet) == []  # it balances and is not over: nothing to remember
    assert mine.recounts == 1
    await quiet.conn.execute("UPDATE tally SET delivered = delivered + 1 WHERE shard = 0")
    for _ in range(2):
        await mine.look(quiet.conn)
    problem = "viettel delivered: 2 counted, 3 tallied"
    assert await recorded(quiet) == [("broadcast", 1, [problem])]  # once, though found twice
    assert await shown(quiet) == [1]
    assert f"books_off_balance campaign={quiet.campaign_id} why={problem}" in caplog.text
    await quiet.conn.execute("UPDATE tally SET delivered = delivered - 1 WHERE shard = 0")
    await mine.look(quiet.conn)
    assert [differences for _, differences, _ in await recorded(quiet)] == [1, 0]
    assert await shown(quiet) == [0]


async def test_every_snapshot_beside_a_writer_and_a_resolver_balances(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is under way: answers and receipts in any order, doubts, late answers; and then the close."""
    for name in ("EVERY_S", "SHARE"):  # doubts are asked about in every turn
        monkeypatch.setattr(doubts, name, 0.0)
    leased = await world.slice(range(FIRST, FIRST + PEOPLE), segments=2)
    async with world.connected() as resolving, world.connected() as auditing:
        desk = await started(resolving)

        async def balances(beside: Awaitable[object]) -> None:
            _, _, found = await asyncio.gather(
                beside, turns(resolving, desk), audit(auditing, world.campaign_id)
            )
            assert found.problems == ()

        for first in range(0, PEOPLE, GROUP):
            work(world, leased, range(first, first + GROUP))
            await balances(world.writer.flush())
        await world.conn.execute("UPDATE campaign SET expires_at = now() - interval '1 hour'")
        receive_more(world, range(0, PEOPLE, 20))
        await world.writer.flush()
        await balances(close.tidy(world.conn, 100, 0.0))
        receive_more(world, range(10, PEOPLE, 20))
        await balances(world.writer.flush())
        await turns(resolving, desk)
        assert (await audit(auditing, world.campaign_id)).problems == ()
    tally = await world.tally()
    assert sum(tally.values()) == PEOPLE
    assert tally["rejected"] == PEOPLE // 10
    assert min(tally[state] for state in ("delivered", "undeliverable", "unknown")) > 0
    assert tally.keys() <= {"delivered", "undeliverable", "unknown", "rejected"}


def work(world: World, leased: LeasedSlice, ordinals: range) -> None:
    """A group: these are sent, and most of them are answered; receipts come for them, and for those before them."""
    leased.intend_next(len(ordinals))
    for ordinal in ordinals:
        match ordinal % 10:
            case 0:
                leased.reject(ordinal, "status:11", [(1, f"s{ordinal}")], AT)
            case 1 | 2 | 3:
                leased.doubt(ordinal, "no_response", LEFT)
            case _:
                leased.accept_parts(ordinal, [f"a{ordinal}", f"b{ordinal}"], LEFT, AT)
        world.receipt(f"b{ordinal - GROUP // 2}", UNDELIVERABLE if ordinal % 3 else DELIVERED)  # late
        if ordinal % 10 != 4:
            world.receipt(f"a{ordinal + GROUP // 2}", DELIVERED)  # early
        if ordinal % 10 == 1 and ordinal > GROUP:
            ids = (f"a{ordinal - GROUP}", f"b{ordinal - GROUP}")
            world.writer.journal.late(LateAnswer(leased.slice_id, ordinal - GROUP, ids, "", LEFT, AT))
        elif ordinal % 10 == 2:  # of an answer that never comes
            for segment in "cd":
                world.receipt(f"{segment}{ordinal}", DELIVERED, FIRST + ordinal)


def receive_more(world: World, ordinals: range) -> None:
    """Their first segments' receipts, which had not come."""
    for ordinal in ordinals:
        world.receipt(f"a{ordinal - ordinal % 10 + 9}", DELIVERED)


async def started(connection: asyncpg.Connection) -> Desk:
    """A resolver of viettel."""
    await connection.execute(sql("resolver_rows"))
    number = await connection.fetchval("SELECT carrier_no FROM carrier WHERE name = 'viettel'")
    return await ResolverWorld(connection, "", {"viettel": number}, 0, []).desk()


async def test_every_receipt_has_one_place(quiet: World) -> None:
    """Matched, told twice, on its way, dropped, parked or not resolved yet: received is their sum, at every moment."""
    await receive(quiet, 3)
    assert (await audit(quiet.conn, quiet.campaign_id)).balanced
    await quiet.conn.execute(
        """UPDATE carrier_tally
              SET received = received + 6, intermediate = intermediate + 1, duplicate = duplicate + 1,
                  dropped = dropped + 2"""
    )
    off = await audit(quiet.conn, quiet.campaign_id)
    assert off.problems == ("viettel: 11 receipts acked, 9 have a place",)
    await quiet.conn.execute(
        "INSERT INTO parked (carrier_no, no, received_at, receipts, packed) VALUES ($1, 1, now(), 2, '')",
        quiet.carrier_no,
    )
    assert (await audit(quiet.conn, quiet.campaign_id)).balanced


async def test_others_have_their_turn_while_a_campaign_is_folded(
    quiet: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker's loop goes on between two slices."""
    for _ in range(20):
        people = [Person(84321000003, WAITING)]
        await write_slice(quiet.conn, quiet.campaign_id, quiet.carrier_no, people, "ready")
    turns, folded_at = 0, list[int]()
    folded = recount.folded

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def noted(rows: recount.SliceRows) -> fold.People:
        folded_at.append(turns)
        return folded(rows)

    monkeypatch.setattr(recount, "folded", noted)
    beside = asyncio.create_task(others(), name="others")
    async with quiet.conn.transaction():
        await (await books_of(quiet.conn, quiet.campaign_id)).counted()
    beside.cancel()
    assert len(set(folded_at)) == len(folded_at) == 21


async def test_the_end_of_a_campaign_is_audited_once(quiet: World) -> None:
    await quiet.conn.execute(
        "UPDATE campaign SET state = 'finished', finished_at = clock_timestamp() - interval '3 minutes'"
    )
    first, second = auditing(quiet), auditing(quiet)
    for each in (first, first, second):  # another worker that gets the lock later finds it done
        await each.look(quiet.conn)
    assert await recorded(quiet) == [("broadcast", 0, [])]
    assert await shown(quiet) == [0]


async def candidates(world: World) -> int:
    return len(await world.conn.fetch(sql("audit_candidates"), RECENT_S, QUIET_S))


async def test_no_recount_while_anyone_is_sent_to(quiet: World) -> None:
    await quiet.slice([84321000003])
    mine = auditing(quiet)
    await mine.look(quiet.conn)
    assert mine.recounts == 0
    await quiet.conn.execute("UPDATE campaign SET state = 'paused'")
    await mine.look(quiet.conn)
    assert mine.recounts == 1


async def test_no_recount_of_what_ended_a_moment_ago_nor_while_receipts_come(quiet: World) -> None:
    assert await candidates(quiet) == 1
    await receive(quiet, 1)
    assert await candidates(quiet) == 0
    await quiet.conn.execute("UPDATE campaign SET state = 'finished', finished_at = clock_timestamp()")
    assert await candidates(quiet) == 0
    await quiet.conn.execute("UPDATE campaign SET finished_at = finished_at - interval '2 minutes'")
    assert await candidates(quiet) == 1


@pytest.mark.parametrize("watched", [True, False], ids=["somebody waits", "not to be watched"])
async def test_a_recount_gives_way_to_sending(
    quiet: World, monkeypatch: pytest.MonkeyPatch, watched: bool
) -> None:
    """And the lock goes with its connection, which ends at once, though its query would go on."""
    monkeypatch.setattr(auditor, "LOOK_S", 0.0)
    monkeypatch.setattr(auditor, "WATCH_S", 0.05)
    recounting = asyncio.Event()

    async def long(connection: asyncpg.Connection, _: int) -> None:
        recounting.set()
        await connection.execute("SELECT pg_sleep(60)")

    async def nowhere() -> asyncpg.Connection:
        await recounting.wait()
        raise DatabaseDownError("away")

    monkeypatch.setattr(auditor, "audit", long)
    connection = await Connections(quiet.url).connect()
    connecting = Connections(quiet.url).connect if watched else nowhere
    task = asyncio.create_task(Auditor(connecting).run(connection), name="auditor")
    async with asyncio.timeout(PATIENCE_S):
        await recounting.wait()
        await quiet.slice([84321000003])
        if watched:
            await task
        else:
            with pytest.raises(MENDABLE):
                await task
    assert connection.is_closed()
    await until(lambda: quiet.conn.fetchval(sql("auditor_claim")), "the lock is free")


async def test_one_worker_audits(quiet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock goes on to another when the first one's connection ends."""
    monkeypatch.setattr(auditor, "LOOK_S", 0.01)
    monkeypatch.setattr(auditor, "EVERY_S", 0.0)
    monkeypatch.setattr(auditor, "SHARE", 0.0)
    auditors = [auditing(quiet), auditing(quiet)]
    connections = [await connect(quiet.url) for _ in auditors]
    tasks = []

    def looked() -> list[bool]:
        return [each.recounts > 0 for each in auditors]

    for each, connection in zip(auditors, connections, strict=True):
        tasks.append(asyncio.create_task(each.run(connection), name="auditor"))
        await until(lambda: looked()[0], "the first has looked")

    asked: list[object] = []
    connections[1].add_query_logger(asked.append)
    await until(lambda: len(asked) >= 50, "the second has asked again and again")
    assert looked() == [True, False]
    tasks[0].cancel()
    await asyncio.gather(tasks[0], return_exceptions=True)
    connections[0].terminate()
    await until(lambda: looked() == [True, True], "the second has looked")
    tasks[1].cancel()
    await asyncio.gather(tasks[1], return_exceptions=True)
    await connections[1].close()


async def test_an_archive_on_another_machine_is_only_said(
    quiet: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Archived between the look and the recount: the worker goes on."""
    caplog.set_level(logging.WARNING)
    await quiet.conn.execute(
        """INSERT INTO archive (campaign_id, place, recipients, checksum, archived_by)
           VALUES ($1, '/nowhere', 2, 0, 'an')""",
        quiet.campaign_id,
    )
    found = await quiet.conn.fetch("SELECT campaign_id, finished_at FROM campaign")
    monkeypatch.setattr(
        asyncpg.Connection, "fetch", _instead(asyncpg.Connection.fetch, sql("audit_candidates"), found)
    )
    await auditing(quiet).look(quiet.conn)
    assert f"campaign_not_audited campaign={quiet.campaign_id} why=the archive /nowhere is not" in caplog.text
    assert not quiet.conn.is_in_transaction()


def _instead(real, query, rows):  # type: ignore[no-untyped-def]
    async def fetch(self, text, *args, **more):  # type: ignore[no-untyped-def]
        return rows if text == query else await real(self, text, *args, **more)

    return fetch


async def test_a_worker_audits(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditor, "LOOK_S", 0.1)
    await rig.conn.execute(
        """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                                 in_doubt_policy, grace_s, expires_at, state, drafted_by, launched_at,
                                 finished_at, audience)
           VALUES ('typhoon', 'health', 5, 'BOYTE', 'x', 'gsm0338', '{}', false, 'hold', 0, now(), 'finished', 'an',
                   now(), now() - interval '3 minutes', 1)"""
    )
    rig.worker()

    async def said() -> bool:
        return (
            await rig.conn.fetchval("SELECT count(*) = 1 FROM campaign_event WHERE event = 'audited'") is True
        )

    await until(said, "its books are recounted")
    details = json.loads(await rig.conn.fetchval("SELECT details FROM campaign_event"))
    assert details == {"differences": 1, "problems": ["0 recipients counted, the audience is 1"]}


async def test_both_copies_of_a_resent_recipient_are_known(world: World) -> None:
    """Twice in doubt, twice resent, and of one of these copies a receipt came; another one was answered late."""
    leased = await world.slice([84321000001, 84321000002])
    for ordinal, ends in ((0, "resent"), (1, "answered")):
        await world.conn.execute(
            """INSERT INTO in_doubt (campaign_id, carrier_no, slice_id, ordinal, segments, msisdn, reason, ended_at,
                                     ended_as)
               VALUES ($1, $2, $3, $4::integer, 1, 84321000001 + $4::integer, 'link_lost', now(), $5)""",
            world.campaign_id, world.carrier_no, leased.slice_id, ordinal, ends,
        )  # fmt: skip
    await world.conn.execute(
        """INSERT INTO in_doubt
           SELECT campaign_id, carrier_no, 99, 0, segments, msisdn, reason, since + interval '1 s', ended_at, ended_as
             FROM in_doubt WHERE ended_as = 'resent'"""
    )
    await world.conn.execute("UPDATE in_doubt SET first_ids = '{one}', first_state = 8 WHERE slice_id = 99")
    books = await books_of(world.conn, world.campaign_id)
    assert await books.resent() == {"viettel": {84321000001: 2}}
    assert await books.second_copies() == [SecondCopies("viettel", 1, 2, 1, 1)]
    assert len(await books.doubted()) == 3
    named = await books.doubted("resent")
    assert [(each.msisdn, each.first_copy) for each in named] == [
        (84321000001, None),
        (84321000001, "delivered"),
    ]
