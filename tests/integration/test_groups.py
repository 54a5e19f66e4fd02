"""A group of the ledger is committed whole, once, by the worker that may; whatever is lost on the way, and where."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from integration.database_way import way_to_database
from integration.ledger_world import AT, LEFT, World
from waiting import until

from broadcast.channel.receipt import Receipt
from broadcast.engine.leases import doubt_orphans
from broadcast.errors import FencedError
from broadcast.ledger.journal import Inbound, LateAnswer, Unreadable
from broadcast.ledger.leased import LeasedSlice
from broadcast.ledger.packed_group import packed
from broadcast.ledger.states import RecipientState
from broadcast.store.pool import connect
from broadcast.store.queries import sql

DELIVERED, UNDELIVERABLE, REJECTED, UNKNOWN = (
    RecipientState.DELIVERED,
    RecipientState.UNDELIVERABLE,
    RecipientState.REJECTED,
    RecipientState.UNKNOWN,
)
FIRST = 84321000000
MANY = 20_000  # recipients of a large group


async def books(world: World) -> dict[str, Any]:
    """All that a group may write."""
    counts = {
        table: await world.conn.fetchval(f"SELECT count(*) FROM {table}")
        for table in ("sent", "received", "in_doubt", "quarantine", "inbound", "oddity")
    }
    return counts | {
        "batch": await world.conn.fetchval("SELECT last_batch FROM worker"),
        "tally": await world.tally(),
        "marks": [row["mark"] for row in await world.conn.fetch("SELECT mark FROM slice ORDER BY slice_id")],
        "receipts": await world.conn.fetchval("SELECT sum(received) FROM carrier_tally"),
    }


async def sent_once(world: World, count: int = 4, segments: int = 1) -> LeasedSlice:
    """A slice of which all but the last are in doubt; every row of tallies that a group needs is there."""
    leased = await world.slice(range(FIRST, FIRST + count), segments)
    leased.intend_next(count - 1)
    world.receipt("nobody's", 0)
    await world.writer.flush()
    return leased


def everything(world: World, leased: LeasedSlice, *, rare: bool) -> None:
    """A group with something of each kind."""
    leased.intend_next(1)
    leased.accept(0, "id-0", LEFT, AT)
    leased.reject(1, "status:ESME_RINVDSTADR", [], AT)
    world.receipt("id-0", DELIVERED, FIRST)
    world.receipt("id-0", 0, FIRST)
    if rare:
        leased.doubt(2, "no_response", LEFT)
        world.writer.journal.late(LateAnswer(leased.slice_id, 2, ("late",), "", LEFT, AT))
        group = world.writer.journal.group
        group.unreadable.append(Unreadable(world.carrier_no, b"x" * 20, "odd"))
        group.inbound.append(Inbound(world.carrier_no, FIRST, "1900", 0, 0, b"STOP"))
        group.oddities[world.carrier_no, "message_id", "of more than 255 octets"] += 1


async def written(world: World, *, rare: bool) -> None:
    """`everything`, once and whole."""
    found = await books(world)
    many = int(rare)
    assert found == {
        "sent": 1, "received": 1, "in_doubt": many, "quarantine": many, "inbound": many, "oddity": many,
        "batch": 2, "marks": [4], "receipts": 3,
        "tally": {"in_doubt": 2 - many, "accepted": 1 + many, "rejected": 1},
    }  # fmt: skip
    (sent,), (received,) = await world.sent(), await world.received()
    assert sorted(sent.ids.texts()) == (["id-0", "late"] if rare else ["id-0"])
    assert (sent.ended_ordinals.tolist(), sent.ended_errs.all()) == ([1], ["status:ESME_RINVDSTADR"])
    assert (received.ids.texts(), received.msisdns.tolist()) == (["id-0"], [FIRST])


@pytest.mark.parametrize("rare", [False, True])
async def test_a_group_is_written_whole(world: World, rare: bool) -> None:
    leased = await sent_once(world)
    everything(world, leased, rare=rare)
    await world.writer.flush()
    await written(world, rare=rare)


async def test_a_usual_group_is_one_round_trip(world: World) -> None:
    leased = await sent_once(world)
    everything(world, leased, rare=False)
    asked: list[str] = []
    connection = await world.writer._connected()
    connection.add_query_logger(lambda record: asked.append(record.query))
    await world.writer.flush()
    await asyncio.sleep(0)  # loggers are called soon
    assert asked == [sql("commit_group")]


async def test_what_a_row_of_sent_says(world: World) -> None:
    leased = await world.slice(range(FIRST, FIRST + 6), segments=2)
    leased.intend_next(6)
    leased.accept_parts(4, ["a1", "a\xff2"], LEFT, AT)
    leased.accept_parts(1, ["", "b2"], LEFT - 5, AT)  # the same read: its earliest departure counts
    leased.accept_parts(5, ["c1", "c2"], LEFT + 7, AT + 20_000, unawaited=1)
    leased.reject(3, "status:ESME_RINVDSTADR", [(2, "d2")], AT)
    leased.accept_parts(2, [], LEFT, AT, unawaited=3)
    await world.writer.flush()
    (row,) = await world.conn.fetch("SELECT * FROM sent")
    assert (row["carrier_no"], row["worker_no"], row["batch"], row["slice_id"]) == (
        world.carrier_no, world.worker_no, 1, leased.slice_id,
    )  # fmt: skip
    assert (row["first_ordinal"], row["last_ordinal"]) == (1, 5)
    (sent,) = await world.sent()
    assert (sent.segments, sent.ordinals.tolist()) == (2, [4, 1, 5])
    assert sent.ids.texts() == ["a1", "a\xff2", "", "b2", "c1", "c2"]
    assert sent.left_at.tolist() == [LEFT - 5, LEFT - 5, LEFT + 7]
    assert sent.answered_at.tolist() == [AT, AT, AT + 20_000]
    assert list(zip(sent.ended_ordinals, sent.ended_states, sent.ended_at, sent.ended_errs.all(), strict=True)) == [
        (3, REJECTED, AT, "status:ESME_RINVDSTADR"), (2, UNKNOWN, AT, "no_receipts"),
    ]  # fmt: skip
    assert (sent.stray_ordinals.tolist(), sent.stray_segments.tolist(), sent.stray_ids.texts()) == (
        [3], [2], ["d2"],
    )  # fmt: skip
    assert await world.tally() == {"in_doubt": 1, "accepted": 3, "rejected": 1, "unknown": 1}
    assert await world.conn.fetchval("SELECT sum(segments) FROM tally") == 6 + 1 + 1 + 3


async def test_what_a_row_of_received_says(world: World) -> None:
    other = await world.conn.fetchval("INSERT INTO carrier (name, tps) VALUES ('m', 1) RETURNING carrier_no")
    third = await world.conn.fetchval("INSERT INTO carrier (name, tps) VALUES ('v', 1) RETURNING carrier_no")
    acked: list[int] = []

    def came(carrier_no: int, receipts: list[Receipt], at: int) -> None:
        world.writer.journal.receipts(carrier_no, receipts, at, lambda: acked.append(len(receipts)))  # type: ignore

    came(
        world.carrier_no,
        [Receipt(b"", DELIVERED, "nul\0in it", "000", FIRST), Receipt(b"", 0, "x", "", None)],
        AT,
    )
    came(other, [Receipt(b"", 0, "x", "", FIRST)], AT)
    came(third, [Receipt(b"", UNDELIVERABLE, "\xe9", "012", None)], AT)
    came(world.carrier_no, [Receipt(b"", UNDELIVERABLE, "x" * 255, "", None)], AT + 50_000)
    await world.writer.flush()
    assert acked == [2, 1, 1, 1]
    rows = await world.conn.fetch("SELECT carrier_no, batch, receipts FROM received ORDER BY carrier_no")
    assert [tuple(row) for row in rows] == [(world.carrier_no, 1, 2), (third, 1, 1)]
    mine, thirds = await world.received()
    assert mine.received_at.tolist() == [AT, AT + 50_000]
    assert mine.states.tolist() == [DELIVERED, UNDELIVERABLE]
    assert (mine.ids.texts(), mine.errs.all(), mine.msisdns.tolist()) == (
        ["nul\0in it", "x" * 255], ["000", ""], [FIRST, 0],
    )  # fmt: skip
    assert thirds.ids.texts() == ["\xe9"]
    counts = await world.conn.fetch("SELECT received, intermediate FROM carrier_tally ORDER BY carrier_no")
    assert [tuple(row) for row in counts] == [(3, 1), (1, 1), (1, 0)]


async def test_groups_are_counted_without_a_gap(world: World) -> None:
    leased = await world.slice(range(FIRST, FIRST + 5))
    leased.intend_next(5)
    await world.writer.flush()
    for ordinal in range(5):
        leased.accept(ordinal, f"id-{ordinal}", LEFT, AT)
        await world.writer.flush()
        await world.writer.flush()  # nothing: no group
    rows = await world.conn.fetch("SELECT batch, first_ordinal FROM sent ORDER BY batch")
    assert [tuple(row) for row in rows] == [(2, 0), (3, 1), (4, 2), (5, 3), (6, 4)]
    assert await world.conn.fetchval("SELECT last_batch FROM worker") == 6


# ---------------------------------------------------------------- fences


@pytest.mark.parametrize("rare", [False, True])
@pytest.mark.parametrize(
    "fence",
    [
        "UPDATE worker SET ended_at = now()",
        "UPDATE worker SET last_batch = last_batch + 1",
        "UPDATE slice SET token = token + 1",
        "UPDATE slice SET worker_no = NULL, state = 'ready'",
    ],
)
async def test_a_fenced_worker_writes_nothing(world: World, fence: str, rare: bool) -> None:
    leased = await sent_once(world)
    await world.conn.execute(fence)
    before = await books(world)
    everything(world, leased, rare=rare)
    with pytest.raises(FencedError, match=r"lost its lease|has another owner now"):
        await world.writer.flush()
    assert await books(world) == before


@pytest.mark.parametrize("rare", [False, True])
@pytest.mark.parametrize(
    "fence", ["UPDATE worker SET ended_at = now()", "UPDATE slice SET token = token + 1"]
)
async def test_who_is_fenced_in_the_middle_of_its_group_writes_nothing(
    world: World, fence: str, rare: bool
) -> None:
    """Another transaction was first: the group waits for it, and looks again."""
    leased = await sent_once(world)
    before = await books(world)
    everything(world, leased, rare=rare)
    other = await connect(world.url)
    try:
        fencing = other.transaction()
        await fencing.start()
        await other.execute(fence)
        flushing = asyncio.create_task(world.writer.flush())
        await until(lambda: waiting(world), "the group waits")
        await fencing.commit()
        with pytest.raises(FencedError):
            await flushing
    finally:
        await other.close()
    assert await books(world) == before


async def test_one_slice_of_many_fences_the_others(world: World) -> None:
    slices = [await world.slice([FIRST + number]) for number in range(3)]
    await world.conn.execute("UPDATE slice SET token = 7 WHERE slice_id = $1", slices[1].slice_id)
    before = await books(world)
    for each in slices:
        each.intend_next(1)
    with pytest.raises(FencedError):
        await world.writer.flush()
    assert await books(world) == before


async def test_a_batch_counts_once(world: World) -> None:
    leased = await sent_once(world)
    everything(world, leased, rare=False)
    usual = packed(world.writer.journal.take())
    await world.conn.execute(sql("commit_group"), world.worker_no, 2, *usual)
    await written(world, rare=False)
    for batch in (2, 1, 4):
        with pytest.raises(asyncpg.PostgresError) as caught:
            await world.conn.execute(sql("commit_group"), world.worker_no, batch, *usual)
        assert caught.value.sqlstate == "BC001"
    await written(world, rare=False)


# ---------------------------------------------------------------- lost connections

_USUAL = (
    "SELECT FROM worker FOR UPDATE",
    "SELECT FROM slice FOR UPDATE",
    "SELECT FROM tally FOR UPDATE",
    "SELECT FROM carrier_tally FOR UPDATE",
    "LOCK TABLE sent IN SHARE MODE",
    "LOCK TABLE received IN SHARE MODE",
)
_RARE = (
    "LOCK TABLE in_doubt IN SHARE MODE",
    "LOCK TABLE quarantine IN SHARE MODE",
    "LOCK TABLE inbound IN SHARE MODE",
    "LOCK TABLE oddity IN SHARE MODE",
)


async def waiting(world: World) -> bool:
    """The writer's session waits for a lock."""
    return bool(
        await world.conn.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'",
            f"broadcast writer {world.worker_no}",
        )
    )


