"""What people answer, on the real Postgres: read, joined, matched with what they answer, and shown."""

import asyncio
import csv
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from integration.ledger_world import make_world
from integration.replies_world import (
    FIRST,
    UCS2,
    balanced,
    came,
    opted_out,
    part,
    quiet_rig,
    read,
    reader,
    sent,
)
from integration.rig import Rig
from waiting import until

from broadcast.cli.main import main
from broadcast.config import Config
from broadcast.ledger import replies
from broadcast.ledger.journal import Inbound
from broadcast.store.pool import connect
from broadcast.store.queries import sql


@pytest.fixture
async def rig(
    tmp_path: Path, database_url: str, conn: asyncpg.Connection, config: Config
) -> AsyncIterator[Rig]:
    async with quiet_rig(tmp_path, database_url, conn, config) as made:
        yield made


# ---------------------------------------------------------------- reading


async def test_a_group_keeps_what_the_reader_needs(conn: asyncpg.Connection, database_url: str) -> None:
    world = await make_world(database_url, conn)
    group = world.writer.journal.group
    group.inbound.append(Inbound(world.carrier_no, FIRST, "1900", 0, 0, b"STOP", str(FIRST), (7, 2, 1)))
    group.inbound.append(Inbound(world.carrier_no, None, "1900", 0, 0, b"HI", "+84320000001"))
    await world.writer.flush()
    rows = await conn.fetch("SELECT msisdn, source, sar, state FROM inbound ORDER BY inbound_no")
    assert [tuple(row) for row in rows] == [
        (FIRST, str(FIRST), [7, 2, 1], "new"), (None, "+84320000001", None, "new"),
    ]  # fmt: skip
    await world.writer._drop()


async def test_every_sender_is_one_however_it_is_written(rig: Rig) -> None:
    for source in ("84320000001", "+84320000001", "0320000001", "320000001"):
        await came(rig, source.encode(), source)
    await came(rig, b"foreign", "+351912345678")
    await came(rig, b"a name", "Viettel")
    found = await read(rig)
    assert [row["msisdn"] for row in found] == [84320000001] * 4 + [351912345678, None]
    assert {row["campaign_id"] for row in found} == {replies.NO_CAMPAIGN}


async def test_codings(rig: Rig) -> None:
    await came(rig, "Hủy".encode("utf-16-be"), coding=UCS2)
    await came(rig, b"\x00 \x1b\x65")
    await came(rig, b"caf\xe9", coding=3)
    await came(rig, b"\0\0\0", coding=8)
    assert [(row["text"], row["kind"]) for row in await read(rig)] == [
        ("Hủy", "opt_out"), ("@ €", ""), ("café", ""), ("", ""),
    ]  # fmt: skip


async def test_a_person_named_like_a_keyword_keeps_the_alerts(rig: Rig) -> None:
    texts = ("Huy day, da nhan duoc tin, cam on", "Huy", "Hủy tin nhắn này", "huy dk", "Húy")
    for index, text in enumerate(texts):
        await came(rig, text.encode("utf-16-be"), FIRST + index, coding=UCS2)
    await part(rig, 1, 2, b"Huy ", FIRST + 5, ago_s=500)  # the rest never comes: nobody knows that it was all
    await read(rig)
    rig.config = replace(rig.config, engine=replace(rig.config.engine, parts_wait_s=60))
    found = {row["text"]: row["kind"] for row in await read(rig)}
    assert found == dict(zip(texts, ("", "opt_out", "opt_out", "opt_out", ""), strict=True)) | {"Huy […]": ""}
    assert await opted_out(rig) == {1, 2, 3}


async def test_parts_in_any_order_from_two_senders_over_many_lives(rig: Rig) -> None:
    await part(rig, 3, 3, b"you", FIRST)
    await part(rig, 1, 3, b"STOP ", FIRST + 1)
    assert await read(rig) == []
    await part(rig, 1, 3, b"thank ", FIRST)
    await part(rig, 3, 3, b"please", FIRST + 1)
    assert await read(rig) == []
    await part(rig, 3, 3, b"you", FIRST)  # again
    await part(rig, 2, 3, b"it ", FIRST + 1)
    await part(rig, 2, 3, b"all of ", FIRST)
    found = await read(rig)
    assert sorted((row["msisdn"] - FIRST, row["text"], row["parts"], row["missing"]) for row in found) == [
        (0, "thank all of you", 3, 0), (1, "STOP it please", 3, 0),
    ]  # fmt: skip
    assert await opted_out(rig) == {1}
    states = await rig.conn.fetch("SELECT state, count(*) AS n FROM inbound GROUP BY state ORDER BY state")
    assert [tuple(row) for row in states] == [("read", 6), ("repeated", 1)]


async def test_sar_parts(rig: Rig) -> None:
    await came(rig, b"two", sar=[900, 2, 2])
    await came(rig, b"one ", sar=[900, 2, 1])
    assert [row["text"] for row in await read(rig)] == ["one two"]


