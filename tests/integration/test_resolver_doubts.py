"""Receipts that name somebody in doubt: whose doubt they end, and whose they do not."""

import time
from typing import Any

import asyncpg
import pytest
from integration.resolver_world import (
    DELIVERED,
    NOW,
    SECOND,
    UNDELIVERABLE,
    ResolverWorld,
    make_campaign,
    make_resolver_world,
    turns,
)

from broadcast.ledger.packing.ids import IdProfile
from broadcast.ledger.packing.sent import unpack_sent
from broadcast.ledger.resolver import doubts
from broadcast.ledger.resolver.parked_rows import moment
from broadcast.store.queries import sql

AN, BINH = 84961000001, 84961000002


@pytest.fixture
async def world(
    database_url: str, conn: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> ResolverWorld:
    """Doubts are asked about in every turn."""
    for name in ("EVERY_S", "SHARE", "COPIES_EVERY_S", "COPIES_SHARE"):
        monkeypatch.setattr(doubts, name, 0.0)
    return await make_resolver_world(database_url, conn, monkeypatch)


async def ends(world: ResolverWorld) -> list[str | None]:
    """How doubts ended, in the order of their slices."""
    rows = await world.conn.fetch("SELECT ended_as FROM in_doubt ORDER BY slice_id, ordinal")
    return [row["ended_as"] for row in rows]


async def test_a_receipt_for_each_segment_ends_a_doubt(world: ResolverWorld) -> None:
    """As answers and results of worker 0; of one id's two receipts the greater state counts, and both are gone."""
    slice_id = await world.slice([BINH, AN])
    desk = await world.desk()
    await world.doubt(slice_id, 1, segments=2)
    await world.commit(received=[("a1", AN, DELIVERED)])
    await world.resolve(desk)
    assert await ends(world) == [None]
    await world.commit(received=[("a2", AN, UNDELIVERABLE), ("a1", AN, UNDELIVERABLE)], worker=1)
    await world.resolve(desk)
    assert await ends(world) == ["receipt"]
    assert await world.tallies() == {"in_doubt": 1, "undeliverable": 1}
    assert await world.results() == {(slice_id, 1, 1): DELIVERED, (slice_id, 1, 2): UNDELIVERABLE}
    assert await world.receipts() == {"matched": 2, "duplicate": 1}
    row = await world.conn.fetchrow("SELECT * FROM sent")
    sent = unpack_sent(row["packed"])
    assert (row["worker_no"], row["slice_id"], sent.ordinals.tolist()) == (0, slice_id, [1])
    assert (sent.ids.texts(), sent.answered_at.tolist()) == (["a1", "a2"], [0])


async def test_the_receipts_of_an_old_alert_end_no_doubt(world: ResolverWorld) -> None:
    """They come again after what was settled has left memory, while the same person is in doubt in another alert."""
    old = await world.slice([AN, BINH])
    await world.commit(
        {old: {0: ("a1", "a2"), 1: ("b1", "b2")}}, [("a1", AN, DELIVERED), ("a2", AN, DELIVERED)]
    )
    await world.resolve(await world.desk())
    campaign = await make_campaign(world.conn, "flood")
    new = await world.slice([AN], campaign_id=campaign)
    await world.doubt(new, 0, segments=2, sent_after=moment(NOW))
    desk = await world.desk()
    await world.commit(
        received=[("a1", AN, DELIVERED), ("a2", AN, DELIVERED)], received_at=NOW + 5 * SECOND, worker=1
    )
    await world.resolve(desk)
    assert await ends(world) == [None]
    assert await world.tallies(campaign) == {"in_doubt": 1}
    assert await world.receipts() == {"matched": 2, "duplicate": 2}


async def test_neither_does_another_person_s_id_nor_an_older_receipt(world: ResolverWorld) -> None:
    slice_id = await world.slice([AN, BINH])
    await world.commit({slice_id: {1: ("b",)}}, [("b", BINH, DELIVERED)])
    await world.resolve(await world.desk())
    await world.doubt(slice_id, 0, sent_after=moment(NOW))
    desk = await world.desk()
    await world.commit(received=[("b", AN, DELIVERED)])
    await world.commit(received=[("new", AN, DELIVERED)], received_at=NOW - SECOND)
    await world.commit(received=[("c", None, DELIVERED), ("d", BINH + 1, DELIVERED)])
    await world.resolve(desk)
    assert await ends(world) == [None]
    assert await world.parked() == ["b", "c", "d", "new"]


async def test_an_open_message_s_receipt_ends_no_doubt(world: ResolverWorld) -> None:
    """Its own message got it, though both are about one person."""
    first = await world.slice([AN])
    campaign = await make_campaign(world.conn, "flood")
    second = await world.slice([AN], campaign_id=campaign)
    desk = await world.desk()
    await world.commit({first: {0: ("a",)}})
    await world.doubt(second, 0)
    await world.commit(received=[("a", AN, DELIVERED)])
    await world.resolve(desk)
    assert await ends(world) == [None]
    assert await world.tallies() == {"delivered": 1}


async def test_a_receipt_that_came_before_its_answer_ends_no_doubt(world: ResolverWorld) -> None:
    """The same person is in doubt in one alert and just sent another, whose answer another worker commits later."""
    first = await world.slice([AN])
    campaign = await make_campaign(world.conn, "flood")
    second = await world.slice([AN], campaign_id=campaign)
    desk = await world.desk()
    await world.doubt(first, 0)
    await world.commit(received=[("b", AN, DELIVERED)])
    await world.resolve(desk)
    await world.commit({second: {0: ("b",)}}, worker=1)
    await world.resolve(desk)
    assert await ends(world) == [None]
    assert await world.tallies(campaign) == {"delivered": 1}
    assert await world.receipts() == {"matched": 1}


async def test_one_receipt_ends_one_doubt_of_two_campaigns(world: ResolverWorld) -> None:
    """That of who is in doubt for longer."""
    campaign = await make_campaign(world.conn, "flood")
    slices = [await world.slice([AN], campaign_id=campaign), await world.slice([AN])]
    await world.doubt(slices[0], 0, since=moment(NOW))
    await world.doubt(slices[1], 0, since=moment(NOW - SECOND))
    await world.commit(received=[("x", AN, DELIVERED)])
    desk = await world.desk()
    await world.resolve(desk)
    assert await ends(world) == [None, "receipt"]
    assert (await world.tallies(campaign), await world.tallies()) == ({"in_doubt": 1}, {"delivered": 1})
    await world.commit(received=[("y", AN, DELIVERED)])
    await world.resolve(desk)
    assert await ends(world) == ["receipt", "receipt"]
    assert (await world.tallies(campaign), await world.tallies()) == ({"delivered": 1}, {"delivered": 1})
    assert await world.receipts() == {"matched": 2}


async def test_a_receipt_that_came_before_the_doubt_ends_it(world: ResolverWorld) -> None:
    """The worker died with the answer; its doubt is written when its lease ends."""
    slice_id = await world.slice([AN])
    desk = await world.desk()
    await world.commit(received=[("a", AN, DELIVERED)])
    await world.resolve(desk)
    await world.doubt(slice_id, 0, sent_after=moment(NOW))
    await world.resolve(desk)
    assert await world.tallies() == {"delivered": 1}


async def test_a_late_answer_wins(world: ResolverWorld) -> None:
    """It ends the doubt while the resolver is at it: the receipt is for what it told."""
    slice_id = await world.slice([AN])
    desk = await world.desk()
    await world.doubt(slice_id, 0)
    await world.commit(received=[("a", AN, DELIVERED)])
    answered: Any = Answering(world.conn)
    await turns(answered, desk)
    assert await ends(world) == ["answered"]
    await world.commit({slice_id: {0: ("a",)}})
    await world.resolve(desk)
    assert await world.tallies() == {"delivered": 1}
    assert await world.receipts() == {"matched": 1}


class Answering:
    """A connection before whose `end_doubts` a late answer ends them."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetch(self, query: str, *arguments: Any) -> Any:
        if query.startswith("UPDATE in_doubt"):
            await self._connection.execute("UPDATE in_doubt SET ended_at = now(), ended_as = 'answered'")
        return await self._connection.fetch(query, *arguments)


async def test_ids_of_a_doubt_are_kept_as_responses_spell_them(world: ResolverWorld) -> None:
    """So the same receipt is a duplicate then, and no other id is taken for it."""
    profile = IdProfile(response_id="hex", receipt_id="decimal")
    slice_id = await world.slice([AN])
    await world.doubt(slice_id, 0)
    await world.commit(received=[("0255", AN, DELIVERED)])
    await world.resolve(await world.desk(profile=profile))
    other = await world.slice([AN], campaign_id=await make_campaign(world.conn, "flood"))
    await world.doubt(other, 0)
    await world.commit(received=[("255", AN, DELIVERED)], received_at=NOW + 5 * SECOND)
    await world.resolve(await world.desk(profile=profile))
    assert await ends(world) == ["receipt", None]
    assert await world.receipts() == {"matched": 1, "duplicate": 1}


async def test_who_was_given_up_has_an_end_when_receipts_come_after_all(world: ResolverWorld) -> None:
    """Each segment's; and not of whom somebody is in doubt elsewhere."""
    slice_id = await world.slice([BINH, AN])
    await world.doubt(slice_id, 1, segments=2)
    await world.conn.execute("UPDATE campaign SET expires_at = launched_at, closed_at = now()")
    await world.conn.execute(sql("close_campaign"), world.campaign_id)
    assert await ends(world) == ["closed"]
    before = await world.tallies()
    desk = await world.desk()
    now = int(time.time() * SECOND)  # NOW is as old as this run of tests
    await world.commit(received=[("a1", AN, DELIVERED)], received_at=now)
    await world.resolve(desk)
    assert (await ends(world), await world.tallies()) == (["closed"], before)
    await world.commit(received=[("a2", AN, DELIVERED)], received_at=now)
    await world.resolve(desk)
    assert await ends(world) == ["receipt"]
    assert before == {"in_doubt": 1, "unknown": 1}
    assert await world.tallies() == {"in_doubt": 1, "delivered": 1}
    assert await world.results() == {(slice_id, 1, 1): DELIVERED, (slice_id, 1, 2): DELIVERED}
    assert await world.receipts() == {"matched": 2}


async def test_first_copies_are_told_of_after_a_while(world: ResolverWorld) -> None:
    """Not before their own answer had its time. Whatever octets an id is of."""
    slice_id = await world.slice([AN, BINH])
    await world.doubt(slice_id, 0, segments=2, ended_as="resent", ended_at=moment(NOW))
    await world.doubt(slice_id, 1, segments=2, ended_as="closed", ended_at=moment(NOW))
    desk = await world.desk()
    now = int(time.time() * SECOND)  # NOW is as old as this run of tests
    await world.commit(received=[("b", BINH, UNDELIVERABLE)], received_at=now)
    ids = [("a 2", AN, UNDELIVERABLE), ("a\0\xff", AN, DELIVERED)]
    await world.commit(received=ids, received_at=now - 200 * SECOND)
    for _ in range(3):
        await world.resolve(desk)
    rows = await world.conn.fetch("SELECT first_state, first_ids FROM in_doubt ORDER BY ordinal")
    assert [tuple(row) for row in rows] == [(UNDELIVERABLE, [b"a\0\xff", b"a 2"]), (None, [])]
    assert await world.parked() == ["b"]
    assert await world.receipts() == {"matched": 2, "parked": 1}
