"""One link to an SMSC: the socket's side of everything in this package.

It decides little: `Inbox` reads, `Session`, `Window` and `Timers` say what is due. What it owns is the order
of things: a submit is in the window before it is written, every token of the window is handed back when the
link ends, and nothing from an SMSC is acknowledged before `ack` says so (law 3).
"""

import asyncio
import contextlib
import math
from collections import Counter
from collections.abc import Awaitable
from typing import Any, Final

from broadcast.channel.events import LINK_LOST, NO_RESPONSE, LinkEvents
from broadcast.channel.link import Submission, Token
from broadcast.channel.receipt import Ack
from broadcast.clock import lease_time
from broadcast.config import Bind, Carrier
from broadcast.monitor import events
from broadcast.monitor.loggable import Count, Name, Sentence
from broadcast.monitor.logger import logger
from broadcast.smpp import pdu as smpp
from broadcast.smpp import status as statuses
from broadcast.smpp.adapter import bind_pdu, enquire_link_pdu, unbind_pdu
from broadcast.smpp.connection import Connection
from broadcast.smpp.framer import Frame
from broadcast.smpp.inbox import Batch, Inbox
from broadcast.smpp.pdu import receipt_responses, unbind_resp
from broadcast.smpp.session import UNBOUND, LinkState
from broadcast.smpp.timers import Due
from broadcast.smpp.window import Window

log = logger(__name__)

RENEWAL_S: Final = 10.0  # to unbind a link on which something was passed over
_ANSWERS_BESIDE: Final = frozenset({smpp.CANCEL_SM_RESP, smpp.GENERIC_NACK})
CLOSED_UNBOUND: Final = -1  # the connection ended before the SMSC answered the bind