@pytest.mark.parametrize(
    ("step", "rare"), [*((step, False) for step in _USUAL), *((step, True) for step in (*_USUAL, *_RARE))]
)
async def test_a_session_that_is_killed_at_any_step(world: World, step: str, rare: bool) -> None:
    """Nothing of the group is written, and then all of it, once."""
    leased = await sent_once(world)
    before = await books(world)
    everything(world, leased, rare=rare)
    pid = (await world.writer._connected()).get_server_pid()
    other = await connect(world.url)
    try:
        holding = other.transaction()
        await holding.start()
        await other.execute(step)
        flushing = asyncio.create_task(world.writer.flush())
        await until(lambda: waiting(world), "the group waits")
        assert await world.conn.fetchval("SELECT pg_terminate_backend($1, 10000)", pid)
        assert await books(world) == before
        await holding.rollback()
        await flushing
    finally:
        await other.close()
    await written(world, rare=rare)


async def test_a_statement_that_is_cancelled_is_written_again(world: World) -> None:
    leased = await sent_once(world)
    everything(world, leased, rare=False)
    pid = (await world.writer._connected()).get_server_pid()
    other = await connect(world.url)
    try:
        holding = other.transaction()
        await holding.start()
        await other.execute("LOCK TABLE tally IN SHARE MODE")
        flushing = asyncio.create_task(world.writer.flush())
        await until(lambda: waiting(world), "the group waits")
        assert await world.conn.fetchval("SELECT pg_cancel_backend($1)", pid)
        await until(lambda: world.writer.trouble, "the writer has heard of it")
        await holding.rollback()
        await flushing
    finally:
        await other.close()
    await written(world, rare=False)


