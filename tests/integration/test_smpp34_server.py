"""Our link against an SMSC that is not ours: the server of PyPI's smpp34. Bind, submit, receipt, unbind."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import uvloop
from smpp34 import DeliverSmResp, Esme, Server, SubmitSmEvent, Unbound
from unit.smpp.fake import Diary
from unit.smpp.wire import receipt_text

from broadcast.config import Bind, Carrier
from broadcast.smpp.binding import connect
from broadcast.smpp.template import SubmitFields, Template

PATIENCE_S = 10.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Smsc:
    """Accepts every submit_sm under a counting id; gives receipts on demand."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.submits: list[SubmitSmEvent] = []
        self.esme: asyncio.Future[Esme] = asyncio.get_running_loop().create_future()
        self.unbound = asyncio.Event()

    async def serve(self) -> None:
        while True:
            event = await self.server.next()
            if isinstance(event, Esme):
                self.esme.set_result(event)
            elif isinstance(event, SubmitSmEvent):
                self.submits.append(event)
                event.accept(f"SMSC-{len(self.submits):04d}")
            elif isinstance(event, Unbound):
                self.unbound.set()

    async def receipt(self, smsc_id: bytes, msisdn: str) -> DeliverSmResp:
        esme = await self.esme
        return await esme.deliver_sm("BOYTE", receipt_text(smsc_id), source_addr=msisdn, esm_class=4)


@contextlib.asynccontextmanager
async def running_smsc() -> AsyncIterator[tuple[Smsc, Bind]]:
    port = free_port()
    server = Server("127.0.0.1", port, system_id="SMSC")
    await server.start()
    smsc = Smsc(server)
    serving = asyncio.create_task(smsc.serve(), name="smsc")
    try:
        yield smsc, Bind("127.0.0.1", port, "esme", window=50)
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
        await server.stop()


async def until(diary: Diary, name: str, count: int) -> list[object]:
    """All items of that kind, once there are so many."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            items = [item for entry, given in diary.entries if entry == name for item in given]
            if len(items) >= count:
                return items
            await asyncio.sleep(0.01)


def test_bind_submit_receipt_unbind() -> None:
    async def scenario() -> None:
        async with running_smsc() as (smsc, bind):
            await bind_submit_receipt_unbind(smsc, bind)

    uvloop.run(scenario())  # the loop that workers run on


def test_an_unbind_from_the_server_ends_the_link() -> None:
    async def scenario() -> None:
        async with running_smsc() as (smsc, bind):
            await unbind_from_the_server(smsc, bind)

    uvloop.run(scenario())


async def bind_submit_receipt_unbind(smsc: Smsc, bind: Bind) -> None:
    diary = Diary()
    link = await connect(bind, Carrier(tps=1, binds=(bind,)), diary, "smpp34-0")
    assert (link.is_bound, link.room) == (True, 50)
    part = SubmitFields("BOYTE", 5, 0, 1, 1, "", 0x40, 8, 1, "000001000000000R", b"\5\0\3\7\2\1\x1e\xa4", ())
    fields = [part, SubmitFields("BOYTE", 5, 0, 1, 1, "", 0, 0, 1, "", b"", ((0x0424, b"payload"),))]
    msisdns = [84912345678, 8491234567]
    first = link.reserve(4)
    data = Template(fields).stamp(first, msisdns)
    link.submit(first, ["a1", "a2", "b1", "b2"], data, asyncio.get_running_loop().time())

    answers = await until(diary, "answered", 4)
    assert {token for token, status, _ in answers if status == 0} == {"a1", "a2", "b1", "b2"}
    assert sorted(smsc_id for _, _, smsc_id in answers) == [f"smsc-000{number}" for number in (1, 2, 3, 4)]
    got = {(event.destination_addr, event.data_coding) for event in smsc.submits}
    assert got == {(str(msisdn), coding) for msisdn in msisdns for coding in (8, 0)}
    assert {event.short_message for event in smsc.submits} == {b"\5\0\3\7\2\1\x1e\xa4", b""}
    assert {event.source_addr_ton for event in smsc.submits} == {5}
    assert link.in_flight == 0

    answered = asyncio.create_task(smsc.receipt(b"SMSC-0003", "84912345678"))
    (receipt,) = await until(diary, "receipts", 1)
    assert receipt[1:] == (8, "smsc-0003", "000", 84912345678)
    assert not answered.done()  # law 3: nothing is acknowledged by itself
    link.ack([receipt[0]])
    assert (await asyncio.wait_for(answered, PATIENCE_S)).is_success

    await link.unbind(PATIENCE_S)
    await asyncio.wait_for(smsc.unbound.wait(), PATIENCE_S)
    assert await link.finished() == "unbound"
    assert [entry for entry, _ in diary.entries][-1] == "closed"


async def unbind_from_the_server(smsc: Smsc, bind: Bind) -> None:
    diary = Diary()
    link = await connect(bind, Carrier(tps=1, binds=(bind,)), diary, "smpp34-0")
    await (await smsc.esme).unbind()
    reason = await asyncio.wait_for(link.finished(), PATIENCE_S)
    assert reason == "unbound by the SMSC"
    link.submit(link.reserve(1), ["late"], b"", 0.0)
    assert diary.entries[-1] == ("unanswered", (["late"], "link_lost"))
