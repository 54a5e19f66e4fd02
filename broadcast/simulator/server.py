"""A simulated SMSC: one account, its sessions, its limits, and the receipts that it owes.

Everything happens in one event loop. One ticker serves all that comes later, and runs only while there is
traffic; its beat also tells how late the loop is, which the count per second needs.
"""

import asyncio
import os
import random
import time
from datetime import UTC, datetime
from typing import Any, Final

from broadcast.errors import BroadcastError
from broadcast.simulator.book import Book
from broadcast.simulator.intake import Answer, Intake
from broadcast.simulator.personality import Personality
from broadcast.simulator.receipts import Receipts, join
from broadcast.simulator.session import Session
from broadcast.simulator.wheel import TICK_S, Wheel

BIND_FAILED: Final = 0x0D
INVALID_PASSWORD: Final = 0x0E
INVALID_SYSTEM_ID: Final = 0x0F

_QUIET_S: Final = 1.0  # the ticker rests after so long without traffic
_NACK_RETRY_S: Final = 1.0
_SPREAD_OVER: Final = 64  # receipts that share one delay at least


def why(error: OSError) -> str:
    """What the system says, without asyncio's words around it."""
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    return error.strerror or str(error)


class Smsc:
    """`start`, then it serves until `stop`; `book` and `summary` say what happened."""

    def __init__(self, personality: Personality) -> None:
        self.personality = personality
        self.book = Book()
        # the counter starts above any number that an earlier run gave
        self.intake = Intake(personality, self.book, first_id=time.time_ns() // 1000)
        self._sessions: set[Session] = set()
        self._backlog: list[Receipts] = []  # no session is there to take them
        self._receipts: Wheel[Receipts] = Wheel()
        self._responses: Wheel[tuple[Session, Answer]] = Wheel()
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._beats = (0.0, 0.0)  # the last two
        self._traffic_at = 0.0
        self._minute: tuple[int, bytes] = (0, b"")
        self._gone = asyncio.Event()

    async def start(self, host: str, port: int = 0) -> int:
        """Listen; 0 takes a free port. Returns the port. Raises BroadcastError when it cannot be had."""
        self._loop = asyncio.get_running_loop()
        try:
            self._server = await self._loop.create_server(lambda: Session(self), host, port, backlog=256)
        except OSError as error:
            raise BroadcastError(
                f"cannot listen on {host} port {port} ({why(error)}): "
                "give another --port, or 0 for a free one"
            ) from error
        opened: int = self._server.sockets[0].getsockname()[1]
        return opened

    async def stop(self) -> None:
        """Close the port and every session. What is unacked stays in the book as pending."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._server is not None:
            self._server.close()
        sessions = list(self._sessions)
        for session in sessions:
            session.close()
        self._gone.clear()
        if self._sessions:
            try:
                await asyncio.wait_for(self._gone.wait(), 1.0)
            except TimeoutError:  # an ESME that does not read what it was sent
                for session in sessions:
                    session.abort()

    def summary(self) -> dict[str, Any]:
        """The book's counts, the limits, and the most submit_sm that came within a second."""
        return {
            "name": self.personality.name,
            **self.book.summary(),
            "sessions": sum(session.is_bound for session in self._sessions),
            "max_per_second": self.intake.offered.highest,
            "tps": self.personality.tps,
            "window": self.personality.window,
        }

    # ------------------------------------------------------------------ what sessions ask and tell

    def now(self) -> float:
        """The monotonic clock of all times here."""
        return self._loop.time()

    def since(self, empty_at: float, now: float) -> float:
        """After when the data arrived that is read now. empty_at: when the socket was last found empty.

        Between two beats the loop asks every socket; so nothing is older than the last beat but one.
        """
        self._traffic_at = now
        if self._timer is None:
            self._beats = (now, now)
            self._timer = self._loop.call_later(TICK_S, self._beat)
        return max(empty_at, self._beats[0])

    def joined(self, session: Session) -> None:
        self._sessions.add(session)

    def admit(self, body: bytes) -> int:
        """command_status for a bind with this body."""
        system_id, _, rest = body.partition(b"\0")
        password = rest.partition(b"\0")[0]
        status = 0
        if system_id != self.personality.system_id.encode():
            status = INVALID_SYSTEM_ID
        elif password != self.personality.password.encode():
            status = INVALID_PASSWORD
        elif sum(session.is_bound for session in self._sessions) >= self.personality.sessions:
            status = BIND_FAILED
        if status:
            self.book.binds_refused += 1
        return status

    def bound(self, session: Session) -> None:
        """It gets what waits for a receiver, once its bind is answered."""
        self.book.binds += 1
        if session.receives and self._backlog:
            self._loop.call_soon(self._deliver_backlog)

    def left(self, session: Session, receipts: list[Receipts]) -> None:
        """The session is gone; `receipts` were not acked, and go to another."""
        self._sessions.discard(session)
        if not self._sessions:
            self._gone.set()
        self._deliver(receipts)

    def take(self, session: Session, since: float, now: float) -> Answer | None:
        """Finish the read that the intake has begun; schedules its receipts."""
        answer = self.intake.finish(session, since, now, time.time(), self.minute())
        if answer is not None:
            for batch in answer.receipts:
                self.book.due += len(batch)
                self._schedule(batch, now)
        return answer

    def answer_later(self, session: Session, answer: Answer, now: float) -> None:
        self._responses.put(now + self.personality.response_delay_s, (session, answer))

    def sent(self, batch: Receipts) -> None:
        if batch.again:
            self.book.redelivered += len(batch)
        else:
            self.book.report(self.book.sent, batch.fates)

    def acked(self, batches: list[Receipts]) -> None:
        for batch in batches:
            self.book.report(self.book.acked, batch.fates)

    def nacked(self, batches: list[Receipts]) -> None:
        """The ESME would not have them now: they come again."""
        for batch in batches:
            self.book.nacked += len(batch)
            batch.again = True
            self._receipts.put(self.now() + _NACK_RETRY_S, batch)

    def minute(self) -> bytes:
        """Now as in a receipt's text, YYMMDDhhmm in UTC."""
        minute = int(time.time()) // 60
        if minute != self._minute[0]:
            text = datetime.fromtimestamp(minute * 60, UTC).strftime("%y%m%d%H%M").encode()
            self._minute = (minute, text)
        return self._minute[1]

    # ------------------------------------------------------------------ what comes later

    def _schedule(self, batch: Receipts, now: float) -> None:
        """Each piece of a batch has a delay of its own, so that large reads come back spread."""
        delay, jitter = self.personality.receipt_delay_s, self.personality.receipt_jitter_s
        if not jitter:
            self._receipts.put(now + delay, batch)
            return
        for start in range(0, len(batch), _SPREAD_OVER):
            moment = now + max(0.0, delay + random.uniform(-jitter, jitter))
            piece = batch if len(batch) <= _SPREAD_OVER else batch.part(start, start + _SPREAD_OVER)
            self._receipts.put(moment, piece)

    def _beat(self) -> None:
        now = self.now()
        self._beats = (self._beats[1], now)
        for session, answer in self._responses.due(now):
            session.answered(answer.responses, answer.count)
        self._deliver(self._receipts.due(now))
        if self._receipts or self._responses or now - self._traffic_at < _QUIET_S:
            self._timer = self._loop.call_later(TICK_S, self._beat)
        else:
            self._timer = None

    def _deliver_backlog(self) -> None:
        backlog, self._backlog = self._backlog, []
        self._deliver(backlog)

    def _deliver(self, batches: list[Receipts]) -> None:
        """To the session that the messages came on, or to another that receives, or nobody yet."""
        if not batches:
            return
        receiving = [session for session in self._sessions if session.receives]
        if not receiving:
            self._backlog += batches
            return
        for batch in batches:
            if not batch.owner.receives:
                batch.owner = random.choice(receiving)
        for batch in join(batches):
            batch.owner.deliver(batch)
        for session in receiving:
            session.pump()