@pytest.mark.parametrize("after", [0, 1, 100_000, 400_000])
async def test_a_connection_that_ends_amid_a_group(world: World, tmp_path: Path, after: int) -> None:
    """One of more octets than a socket takes at once: what has arrived of it counts for nothing."""
    async with way_to_database(tmp_path, world.url) as way:
        world.writer._connect = lambda: connect(way.url)
        leased = await world.slice(range(FIRST, FIRST + MANY))
        leased.intend_next(MANY)
        await world.writer.flush()
        for ordinal in range(MANY):
            leased.accept(ordinal, f"{ordinal:032}", LEFT, AT)
        way.cut_after = after
        await world.writer.flush()
        assert way.cut_after is None
        await world.writer._drop()
    (sent,) = await world.sent()
    assert sent.ordinals.tolist() == list(range(MANY))
    assert await world.tally() == {"accepted": MANY}


@pytest.mark.parametrize("rare", [False, True])
async def test_a_commit_that_was_not_heard_counts_once(world: World, rare: bool) -> None:
    leased = await sent_once(world)
    everything(world, leased, rare=rare)
    heard: list[str] = []
    world.writer.journal.on_commit(lambda: heard.append("committed"))
    write = world.writer._write

    async def commit_then_lose(*given: Any) -> None:
        world.writer._write = write  # type: ignore[method-assign]
        await write(*given)
        raise ConnectionResetError

    world.writer._write = commit_then_lose  # type: ignore[method-assign]
    await world.writer.flush()
    assert heard == ["committed"]
    await written(world, rare=rare)


