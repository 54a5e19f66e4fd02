"""The simulated SMSC over real TCP: binds, limits, receipts, redelivery, its book."""

import asyncio
import time
from struct import pack

import pytest
import uvloop
from integration.simulated import (
    RECEIVER,
    TRANSCEIVER,
    TRANSMITTER,
    bind_pdu,
    bound,
    connected,
    receipt_id,
    simulated,
    until,
)
from smpp34 import Client, DeliverSmEvent, Disconnected
from unit.simulator.pdus import header, submit, tail
from unit.smpp.fake import Diary
from waiting import PATIENCE_S

from broadcast.channel.link import Submission
from broadcast.config import Bind, Carrier, Smpp
from broadcast.errors import BroadcastError
from broadcast.simulator.fate import Fate, Fates
from broadcast.simulator.server import Smsc
from broadcast.smpp.binding import connect
from broadcast.smpp.template import SubmitFields, Template

MSISDNS = [b"849%08d" % number for number in range(2000)]
ENQUIRE_LINK = pack("!IIII", 16, 0x15, 0, 77)
UNBIND = pack("!IIII", 16, 0x06, 0, 78)


async def test_bind_submit_receipt_unbind() -> None:
    async with simulated(response_id="hex", receipt_id="decimal") as (smsc, port), bound(port) as esme:
        esme.submit(MSISDNS[:3])
        answers = [await esme.read() for _ in range(3)]
        assert [header(answer)[1:] for answer in answers] == [(0x80000004, 0, n) for n in (1, 2, 3)]
        given = [int(answer[16:-1], 16) for answer in answers]
        receipts = await esme.receipts(3)
        assert [int(receipt_id(pdu)) for pdu in receipts] == given
        assert all(msisdn in pdu for msisdn, pdu in zip(MSISDNS, receipts, strict=False))
        assert smsc.summary()["receipts"]["pending"] == 3
        esme.ack(receipts)
        esme.send(UNBIND)
        assert await esme.read() == pack("!IIII", 16, 0x80000006, 0, 78)
        assert await esme.read() == b""
        said = await until(smsc, "sessions", value=0)
        assert (said["messages"], said["recipients"], said["segments"]) == (3, 3, 3)
        assert said["receipts"] | {"by_fate": None} == {
            "sent": 3, "acked": 3, "pending": 0, "redelivered": 0, "nacked": 0, "by_fate": None,
        }  # fmt: skip


async def test_binds_that_are_refused() -> None:
    async with simulated(sessions=2) as (smsc, port):
        for system_id, password, status in ((b"esme", b"wrong", 0x0E), (b"other", b"secret", 0x0F)):
            async with connected(port) as esme:
                assert await esme.bind(TRANSCEIVER, system_id, password) == status
                assert await esme.read() == b""
        async with bound(port) as first, bound(port, RECEIVER), connected(port) as third:
            assert await third.bind() == 0x0D
            assert await first.bind() == 0x05
            first.send(ENQUIRE_LINK)
            assert header(await first.read())[1] == 0x80000015
        said = await until(smsc, "sessions", value=0)
        assert (said["binds"], said["binds_refused"]) == (2, 3)
        async with connected(port) as esme:
            esme.send(pack("!IIII", 18, TRANSCEIVER, 0, 1) + b"es")
            assert header(await esme.read())[1:3] == (0x80000009, 0x0F)


async def test_what_a_state_does_not_allow() -> None:
    async with simulated() as (smsc, port), connected(port) as esme, bound(port, RECEIVER) as receiver:
        for link in (esme, receiver):
            link.submit(MSISDNS[:1])
            assert header(await link.read())[1:] == (0x80000004, 0x04, 1)
        assert smsc.summary()["segments"] == 0


async def test_other_pdus() -> None:
    async with simulated() as (_, port), bound(port) as esme:
        esme.send(ENQUIRE_LINK + pack("!IIII", 16, 0x03, 0, 5) + pack("!IIII", 16, 0x80000015, 0, 6))
        assert header(await esme.read())[1:] == (0x80000015, 0, 77)
        assert header(await esme.read())[1:] == (0x80000000, 0x03, 5)
        esme.send(b"GET / HTTP/1.1\r\n\r\n")
        assert header(await esme.read())[1:3] == (0x80000000, 0x02)
        assert await esme.read() == b""


async def test_pdus_split_at_every_octet() -> None:
    async with simulated() as (smsc, port), connected(port) as esme:
        stream = bind_pdu(TRANSCEIVER, b"esme", b"secret") + submit(2, MSISDNS[0]) + submit(3, MSISDNS[1])
        for index in range(len(stream)):
            esme.send(stream[index : index + 1])
            await asyncio.sleep(0)
        assert header(await esme.read())[1:3] == (0x80000009, 0)
        answers = {header(await esme.read())[1:] for _ in range(4)}
        assert {(0x80000004, 0, 2), (0x80000004, 0, 3)} <= answers
        assert smsc.summary()["recipients"] == 2


