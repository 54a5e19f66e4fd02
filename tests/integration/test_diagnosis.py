"""What goes wrong at a carrier is said in a line: real simulated carriers that are wrong in a way, and workers."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import numpy as np
import pytest
from acting import acting
from integration.ledger_world import make_world
from integration.packed_rows import DELIVERED, REJECTED, WAITING, Person, us, write_slice
from integration.rig import Rig
from integration.visited import counted, explained, visited
from waiting import until

from broadcast.campaign.campaigns import Campaign
from broadcast.diagnosis import gather, links, pace, receipts, usual
from broadcast.diagnosis.finding import Code, Finding
from broadcast.diagnosis.gather import Diagnosis
from broadcast.ledger.packing.received import pack_parked, pack_received, unpack_received
from broadcast.store import plans
from broadcast.store.queries import sql

CHECK = "broadcast carrier check viettel"


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a minute for a receipt that does not come."""
    monkeypatch.setattr(receipts, "UNKNOWN_S", 3.0)
    monkeypatch.setattr(receipts, "LEAST_S", 3.0)
    monkeypatch.setattr(gather, "SETTLING_S", 4.0)


async def found(
    rig: Rig, campaign: Campaign | None, code: Code, carrier: str = "viettel", words: str = ""
) -> Finding:
    """Wait until that is found, and says these words."""
    diagnosis = Diagnosis(rig.conn, campaign and campaign.campaign_id)
    seen: list[Finding] = []

    async def there() -> bool:
        seen[:] = await diagnosis.findings()
        return any((each.code, each.carrier) == (code, carrier) and words in each.sentence for each in seen)

    await until(there, f"{code} is found", 90)
    return next(each for each in seen if (each.code, each.carrier) == (code, carrier))


async def sent(
    rig: Rig, count: int, our_tps: int, *, connect: dict[str, Any] | None = None, **smsc: Any
) -> Campaign:
    """A campaign to so many at a carrier of that kind, and a worker that begins."""
    await rig.smsc("viettel", **smsc)
    rig.connect("viettel", our_tps, **(connect or {}))
    await rig.subscribers("viettel", count)
    rig.worker()
    return await rig.launch()


async def printed(rig: Rig, *words: object, until_there: str = "") -> str:
    """What a command prints, to its end or until that is there."""
    log = rig.folder / f"process-{len(rig.processes)}.log"
    process = await rig.command(*words, config=rig.configuration())
    if until_there:
        await until(lambda: until_there in log.read_text(encoding="utf-8"), f"{words} print it")
        process.terminate()
    code = await process.wait()
    assert until_there or code == 0, log.read_text(encoding="utf-8")
    return log.read_text(encoding="utf-8")


@pytest.mark.long
@pytest.mark.usefixtures("soon")
async def test_receipts_that_fit_no_submission(rig: Rig) -> None:
    campaign = await sent(rig, 600, 2000, like="hex-ids", receipt_delay_s=0.2)
    told = await found(rig, campaign, Code.RECEIPTS_MISFIT)
    assert told.grave
    assert told.sentence.endswith("receipts fit no submission: response_id or receipt_id is wrong")
    assert told.command == f"{CHECK} --to YOUR_NUMBER"
    assert await found(rig, None, Code.RECEIPTS_MISFIT)
    line = "receipts fit no submission: response_id or receipt_id is wrong; run `broadcast carrier check viettel --to"

    async def listed() -> bool:
        return line in await printed(rig, "campaign", "list")

    await until(listed, "it is known to a command, which waits for the resolver longer")
    for words in (("carrier", "list"), ("carrier", "show", "viettel")):
        assert line in await printed(rig, *words)
    for words in (("campaign", "list", "--json"), ("carrier", "list", "--json")):
        document = json.loads(await printed(rig, *words))
        assert "receipts_misfit" in {each["code"] for entry in document for each in entry["findings"]}
    page = rig.folder / "report.html"
    assert line in await printed(rig, "campaign", "report", campaign.name, "--html", page)
    assert "receipts fit no submission" in page.read_text(encoding="utf-8")
    report = json.loads(await printed(rig, "campaign", "report", campaign.name, "--json"))
    assert [each["carrier"] for each in report["findings"]] == ["viettel"]
    for words in (("--every", "1"), ("--json",)):
        assert line in await printed(rig, "campaign", "watch", campaign.name, *words, until_there=line)


