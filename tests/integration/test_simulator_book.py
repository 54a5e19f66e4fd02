"""The simulator's second book, over HTTP: messages decoded, receipts, sessions, replies."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from integration.simulated import Esme, bound, receipt_id, simulated, until
from unit.simulator.pdus import header, submit, tail
from waiting import PATIENCE_S

from broadcast.campaign.text import compose
from broadcast.simulator.book_server import PATHS, BookServer
from broadcast.simulator.habits import Inbound, ReceiptHabits, ResponseHabits, Rules
from broadcast.simulator.server import Smsc

MSISDNS = [b"849%08d" % number for number in range(50)]


class Book:
    """A client of the book."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def get(self, path: str) -> tuple[int, Any]:
        return await asyncio.to_thread(self._get, path)

    def _get(self, path: str) -> tuple[int, Any]:
        try:
            with urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=PATIENCE_S) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)

    async def text(self, path: str) -> str:
        """A page that is not JSON."""
        return await asyncio.to_thread(self._text, path)

    def _text(self, path: str) -> str:
        with urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=PATIENCE_S) as answer:
            said: bytes = answer.read()
            return said.decode()

    async def messages(self, query: str = "") -> Any:
        return (await self.get(f"/book/messages{query}"))[1]


@asynccontextmanager
async def world(**settings: Any) -> AsyncIterator[tuple[Smsc, Esme, Book]]:
    async with simulated(**settings) as (smsc, port), bound(port) as esme:
        server = BookServer(smsc.exchange)
        book = Book(await server.start("127.0.0.1"))
        try:
            yield smsc, esme, book
        finally:
            await server.stop()


async def answers(esme: Esme, count: int) -> list[bytes]:
    return [await esme.read() for _ in range(count)]


async def test_a_message_with_all_that_happened_to_it() -> None:
    async with world(record=100, undeliverable_share=1.0, response_id="hex") as (smsc, esme, book):
        parts = compose("Cảm ơn! " * 20, "ucs2", "udh8", "gsm0338", 7).segments
        assert len(parts) == 3
        for number, part in enumerate(parts, start=1):
            esme.send(submit(number, MSISDNS[0], tail(part.short_message, esm=0x40, coding=8)))
        found = await answers(esme, 6)
        given = {header(pdu)[3]: pdu[16:-1] for pdu in found if header(pdu)[1] == 0x80000004}
        receipts = [pdu for pdu in found if header(pdu)[1] == 5]
        esme.ack(receipts[:2])
        await until(smsc, "receipts", "acked", value=2)
        said = await book.messages("?msisdn=84900000000")
        (message,) = said["messages"]
        assert message["text"] == "Cảm ơn! " * 20
        assert (message["sender"], message["total"], message["complete"]) == ("BOYTE", 3, True)
        assert (message["taken"], message["copy"], message["joined"]) == (True, 1, "udh8")
        segments = message["segments"]
        assert [segment["number"] for segment in segments] == [1, 2, 3]
        assert [segment["sequence"] for segment in segments] == [1, 2, 3]
        assert [answer["id"].encode() for each in segments for answer in each["answers"]] == [
            given[number] for number in (1, 2, 3)
        ]
        assert {segment["receipt_id"].encode() for segment in segments} == set(map(receipt_id, receipts))
        told = [receipt for segment in segments for receipt in segment["receipts"]]
        assert [each["ack_status"] for each in told] == [0, 0, None]
        assert {(each["stage"], each["fate"], each["session"]) for each in told} == {("final", 2, 1)}
        assert all(each["at"] <= each["acked_at"] for each in told[:2])
        page = (await book.get("/book/receipts?limit=2&offset=1"))[1]
        assert (page["total"], len(page["receipts"])) == (3, 2)
        assert page["receipts"][1]["acked_at"] is None


async def test_refused_ones_and_second_copies() -> None:
    async with world(record=100, refused_share=0.5, receipt_delay_s=5.0) as (_, esme, book):
        esme.submit(MSISDNS)
        esme.submit(MSISDNS, first=101)
        statuses = await esme.statuses(100)
        said = await book.messages("?limit=5000")
        assert said["total"] == 100
        for message in said["messages"]:
            (segment,) = message["segments"]
            ((answer,),) = (segment["answers"],)
            assert answer["status"] == statuses[segment["sequence"]] == segment["status"]
            assert message["taken"] is (answer["status"] == 0)
            assert message["copy"] == (1 if segment["sequence"] <= 50 else 2)
        assert {message["text"] for message in said["messages"]} == {"hello"}
        assert (await book.messages("?msisdn=84900000049"))["total"] == 2