async def test_above_its_tps_it_throttles_and_counts() -> None:
    async with simulated(tps=100, window=1000) as (smsc, port), bound(port, TRANSMITTER) as esme:
        esme.submit(MSISDNS[:150])
        assert list((await esme.statuses(150)).values()) == [0] * 100 + [0x58] * 50
        said = smsc.summary()
        assert (said["segments"], said["throttled"], said["max_per_second"], said["tps"]) == (
            100,
            50,
            150,
            100,
        )
        await asyncio.sleep(1.05)
        esme.submit(MSISDNS[100:150], first=500)
        assert set((await esme.statuses(50)).values()) == {0}
        assert smsc.summary()["max_per_second"] == 150


async def test_the_rate_counts_over_all_sessions() -> None:
    async with (
        simulated(tps=100) as (smsc, port),
        bound(port, TRANSMITTER) as one,
        bound(port, TRANSMITTER) as two,
    ):
        one.submit(MSISDNS[:80])
        await one.statuses(80)
        two.submit(MSISDNS[80:160])
        assert list((await two.statuses(80)).values()).count(0x58) == 60
        assert smsc.summary()["max_per_second"] == 160


async def test_above_its_window_the_queue_is_full() -> None:
    async with simulated(window=20, response_delay_s=0.5) as (smsc, port), bound(port, TRANSMITTER) as esme:
        started = time.monotonic()
        esme.submit(MSISDNS[:15])
        await until(smsc, "segments", value=15)
        esme.submit(MSISDNS[15:25], first=16)
        found = await esme.statuses(25)
        assert time.monotonic() - started >= 0.5
        assert [number for number, status in sorted(found.items()) if status == 0x14] == [21, 22, 23, 24, 25]
        esme.submit(MSISDNS[20:25], first=100)
        assert set((await esme.statuses(5)).values()) == {0}
        assert smsc.summary()["window_exceeded"] == 5


async def test_receipts_are_redelivered_after_a_lost_session() -> None:
    async with simulated() as (smsc, port):
        async with bound(port) as esme:
            esme.submit(MSISDNS[:10])
            await esme.statuses(10)
            first = await esme.receipts(10)
            esme.ack(first[2:5])
            await until(smsc, "receipts", "acked", value=3)
            esme.writer.transport.abort()
        await until(smsc, "sessions", value=0)
        async with bound(port, TRANSMITTER) as sender:  # receives none
            sender.send(ENQUIRE_LINK)
            assert header(await sender.read())[1] == 0x80000015
            async with bound(port, RECEIVER) as esme:
                again = await esme.receipts(7)
                assert [receipt_id(pdu) for pdu in again] == [
                    receipt_id(pdu) for pdu in first[:2] + first[5:]
                ]
                esme.ack(again)
                said = await until(smsc, "receipts", "pending", value=0)
        assert (said["receipts"]["sent"], said["receipts"]["acked"], said["receipts"]["redelivered"]) == (
            10,
            10,
            7,
        )


async def test_receipts_wait_while_nobody_receives() -> None:
    async with simulated(receipt_delay_s=0.1, receipt_jitter_s=0.05) as (smsc, port):
        async with bound(port, TRANSMITTER) as esme:
            esme.submit(MSISDNS[:200])
            await esme.statuses(200)
        await asyncio.sleep(0.3)
        assert smsc.summary()["receipts"]["sent"] == 0
        async with bound(port, RECEIVER) as esme:
            assert len(await esme.receipts(200)) == 200
        said = await until(smsc, "sessions", value=0)
        assert (said["receipts"]["redelivered"], said["receipts"]["pending"]) == (0, 200)


async def test_another_session_takes_over_at_once() -> None:
    async with simulated(receipt_delay_s=0.2) as (_, port), bound(port, RECEIVER) as other:
        async with bound(port) as esme:
            esme.submit(MSISDNS[:5])
            await esme.statuses(5)
        assert len(await other.receipts(5)) == 5


async def test_a_receipt_that_is_refused_comes_again() -> None:
    async with simulated() as (smsc, port), bound(port) as esme:
        esme.submit(MSISDNS[:2])
        await esme.statuses(2)
        one, two = await esme.receipts(2)
        esme.ack([one], status=0x64)
        esme.ack([two])
        (again,) = await esme.receipts(1)
        assert receipt_id(again) == receipt_id(one)
        esme.ack([again])
        said = await until(smsc, "receipts", "pending", value=0)
        assert (said["receipts"]["sent"], said["receipts"]["nacked"]) == (2, 1)


