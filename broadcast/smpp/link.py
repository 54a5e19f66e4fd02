"""One connection to an SMSC, from connect to close: the socket's side of everything in this package.

It decides little: `Inbox` reads, `Window` and `Timers` say what is due. What it owns is the order of things: a submit
is in the window before it is written, every token of the window is handed back when the link ends, and
nothing from an SMSC is acknowledged before `ack` says so (law 3).
"""

import asyncio
import logging
from enum import Enum
from typing import Final

from broadcast.config import Bind, Carrier
from broadcast.errors import BroadcastError
from broadcast.smpp import pdu as smpp
from broadcast.smpp import status as statuses
from broadcast.smpp.adapter import bind_pdu, enquire_link_pdu, unbind_pdu
from broadcast.smpp.events import LINK_LOST, NO_RESPONSE, Ack, LinkEvents, Token
from broadcast.smpp.framer import Frame
from broadcast.smpp.inbox import Batch, Inbox
from broadcast.smpp.timers import Due, Timers
from broadcast.smpp.window import Window

log = logging.getLogger(__name__)

WRITE_BUFFER_OCTETS: Final = 1 << 20  # above it the link has no room
WRITE_BUFFER_MOST_OCTETS: Final = 16 << 20  # an SMSC that sends and never reads is cut off
UNACKED_MOST: Final = 50_000  # receipts handed over and not yet acked; above it the link stops reading
LINGER_S: Final = 2.0  # to flush the last answers before the connection is cut
CLOSED_UNBOUND: Final = -1  # the connection ended before the SMSC answered the bind


class LinkState(Enum):
    """BINDING until the bind is answered; UNBINDING: no more submits, answers still come; CLOSING: flushing."""

    BINDING = "binding"
    BOUND = "bound"
    UNBINDING = "unbinding"
    CLOSING = "closing"
    CLOSED = "closed"


MOVES: Final = {
    LinkState.BINDING: {LinkState.BOUND, LinkState.CLOSING, LinkState.CLOSED},
    LinkState.BOUND: {LinkState.UNBINDING, LinkState.CLOSING, LinkState.CLOSED},
    LinkState.UNBINDING: {LinkState.CLOSING, LinkState.CLOSED},
    LinkState.CLOSING: {LinkState.CLOSED},
    LinkState.CLOSED: set(),
}