async def test_what_was_really_answered() -> None:
    """The book knows both what it decided and what it wrote."""
    habits = ResponseHabits(missing_share=0.2, throttled_share=0.2, late_share=0.2, late_s=0.05)
    async with world(record=100, responses=habits, receipt_delay_s=5.0) as (smsc, esme, book):
        esme.submit(MSISDNS)
        while smsc.book.segments < 50:  # noqa: ASYNC110 - the SMSC wakes nobody
            await asyncio.sleep(0.01)
        missing = smsc.book.oddities["missing_responses"]
        statuses = await esme.statuses(50 - missing)
        said = (await book.messages())["messages"]
        segments = [segment for message in said for segment in message["segments"]]
        written = {each["sequence"]: each["answers"][0]["status"] for each in segments if each["answers"]}
        assert written == statuses
        assert set(statuses.values()) == {0, 0x58}
        assert missing == sum(not each["answers"] for each in segments) > 0
        assert {each["status"] for each in segments} == {0}


async def test_texts_in_its_own_alphabet() -> None:
    async with world(record=10, rules=Rules(default_alphabet="latin1"), receipt_delay_s=9.0) as (
        _,
        esme,
        book,
    ):
        payload = "ă" * 100
        ends = [
            tail("é@".encode("latin-1")),
            tail(b"", coding=8, tlvs=b"\x04\x24\x00\xc8" + payload.encode("utf-16-be")),
            tail(b"\x03\x24\x01\x01" + b"\x1bI\x1bi", esm=0x40, coding=0xF0),
            tail(b"x", tlvs=b"\x02\x0c\0\2\0\7" + b"\x02\x0e\0\1\2" + b"\x02\x0f\0\1\2"),
            tail(b"y", tlvs=b"\x02\x0c\0\2\0\7" + b"\x02\x0e\0\1\2" + b"\x02\x0f\0\1\1"),
        ]
        for number, end in enumerate(ends, start=1):
            esme.send(submit(number, MSISDNS[0], end))
        await esme.statuses(5)
        said = (await book.messages())["messages"]
        assert [message["text"] for message in said] == ["é@", payload, "İı", "yx"]
        assert [message["joined"] for message in said] == ["", "payload", "", "sar"]


async def test_memory_is_bounded() -> None:
    async with world(record=30, receipt_delay_s=9.0) as (smsc, esme, book):
        esme.submit(MSISDNS)
        await esme.statuses(50)
        said = await book.messages()
        assert (said["total"], said["unrecorded"], smsc.summary()["segments"]) == (30, 20, 50)


async def test_receipts_by_habit_are_told_apart() -> None:
    habits = ReceiptHabits(
        intermediate=("ENROUTE",), intermediate_s=0.01, repeats=1, repeat_after_s=0.01, stranger_share=1.0
    )
    async with world(record=100, receipts=habits) as (smsc, esme, book):
        esme.submit(MSISDNS[:5])
        await esme.statuses(5)
        receipts = await esme.receipts(20)
        esme.ack(receipts)
        said = await until(smsc, "oddities", "repeat_acked", value=5)
        assert said["oddities"] == {
            f"{stage}_{done}": 5
            for stage in ("intermediate", "stranger", "repeat")
            for done in ("sent", "acked")
        }
        assert (said["receipts"]["sent"], said["receipts"]["acked"], said["receipts"]["pending"]) == (5, 5, 0)
        stages = [each["stage"] for each in (await book.get("/book/receipts"))[1]["receipts"]]
        assert sorted(stages) == ["final"] * 5 + ["intermediate"] * 5 + ["repeat"] * 5
        assert len({receipt_id(pdu) for pdu in receipts}) == 10


async def test_sessions() -> None:
    async with world() as (smsc, esme, book):
        esme.submit(MSISDNS[:3])
        await esme.statuses(3)
        esme.ack(await esme.receipts(3))
        await until(smsc, "receipts", "acked", value=3)
        (account,) = (await book.get("/book/sessions"))[1]["sessions"]
        assert (account["number"], account["kind"], account["ended"]) == (1, "transceiver", "")
        assert (account["submits"], account["receipts"], account["acked"]) == (3, 3, 3)
        assert account["opened_at"] <= account["bound_at"]
        esme.writer.transport.abort()
        await until(smsc, "sessions", value=0)
        (account,) = (await book.get("/book/sessions"))[1]["sessions"]
        assert account["ended"] == "lost"
        assert account["closed_at"] >= account["bound_at"]