@pytest.mark.usefixtures("soon")
async def test_a_carrier_that_sends_no_receipts(rig: Rig) -> None:
    campaign = await sent(rig, 200, 2000, unreported_share=1.0)
    told = await found(rig, campaign, Code.RECEIPTS_MISSING)
    assert "though 200 messages wait for theirs" in told.sentence
    assert told.grave


@pytest.mark.usefixtures("soon")
async def test_receipts_for_one_segment_only(rig: Rig) -> None:
    await rig.smsc("viettel", like="last-segment-receipts", receipt_delay_s=0.2)
    rig.connect("viettel", 2000)
    await rig.subscribers("viettel", 200)
    rig.worker()
    campaign = await rig.launch(text="Wash your hands. " * 20)
    told = await found(rig, campaign, Code.RECEIPTS_PARTIAL)
    assert "the key receipts, which says for which they come, is wrong" in told.sentence


async def test_receipts_with_a_state_that_nobody_knows(rig: Rig) -> None:
    campaign = await sent(rig, 200, 2000, receipt_delay_s=0.1, **{"receipts.words.DELIVRD": "SEEN"})
    assert await found(rig, campaign, Code.RECEIPTS_UNKNOWN, words="(SEEN)")


async def test_a_carrier_that_refuses_many(rig: Rig) -> None:
    campaign = await sent(rig, 3000, 2000, refused_share=0.4, refused_status=0x0A)
    told = await found(rig, campaign, Code.REFUSED)
    assert "ESME_RINVSRCADR: the sender, or its TON and NPI, is not allowed" in told.sentence
    assert told.command == f"{CHECK} --to YOUR_NUMBER"


async def test_a_carrier_that_refuses_for_the_moment(rig: Rig) -> None:
    campaign = await sent(
        rig, 3000, 2000, temporary_share=0.4, temporary_status=0x8, connect={"retry_delay_s": 30.0}
    )
    told = await found(rig, campaign, Code.REFUSED)
    assert "ESME_RSYSERR" in told.sentence


async def test_a_carrier_that_throttles(rig: Rig) -> None:
    campaign = await sent(rig, 6000, 1000, tps=200)
    told = await found(rig, campaign, Code.SLOWED)
    assert "ESME_RTHROTTLED: it allows less than its tps of 1,000" in told.sentence


async def test_a_carrier_that_refuses_binds(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "REFUSED_S", 1.0)
    campaign = await sent(rig, 100, 1000, password="another")
    told = await found(rig, campaign, Code.BINDS_DOWN)
    assert told.grave
    assert "2 of 2 binds not up" in told.sentence
    assert "refused with ESME_RINVPASWD, the password is wrong" in told.sentence
    assert told.command == CHECK


async def test_a_carrier_that_cannot_be_reached(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "UNBOUND_S", 1.0)
    smsc = await rig.smsc("viettel")
    rig.connect("viettel", 1000)
    smsc.process.terminate()
    await smsc.process.wait()
    await rig.subscribers("viettel", 100)
    rig.worker()
    told = await found(rig, await rig.launch(), Code.BINDS_DOWN)
    assert "no connection to the SMSC" in told.sentence


async def test_a_window_that_is_full(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "SHORT_S", 2.0)
    campaign = await sent(rig, 6000, 1000, response_delay_s=0.5, connect={"window": 5, "sessions": 1})
    told = await found(rig, campaign, Code.WINDOW_FULL)
    assert "the windows are full" in told.sentence


async def test_nobody_sends(rig: Rig) -> None:
    await rig.smsc("viettel")
    rig.connect("viettel", 1000)
    await rig.subscribers("viettel", 100)
    campaign = await rig.launch()
    told = await found(rig, campaign, Code.NO_WORKER, "")
    assert str(told) == "no worker is alive: 100 wait, and no receipt is taken; run `broadcast up`"


async def test_of_a_carrier_that_is_well_nothing_is_said(rig: Rig) -> None:
    await rig.smsc("viettel", receipt_delay_s=1.5, receipt_jitter_s=1.4, refused_share=0.02)
    rig.connect("viettel", 1000)
    await rig.subscribers("viettel", 2000)
    rig.worker()
    await until(lambda: bound(rig), "its links are bound")
    campaign = await rig.launch()
    diagnosis = Diagnosis(rig.conn, campaign.campaign_id)
    said: list[Finding] = []

    async def told() -> bool:
        said.extend(await diagnosis.findings())
        states = await rig.states(campaign)
        return not states.get("waiting") and not states.get("accepted")

    await until(told, "all have their receipts")
    assert said == []