# ---------------------------------------------------------------- doubts and late answers


async def test_since_when_a_recipient_in_doubt_may_have_been_sent(world: World) -> None:
    leased = await world.slice([FIRST])
    leased.intend_next(1)
    leased.doubt(0, "link_lost", AT + 1)
    await world.writer.flush()
    after = await world.conn.fetchval("SELECT sent_after FROM in_doubt")
    assert round(after.timestamp() * 1_000_000) == AT + 1


async def test_late_answers_are_in_the_one_row_of_their_slice(world: World) -> None:
    leased = await world.slice(range(FIRST, FIRST + 4), segments=2)
    leased.intend_next(4)
    for ordinal in (0, 1, 2):
        leased.doubt(ordinal, "no_response", LEFT)
    leased.accept_parts(3, ["d1", "d2"], LEFT, AT)
    for late in (
        LateAnswer(leased.slice_id, 1, ("b1", "b2"), "", LEFT - 9, AT + 20_000, 1),
        LateAnswer(leased.slice_id, 2, (), "status:ESME_RINVDSTADR", LEFT, AT),
    ):
        world.writer.journal.late(late)
    await world.writer.flush()
    (sent,) = await world.sent()
    assert (sent.ordinals.tolist(), sent.ids.texts()) == ([3, 1], ["d1", "d2", "b1", "b2"])
    assert (sent.left_at.tolist(), sent.answered_at.tolist()) == ([LEFT, LEFT - 9], [AT, AT + 20_000])
    assert (sent.ended_ordinals.tolist(), sent.ended_states.tolist()) == ([2], [REJECTED])
    assert await world.tally() == {"in_doubt": 1, "accepted": 2, "rejected": 1}
    assert await world.conn.fetchval("SELECT sum(segments) FROM tally") == 5


