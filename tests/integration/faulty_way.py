"""The way between a worker and an SMSC, as a relay that can fail in every way that carriers' links do.

Byte by byte it is a TCP relay; it knows of SMPP where a PDU ends, and which are binds, submits and their answers.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Literal

from unit.smpp.wire import pdu

from broadcast.smpp import pdu as smpp

Fault = Literal[
    "",
    "half_open",  # packets vanish: established connections fall silent without FIN, new ones are never made
    "hanging",  # TCP is accepted, the bind never answered
    "mute",  # bound, then nothing is answered: no submit, no enquire_link
    "refusing",  # connection refused
    "bind_refused",  # ESME_RBINDFAIL
    "flapping",  # a session dies after a second
    "slow",  # everything that the SMSC says takes a second more
    "unanswered",  # submits are taken and never answered; receipts and enquire_link_resp come
    "receipts_only",  # submits are not taken; receipts and enquire_link_resp come
    "one_bind",  # the first of its binds is as half_open, the others work
]
FAULTS: tuple[Fault, ...] = (
    "half_open", "hanging", "mute", "refusing", "bind_refused", "flapping", "slow", "unanswered", "receipts_only",
    "one_bind",
)  # fmt: skip

LIFE_S = 1.0  # of a flapping session
DELAY_S = 1.0  # of a slow one
_BINDS = (smpp.BIND_TRANSCEIVER, smpp.BIND_TRANSMITTER, smpp.BIND_RECEIVER)


class Way:
    """One carrier's. `fail` begins a fault, `fail("")` ends it. tries: connections that were made."""

    def __init__(self, smsc_port: int) -> None:
        self._smsc_port = smsc_port
        self._fault: Fault = ""
        self._server: asyncio.Server | None = None
        self._deaf: list[socket.socket] = []
        self._connections: list[_Connection] = []
        self.port = 0
        self.tries = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def fail(self, fault: Fault) -> None:
        """From now on."""
        self._fault = fault
        for number, connection in enumerate(self._connections):
            connection.suffer(fault, number)
        listens = fault not in ("refusing", "half_open")
        if listens and self._server is None:
            self._hear_again()
            await self.start()
        elif not listens and self._server is not None:
            self._server.close()
            self._server = None
            if fault == "half_open":
                self._be_deaf()

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self._hear_again()
        for connection in list(self._connections):
            connection.cut()
        await asyncio.gather(*(each.task for each in self._connections), return_exceptions=True)

    def _be_deaf(self) -> None:
        """A port whose queue is full: the system drops every further SYN."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(0)
        self._deaf = [listener]
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(("127.0.0.1", self.port))
            self._deaf.append(filler)

    def _hear_again(self) -> None:
        for each in self._deaf:
            each.close()
        self._deaf = []

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tries += 1
        alive = sum(not each.dead for each in self._connections)
        connection = _Connection(reader, writer, self._smsc_port)
        self._connections.append(connection)
        connection.begin(self._fault, first=not alive)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await connection.task
        self._connections.remove(connection)


class _Connection:
    """An ESME's, and the one to the SMSC that belongs to it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, smsc_port: int) -> None:
        self._esme = reader, writer
        self._smsc_port = smsc_port
        self._fault: Fault = ""
        self._there: asyncio.StreamWriter | None = None
        self._passes = asyncio.Event()  # not set: nothing is read, nothing is written
        self._passes.set()
        self.dead = False

    def begin(self, fault: Fault, *, first: bool) -> None:
        self._fault = "half_open" if fault == "one_bind" and first else fault
        if self._fault in ("half_open", "hanging"):
            self._passes.clear()
            self.dead = True
        if fault == "flapping":
            asyncio.get_running_loop().call_later(LIFE_S, self.cut)
        self.task = asyncio.create_task(self._relay(), name="way")

    def suffer(self, fault: Fault, number: int) -> None:
        """A fault begins or ends while it is established."""
        self._fault = fault
        if fault in ("hanging", "refusing", "bind_refused", "flapping") or (not fault and self.dead):
            self.cut()
        elif fault in ("half_open", "mute") or (fault == "one_bind" and number == 0):
            self.dead = True
            self._passes.clear()

    def cut(self) -> None:
        """A reset, as of a process that dies."""
        self._esme[1].transport.abort()
        if self._there is not None:
            self._there.transport.abort()
        self._passes.set()

    async def _relay(self) -> None:
        reader, writer = self._esme
        await self._passes.wait()
        if self._fault == "bind_refused":
            bind = await _read_pdu(reader)
            writer.write(pdu(int.from_bytes(bind[4:8], "big") | smpp.RESPONSE_BIT, 1, status=0x0D))
            writer.close()
            return
        back, self._there = await asyncio.open_connection("127.0.0.1", self._smsc_port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_on(reader, self._there, self._takes))
                group.create_task(self._pass_on(back, writer, self._tells))
        except* (OSError, asyncio.IncompleteReadError):
            pass  # one side has gone: so does the other
        finally:
            self.cut()

    def _takes(self, command: int) -> bool:
        """What the ESME says reaches the SMSC."""
        if self._fault == "mute":
            return command in _BINDS
        return not (self._fault == "receipts_only" and command == smpp.SUBMIT_SM)

    def _tells(self, command: int) -> bool:
        """What the SMSC says reaches the ESME."""
        if self._fault == "mute":
            return command & ~smpp.RESPONSE_BIT in _BINDS
        return not (self._fault == "unanswered" and command == smpp.SUBMIT_SM_RESP)

    async def _pass_on(
        self, origin: asyncio.StreamReader, target: asyncio.StreamWriter, passes: Callable[[int], bool]
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            octets = await _read_pdu(origin)
            await self._passes.wait()
            if passes(int.from_bytes(octets[4:8], "big")):
                if self._fault == "slow" and target is self._esme[1]:
                    loop.call_later(DELAY_S, target.write, octets)
                else:
                    target.write(octets)


async def _read_pdu(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(4)
    return head + await reader.readexactly(int.from_bytes(head, "big") - 4)


@contextlib.asynccontextmanager
async def way_to(smsc_port: int) -> AsyncIterator[Way]:
    """A way that works, as yet."""
    way = Way(smsc_port)
    await way.start()
    try:
        yield way
    finally:
        await way.stop()
