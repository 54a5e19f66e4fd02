"""A simulated SMSC in the test's own loop, and an ESME of raw sockets to speak with it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from struct import pack
from typing import Any

from unit.simulator.pdus import header, submit
from waiting import PATIENCE_S

from broadcast.simulator.personality import Personality
from broadcast.simulator.server import Smsc

RECEIVER, TRANSMITTER, TRANSCEIVER = 1, 2, 9


@contextlib.asynccontextmanager
async def simulated(**settings: Any) -> AsyncIterator[tuple[Smsc, int]]:
    """The SMSC and its port. Its account: esme, secret."""
    known: dict[str, Any] = {"receipt_delay_s": 0.0}
    smsc = Smsc(Personality("carrier", "esme", "secret", **(known | settings)))
    port = await smsc.start("127.0.0.1")
    try:
        yield smsc, port
    finally:
        await smsc.stop()


class Esme:
    """One connection. Reads PDU by PDU; nothing is answered unless told so."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def read(self) -> bytes:
        """The next PDU; b"" at the end of the stream."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                head = await self.reader.readexactly(4)
                return head + await self.reader.readexactly(int.from_bytes(head, "big") - 4)
            except asyncio.IncompleteReadError:
                return b""

    async def statuses(self, count: int) -> dict[int, int]:
        """Sequence number -> command_status of the next submit_sm_resp."""
        found = {}
        for _ in range(count):
            _, command, status, sequence = header(await self.read())
            assert command == 0x80000004
            found[sequence] = status
        return found

    async def receipts(self, count: int) -> list[bytes]:
        """The next deliver_sm."""
        pdus = [await self.read() for _ in range(count)]
        assert {header(pdu)[1] for pdu in pdus} <= {5}
        return pdus

    def ack(self, pdus: list[bytes], status: int = 0) -> None:
        self.send(b"".join(pack("!IIII", 17, 0x80000005, status, header(pdu)[3]) + b"\0" for pdu in pdus))

    def submit(self, msisdns: list[bytes], first: int = 1) -> None:
        self.send(b"".join(submit(first + index, msisdn) for index, msisdn in enumerate(msisdns)))

    async def bind(
        self, command: int = TRANSCEIVER, system_id: bytes = b"esme", password: bytes = b"secret"
    ) -> int:
        """command_status of the answer."""
        self.send(bind_pdu(command, system_id, password))
        _, answer, status, _ = header(await self.read())
        assert answer == command | 0x80000000
        return status

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


def bind_pdu(command: int, system_id: bytes, password: bytes) -> bytes:
    body = system_id + b"\0" + password + b"\0\0\x34\0\0\0"
    return pack("!IIII", 16 + len(body), command, 0, 1) + body


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[Esme]:
    """Not bound yet."""
    esme = Esme(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield esme
    finally:
        await esme.close()


@contextlib.asynccontextmanager
async def bound(port: int, command: int = TRANSCEIVER) -> AsyncIterator[Esme]:
    async with connected(port) as esme:
        assert await esme.bind(command) == 0
        yield esme


async def until(smsc: Smsc, *path: str, value: object) -> dict[str, Any]:
    """The summary, once the value at that path is there."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            said: Any = smsc.summary()
            for key in path:
                said = said.get(key, 0)
            if said == value:
                return smsc.summary()
            await asyncio.sleep(0.01)


def receipt_id(pdu: bytes) -> bytes:
    """The id in a receipt's text."""
    return pdu.split(b"id:")[1].split(b" ")[0]