async def test_no_more_receipts_than_its_own_window() -> None:
    async with simulated(receipt_window=30) as (_, port), bound(port) as esme:
        esme.submit(MSISDNS[:100])
        await esme.statuses(100)
        first = await esme.receipts(30)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(esme.reader.read(1), 0.1)
        esme.ack(first[:10])
        second = await esme.receipts(10)
        esme.ack(first[10:] + second)
        third = await esme.receipts(30)
        ids = [receipt_id(pdu) for pdu in first + second + third]
        assert len(set(ids)) == 70


async def test_an_esme_that_does_not_read_holds_up_nobody() -> None:
    async with simulated(window=100_000, receipt_window=100_000) as (smsc, port), bound(port) as deaf:
        deaf.reader._transport.pause_reading()  # type: ignore[attr-defined]
        for start in range(0, 60_000, 2000):
            deaf.submit(MSISDNS, first=1 + start)
            await asyncio.sleep(0)
        async with bound(port) as esme:
            esme.submit(MSISDNS[:5])
            await esme.statuses(5)
        deaf.reader._transport.resume_reading()  # type: ignore[attr-defined]
        found = 0
        while found < 120_000:
            assert await deaf.read()
            found += 1
        assert smsc.summary()["segments"] == 60_005


async def test_every_fate_in_its_book() -> None:
    shares = {
        "refused_share": 0.05, "temporary_share": 0.05, "undeliverable_share": 0.1, "expired_share": 0.1,
        "rejected_share": 0.05, "unreported_share": 0.05,
    }  # fmt: skip
    ends = [tail(b"\x05\0\x03\x07\x02" + bytes((n,)) + b"x" * 50, esm=0x40) for n in (1, 2)]
    async with simulated(window=10_000, receipt_tlvs=True, id_kind="uuid", **shares) as (smsc, port):
        fates = [Fates(smsc.personality).of(msisdn) for msisdn in MSISDNS]
        refused, unreported = fates.count(Fate.REFUSED), fates.count(Fate.UNREPORTED)
        async with bound(port) as esme:
            pdus = [
                submit(2 * n + k, msisdn, end)
                for n, msisdn in enumerate(MSISDNS)
                for k, end in enumerate(ends)
            ]
            esme.send(b"".join(pdus))
            answers, receipts = [], []
            while len(answers) < 4000 or len(receipts) < 2 * (2000 - refused - unreported):
                pdu = await esme.read()
                if header(pdu)[1] == 5:
                    receipts.append(pdu)
                    continue
                answers.append(pdu)
                if header(pdu)[2] == 0x64:
                    esme.send(pdus[header(pdu)[3]])
                    answers.pop()
            esme.ack(receipts)
            said = await until(smsc, "receipts", "pending", value=0)
    assert len({pdu[16:] for pdu in answers if header(pdu)[2] == 0}) == 2 * (2000 - refused)
    states = {state: sum(state in pdu for pdu in receipts) for state in (b"UNDELIV", b"EXPIRED", b"REJECTD")}
    wanted = {
        "delivered": sum(fates.count(fate) for fate in (Fate.DELIVERED, Fate.TEMPORARY, Fate.UNREPORTED)),
        "undeliverable": fates.count(Fate.UNDELIVERABLE),
        "expired": fates.count(Fate.EXPIRED),
        "rejected": fates.count(Fate.REJECTED),
    }
    assert said["fates"] == wanted
    assert list(states.values()) == [2 * wanted[name] for name in ("undeliverable", "expired", "rejected")]
    assert (said["messages"], said["rejected"], said["temporary"], said["duplicates"]) == (
        2000 - refused, refused, 2 * fates.count(Fate.TEMPORARY), 0,
    )  # fmt: skip
    by_fate = {name: counts["acked"] for name, counts in said["receipts"]["by_fate"].items()}
    assert by_fate == {name: 2 * count for name, count in wanted.items()} | {
        "delivered": 2 * (wanted["delivered"] - unreported)
    }


async def test_copies() -> None:
    async with simulated() as (smsc, port), bound(port, TRANSMITTER) as esme:
        esme.submit(MSISDNS[:3])
        esme.submit(MSISDNS[1:2], first=10)
        await esme.statuses(4)
        said = smsc.summary()
        assert (said["messages"], said["duplicates"], said["extra_copies"]) == (4, 1, 1)
        assert smsc.book.copies() == {"84900000001": 2}