class Link(Connection):
    """A protocol for `loop.create_connection`; binds as soon as it is connected. Implements channel's BoundLink.

    bind_answer: resolves to the bind's command_status, or CLOSED_UNBOUND.
    """

    def __init__(self, name: str, bind: Bind, carrier: Carrier, events: LinkEvents) -> None:
        """Raises ConfigError when the password cannot be read or the bind cannot be encoded."""
        super().__init__(name, bind, carrier.tps)
        self._events = events
        self._window = Window(bind.window, bind.response_timeout_s)
        first = self._window.reserve(1)
        self._bind_pdu = bind_pdu(bind.mode, bind.system_id, bind.password(), bind.system_type, first)
        self._inbox = Inbox(self._window, carrier)
        self._writable = True
        self._passed_over = False
        self._renewing: asyncio.Task[None] | None = None
        self._was_bound = False
        self._drained = asyncio.Event()
        self.bind_answer: asyncio.Future[int] = self._loop.create_future()

    # ------------------------------------------------------------ for the owner

    @property
    def can_submit(self) -> bool:
        """Bound, not unbinding, and in a mode that sends."""
        return self.is_bound and self._bind.mode != "receiver"

    @property
    def room(self) -> int:
        """How many segments may be submitted now."""
        return self._window.room if self._writable and self.can_submit else 0

    @property
    def in_flight(self) -> int:
        """Submits without an answer."""
        return len(self._window.pending)

    @property
    def window(self) -> int:
        """The most that may be in flight."""
        return self._window.size

    def take_unknown_states(self) -> Counter[str]:
        """See Inbox."""
        return self._inbox.take_unknown_states()

    def take_long_ids(self) -> int:
        """See Inbox."""
        return self._inbox.take_long_ids()

    def reserve(self, count: int) -> int:
        """The first of `count` contiguous sequence numbers, never past 0x7FFFFFFF.

        Runs are submitted in the order of their reservation.
        """
        return self._window.reserve(count)

    def take_round_trip(self, now: float) -> float | None:
        """See BoundLink."""
        return self._window.take_round_trip(now)

    def take_enquiry(self) -> float | None:
        """See BoundLink."""
        return self._timers.take_enquiry()

    def submit(self, submission: Submission, now: float, before: float = math.inf) -> bool:
        """Write stamped PDUs, one a token: see BoundLink."""
        if lease_time() >= before:
            return False
        first, tokens, data = submission
        if not self.can_submit:
            self._events.unanswered(self, tokens, LINK_LOST, now)
            return True
        self._window.add(first, tokens, now)
        self._timers.sent_at = now
        self._writing.write_now(data)
        return True

    def withdraw(self, submission: Submission, now: float, before: float) -> bool:
        """cancel_sm, one a token: see BoundLink."""
        if lease_time() >= before:
            return False
        first, tokens, data = submission
        if not self.can_submit:
            self._events.taken_back(self, [(token, None) for token in tokens])
            return True
        self._window.add_beside(first, tokens, now)
        self._timers.sent_at = now
        self._writing.write_now(data)
        return True

    def ack(self, acks: list[Ack]) -> None:
        """Answer receipts, messages and unreadable PDUs, after their commit; nothing on a closed link."""
        if self.state in (LinkState.CLOSING, LinkState.CLOSED):
            return
        self._write(receipt_responses(acks))
        self._reading.acked(len(acks))
        if self.state is LinkState.UNBINDING:
            self._heed_drained()

    async def unbind(self, timeout_s: float) -> None:
        """Take no more submits, wait for answers and commits for at most half of `timeout_s`, unbind, close.

        Closed when it returns, after at most `timeout_s`; also when it is cancelled.
        """
        try:
            if self.is_bound:
                self._session.move(LinkState.UNBINDING)
                self._leaving.set()
                self._heed_drained()
            if self.state is LinkState.UNBINDING:
                await _at_most(timeout_s / 2, self._drained.wait())
                self._say_goodbye()
            await _at_most(timeout_s / 2, self.finished())
        finally:
            self.abort("unbound")
        await self.finished()

    # ------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Bind at once."""
        self._opened(transport)
        self._write(self._bind_pdu)
        self._ticking = self._loop.call_later(self._timers.tick_s, self._tick)

    def data_received(self, data: bytes) -> None:
        """Never raises over what an SMSC sent."""
        if self.state in (LinkState.CLOSING, LinkState.CLOSED):
            return
        now = self._loop.time()
        batch = self._inbox.feed(data)
        self._timers.read(batch.pdus, self._inbox.begun, now)
        self._reading.took(batch, len(data), now)
        if self._window.beside and batch.controls:
            batch.controls = self._taken_back(batch.controls)
        if batch.controls:
            self._write(b"".join([self._session.control(frame) for frame in batch.controls]))
            if any(frame[0] == smpp.ENQUIRE_LINK_RESP for frame in batch.controls):
                self._timers.answered(now)
            self._heed_session(now)
        if batch.broken is not None:
            self.broken = True
            self._session.end(str(batch.broken))
        self._hand_over(batch, len(data), now)
        if self._session.ending:
            self._close(self._session.ending)
        elif self.state is LinkState.UNBINDING:
            self._heed_drained()

    def pause_writing(self) -> None:
        """The SMSC reads more slowly than we write: no room."""
        self._writable = False

    def resume_writing(self) -> None:
        """Room again."""
        self._writable = True
        self._events.room(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand back what is in the window, and say so."""
        self._closed(exc)
        tokens, left_at = self._window.drain()
        if tokens:
            self._events.unanswered(self, tokens, LINK_LOST, left_at)
        self._never_taken_back(self._window.drain_beside())
        if self._was_bound:
            strays = Count(self._inbox.strays)
            log(events.LINK_CLOSED, link=Name(self.name), why=Sentence(self._reason), strays=strays)
            self._events.closed(self, self._reason)
        self._drained.set()
        self._leaving.set()
        if not self.bind_answer.done():
            self.bind_answer.set_result(CLOSED_UNBOUND)
        self._finished.set_result(self._reason)

    # ------------------------------------------------------------ within

    def _heed_session(self, now: float) -> None:
        """What control PDUs have changed."""
        if self._session.unbind is not None:
            self._timers.parting(now)
            self._leaving.set()
        status = self._session.bind_status
        if status is None or self.bind_answer.done():
            return
        self.bind_answer.set_result(status)
        if status == statuses.ROK:
            self._timers.bound()
            self._was_bound = True
            self._events.bound(self)

    def _taken_back(self, controls: list[Frame]) -> list[Frame]:
        """The answers among them are told; gives the others. A generic_nack is an answer, and never ROK (quirk 28)."""
        beside, rest = self._window.beside, list[Frame]()
        answers: list[tuple[Token, int]] = []
        for frame in controls:
            command, status, sequence, _ = frame
            if command in _ANSWERS_BESIDE and sequence in beside:
                nacked = command == smpp.GENERIC_NACK
                answers.append((beside.pop(sequence)[0], status or (statuses.UNKNOWN_ERROR if nacked else 0)))
            else:
                rest.append(frame)
        if answers:
            self._events.taken_back(self, answers)
            self._events.room(self)
        return rest

    def _hand_over(self, batch: Batch, octets: int, now: float) -> None:
        """octets: of the read."""
        if batch.to_ack and self._events.full():
            self._passed_over = True
            batch.receipts, batch.messages, batch.unreadable = [], [], []
        if batch.to_ack:
            self._reading.handing_over(batch.to_ack, octets)
        if batch.answers or batch.late:
            self._window.answered(len(batch.answers) + len(batch.late), now)
        batch.tell(self._events, self)

    def _tick(self) -> None:
        now = self._loop.time()
        self._ticking = self._loop.call_later(self._timers.tick_s, self._tick)
        self._heed_owner()
        if not self._reading.held:
            self._expire(now)
        if self._reading.paused:
            self._timers.unread(now)
        due = self._timers.due(now)
        if due is Due.ENQUIRE:
            self._timers.enquired(now)
            self._write(enquire_link_pdu(self._window.reserve(1)))
        elif due is Due.PART:
            self._part()
        elif due is not Due.NOTHING:
            self.abort(due.value)

    def _heed_owner(self) -> None:
        """An owner that is full keeps nobody from reading on: the SMSC's enquire_link may be next."""
        if self._events.full():
            self._reading.read_on()
        elif self._passed_over and self.is_bound and self._renewing is None:
            log(events.LINK_BINDS_ANEW, link=Name(self.name))
            self._renewing = self._loop.create_task(self.unbind(RENEWAL_S), name=f"link {self.name} renewal")

    def _expire(self, now: float) -> None:
        expired, left_at = self._window.expire(now)
        if expired:
            self._events.unanswered(self, expired, NO_RESPONSE, left_at)
            self._events.room(self)
            if self.state is LinkState.UNBINDING:
                self._heed_drained()
        self._never_taken_back(self._window.expire_beside(now))

    def _never_taken_back(self, tokens: list[Token]) -> None:
        if tokens:
            self._events.taken_back(self, [(token, None) for token in tokens])

    def _heed_drained(self) -> None:
        """While it unbinds: is everything answered that was submitted or delivered?"""
        if not self._window.pending and not self._reading.unacked:
            self._drained.set()
            if self._session.unbind is not None:
                self._part()

    def _part(self) -> None:
        """Answer the SMSC's unbind, and close."""
        if self._session.unbind is not None:
            self._write(unbind_resp(self._session.unbind))
        self._close(UNBOUND)

    def _say_goodbye(self) -> None:
        """Once: the SMSC's unbind is answered, or ours goes out."""
        if self.state is not LinkState.UNBINDING or self._reason:
            return
        if self._session.unbind is not None:
            self._part()
        else:
            self._reason = "unbound"  # whether the SMSC answers or just closes
            self._write(unbind_pdu(self._window.reserve(1)))


async def _at_most(timeout_s: float, awaitable: Awaitable[Any]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):  # wait_for of Python 3.11 can swallow a cancellation
            await awaitable
