"""Our link against an SMSC that is not ours: the server of PyPI's smpp34.

Binds of each kind, long messages, receipts, unbind from either side, our enquire_link; it sends none of its own.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, get_args

import uvloop
from smpp34 import (
    TLV_MESSAGE_STATE,
    TLV_RECEIPTED_MESSAGE_ID,
    DeliverSmResp,
    Esme,
    Server,
    SubmitSmEvent,
    Tlv,
    Unbound,
)
from unit.smpp.fake import Diary
from unit.smpp.wire import receipt_text
from waiting import PATIENCE_S

from broadcast.campaign.text import compose
from broadcast.channel.link import Submission
from broadcast.config import Bind, Carrier, Concatenation
from broadcast.smpp.binding import connect
from broadcast.smpp.link import Link
from broadcast.smpp.template import SubmitFields, Template

LONG = "Bộ Y tế khuyến cáo người dân rửa tay thường xuyên. 😷 " * 4


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Smsc:
    """Accepts every submit_sm under a counting id; gives receipts on demand."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.submits: list[SubmitSmEvent] = []
        self.esmes: asyncio.Queue[Esme] = asyncio.Queue()
        self.unbound = asyncio.Event()

    async def serve(self) -> None:
        while True:
            event = await self.server.next()
            if isinstance(event, Esme):
                self.esmes.put_nowait(event)
            elif isinstance(event, SubmitSmEvent):
                self.submits.append(event)
                event.accept(f"SMSC-{len(self.submits):04d}")
            elif isinstance(event, Unbound):
                self.unbound.set()

    async def bound(self) -> Esme:
        """The one that bound next."""
        return await asyncio.wait_for(self.esmes.get(), PATIENCE_S)


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


@contextlib.asynccontextmanager
async def linked(bind: Bind, diary: Diary, *others: Bind) -> AsyncIterator[Link]:
    """Closed in the end, come what may: uvloop waits for ever for a connection that nobody closes."""
    link = await connect(bind, Carrier(tps=1, binds=(bind, *others)), diary, "smpp34-0")
    try:
        yield link
    finally:
        link.abort("the test is over")