async def test_a_port_in_use() -> None:
    async with simulated() as (smsc, port):
        with pytest.raises(
            BroadcastError, match=f"cannot listen on 127.0.0.1 port {port} .*: give another --port"
        ):
            await Smsc(smsc.personality).start("127.0.0.1", port)


def test_the_client_of_smpp34() -> None:
    uvloop.run(client_of_smpp34())


async def client_of_smpp34() -> None:
    async with simulated(id_kind="uuid", receipt_tlvs=True, undeliverable_share=0.3) as (smsc, port):
        client = Client("127.0.0.1", port, "esme", "secret", window_size=50)
        session = await client.connect()
        sent = [
            session.submit_sm(
                msisdn.decode(), b"hello", source_addr="BOYTE", source_addr_ton=5, registered_delivery=1
            )
            for msisdn in MSISDNS[:200]
        ]
        answers = await asyncio.gather(*sent)
        ids = {answer.message_id: msisdn for answer, msisdn in zip(answers, MSISDNS, strict=False)}
        assert len(ids) == 200
        assert all(answer.is_success for answer in answers)
        for _ in range(200):
            event = await asyncio.wait_for(session.next(), PATIENCE_S)
            assert isinstance(event, DeliverSmEvent)
            tlvs = {tlv.tag: tlv for tlv in event.tlvs}
            msisdn = ids.pop(tlvs[0x001E].as_string())
            assert (event.source_addr, event.destination_addr) == (msisdn.decode(), "BOYTE")
            unlucky = Fates(smsc.personality).of(msisdn) is Fate.UNDELIVERABLE
            assert tlvs[0x0427].as_int() == (5 if unlucky else 2)
            assert (b"stat:UNDELIV" if unlucky else b"stat:DELIVRD") in event.short_message
        await until(smsc, "receipts", "pending", value=0)
        await session.unbind()
        await until(smsc, "sessions", value=0)
        await client.stop()
        assert not isinstance(event, Disconnected)


def test_our_own_link() -> None:
    uvloop.run(our_own_link())


async def our_own_link() -> None:
    """Ids are as they came: in hex in the response, in decimal in the receipt."""
    ids = {"response_id": "hex", "response_id_upper": True, "response_id_width": 16, "receipt_id": "decimal"}
    async with simulated(window=500, receipt_jitter_s=0.02, receipt_delay_s=0.05, **ids) as (smsc, port):
        diary = Diary()
        bind = Bind("127.0.0.1", port, "esme", window=500, password_env="SIMULATED")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SIMULATED", "secret")
            carrier = Carrier(tps=1, binds=(bind,), smpp=Smpp(response_id="hex", receipt_id="decimal"))
            link = await connect(bind, carrier, diary, "carrier-0")
        link._window.answered(bind.window, 0.0)  # as wide as it goes
        template = Template([SubmitFields("BOYTE", 5, 0, 1, 1, "", 0, 0, 1, "", b"hello", ())])
        for start in range(0, 2000, 200):
            while link.room < 200:  # noqa: ASYNC110 - the diary keeps what it is told, and wakes nobody
                await asyncio.sleep(0.001)
            first = link.reserve(200)
            msisdns = [int(msisdn) for msisdn in MSISDNS[start : start + 200]]
            submission = Submission(first, list(msisdns), template.stamp(first, msisdns))
            link.submit(submission, asyncio.get_running_loop().time())
        await until(smsc, "receipts", "sent", value=2000)
        async with asyncio.timeout(PATIENCE_S):
            while sum(len(given) for name, given in diary.entries if name == "receipts") < 2000:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        answers = {
            int(smsc_id, 16): token
            for name, given in diary.entries
            if name == "answered"
            for token, _, smsc_id in given
        }
        receipts = [each for name, given in diary.entries if name == "receipts" for each in given]
        assert {int(smsc_id): msisdn for _, _, smsc_id, _, msisdn in receipts} == answers
        assert len(answers) == 2000
        link.ack([ack for ack, *_ in receipts])
        said = await until(smsc, "receipts", "pending", value=0)
        assert (said["window_exceeded"], said["throttled"], said["recipients"]) == (0, 0, 2000)
        await link.unbind(5)
        await until(smsc, "sessions", value=0)


async def test_it_stops_though_an_esme_does_not_read() -> None:
    async with simulated(window=100_000) as (smsc, port), bound(port, TRANSMITTER) as deaf:
        deaf.reader._transport.pause_reading()  # type: ignore[attr-defined]
        for start in range(0, 200_000, 2000):
            deaf.submit(MSISDNS, first=1 + start)
        await asyncio.sleep(0.3)
        async with asyncio.timeout(PATIENCE_S):
            await smsc.stop()
        await until(smsc, "sessions", value=0)