class Link(asyncio.Protocol):
    """A protocol for `loop.create_connection`; binds as soon as it is connected.

    bind_answer: resolves to the bind's command_status, or CLOSED_UNBOUND. Clock: the loop's.
    """

    def __init__(self, name: str, bind: Bind, carrier: Carrier, events: LinkEvents) -> None:
        """Raises ConfigError when the password cannot be read or the bind cannot be encoded."""
        self.name = name
        self.state = LinkState.BINDING
        self._loop = asyncio.get_running_loop()
        self._window = Window(bind.window, bind.response_timeout_s)
        self._bind_pdu = bind_pdu(
            bind.mode, bind.system_id, bind.password(), bind.system_type, self._window.reserve(1)
        )
        self._events = events
        self._sends = bind.mode != "receiver"
        self._inbox = Inbox(self._window, carrier)
        self._timers = Timers(
            bind.bind_timeout_s, bind.enquire_link_s, bind.response_timeout_s, self._loop.time()
        )
        self._ticking: asyncio.TimerHandle | None = None
        self._paused = False  # the socket takes no more
        self._unacked = 0
        self._reason = ""
        self._drained = asyncio.Event()
        self._finished: asyncio.Future[str] = self._loop.create_future()
        self.bind_answer: asyncio.Future[int] = self._loop.create_future()

    # ------------------------------------------------------------ the owner's side

    @property
    def is_bound(self) -> bool:
        """The SMSC accepted the bind, and nobody unbinds."""
        return self.state is LinkState.BOUND

    @property
    def can_submit(self) -> bool:
        """Bound, not unbinding, and in a mode that sends."""
        return self._sends and self.state is LinkState.BOUND

    @property
    def room(self) -> int:
        """How many segments may be submitted now."""
        return self._window.room if self.can_submit and not self._paused else 0

    @property
    def in_flight(self) -> int:
        """Submits without an answer."""
        return len(self._window.pending)

    @property
    def window(self) -> int:
        """The most that may be in flight."""
        return self._window.size

    def reserve(self, count: int) -> int:
        """The first of `count` contiguous sequence numbers; runs are submitted in the order of their reservation."""
        return self._window.reserve(count)

    def submit(self, first_sequence: int, tokens: list[Token], data: bytes, now: float) -> None:
        """Write stamped PDUs. tokens: one per PDU, in order. now: the loop's time.

        On a link that cannot submit any more nothing is written, and the tokens come back at once as LINK_LOST.
        """
        if not self.can_submit:
            self._events.unanswered(self, tokens, LINK_LOST)
            return
        self._window.add(first_sequence, tokens, now)
        self._timers.sent_at = now
        self._transport.write(data)

    def ack(self, acks: list[Ack]) -> None:
        """Answer receipts, messages and unreadable PDUs, after their commit. Nothing happens on a closed link."""
        if self.state in (LinkState.CLOSING, LinkState.CLOSED):
            return
        self._write(smpp.receipt_responses(acks))
        self._unacked -= len(acks)
        if self._unacked <= UNACKED_MOST // 2 and not self._transport.is_reading():
            self._transport.resume_reading()

    async def unbind(self, timeout_s: float) -> None:
        """Take no more submits, wait for answers at most half the time, then unbind and close; at most `timeout_s`."""
        if self.state is LinkState.BOUND:
            self._move(LinkState.UNBINDING)
            if self._window.pending:
                await _within(timeout_s / 2, self._drained.wait())
            if self.state is LinkState.UNBINDING:
                self._write(unbind_pdu(self._window.reserve(1)))
                await _within(timeout_s / 2, self.finished())
        self.abort("unbound")
        await self.finished()

    async def finished(self) -> str:
        """Wait for the close; why it closed."""
        return await asyncio.shield(self._finished)

    def abort(self, reason: str) -> None:
        """Cut the connection now."""
        self._reason = self._reason or reason
        if self.state is not LinkState.CLOSED:
            self._transport.abort()

    # ------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Bind at once."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=WRITE_BUFFER_OCTETS)
        self._write(self._bind_pdu)
        self._tick()

    def data_received(self, data: bytes) -> None:
        """Never raises over what an SMSC sent."""
        self._timers.received_at = self._loop.time()
        batch = self._inbox.feed(data)
        if batch.controls:
            self._write(b"".join([self._control(frame) for frame in batch.controls]))
        self._hand_over(batch)
        if batch.broken is not None:
            log.error("link %s: %s", self.name, batch.broken)
            self._close(str(batch.broken))
        if self.state is LinkState.UNBINDING and not self._window.pending:
            self._drained.set()

    def pause_writing(self) -> None:
        """The SMSC reads slower than we write: no room."""
        self._paused = True

    def resume_writing(self) -> None:
        """Room again."""
        self._paused = False
        self._events.room(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand back what is in the window, and say so."""
        if self._ticking is not None:
            self._ticking.cancel()
        self._reason = self._reason or (f"connection lost: {exc}" if exc else "closed by the SMSC")
        self._move(LinkState.CLOSED)
        self._drained.set()
        log.info("link %s: closed: %s", self.name, self._reason)
        tokens = self._window.drain()
        if tokens:
            self._events.unanswered(self, tokens, LINK_LOST)
        self._events.closed(self, self._reason)
        if not self.bind_answer.done():
            self.bind_answer.set_result(CLOSED_UNBOUND)
        if not self._finished.done():
            self._finished.set_result(self._reason)

    # ------------------------------------------------------------ within

    def _hand_over(self, batch: Batch) -> None:
        """One call per kind that there is."""
        events = self._events
        self._unacked += batch.to_ack
        if self._unacked > UNACKED_MOST and self._transport.is_reading():
            self._transport.pause_reading()
        if batch.answers:
            events.answered(self, batch.answers)
        if batch.late:
            events.answered_late(self, batch.late)
        if batch.receipts:
            events.receipts(self, batch.receipts)
        if batch.messages:
            events.messages(self, batch.messages)
        if batch.unreadable:
            events.unreadable(self, batch.unreadable)
        if batch.answers:
            events.room(self)

    def _control(self, frame: Frame) -> bytes:
        """Any other PDU; returns the answer that it wants, or nothing."""
        command, status, sequence, _ = frame
        if command == smpp.ENQUIRE_LINK:
            return smpp.enquire_link_resp(sequence)
        if command == smpp.UNBIND:
            self._loop.call_soon(self._close, "unbound by the SMSC")
            return smpp.unbind_resp(sequence)
        if command == smpp.UNBIND_RESP and self.state is LinkState.UNBINDING:
            self._close("unbound")
        elif self.state is LinkState.BINDING and (sequence, command) in self._bind_responses():
            self._bind_answered(status)
        elif not command & smpp.RESPONSE_BIT and command not in (smpp.ALERT_NOTIFICATION, smpp.OUTBIND):
            return smpp.generic_nack(sequence, statuses.INVALID_COMMAND_ID)
        return b""
