"""SMSCs that say more than anybody can read: what a link takes of it is bounded, and all of it is answered (law 8)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop
from unit.smpp.fake import Diary
from unit.smpp.wire import answer, deliver_sm, pdu, receipt_text
from waiting import until

from broadcast.channel.link import Submission
from broadcast.channel.receipt import Receipt
from broadcast.config import Bind, Carrier
from broadcast.smpp.allowance import TRIFLES_PER_S, Allowance
from broadcast.smpp.binding import connect
from broadcast.smpp.link import Link

TPS = 10
READ_MOST_OCTETS = 262_144  # of one read, and so what comes above the allowance
FLOOD_S = 1.0

FLOODS: dict[str, bytes] = {
    "enquire_link": b"".join(pdu(0x15, number) for number in range(4000)),
    "strays": b"".join(pdu(0x80000004, 0x10000000 + number, b"x\0") for number in range(4000)),
    "receipts": b"".join(deliver_sm(number, receipt_text(b"%d" % number)) for number in range(1000)),
    "unreadable": b"".join(pdu(0x05, number, b"x" * 60_000) for number in range(4)),
}


class Acking(Diary):
    """Counts deliveries and acks them at once."""

    taken_in = 0

    def _ack(self, link: Link, acks: list[bytes]) -> None:
        self.taken_in += len(acks)
        link.ack(acks)

    def receipts(self, link: Link, receipts: list[Receipt]) -> None:
        self._ack(link, [receipt[0] for receipt in receipts])

    def taken_back(self, link: Link, answers: object) -> None:
        """Nothing is asked back."""

    def full(self) -> bool:
        return False

    def unreadable(self, link: Link, pdus: list[tuple[bytes, bytes, str]]) -> None:
        self._ack(link, [each[0] for each in pdus])


@contextlib.asynccontextmanager
async def flooding(flood: bytes) -> AsyncIterator[tuple[int, Callable[[], int]]]:
    """An SMSC that accepts the bind and says `flood` for ever. Its port; how many answers it got.

    It answers submits, between two pieces of the flood.
    """
    answers = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal answers
        while True:
            head = await reader.readexactly(16)
            await reader.readexactly(int.from_bytes(head[:4], "big") - 16)
            if head[4:8] == b"\0\0\0\4":
                writer.write(answer(int.from_bytes(head[12:], "big")))
            else:
                answers += 1

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readexactly(4)
        await reader.readexactly(int.from_bytes(head, "big") - 4)
        writer.write(pdu(0x80000009, 1, b"smsc\0"))
        counting = asyncio.create_task(count(reader, writer))
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            while True:
                writer.write(flood)
                await writer.drain()
        counting.cancel()
        await asyncio.gather(counting, return_exceptions=True)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], lambda: answers
    server.close()


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_is_read_at_the_links_own_pace(kind: str) -> None:
    async def scenario() -> None:
        async with flooding(FLOODS[kind]) as (port, answers):
            bind = Bind("127.0.0.1", port, "esme")
            diary = Acking()
            loop = asyncio.get_running_loop()
            begun = loop.time()
            link = await connect(bind, Carrier(tps=TPS, binds=(bind,)), diary, "flooded-0")
            await asyncio.sleep(FLOOD_S)
            lasted = loop.time() - begun
            assert link.is_bound
            read = link._inbox.strays if kind == "strays" else max(diary.taken_in, answers())
            link.abort("enough")
            await link.finished()
        flood = FLOODS[kind]
        octets = len(flood) // flood.count(flood[4:8])  # a PDU
        trifles = kind in ("enquire_link", "strays")
        most = (TRIFLES_PER_S if trifles else Allowance(TPS).units_per_s) * (lasted + 1)
        if kind == "unreadable":
            most = most * 256 / octets
        assert 0 < read <= 2 * (most + READ_MOST_OCTETS / octets)

    uvloop.run(scenario())


@pytest.mark.alone
def test_answers_are_found_soon_in_a_flood_that_never_ends() -> None:
    """Quirk 55, regression: behind enquire_links by the million each took more than a second."""

    async def scenario() -> None:
        async with flooding(FLOODS["enquire_link"]) as (port, answers):
            bind = Bind("127.0.0.1", port, "esme")
            diary = Acking()
            link = await connect(bind, Carrier(tps=TPS, binds=(bind,)), diary, "flooded-0")
            loop = asyncio.get_running_loop()
            begun = loop.time()
            for _ in range(20):
                number = link.reserve(1)
                link.submit(Submission(number, ["a"], pdu(0x04, number, b"x")), 0.0)
                await until(lambda: not link.in_flight, "the submit is answered")
            assert loop.time() - begun < 10
            assert (link.is_bound, answers() > 0) == (True, True)
            link.abort("enough")
            await link.finished()

    uvloop.run(scenario())