async def test_a_text_that_never_gets_whole(rig: Rig) -> None:
    await part(rig, 1, 3, b"STOP it ", ago_s=500)
    await part(rig, 3, 3, b" now", ago_s=500)
    assert await read(rig) == []
    rig.config = replace(rig.config, engine=replace(rig.config.engine, parts_wait_s=60))
    (found,) = await read(rig)
    assert (found["text"], found["parts"], found["missing"]) == ("STOP it […] now", 3, 1)
    assert await opted_out(rig) == {0}


async def test_a_reference_that_comes_again(rig: Rig) -> None:
    for text in (b"first", b"second"):
        await part(rig, 1, 2, text + b" message, ")
        await part(rig, 2, 2, b"its end of " + text)
    assert [row["text"] for row in await read(rig)] == [
        "first message, its end of first", "second message, its end of second",
    ]  # fmt: skip


async def test_what_the_smsc_delivers_again_counts_once(rig: Rig) -> None:
    await part(rig, 1, 2, b"a")
    await part(rig, 2, 2, b"b")
    await came(rig, b"HELP")
    await read(rig)
    await part(rig, 2, 2, b"b")
    await part(rig, 1, 2, b"a")
    await came(rig, b"HELP")
    await came(rig, b"HELP", FIRST + 1)
    assert [row["text"] for row in await read(rig)] == ["ab", "HELP", "HELP"]
    assert await rig.conn.fetchval("SELECT count(*) FROM inbound WHERE state = 'repeated'") == 3


async def test_the_same_words_an_hour_later_are_another_reply(rig: Rig) -> None:
    await came(rig, b"HELP", ago_s=3600)
    await came(rig, b"HELP")
    assert len(await read(rig)) == 2


async def test_a_flood_is_read_in_bounded_rounds(rig: Rig) -> None:
    for number in range(1200):
        await came(rig, b"%d" % number)
    by = await reader(rig)
    counts = []
    while await by.round(rig.conn):
        counts.append(await rig.conn.fetchval("SELECT count(*) FROM reply"))
    assert counts == [500, 1000]
    assert await rig.conn.fetchval("SELECT count(*) FROM reply") == 1200


async def test_one_reads_at_a_time(rig: Rig, database_url: str) -> None:
    await came(rig, b"HELP")
    other = await connect(database_url)
    async with other.transaction():
        assert await replies.claim(other)
        assert await read(rig, 1) == []
    assert len(await read(rig, 1)) == 1
    await other.close()


# ---------------------------------------------------------------- matching


async def test_the_last_campaign_that_was_sent_to_the_number(rig: Rig) -> None:
    first = await rig.launch(category="health")
    second = await rig.launch(category="health")
    waiting = await rig.launch(category="health")
    await rig.conn.execute("UPDATE campaign SET launched_at = now() - interval '1 day'")
    await sent(rig, first, mark=10, ago_s=3000)
    await sent(rig, second, mark=5, ago_s=2000)
    await came(rig, b"to the second", FIRST)
    await came(rig, b"to the first", FIRST + 9)  # the second did not get there
    await came(rig, b"when there was the first only", FIRST, ago_s=2500)
    await came(rig, b"before them all", FIRST, ago_s=2 * 86400)
    await came(rig, b"through another", FIRST, carrier="mobifone")
    await came(rig, b"no subscriber", FIRST + 10)
    found = {row["text"]: row["campaign_id"] for row in await read(rig)}
    assert found == {
        "to the second": second.campaign_id,
        "to the first": first.campaign_id,
        "when there was the first only": first.campaign_id,
        "before them all": replies.NO_CAMPAIGN,
        "through another": replies.NO_CAMPAIGN,
        "no subscriber": replies.NO_CAMPAIGN,
    }
    counted = await replies.counts(rig.conn, second.campaign_id)
    assert [(each.carrier, each.kind, each.replies) for each in counted] == [("viettel", "", 1)]
    assert (await replies.elsewhere(rig.conn)).unmatched == 3
    assert await replies.counts(rig.conn, waiting.campaign_id) == []


async def test_who_waits_again_was_not_sent_to(rig: Rig) -> None:
    campaign = await rig.launch(category="health")
    await sent(rig, campaign)
    await rig.conn.execute("UPDATE slice SET retry = '\\x0200'")
    await came(rig, b"one", FIRST)
    await came(rig, b"two", FIRST + 1)
    assert [row["campaign_id"] for row in await read(rig)] == [campaign.campaign_id, replies.NO_CAMPAIGN]


async def test_slices_are_found_by_their_span(rig: Rig) -> None:
    await rig.launch(category="health")
    await rig.conn.execute(
        """INSERT INTO slice (campaign_id, carrier_no, total, msisdns)
           SELECT campaign_id, carrier_no, 2, ARRAY[$1::bigint + 10 * n, $1::bigint + 10 * n + 1]
             FROM slice, generate_series(1, 3000) AS n""",
        FIRST,
    )
    async with rig.conn.transaction():
        await replies.make_spans(rig.conn)
    await rig.conn.execute("ANALYZE slice, slice_span")
    for query, arguments in (
        ("match_replies", "'{1}', '{84320000001}', '{1}', '{2030-01-01}', 30"),
        ("recall_slices", "1, '{84320000001}', 10"),
    ):
        await rig.conn.execute(f"PREPARE {query} AS {sql(query)}")
        plan = await rig.conn.fetch(f"EXPLAIN EXECUTE {query} ({arguments})")
        assert "slice_by_span" in "\n".join(row[0] for row in plan)