@pytest.mark.parametrize("begun", ["", "ANALYZE parked"], ids=["never analysed", "analysed while empty"])
async def test_of_looks_that_parked_receipts_only_the_newest_are_read(
    conn: asyncpg.Connection, begun: str
) -> None:
    await conn.execute(begun or "SELECT")
    await conn.execute(
        """INSERT INTO parked (carrier_no, no, received_at, receipts, packed)
           SELECT 1 + g % 2, g, now() - interval '1 h' + g * interval '1 ms', 3, ''
             FROM generate_series(1, 60000) AS g"""
    )
    now = datetime.now(UTC)
    long_ago = now - timedelta(days=1)
    cases = [(1, long_ago, now, 3000), (1, long_ago, long_ago, 0), (1, now, now, 0), (3, long_ago, now, 0)]
    for carrier, since, before, expected in cases:
        arguments = (carrier, since, before, 10.0, 20_000)
        async with conn.transaction():
            await conn.execute(plans.LOOK_UP)
            found = await conn.fetchrow(sql("diagnosed_misfits"), *arguments)
            plan = await conn.fetchval(
                f"EXPLAIN (ANALYZE, FORMAT JSON) {sql('diagnosed_misfits')}", *arguments
            )
        assert found is not None
        assert (found["receipts"], found["ago_s"] is None) == (expected, carrier == 3 or since == now)
        assert visited(json.loads(plan)[0]["Plan"]) <= 4 * 1000 + 3, plan  # each node gives the rows on


async def test_why_the_newest_receipts_fit_nothing(conn: asyncpg.Connection) -> None:
    """By the octets that end a row, whatever was taken of it; those from before the launch do not count."""
    since = datetime.now(UTC) - timedelta(minutes=1)
    for no, (count, reasons) in enumerate([(300, [0] * 300), (2, [3, 1]), (5, [3] * 5)], 1):
        at = since + timedelta(seconds=no if no > 1 else -1)
        told = unpack_received(
            pack_received([(count, us(at))], [8] * count, [0] * count, ["a"] * count, [""] * count)
        )
        await conn.execute(
            "INSERT INTO parked VALUES (1, $1, $2, 1, $3)",
            no,
            at,
            pack_parked(told, np.array(reasons, np.uint8)),
        )
    rows = await conn.fetch(sql("diagnosed_reasons"), 1, since)
    assert [list(row["reasons"]) for row in rows] == [[3] * 5, [3, 1]]
    rows = await conn.fetch(sql("diagnosed_reasons"), 1, since - timedelta(hours=1))
    assert sorted(len(row["reasons"]) for row in rows) == [2, 5, 300]


async def campaigns_with_slices(conn: asyncpg.Connection, refused: int, slices: int) -> tuple[int, int]:
    """Two, each of so many slices of 60 that were sent and one that was not; of the second one's so many were refused.
    Receipts come within 1 to 60 s."""
    world = await make_world("", conn)
    second: int = await conn.fetchval(
        """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                                 in_doubt_policy, grace_s, expires_at, state, drafted_by, launched_at)
           SELECT 'flood', category, priority, sender, text, alphabet, carriers, hears_opted_out,
                  in_doubt_policy, grace_s, expires_at, state, drafted_by, launched_at FROM campaign
           RETURNING campaign_id"""
    )
    at = us(datetime(2026, 3, 1, tzinfo=UTC))
    for number, few in ((world.campaign_id, 0), (second, refused)):
        people = [Person(84320000000 + n, REJECTED, err="status:11", settled_at=at) for n in range(few)]
        people += [
            Person(84320000000 + n, DELIVERED, (f"{number}-{n}",), "", at, at + (n + 1) * 1_000_000)
            for n in range(few, 60)
        ]
        await write_slice(conn, number, world.carrier_no, [Person(84320000099, WAITING)], "ready")
        for _ in range(slices):
            await write_slice(conn, number, world.carrier_no, people)
    return world.campaign_id, second