async def test_a_late_answer_for_a_slice_that_somebody_else_holds(world: World) -> None:
    leased = await world.slice([FIRST, FIRST + 1])
    leased.intend_next(2)
    leased.doubt(0, "no_response", LEFT)
    leased.doubt(1, "no_response", LEFT)
    leased.let_go()
    await world.writer.flush()
    await world.conn.execute("UPDATE slice SET token = token + 5")
    world.writer.journal.late(LateAnswer(leased.slice_id, 1, ("late",), "", LEFT, AT))
    await world.writer.flush()
    world.writer.journal.late(LateAnswer(leased.slice_id, 1, ("again",), "", LEFT, AT))  # it is over
    await world.writer.flush()
    (sent,) = await world.sent()
    assert (sent.ordinals.tolist(), sent.ids.texts()) == ([1], ["late"])
    assert await world.tally() == {"in_doubt": 1, "accepted": 1}


async def test_orphans_of_a_lost_worker_may_have_been_sent_since_its_lease(world: World) -> None:
    leased = await world.slice([FIRST, FIRST + 1, FIRST + 2])
    await world.conn.execute("UPDATE slice SET leased_at = now() - interval '90 s'")
    leased.intend_next(3)
    await world.writer.flush()
    leased.doubt(1, "no_response", LEFT)
    await world.writer.flush()
    async with world.conn.transaction():
        assert await doubt_orphans(world.conn, [leased.slice_id]) == 2
    rows = await world.conn.fetch(
        "SELECT ordinal, reason, sent_after = leased_at AS since FROM in_doubt JOIN slice USING (slice_id) ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [
        (0, "worker_lost", True), (1, "no_response", False), (2, "worker_lost", True),
    ]  # fmt: skip