# ---------------------------------------------------------------- the command


async def test_the_command_counts_and_masks(
    rig: Rig, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign = await rig.launch(category="health")
    await sent(rig, campaign)
    await came(rig, b"STOP", FIRST)
    await came(rig, b"thank you [bold]", FIRST + 1, coding=3)
    await came(rig, b"who is this?", FIRST + 50)
    await read(rig)
    monkeypatch.setenv("BROADCAST_DATABASE_URL", database_url)

    async def typed(*words: str, command: str = "replies") -> str:
        code = await asyncio.to_thread(_exit_code, ["campaign", command, *words])
        out, err = capsys.readouterr()
        assert code == 0, err
        return str(out + err)

    shown = await typed(campaign.name)
    assert "STOP" in shown and "thank you [bold]" in shown and "replies that match no campaign: 1" in shown
    assert str(FIRST) not in shown and "84320***000" in shown
    assert str(FIRST) in await typed(campaign.name, "--reveal")
    told = json.loads(await typed(campaign.name, "--json"))
    assert told["replies"] == 2
    assert [(each["kind"], each["effect"], each["replies"]) for each in told["counts"]] == [
        ("", "none", 1), ("opt_out", "opted_out", 1),
    ]  # fmt: skip
    assert [each["msisdn"] for each in told["latest"]] == ["84320***001", "84320***000"]
    file = rig.folder / "replies.csv"
    await typed(campaign.name, "--csv", str(file), "--latest", "0")
    lines = list(csv.DictReader(file.read_text().splitlines()))
    assert [(line["msisdn"], line["keyword"], line["text"]) for line in lines] == [
        ("84320***000", "STOP", "STOP"), ("84320***001", "", "thank you [bold]"),
    ]  # fmt: skip
    await came(rig, b"=1+1\x1b[2J\nbye", FIRST + 2, coding=3)
    await read(rig)
    assert "=1+1\\u001b[2J bye" in await typed(campaign.name)
    await typed(campaign.name, "--csv", str(file))
    assert "'=1+1\\u001b[2J\nbye" in file.read_text()
    assert "who is this?" in await typed("--unmatched")
    assert "What people answered" in await typed(campaign.name, command="report")


def _exit_code(words: list[str]) -> object:
    with pytest.raises(SystemExit) as ended:
        main(words)
    return ended.value.code


# ---------------------------------------------------------------- end to end


async def test_everybody_who_answers_is_in_both_books(rig: Rig) -> None:
    """Long texts in parts of any order, the same reference for all; STOP ends it for the next campaign."""
    long_text = "Where do I get a vaccine? My mother is old and cannot walk far. " * 4
    await rig.conn.execute("DELETE FROM subscriber")
    rig.config = replace(rig.config, carriers={})
    habits = {
        "share": 0.3, "texts": ["STOP", "Hủy!", "Cảm ơn {rất} nhiều", long_text.strip()], "delay_s": 0.2,
        "shuffled": True, "other_elements": True, "one_reference": True,
    }  # fmt: skip
    smsc = await rig.smsc("viettel", **{f"inbound.{key}": value for key, value in habits.items()})
    rig.connect("viettel", tps=2000)
    await rig.subscribers("viettel", 1000)
    rig.worker()
    rig.worker()
    campaign = await rig.launch(category="health")
    assert (await rig.finish(campaign))["delivered"] == 1000
    book = await asyncio.to_thread(smsc._get, "/book/replies?limit=1000")
    assert 200 < book["made"] < 400

    async def read_all() -> bool:
        sent = (await asyncio.to_thread(smsc._get, "/book/replies?limit=1000"))["acked"]
        left = await rig.conn.fetchval("SELECT count(*) FROM inbound WHERE state IN ('new', 'waiting')")
        return bool(sent == book["sent"] and left == 0)

    await until(read_all, "every part is acked and read")
    rows = await rig.conn.fetch("SELECT msisdn, text, parts, missing, campaign_id, kind FROM reply")
    ours = sorted((str(row["msisdn"]), row["text"], row["parts"]) for row in rows)
    book = await asyncio.to_thread(smsc._get, "/book/replies?limit=1000")
    assert ours == sorted((each["msisdn"], each["text"], each["parts"]) for each in book["replies"])
    assert {row["campaign_id"] for row in rows} == {campaign.campaign_id}
    assert {row["missing"] for row in rows} == {0}
    stops = sum(row["kind"] == "opt_out" for row in rows)
    assert stops == book["by_text"]["STOP"] + book["by_text"]["Hủy!"] > 0

    async def opted_out_all() -> bool:
        return len(await opted_out(rig)) == stops

    await until(opted_out_all, "every STOP has its effect")
    for worker in list(rig.workers):
        await rig.stop(worker)
    assert await balanced(rig, await rig.launch(category="routine")) == {
        "waiting": 1000 - stops, "excluded": stops,
    }  # fmt: skip