async def test_replies() -> None:
    habits = Inbound(share=1.0, texts=("STOP at once",), delay_s=0.0, part_units=4)
    async with world(inbound=habits, receipt_delay_s=9.0, undeliverable_share=0.5) as (smsc, esme, book):
        esme.submit(MSISDNS[:10])
        await esme.statuses(10)
        reached = smsc.book.summary()["fates"]["delivered"]
        assert 0 < reached < 10
        parts = await esme.receipts(3 * reached)
        esme.ack(parts[:3])
        await until(smsc, "oddities", "reply_acked", value=3)
        said = (await book.get("/book/replies"))[1]
        assert (said["made"], said["sent"], said["acked"]) == (reached, 3 * reached, 3)
        assert said["by_text"] == {"STOP at once": reached}
        first = said["replies"][0]
        assert (await book.get(f"/book/replies?msisdn={first['msisdn']}"))[1]["replies"] == [first]
        assert (first["parts"], first["sent"], first["acked"], first["to"]) == (3, 3, 3, "BOYTE")
        assert smsc.summary()["receipts"]["sent"] == 0


async def test_person_by_person() -> None:
    async with world(undeliverable_share=0.3, expired_share=0.2, refused_share=0.2) as (smsc, esme, book):
        esme.submit(MSISDNS)
        statuses = await esme.statuses(50)
        taken = sum(not status for status in statuses.values())
        esme.ack((await esme.receipts(taken))[: taken // 2])
        summary = await until(smsc, "receipts", "acked", value=taken // 2)
        lines = (await book.text("/book/people")).splitlines()
        assert [line.split(" ")[0].encode() for line in lines] == MSISDNS
        told = Counter(line.split(" ", 2)[2] for line in lines)
        assert told["refused"] == summary["rejected"] > 0
        for state, fate in (("D", "delivered"), ("U", "undeliverable"), ("E", "expired")):
            of_state = [told[f"taken 1{state}{state}{acked}"] for acked in (0, 1)]
            by_fate = summary["receipts"]["by_fate"][fate]
            assert (sum(of_state), of_state[1]) == (summary["fates"][fate], by_fate["acked"])
        assert sum(told.values()) == 50


async def test_lines_are_chunked_and_whole() -> None:
    async with world(receipt_delay_s=9.0) as (_, esme, book):
        for first in range(0, 5000, 1000):
            esme.submit([b"849%08d" % number for number in range(first, first + 1000)], first=first + 1)
            await esme.statuses(1000)
        numbers = [int(line.split(" ")[0]) for line in (await book.text("/book/people")).splitlines()]
        assert numbers == list(range(84900000000, 84900005000))


async def test_what_it_cannot_tell() -> None:
    async with world() as (_, _esme, book):
        assert (await book.get("/book/messages"))[0] == 409
        assert "set record = 100000" in (await book.get("/book/receipts"))[1]["error"]
        assert (await book.get("/book/replies?limit=x"))[0] == 400
        assert await book.get("/nothing") == (404, {"error": f"known are {', '.join(PATHS)}"})
        assert (await book.get("/book/replies"))[1]["made"] == 0
        assert (await book.get("/book"))[1]["sessions"] == 1


async def test_receipts_held_back_until_the_book_is_asked_for_them() -> None:
    async with world(receipts=ReceiptHabits(held_share=1.0), people=False) as (smsc, esme, book):
        for number, msisdn in enumerate(MSISDNS, start=1):
            esme.send(submit(number, msisdn))
        assert {header(pdu)[1] for pdu in await answers(esme, len(MSISDNS))} == {0x80000004}
        assert (await book.get("/book/held"))[1] == {"held": 50, "released": 0}
        code, said = await book.get("/book/held?release=1.5")
        assert (code, "share" in said["error"]) == (400, True)
        assert (await book.get("/book/held?release=1"))[1] == {"held": 0, "released": 50}
        esme.ack(await answers(esme, len(MSISDNS)))
        await until(smsc, "receipts", "acked", value=50)
        code, said = await book.get("/book")
        assert (said["segments"], said["receipts"]["pending"], "recipients" in said) == (50, 0, False)
        code, said = await book.get("/book/people")
        assert (code, "people = true" in said["error"]) == (409, True)
