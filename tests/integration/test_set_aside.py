"""One row that cannot be written or read is set aside and counted, in every queue, and the queue goes on."""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from integration.ledger_world import AT, World
from integration.replies_world import FIRST, Reader, balanced, came, opted_out, part, quiet_rig, reader, sent
from integration.rig import Rig
from integration.test_binding import BIND_OK, Smsc, read_pdu
from unit.smpp.wire import deliver_sm, pdu, receipt_text, tlv
from waiting import until

from broadcast.campaign.campaigns import Campaign
from broadcast.channel.receipt import Receipt
from broadcast.config import Carrier, Config
from broadcast.engine import feeder
from broadcast.engine.carrier_campaign import CarrierCampaign
from broadcast.engine.replies import Replies
from broadcast.ids import CarrierNo
from broadcast.ledger import sift
from broadcast.ledger import writer as writer_module
from broadcast.ledger.journal import Group, Inbound, Unreadable
from broadcast.ledger.rare import write_rare
from broadcast.ledger.states import RecipientState

DELIVERED = RecipientState.DELIVERED


@pytest.fixture
async def rig(
    tmp_path: Path, database_url: str, conn: asyncpg.Connection, config: Config
) -> AsyncIterator[Rig]:
    async with quiet_rig(tmp_path, database_url, conn, config) as made:
        yield made


async def kept(conn: asyncpg.Connection) -> list[str]:
    return [row["reason"] for row in await conn.fetch("SELECT reason FROM quarantine ORDER BY reason")]


# ---------------------------------------------------------------- the ledger's groups


def said(world: World, source: str, carrier_no: CarrierNo | None = None) -> Inbound:
    return Inbound(carrier_no or world.carrier_no, None, "1900", 0, 0, b"hello", source)


async def test_messages_that_the_database_refuses(world: World) -> None:
    """Two of a thousand: the rest is written, all are acked, and what was refused is kept as it came."""
    await world.conn.execute("ALTER TABLE inbound ADD CHECK (source NOT LIKE 'bad%')")
    acked: list[int] = []
    group = world.writer.journal.group
    group.inbound += [said(world, f"bad{n}" if n in (3, 700) else f"{n}") for n in range(1000)]
    world.writer.journal.receipts(
        world.carrier_no, [Receipt(b"", int(DELIVERED), "id", "000", FIRST)], AT, lambda: acked.append(1)
    )
    await world.writer.flush()
    assert acked == [1]
    assert await world.conn.fetchval("SELECT count(*) FROM inbound") == 998
    assert [received.ids.texts() for received in await world.received()] == [["id"]]
    assert await kept(world.conn) == ["a message that cannot be written: CheckViolationError 23514"] * 2
    rows = await world.conn.fetch("SELECT pdu FROM quarantine")
    assert {b"bad3" in row["pdu"] or b"bad700" in row["pdu"] for row in rows} == {True}
    world.writer.journal.group.inbound.append(said(world, "more"))
    world.writer.journal.wake()
    await world.writer.flush()  # and it goes on
    assert await world.conn.fetchval("SELECT count(*) FROM inbound") == 999