async def test_what_is_usual_is_told_by_a_sample(
    conn: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await campaigns_with_slices(conn, refused=15, slices=3)
    found = await usual.sample(conn)
    assert found.ended == {(1, first): 120, (1, second): 120}
    assert found.usual(1, [first]).refused_share == 0.25
    assert found.usual(1, [second]).refused_share == 0.0
    assert found.usual(1, [first, second]).refused_share is None
    assert 50.0 <= (found.usual(1, []).receipt_s or 0.0) <= 60.0
    assert found.usual(2, []) == usual.Usual()
    monkeypatch.setattr(usual, "SLICES_MOST", 1)
    assert (await usual.sample(conn)).usual(1, []) == usual.Usual()  # 60 are too few
    await conn.execute("UPDATE carrier SET tps = NULL")
    assert not (await usual.sample(conn)).ended


async def test_who_may_read_no_numbers_learns_what_is_usual(conn: asyncpg.Connection) -> None:
    first, second = await campaigns_with_slices(conn, refused=15, slices=3)
    async with acting(conn, "chi"):  # approves, and reads the list with what is wrong
        found = await usual.sample(conn)
    assert found.ended == {(1, first): 120, (1, second): 120}
    assert found.usual(1, [first]).refused_share == 0.25


async def test_what_is_archived_and_what_was_never_sent_says_nothing_of_what_is_usual(
    conn: asyncpg.Connection,
) -> None:
    first, second = await campaigns_with_slices(conn, refused=0, slices=0)
    assert not (await usual.sample(conn)).ended
    people = [Person(84320000000, DELIVERED, ("id",), "", 1, 2)]
    for number in (first, second):
        await write_slice(conn, number, 1, people)
    await conn.execute(
        "INSERT INTO archive (campaign_id, place, recipients, checksum, archived_by) VALUES ($1, '/', 1, 0, 'an')",
        second,
    )
    assert (await usual.sample(conn)).ended == {(1, first): 1}


async def test_tallies_of_former_campaigns_are_not_read(database_url: str, conn: asyncpg.Connection) -> None:
    """Nor is any other table read whole, though the planner takes that for the cheaper way."""
    world = await make_world(database_url, conn)
    await conn.execute(
        """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                                 in_doubt_policy, grace_s, expires_at, state, drafted_by, launched_at, finished_at)
           SELECT 'typhoon ' || n, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                  in_doubt_policy, grace_s, expires_at, state, drafted_by, launched_at, now()
             FROM campaign, generate_series(1, 100) AS n"""
    )
    await conn.execute(
        """INSERT INTO tally (campaign_id, carrier_no, shard, waiting)
           SELECT campaign_id, $1, n, 1 FROM campaign, generate_series(1, 50) AS n""",
        world.carrier_no,
    )
    await conn.execute("SET random_page_cost = 1000000")
    await explained(conn)
    with counted(conn) as visits:
        await Diagnosis(conn, world.campaign_id).findings()
    assert 50 <= visits["diagnosed_carriers"] < 1000


async def test_a_reading_wakes_nobody(rig: Rig) -> None:
    await rig.smsc("viettel")
    rig.connect("viettel", 1000)
    rig.worker()
    read = "SELECT max(read_at) FROM lane_reading"

    async def newer_than(at: datetime | None) -> bool:
        newest = await rig.conn.fetchval(read)
        return newest is not None and (at is None or newest > at)

    await until(lambda: bound(rig), "its links are bound")
    await until(lambda: newer_than(None), "a first reading")
    heard = list[object]()
    await rig.conn.add_listener("broadcast_slots", lambda *told: heard.append(told))
    for _ in range(2):
        at = await rig.conn.fetchval(read)
        await until(lambda: newer_than(at), "another reading")  # noqa: B023
    assert not heard


async def bound(rig: Rig) -> bool:
    return bool(await rig.conn.fetchval("SELECT bool_and(bound AND granted_tps = 500) FROM bind_slot"))


async def test_a_reading_that_cannot_be_written_stops_nobody(rig: Rig) -> None:
    await rig.conn.execute("ALTER TABLE lane_reading RENAME TO elsewhere")
    campaign = await sent(rig, 500, 200, receipt_delay_s=0.1)
    assert await rig.finish(campaign) == {"delivered": 500}
    await rig.conn.execute("ALTER TABLE elsewhere RENAME TO lane_reading")

    async def written() -> bool:
        return bool(await rig.conn.fetchval("SELECT count(*) FROM lane_reading"))

    await until(written, "it is written when that can be done again")
