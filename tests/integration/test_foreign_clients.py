"""Our simulator against clients that are not ours: they bind, submit, get their receipts, unbind.

`smpp34`'s client is in test_simulator.py; here are `smpplib` and the ESME session of `aiosmpplib`.
"""

import asyncio
import logging
import re
from typing import Any

from aiosmpplib import (
    ESME,
    NPI,
    TON,
    AbstractBroker,
    AbstractHook,
    DeliverSm,
    PhoneNumber,
    SubmitSm,
    SubmitSmResp,
)
from integration.simulated import simulated, until
from smpplib import client as smpplib_client
from smpplib import consts, gsm
from waiting import PATIENCE_S

TEXT = "Wash your hands often, wear a mask [now], stay at home. " * 5
MSISDNS = [f"849{number:08d}" for number in range(20)]


async def test_smpplib() -> None:
    """It sends parts of its own making, and reads receipts in text and TLVs."""
    async with simulated(id_kind="uuid", receipt_tlvs=True, undeliverable_share=0.5, record=100) as (
        smsc,
        port,
    ):
        given, receipts = await asyncio.wait_for(asyncio.to_thread(_with_smpplib, port), PATIENCE_S)
        said = await until(smsc, "sessions", value=0)
        assert smsc.exchange.accounts[0].ended == "unbind"
        assert smsc.exchange.records is not None
        messages = smsc.exchange.records.messages()["messages"]
        assert [message["msisdn"] for message in messages] == MSISDNS
        assert {(message["text"], message["complete"]) for message in messages} == {(TEXT, True)}
        segments = [segment for message in messages for segment in message["segments"]]
        assert sorted(answer["id"] for each in segments for answer in each["answers"]) == sorted(given)
        fates = {each["receipt_id"]: [receipt["fate"] for receipt in each["receipts"]] for each in segments}
        assert receipts == {one: 5 if fate == [2] else 2 for one, fate in fates.items()}
        assert {2, 5} == set(receipts.values())
        assert (said["receipts"]["pending"], said["malformed"]) == (0, 0)


def _with_smpplib(port: int) -> tuple[list[str], dict[str, int]]:
    """Message ids in order of the answers; receipts: id -> message_state."""
    given: list[str] = []
    receipts: dict[str, int] = {}

    def received(pdu: Any) -> None:
        assert b"id:" + pdu.receipted_message_id.rstrip(b"\0") in pdu.short_message
        receipts[pdu.receipted_message_id.rstrip(b"\0").decode()] = pdu.message_state

    client = smpplib_client.Client("127.0.0.1", port, allow_unknown_opt_params=True)
    client.set_message_sent_handler(lambda pdu: given.append(pdu.message_id.decode()))
    client.set_message_received_handler(received)
    client.connect()
    client.bind_transceiver(system_id="esme", password="secret")
    parts, coding, esm_class = gsm.make_parts(TEXT)
    for msisdn in MSISDNS:
        for part in parts:
            client.send_message(
                source_addr_ton=consts.SMPP_TON_ALNUM, source_addr_npi=consts.SMPP_NPI_UNK, source_addr="BOYTE",
                dest_addr_ton=consts.SMPP_TON_INTL, dest_addr_npi=consts.SMPP_NPI_ISDN, destination_addr=msisdn,
                short_message=part, data_coding=coding, esm_class=esm_class, registered_delivery=True,
            )  # fmt: skip
    while len(receipts) < len(MSISDNS) * len(parts):
        client.read_once()
    client.unbind()
    client.disconnect()
    return given, receipts


class Broker(AbstractBroker):  # type: ignore[misc] # the library ships no types
    """Hands out a message to each, then nothing more."""

    def __init__(self) -> None:
        self.left = list(MSISDNS)

    async def enqueue(self, message: Any) -> None:
        raise NotImplementedError

    async def dequeue(self) -> Any:
        if not self.left:
            await asyncio.Event().wait()
        return SubmitSm(
            short_message="hello @ {you}",
            source=PhoneNumber("BOYTE", TON.ALPHANUMERIC, NPI.UNKNOWN),
            destination=PhoneNumber(self.left.pop(0), TON.INTERNATIONAL, NPI.ISDN),
            registered_delivery=1,
            log_id=str(len(self.left)),
        )


class Hook(AbstractHook):  # type: ignore[misc]
    """Keeps what came."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self.receipts: list[str] = []
        self.complete = asyncio.Event()

    async def sending(self, smpp_message: Any, pdu: bytes, client_id: str) -> None:
        """Not of interest."""

    async def received(self, smpp_message: Any, pdu: bytes, client_id: str) -> None:
        if isinstance(smpp_message, SubmitSmResp):
            self.given.append(smpp_message.message_id)
        elif isinstance(smpp_message, DeliverSm):
            match = re.search(rb"id:(\S+) .* stat:DELIVRD err:000", pdu)
            assert match is not None
            self.receipts.append(match[1].decode())
        if len(self.receipts) == len(self.given) == len(MSISDNS):
            self.complete.set()

    async def send_error(self, smpp_message: Any, error: Exception, client_id: str) -> None:
        raise error


async def test_the_session_of_aiosmpplib() -> None:
    async with simulated(record=100) as (smsc, port):
        hook = Hook()
        esme = ESME(
            "127.0.0.1", port, "esme", "secret", log_level=logging.CRITICAL, broker=Broker(), hook=hook
        )
        running = asyncio.create_task(esme.start(), name="esme")
        try:
            await asyncio.wait_for(hook.complete.wait(), PATIENCE_S)
            writer = esme._writer  # it sends its end of file, forgets the writer and never closes it
            assert sorted(hook.given) == sorted(hook.receipts)
            await until(smsc, "receipts", "pending", value=0)
            await asyncio.wait_for(esme.stop(), PATIENCE_S)
            writer.close()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        await until(smsc, "sessions", value=0)
        assert smsc.exchange.records is not None
        messages = smsc.exchange.records.messages()["messages"]
        assert [message["msisdn"] for message in messages] == MSISDNS
        assert {message["text"] for message in messages} == {"hello @ {you}"}
        assert smsc.exchange.accounts[0].ended == "unbind"