async def test_a_carrier_of_which_everything_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work is bounded, for every carrier waits meanwhile; the others lose nothing, and it loses nothing."""
    other = await world.conn.fetchval(
        "INSERT INTO carrier (name, tps) VALUES ('mobi', 9) RETURNING carrier_no"
    )
    await world.conn.execute("ALTER TABLE inbound ADD CHECK (source NOT LIKE 'bad%')")
    tries: list[int] = []  # of each search: on a busy machine one is cut off after a time, and begun anew

    async def search(connection: asyncpg.Connection, group: Group) -> tuple[Group, int]:
        tries.append(0)
        return await sift.sifted(connection, group)

    async def counting(*given: Any) -> None:
        tries[-1] += 1
        await write_rare(*given)

    monkeypatch.setattr(writer_module, "sifted", search)
    monkeypatch.setattr(sift, "write_rare", counting)
    inbound = world.writer.journal.group.inbound
    for first in range(0, 4000, 500):  # the first 2,000 of one carrier, and every other batch is the other's
        inbound += [said(world, f"bad{n}" if first < 2000 else f"{n}") for n in range(first, first + 500)]
        inbound += [said(world, f"{n}", other) for n in range(first, first + 100)]
    await world.writer.flush()
    assert 0 < max(tries) < 2 * sift.REFUSED_MOST + 50
    written = await world.conn.fetch("SELECT carrier_no, count(*) FROM inbound GROUP BY 1")
    assert {row["carrier_no"]: row["count"] for row in written} == {world.carrier_no: 2000, other: 800}
    reasons = await kept(world.conn)
    assert len(reasons) == 2000
    assert reasons.count("a message that cannot be written: CheckViolationError 23514") >= sift.REFUSED_MOST
    assert "or stood among" in reasons[-1]


async def test_one_that_comes_again_is_counted(world: World) -> None:
    await world.conn.execute("ALTER TABLE inbound ADD CHECK (source <> 'bad')")
    for _ in range(3):
        world.writer.journal.group.inbound.append(said(world, "bad"))
        await world.writer.flush()
    rows = await world.conn.fetch("SELECT times FROM quarantine")
    assert [row["times"] for row in rows] == [3]


async def test_messages_and_oddities_that_the_database_refuses(world: World) -> None:
    await world.conn.execute("ALTER TABLE inbound ADD CHECK (source <> 'bad')")
    await world.conn.execute("ALTER TABLE oddity ADD CHECK (value <> 'BAD')")
    group = world.writer.journal.group
    for source in ("1", "bad", "2"):
        group.inbound.append(Inbound(world.carrier_no, None, "1900", 0, 0, b"hello", source))
    group.inbound.append(Inbound(world.carrier_no, None, "1900", 99999, 0, b"hello", "3"))  # no smallint
    group.inbound.append(Inbound(world.carrier_no, None, "19\0", 0, 0, b"hello", "\ud800"))
    group.oddities[world.carrier_no, "receipt_state", "BAD"] += 2
    group.oddities[world.carrier_no, "receipt_state", "GOOD"] += 1
    group.unreadable.append(Unreadable(world.carrier_no, b"x" * 20, "odd"))
    await world.writer.flush()
    sources = await world.conn.fetch("SELECT source FROM inbound ORDER BY inbound_no")
    assert [row["source"] for row in sources] == ["1", "2"]
    assert [row["value"] for row in await world.conn.fetch("SELECT value FROM oddity")] == ["GOOD"]
    assert [reason.split(":")[0] for reason in await kept(world.conn)] == [
        *["a message that cannot be written"] * 3, "an oddity that cannot be written", "odd",
    ]  # fmt: skip


async def test_a_database_trouble_while_looking(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is known to `/readyz`, and told once, as while writing."""
    real, troubles = writer_module.sifted, []

    async def failing(*given: Any) -> Any:
        troubles.append(world.writer.trouble)
        if len(troubles) <= 4:
            raise asyncpg.InterfaceError("connection is closed")
        return await real(*given)

    monkeypatch.setattr(writer_module, "sifted", failing)
    monkeypatch.setattr(writer_module, "RETRY_S", 0.0)
    await world.conn.execute("ALTER TABLE inbound ADD CHECK (source <> 'bad')")
    world.writer.journal.group.inbound.append(said(world, "bad"))
    await world.writer.flush()
    words = "database lost (InterfaceError), trying again"
    assert (troubles, world.writer.trouble) == ([None, *[words] * 4], None)
    told = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert told == [f"group_not_written task=looking for what cannot be written why={words}"]


async def test_what_no_smsc_said_still_ends_the_worker(world: World) -> None:
    """Our own bits cannot be set aside without a lie in the books."""
    await world.conn.execute("ALTER TABLE slice ADD CHECK (mark < 2)")
    leased = await world.slice([FIRST, FIRST + 1])
    leased.intend_next(2)
    with pytest.raises(asyncpg.CheckViolationError):
        await world.writer.flush()