async def until(diary: Diary, name: str, count: int) -> list[Any]:
    """All items of that kind, once there are so many."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            items = [item for entry, given in diary.entries if entry == name for item in given]
            if len(items) >= count:
                return items
            await asyncio.sleep(0.01)


def test_bind_submit_receipt_unbind() -> None:
    async def scenario() -> None:
        async with running_smsc() as (smsc, bind), linked(bind, diary := Diary()) as link:
            await bind_submit_receipt_unbind(smsc, link, diary)

    uvloop.run(scenario())  # the loop that workers run on


async def receipt(
    esme: Esme, text: bytes, data_coding: int = 0, tlvs: list[Tlv] | None = None
) -> DeliverSmResp:
    return await esme.deliver_sm(
        "BOYTE", text, source_addr="84912345678", esm_class=4, data_coding=data_coding, tlvs=tlvs or []
    )


def test_long_messages_and_receipts_over_a_pair_of_binds() -> None:
    async def scenario() -> None:
        async with running_smsc() as (smsc, bind):
            await over_a_pair_of_binds(smsc, bind)

    uvloop.run(scenario())


def test_a_link_that_asks_for_a_sign_of_life_gets_it() -> None:
    async def scenario() -> None:
        async with running_smsc() as (smsc, bind):
            asking = replace(bind, enquire_link_s=0.05, response_timeout_s=1.5)
            async with linked(asking, Diary()) as link:
                await smsc.bound()
                await asyncio.sleep(3.5)  # twice what an answer may take
                assert link.is_bound
                await link.unbind(PATIENCE_S)

    uvloop.run(scenario())


def test_an_unbind_from_the_server_ends_the_link() -> None:
    async def scenario() -> None:
        async with running_smsc() as (smsc, bind), linked(bind, diary := Diary()) as link:
            await unbind_from_the_server(smsc, link, diary)

    uvloop.run(scenario())


async def bind_submit_receipt_unbind(smsc: Smsc, link: Link, diary: Diary) -> None:
    assert (link.is_bound, link.window) == (True, 50)
    part = SubmitFields("BOYTE", 5, 0, 1, 1, "", 0x40, 8, 1, "000001000000000R", b"\5\0\3\7\2\1\x1e\xa4", ())
    fields = [part, SubmitFields("BOYTE", 5, 0, 1, 1, "", 0, 0, 1, "", b"", ((0x0424, b"payload"),))]
    msisdns = [84912345678, 8491234567]
    first = link.reserve(4)
    data = Template(fields).stamp(first, msisdns)
    link.submit(Submission(first, ["a1", "a2", "b1", "b2"], data), asyncio.get_running_loop().time())

    answers = await until(diary, "answered", 4)
    assert {token for token, status, _ in answers if status == 0} == {"a1", "a2", "b1", "b2"}
    assert sorted(smsc_id for _, _, smsc_id in answers) == [f"SMSC-000{number}" for number in (1, 2, 3, 4)]
    got = {(event.destination_addr, event.data_coding) for event in smsc.submits}
    assert got == {(str(msisdn), coding) for msisdn in msisdns for coding in (8, 0)}
    assert {event.short_message for event in smsc.submits} == {b"\5\0\3\7\2\1\x1e\xa4", b""}
    assert {event.source_addr_ton for event in smsc.submits} == {5}
    assert link.in_flight == 0

    esme = await smsc.bound()
    answered = asyncio.create_task(receipt(esme, receipt_text(b"SMSC-0003")))
    (got_receipt,) = await until(diary, "receipts", 1)
    assert got_receipt[1:] == (8, "SMSC-0003", "000", 84912345678)
    assert not answered.done()  # law 3: nothing is acknowledged by itself
    link.ack([got_receipt[0]])
    assert (await asyncio.wait_for(answered, PATIENCE_S)).is_success
    await receipts_of_two_kinds(esme, link, diary, acks_are_heard=True)

    await link.unbind(PATIENCE_S)
    await asyncio.wait_for(smsc.unbound.wait(), PATIENCE_S)
    assert await link.finished() == "unbound"
    assert [entry for entry, _ in diary.entries][-1] == "closed"


async def over_a_pair_of_binds(smsc: Smsc, bind: Bind) -> None:
    transmitter, receiver = replace(bind, mode="transmitter"), replace(bind, mode="receiver")
    sent, got = Diary(), Diary()
    async with linked(transmitter, sent, receiver) as sends, linked(receiver, got, transmitter) as receives:
        esme, other = await smsc.bound(), await smsc.bound()
        if other.can_receive:
            esme, other = other, esme
        assert (esme.can_receive, other.can_receive) == (True, False)
        assert (sends.can_submit, receives.can_submit) == (True, False)
        for concatenation in get_args(Concatenation):
            await a_long_message(smsc, sends, sent, concatenation)
        await receipts_of_two_kinds(esme, receives, got, acks_are_heard=False)
        assert [entry for entry, _ in sent.entries if entry == "receipts"] == []
        await asyncio.gather(sends.unbind(PATIENCE_S), receives.unbind(PATIENCE_S))


async def receipts_of_two_kinds(esme: Esme, link: Link, diary: Diary, *, acks_are_heard: bool) -> None:
    """In UCS-2, and by TLVs alone. This server does not listen to the acks of a receiver."""
    diary.entries.clear()
    text = receipt_text(b"SMSC-0001").decode().encode("utf-16-be")
    tlvs = [Tlv(TLV_RECEIPTED_MESSAGE_ID, b"SMSC-0002\0"), Tlv(TLV_MESSAGE_STATE, b"\2")]
    answered = asyncio.gather(receipt(esme, text, data_coding=8), receipt(esme, b"", tlvs=tlvs))
    receipts = await until(diary, "receipts", 2)
    assert sorted(each[1:4] for each in receipts) == [(8, "SMSC-0001", "000"), (8, "SMSC-0002", "")]
    link.ack([each[0] for each in receipts])
    if acks_are_heard:
        answers = await asyncio.wait_for(answered, PATIENCE_S)
        assert [answer.is_success for answer in answers] == [True, True]
    else:
        answered.cancel()
        await asyncio.gather(answered, return_exceptions=True)


async def a_long_message(smsc: Smsc, link: Link, diary: Diary, concatenation: Concatenation) -> None:
    diary.entries.clear()
    smsc.submits.clear()
    parts = compose(LONG, "ucs2", concatenation, "gsm0338", 7).segments
    fields = [
        SubmitFields(
            "BOYTE", 5, 0, 1, 1, "", 0x40 if part.udhi else 0, 8, 1, "", part.short_message, part.tlvs
        )
        for part in parts
    ]
    first = link.reserve(len(parts))
    data = Template(fields).stamp(first, [84912345678])
    link.submit(Submission(first, list(range(len(parts))), data), asyncio.get_running_loop().time())
    await until(diary, "answered", len(parts))
    header = {"udh8": 6, "udh16": 7}.get(concatenation, 0)
    smsc.submits.sort(key=part_number)  # this server hands them out in any order
    assert [event.esm_class for event in smsc.submits] == [0x40 if header else 0] * len(parts)
    payloads = [tlv.value for event in smsc.submits for tlv in event.tlvs if tlv.tag == 0x0424]
    octets = [event.short_message[header:] for event in smsc.submits] + payloads
    assert b"".join(octets).decode("utf-16-be") == LONG
    assert len(payloads) == (concatenation == "payload")


def part_number(event: SubmitSmEvent) -> int:
    """The last octet of the joining element or TLV; 0 for a whole text."""
    if event.esm_class & 0x40:
        return int(event.short_message[event.short_message[0]])
    return max((tlv.value[0] for tlv in event.tlvs if tlv.tag == 0x020F), default=0)


async def unbind_from_the_server(smsc: Smsc, link: Link, diary: Diary) -> None:
    await (await smsc.bound()).unbind()
    reason = await asyncio.wait_for(link.finished(), PATIENCE_S)
    assert reason == "unbound by the SMSC"
    link.submit(Submission(link.reserve(1), ["late"], b""), 0.0)
    assert diary.entries[-1] == ("unanswered", (["late"], "link_lost"))
