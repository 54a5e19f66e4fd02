"""Who answers STOP: left out by the next launch and by what runs already, and never by an emergency."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import numpy as np
import pytest
from integration.replies_world import FIRST, balanced, came, opted_out, quiet_rig, read, reader, sent
from integration.reported import report
from integration.resolved import resolve_all
from integration.rig import Rig
from integration.steps import by

from broadcast.actions import subscriber as actions
from broadcast.actions.session import Session
from broadcast.actions.subscriber import OptedOut
from broadcast.archive.place import place_of
from broadcast.audience import standings, stopped, subscribers
from broadcast.audience.importer import import_file
from broadcast.campaign import campaigns
from broadcast.config import Config
from broadcast.errors import RefusedError
from broadcast.ledger import close, opt_outs, replies
from broadcast.ledger.opt_outs import Sides
from broadcast.reports.recipients import recipients
from broadcast.store.pool import connect
from broadcast.store.queries import sql


@pytest.fixture
async def rig(
    tmp_path: Path, database_url: str, conn: asyncpg.Connection, config: Config
) -> AsyncIterator[Rig]:
    async with quiet_rig(tmp_path, database_url, conn, config) as made:
        yield made


async def test_opt_outs_and_opt_ins_take_effect_in_order(rig: Rig) -> None:
    await came(rig, b"STOP", FIRST)
    await came(rig, b"huy!", FIRST)
    await came(rig, b"Start", FIRST + 1)
    await came(rig, b"STOP", FIRST + 1)
    await came(rig, b"STOP", FIRST + 2)
    await came(rig, b"START", FIRST + 2)
    await came(rig, b"HELP", FIRST + 3)
    await came(rig, b"START", FIRST + 99)  # no subscriber
    await came(rig, b"STOP", "Viettel")
    by = await reader(rig)
    for _ in range(3):
        await by.round(rig.conn)
    assert [row["effect"] for row in await read(rig)] == [
        "opted_out", "unchanged", "unchanged", "opted_out", "opted_out", "opted_in", "none",
        "no_subscriber", "no_subscriber",
    ]  # fmt: skip
    out = [
        sample
        for family in by.opt_outs._metrics.opt_outs.collect()
        for sample in family.samples
        if sample.value
    ]
    assert [(each.labels, each.value) for each in out] == [({"carrier": "viettel"}, 3.0)]
    assert await opted_out(rig) == {0, 1}
    await came(rig, b"START", FIRST)
    assert (await read(rig))[-1]["effect"] == "opted_in"
    assert await opted_out(rig) == {1}


async def test_a_stranger_who_answers_stop_is_left_out_until_start(rig: Rig) -> None:
    visitor, other = 8613800138000, FIRST + 99
    await came(rig, b"STOP", visitor)
    await came(rig, b"huy!", visitor)
    await came(rig, b"STOP", other)
    await came(rig, b"START", other)
    assert [row["effect"] for row in await read(rig)] == ["opted_out", "unchanged", "opted_out", "opted_in"]
    found = await standings.of_strangers(rig.conn, np.array([other, visitor], np.int64))
    assert [(standing, those.tolist()) for standing, those in found] == [(0, [other]), (1, [visitor])]
    await came(rig, b"START", visitor)
    assert (await read(rig))[-1]["effect"] == "opted_in"
    found = await standings.of_strangers(rig.conn, np.array([other, visitor], np.int64))
    assert [(standing, those.tolist()) for standing, those in found] == [(0, [other, visitor])]


async def test_a_stranger_who_answered_stop_is_opted_out_by_the_import_that_brings_them(
    rig: Rig, tmp_path: Path
) -> None:
    await came(rig, b"STOP", FIRST + 99)
    await came(rig, b"STOP", FIRST + 98)
    await came(rig, b"START", FIRST + 98)
    await read(rig)
    file = tmp_path / "more.csv"
    file.write_text(f"msisdn\n{FIRST + 98}\n{FIRST + 99}\n")
    for _time in range(2):  # the second finds nothing to do
        await import_file(rig.conn, rig.config, file, tmp_path / "refused.csv")
        assert await opted_out(rig) == {99}
    await subscribers.set_opt_out(rig.conn, FIRST + 99, False)
    await import_file(rig.conn, rig.config, file, tmp_path / "refused.csv")
    assert await opted_out(rig) == set()


async def test_who_answers_stop_amid_the_import_that_brings_them_is_opted_out(
    rig: Rig, tmp_path: Path, database_url: str
) -> None:
    other = await connect(database_url)
    async with other.transaction():
        await other.execute(
            "INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, ported, import_no)"
            " SELECT $1::bigint, $1::bigint % 64, carrier_no, false, import_no FROM subscriber LIMIT 1",
            FIRST + 99,
        )
        assert await stopped.opt_out_imported(other) == []
        await came(rig, b"STOP", FIRST + 99)
        assert (await read(rig))[-1]["effect"] == "opted_out"
    assert await opted_out(rig) == set()
    await stopped.settle(other)
    await other.close()
    assert await opted_out(rig) == {99}
    assert await rig.conn.fetchval("SELECT count(*) FROM opt_out WHERE stranger") == 0


async def test_launches_leave_them_out_but_not_of_emergencies(rig: Rig) -> None:
    await came(rig, b"STOP")
    await read(rig)
    health, emergency = await rig.launch(category="health"), await rig.launch(category="emergency")
    assert await balanced(rig, health) == {"waiting": 9, "excluded": 1}
    assert await balanced(rig, emergency) == {"waiting": 10}


async def test_a_subscriber_that_an_import_holds_comes_later(rig: Rig, database_url: str) -> None:
    other = await connect(database_url)
    async with other.transaction():
        await other.execute("UPDATE subscriber SET import_no = 2 WHERE msisdn = $1", FIRST)
        await came(rig, b"STOP", FIRST)
        await came(rig, b"STOP", FIRST + 1)
        assert [row["effect"] for row in await read(rig)] == [None, "opted_out"]
    assert [row["effect"] for row in await read(rig)] == ["opted_out", "opted_out"]
    await other.close()


async def test_what_runs_already_lets_them_go(rig: Rig) -> None:
    health, emergency = await rig.launch(category="health"), await rig.launch(category="emergency")
    await sent(rig, health, mark=3)
    await came(rig, b"STOP", FIRST + 1)  # sent already
    await came(rig, b"STOP", FIRST + 3)
    await came(rig, b"STOP", FIRST + 9)
    await read(rig)
    assert await balanced(rig, health) == {"waiting": 5, "in_doubt": 3, "excluded": 2}
    assert await balanced(rig, emergency) == {"waiting": 10}
    row = await rig.conn.fetchrow("SELECT * FROM slice WHERE campaign_id = $1", health.campaign_id)
    assert row is not None
    assert [each - FIRST for each in row["msisdns"]] == [0, 1, 2, 4, 5, 6, 7, 8]
    assert (row["total"], row["mark"], row["recalled"], row["state"]) == (8, 3, False, "ready")
    found = await report(rig.conn, health.name)
    assert [(each.reason, each.recipients) for each in found.exclusions] == [("opted_out", 2)]
    assert [(each.kind, each.effect, each.replies) for each in found.replies] == [("opt_out", "opted_out", 1)]


async def test_an_operators_opt_out_does_the_same(rig: Rig) -> None:
    health = await rig.launch(category="health")
    await subscribers.set_opt_out(rig.conn, FIRST + 4, True)
    await read(rig, 1)
    assert await balanced(rig, health) == {"waiting": 9, "excluded": 1}


async def test_who_waits_again_is_let_go_too(rig: Rig) -> None:
    health = await rig.launch(category="health")
    await sent(rig, health, mark=4)
    await rig.conn.execute("UPDATE slice SET retry = '\\x0600'")  # the second and the third wait again
    await rig.conn.execute("UPDATE tally SET waiting = waiting + 2, in_doubt = in_doubt - 2")
    await came(rig, b"STOP", FIRST + 2)
    await read(rig)
    assert await balanced(rig, health) == {"waiting": 7, "in_doubt": 2, "excluded": 1}
    everybody = [each async for each in recipients(rig.conn, health.campaign_id)]
    assert sorted(each.msisdn - FIRST for each in everybody) == list(range(10))
    assert [each.err for each in everybody if each.state == "excluded"] == ["opted_out"]


async def test_a_slice_of_which_nobody_is_left(rig: Rig) -> None:
    health = await rig.launch(category="health")
    for place in range(10):
        await came(rig, b"STOP", FIRST + place)
    await read(rig)
    assert await balanced(rig, health) == {"excluded": 10}
    assert await rig.conn.fetchval("SELECT count(*) FROM slice") == 0
    assert await close.tidy(rig.conn, 2000, 60.0) == [health.campaign_id]


async def test_a_slice_of_which_the_rest_was_sent_is_done(rig: Rig) -> None:
    health = await rig.launch(category="health")
    await rig.conn.execute(
        "UPDATE slice SET mark = 9, answered = '\\xff01', retry = '\\x0000', leased_at = now()"
    )
    await came(rig, b"STOP", FIRST + 9)
    await read(rig)
    assert await rig.conn.fetchval("SELECT state FROM slice") == "done"
    assert (await rig.states(health))["excluded"] == 1


async def test_a_slice_that_a_worker_holds_is_asked_for(rig: Rig) -> None:
    health = await rig.launch(category="health")
    worker_no = await rig.conn.fetchval(
        "INSERT INTO worker (host, pid, expires_at) VALUES ('here', 1, now() + interval '1 hour') RETURNING worker_no"
    )
    lease = (worker_no, await rig.conn.fetchval("SELECT carrier_no FROM slice"), health.campaign_id, 5, [1])
    (held,) = await rig.conn.fetch(sql("lease_slices"), *lease)
    await came(rig, b"STOP", FIRST + 5)
    await read(rig)
    assert await opt_outs.recalled(rig.conn, worker_no) == {held["slice_id"]}
    assert await opt_outs.recalled(rig.conn, worker_no + 1) == frozenset()
    assert await balanced(rig, health) == {"waiting": 10}
    await rig.conn.execute("UPDATE slice SET state = 'ready', worker_no = NULL")
    assert await rig.conn.fetch(sql("lease_slices"), *lease) == []  # not before they are taken out
    await read(rig, 1)
    assert await balanced(rig, health) == {"waiting": 9, "excluded": 1}
    (again,) = await rig.conn.fetch(sql("lease_slices"), *lease)
    assert FIRST + 5 not in again["msisdns"]


async def test_recipients_that_are_sent_again_are_looked_at(rig: Rig) -> None:
    health = await rig.launch(category="health", in_doubt_policy="resend", grace_s=0)
    row = await rig.conn.fetchrow("SELECT slice_id, carrier_no FROM slice")
    assert row is not None
    await sent(rig, health)
    await rig.conn.execute("UPDATE slice SET answered = '\\xff03', state = 'done'")
    await rig.conn.execute(
        """INSERT INTO in_doubt (campaign_id, carrier_no, slice_id, ordinal, segments, msisdn, reason, since)
           SELECT $1, $2, $3, n, 1, $4::bigint + n, 'link_lost', now() - interval '1 hour'
             FROM generate_series(0, 9) AS n""",
        health.campaign_id, row["carrier_no"], row["slice_id"], FIRST,
    )  # fmt: skip
    await subscribers.set_opt_out(rig.conn, FIRST + 2, True)
    await read(rig)  # nothing waits, so nothing is recalled
    await resolve_all(rig.conn)
    await close.tidy(rig.conn, 2000, 60.0)
    assert await rig.conn.fetchval("SELECT count(*) FROM slice WHERE recalled") == 1
    await read(rig, 1)
    assert await balanced(rig, health) == {"waiting": 9, "excluded": 1}


async def test_a_launch_knows_the_opt_outs_before_it(rig: Rig) -> None:
    await subscribers.set_opt_out(rig.conn, FIRST, True)
    await subscribers.set_opt_out(rig.conn, FIRST, False)
    health = await rig.launch(category="health")
    assert await opt_outs.recall(Sides(rig.conn, rig.conn, ""), 10) == 0  # nothing to search it for
    await subscribers.set_opt_out(rig.conn, FIRST, True)
    assert [await opt_outs.recall(Sides(rig.conn, rig.conn, ""), 10) for _ in range(2)] == [1, 0]
    await read(rig, 1)
    assert await balanced(rig, health) == {"waiting": 9, "excluded": 1}


async def test_an_archived_campaigns_replies_stay(rig: Rig) -> None:
    campaign = await rig.launch(category="health")
    await sent(rig, campaign)
    await came(rig, b"HELP")
    await read(rig)
    await rig.conn.execute("DELETE FROM slice")
    assert await place_of(rig.conn, campaign.campaign_id) is None
    assert [each.text for each in await replies.latest(rig.conn, campaign.campaign_id, 5)] == ["HELP"]
    assert (await campaigns.get(rig.conn, campaign.campaign_id)).audience == 10


async def test_a_worker_gives_back_whom_it_has_not_sent_to(rig: Rig) -> None:
    """Slow enough that slices are held while people opt out: who is left out is in no book of the SMSC."""
    await rig.conn.execute("DELETE FROM subscriber")
    rig.config = replace(rig.config, carriers={})
    smsc = await rig.smsc("viettel")
    rig.connect("viettel", tps=25)
    await rig.subscribers("viettel", 400)
    worker = rig.worker()
    campaign = await rig.launch(category="health")
    await rig.reached(campaign, 50, "accepted", "delivered")
    leaving = range(FIRST, FIRST + 400, 7)
    for msisdn in leaving:
        await came(rig, b"STOP", msisdn)
    states = await rig.finish(campaign)
    assert set(states) == {"delivered", "excluded"}
    assert sum(states.values()) == 400
    assert 10 < states["excluded"] < len(leaving)
    assert await balanced(rig, campaign) == states
    assert (await smsc.book())["recipients"] == states["delivered"]
    await rig.stop(worker)


async def test_a_list_of_numbers_opts_out(rig: Rig, database_url: str) -> None:
    """What runs lets them go, too; all of the list or nobody."""
    health = await rig.launch(category="health")
    await came(rig, b"STOP", FIRST + 1)
    await read(rig)
    session = Session(rig.conn, rig.config)
    those = [FIRST, FIRST + 1, FIRST + 2, FIRST + 99]
    other = await connect(database_url)
    async with other.transaction():
        await other.execute("UPDATE subscriber SET import_no = 2 WHERE msisdn = $1", FIRST + 2)
        with pytest.raises(RefusedError, match="an import holds some"):
            await by("an", actions.opt_all_out, session, those)
    await other.close()
    assert await opted_out(rig) == {1}
    assert await by("an", actions.opt_all_out, session, those) == OptedOut(4, 3, 2)
    assert await opted_out(rig) == {0, 1, 2}
    await read(rig)
    assert await balanced(rig, health) == {"waiting": 7, "excluded": 3}
    assert await by("an", actions.opt_all_out, session, those) == OptedOut(4, 3, 0)
    noted = await rig.conn.fetchval("SELECT details::text FROM act ORDER BY act_no DESC LIMIT 1")
    assert noted == '{"new": 0, "numbers": 4, "subscribers": 3}'