# ---------------------------------------------------------------- over the wire


class Hostile:
    """Accepts a bind, sends these deliver_sm one after the other, and again until they are acknowledged."""

    def __init__(self, pdus: Sequence[bytes]) -> None:
        self.pdus = {
            number: each[:12] + struct.pack("!I", number) + each[16:] for number, each in enumerate(pdus, 1)
        }
        self.acked: set[int] = set()
        self.refused: set[int] = set()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await read_pdu(reader)
        writer.write(BIND_OK)
        for each in self.pdus.values():
            writer.write(each)
        while True:
            command, status, sequence, _ = await read_pdu(reader)
            if command & 0x80000000:
                (self.refused if status else self.acked).add(sequence)
            else:
                writer.write(pdu(command | 0x80000000, sequence))
            if command == 0x06:
                return


async def test_what_an_smsc_can_send_and_a_database_cannot_hold(rig: Rig) -> None:
    """NUL, half surrogates, 64 KiB of id or text, numbers beyond bigint, no dates: all acked by one worker."""
    await rig.conn.execute(
        "ALTER TABLE inbound ADD CHECK (destination <> 'bad'); ALTER TABLE reply ADD CHECK (text <> 'bad')"
    )
    big = 60_000
    pdus = [
        deliver_sm(0, receipt_text(b"a\0b")),
        deliver_sm(0, receipt_text(b"1" * 140)),
        deliver_sm(0, b"", tlv(0x001E, b"x" * big) + tlv(0x0427, b"\2")),
        deliver_sm(0, b"", tlv(0x001E, b"a\0\xff\xd8") + tlv(0x0427, b"\2" * 20)),
        deliver_sm(0, receipt_text(b"id1"), source=b"9" * 40),
        deliver_sm(0, receipt_text(b"id2"), source=b"\xff\xfe"),
        deliver_sm(0, receipt_text(b"id3").replace(b"2401311201", b"9999999999999999")),
        deliver_sm(0, receipt_text(b"id4", b"\xed\xa0\x80")),
        deliver_sm(0, b"hello", esm_class=0, destination=b"bad"),
        deliver_sm(0, b"\xd8\x00\x00\x00\xdc\x00", esm_class=0, data_coding=8),
        deliver_sm(0, b"\0" * 200, esm_class=0, data_coding=4),
        deliver_sm(0, b"", tlv(0x0424, b"\xff" * big), esm_class=0),
        deliver_sm(0, b"hello", esm_class=0, source=b"9" * 300, destination=b"\x01" * 300),
        deliver_sm(0, b"hello", tlv(0x020C, b"\xff" * 8) + tlv(0x020E, b"\xff") + tlv(0x020F, b"\xff"), esm_class=0),
        deliver_sm(0, b"bad", esm_class=0),
        deliver_sm(0, b"the last", esm_class=0),
    ]  # fmt: skip
    hostile = Hostile(pdus)
    async with Smsc(hostile) as smsc:
        rig.config = replace(rig.config, carriers={"viettel": Carrier(tps=10, binds=(smsc.bind(),))})
        worker = rig.worker()
        await until(lambda: len(hostile.acked | hostile.refused) == len(pdus), "each is answered")

        async def read() -> bool:
            return bool(await rig.conn.fetchval("SELECT count(*) FROM reply WHERE text = 'the last'"))

        await until(read, "what came after is read")
        await rig.stop(worker)
        assert (smsc.connections, hostile.refused) == (1, set())
    assert await rig.conn.fetchval("SELECT count(*) FROM inbound WHERE state = 'set_aside'") == 1
    reasons = await kept(rig.conn)
    assert "a message that cannot be written: CheckViolationError 23514" in reasons
    assert "a receipt with an id of more than 255 octets" in reasons
    assert len(reasons) + await rig.conn.fetchval(
        "SELECT (SELECT sum(received) FROM carrier_tally) + (SELECT count(*) FROM inbound)"
    ) == len(pdus)
    metrics = worker._metrics.registry
    assert metrics.get_sample_value("broadcast_set_aside_total", {"queue": "ledger"}) == 1
    assert metrics.get_sample_value("broadcast_set_aside_total", {"queue": "replies"}) == 1


async def test_a_campaign_that_cannot_be_read(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are sent all the same."""
    smsc = await rig.smsc("viettel", tps=500, receipt_delay_s=0.1)
    rig.connect("viettel", 500)
    first, second = await rig.launch(), await rig.launch()
    real = feeder.prepared

    def failing(campaign: Campaign, *more: Any) -> CarrierCampaign:
        if campaign.campaign_id == first.campaign_id:
            raise KeyError(campaign.text)
        return real(campaign, *more)

    monkeypatch.setattr(feeder, "prepared", failing)
    rig.worker()
    assert await rig.finish(second) == {"delivered": 10}
    assert await rig.states(first) == {"waiting": 10}
    assert (await smsc.book())["extra_copies"] == 0


# ---------------------------------------------------------------- replies and opt-outs


async def aside(rig: Rig) -> list[tuple[int, str]]:
    """(place in the order of coming, why) of messages that were set aside."""
    rows = await rig.conn.fetch(
        "SELECT inbound_no - (SELECT min(inbound_no) FROM inbound) AS n, why FROM inbound WHERE state = 'set_aside'"
        " ORDER BY inbound_no"
    )
    return [(row["n"], row["why"]) for row in rows]


async def rounds(rig: Rig, count: int = 3) -> Reader:
    by = await reader(rig)
    for _ in range(count):
        await by.round(rig.conn)
    return by


async def test_a_text_that_cannot_be_kept(rig: Rig) -> None:
    await rig.conn.execute("ALTER TABLE reply ADD CHECK (text <> 'bad')")
    for text in (b"one", b"bad", b"STOP", b"two"):
        await came(rig, text)
    by = await rounds(rig)
    found = await rig.conn.fetch("SELECT text FROM reply ORDER BY reply_no")
    assert [row["text"] for row in found] == ["one", "STOP", "two"]
    assert await opted_out(rig) == {0}
    assert await aside(rig) == [(1, "CheckViolationError 23514")]
    assert by._metrics.set_aside.labels("replies")._value.get() == 1
    await came(rig, b"three")
    await rounds(rig)
    assert await rig.conn.fetchval("SELECT count(*) FROM reply") == 4


async def test_texts_that_all_fail_alike_stay(rig: Rig) -> None:
    """Something else is at fault than they: none is set aside, and opt-outs that were read take effect meanwhile."""
    by = await reader(rig)
    await came(rig, b"STOP")
    assert await by._read(rig.conn, 10) == 1
    first = await rig.conn.fetchval("SELECT max(reply_no) FROM reply")
    await rig.conn.execute(f"ALTER TABLE reply ADD CONSTRAINT wrong CHECK (reply_no <= {first})")
    for n in (1, 2):
        await came(rig, b"STOP", FIRST + n)
    with pytest.raises(asyncpg.CheckViolationError):
        await by.round(rig.conn)
    assert (await aside(rig), await opted_out(rig)) == ([], {0})
    await rig.conn.execute("ALTER TABLE reply DROP CONSTRAINT wrong")
    await by.round(rig.conn)
    assert await opted_out(rig) == {0, 1, 2}


async def test_a_text_that_cannot_be_read(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours in the reader ends neither the worker nor the others' replies."""
    real = Replies._msisdn

    def failing(self: Replies, source: str) -> int | None:
        if source == "bad":
            raise IndexError(source)
        return real(self, source)

    monkeypatch.setattr(Replies, "_msisdn", failing)
    await came(rig, b"one")
    await came(rig, b"two", "bad")
    await came(rig, b"three")
    await rounds(rig)
    assert await rig.conn.fetchval("SELECT count(*) FROM reply") == 2
    assert await aside(rig) == [(1, "IndexError")]


async def test_a_row_that_the_driver_cannot_decode(rig: Rig) -> None:
    """A clock that was set wrong: Python has no year 20000."""
    await came(rig, b"one")
    await came(rig, b"two")
    await came(rig, b"three")
    await rig.conn.execute("UPDATE inbound SET received_at = '20000-01-01' WHERE payload = 'two'")
    await rounds(rig)
    assert await rig.conn.fetchval("SELECT count(*) FROM reply") == 2
    assert [n for n, _ in await aside(rig)] == [1]


async def test_parts_of_a_text_that_cannot_be_kept(rig: Rig) -> None:
    await rig.conn.execute("ALTER TABLE reply ADD CHECK (text NOT LIKE 'bad%')")
    await part(rig, 1, 2, b"bad ")
    await part(rig, 2, 2, b"news")
    await came(rig, b"fine", FIRST + 1)
    await rounds(rig)
    assert await rig.conn.fetchval("SELECT count(*) FROM reply") == 1
    assert [n for n, _ in await aside(rig)] == [1]  # the first waits on, and is given up in its time


async def test_overdue_parts_that_cannot_be_kept(rig: Rig) -> None:
    await rig.conn.execute("ALTER TABLE reply ADD CHECK (text NOT LIKE 'bad%')")
    await part(rig, 1, 2, b"bad ", ago_s=3600)
    await part(rig, 1, 2, b"good ", FIRST + 1, ago_s=3600)
    for _ in range(2):
        await rounds(rig)
    assert await rig.conn.fetchval("SELECT text FROM reply") == "good […]"
    assert [n for n, _ in await aside(rig)] == [0]


async def test_an_opt_out_that_cannot_be_written(rig: Rig) -> None:
    await rig.conn.execute(
        f"ALTER TABLE subscriber ADD CHECK (msisdn <> {FIRST + 1} OR opted_out_at IS NULL)"
    )
    for n in range(3):
        await came(rig, b"STOP", FIRST + n)
    await rounds(rig)
    assert await opted_out(rig) == {0, 2}
    effects = await rig.conn.fetch("SELECT effect FROM reply ORDER BY reply_no")
    assert [row["effect"] for row in effects] == ["opted_out", "set_aside", "opted_out"]


async def test_a_slice_that_cannot_be_trimmed(rig: Rig) -> None:
    """It stays recalled, so nobody who opted out is sent to; the other campaign's people are let go."""
    first, second = await rig.launch(category="routine"), await rig.launch(category="routine")
    for each in (first, second):
        await sent(rig, each, 1)
    await rig.conn.execute(f"ALTER TABLE exclusion ADD CHECK (campaign_id <> {first.campaign_id})")
    await came(rig, b"STOP", FIRST + 5)
    await rounds(rig, 5)
    assert await balanced(rig, second) == {"waiting": 8, "in_doubt": 1, "excluded": 1}
    assert await balanced(rig, first) == {"waiting": 9, "in_doubt": 1}
    left = await rig.conn.fetch("SELECT campaign_id FROM slice WHERE recalled")
    assert [row["campaign_id"] for row in left] == [first.campaign_id]


async def test_slices_that_cannot_be_trimmed_are_not_in_the_way(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many stand before the others."""
    monkeypatch.setattr("broadcast.engine.opt_outs.SLICES_MOST", 1)
    first, second = await rig.launch(category="routine"), await rig.launch(category="routine")
    for each in (first, second):
        await sent(rig, each, 1)
    await rig.conn.execute(f"ALTER TABLE exclusion ADD CHECK (campaign_id <> {first.campaign_id})")
    await came(rig, b"STOP", FIRST + 5)
    await rounds(rig, 5)
    left = await rig.conn.fetch("SELECT campaign_id FROM slice WHERE recalled")
    assert [row["campaign_id"] for row in left] == [first.campaign_id]
