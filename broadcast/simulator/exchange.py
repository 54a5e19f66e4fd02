"""What an SMSC does behind its sessions: whom it lets in, what it takes and answers, and the receipts that it owes.

No socket here: a session is a `Peer`. Everything happens in one event loop. One ticker serves all that comes later, and
runs only while there is traffic; its beat also tells how late the loop is, which the count per second needs.

What a personality's habits need is chosen at start (`__init__`); a plain one goes the plain ways.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from broadcast.simulator.account import Account
from broadcast.simulator.admission import Admission
from broadcast.simulator.book import Book
from broadcast.simulator.cancels import Cancels
from broadcast.simulator.habits import BindKind, ResponseHabits
from broadcast.simulator.inbound import Replies
from broadcast.simulator.intake import Answer, Intake
from broadcast.simulator.odd_receipts import OddReceipts
from broadcast.simulator.odd_responses import OddResponses, error
from broadcast.simulator.outbox import Outbox
from broadcast.simulator.peer import Peer
from broadcast.simulator.people import NoPeople, People
from broadcast.simulator.personality import Personality
from broadcast.simulator.receipt_plan import OddPlan, Planned, Strangers, plain_plan, poisons
from broadcast.simulator.receipts import Receipts, Stage, encode
from broadcast.simulator.records import Records
from broadcast.simulator.wheel import TICK_S, Wheel
from broadcast.simulator.witness import Witness

_QUIET_S: Final = 1.0  # the ticker rests after so long without traffic
_NACK_RETRY_S: Final = 1.0
_STRANGERS_S: Final = 1.0
_UNREAD_S: Final = 1.0  # a session that is to end is dropped when its ESME reads nothing for so long
_KEPT_ACCOUNTS: Final = 1000
_INTERFACE_VERSION: Final = b"\x02\x10\0\1"


class Exchange:
    """One SMSC's. Sessions tell it what happens to them; `book` and `summary` say what became of it."""

    def __init__(self, personality: Personality, loop: asyncio.AbstractEventLoop) -> None:
        """loop: whose clock it goes by; the sessions' too."""
        self.personality = personality
        self.book = Book(people=People() if personality.people else NoPeople())
        self.chance = random.Random(personality.seed)
        self._loop = loop
        self._stored: dict[bytes, bytes] = {}  # PDUs of batches that are no receipts
        self._choose_ways()
        # the counter starts above any number that an earlier run gave
        self.cancels = None if personality.cancel_sm == "unknown" else Cancels(personality, self.book)
        self.intake = Intake(personality, self.book, time.time_ns() // 1000, self._witness, self.cancels)
        self._admission = Admission(personality)
        self.accounts: deque[Account] = deque(maxlen=_KEPT_ACCOUNTS)
        self.opened = 0
        self.peers: set[Peer] = set()
        self.outbox = Outbox(personality.receipts, self.chance, self.peers, self.cancels)
        self._responses: Wheel[tuple[Peer, bytes | bytearray, int]] = Wheel()
        self._timer: asyncio.TimerHandle | None = None
        self._beats = (0.0, 0.0)  # the last two
        self._traffic_at = 0.0
        self._minute: tuple[int, bytes] = (0, b"")
        self._gone = asyncio.Event()

    async def stop(self) -> None:
        """End every session. What is unacked stays in the book as pending."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        peers = list(self.peers)
        for peer in peers:
            peer.close()
        self._gone.clear()
        if self.peers:
            try:
                await asyncio.wait_for(self._gone.wait(), _UNREAD_S)
            except TimeoutError:  # an ESME that does not read what it was sent
                for peer in peers:
                    peer.abort()

    def summary(self) -> dict[str, Any]:
        """The book's counts, the limits, and the most submit_sm that came within a second."""
        return {
            "name": self.personality.name,
            **self.book.summary(),
            "sessions": sum(peer.is_bound for peer in self.peers),
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

    def later(self, delay_s: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        return self._loop.call_later(delay_s, call)

    def joined(self, peer: Peer, address: str) -> Account:
        """address: of its other end."""
        self.peers.add(peer)
        self.opened += 1
        account = Account(self.opened, address)
        self.accounts.append(account)
        return account

    def admit(self, command: int, body: bytes) -> int | None:
        """command_status for a bind with this body; None: no answer, the connection is closed."""
        bound: list[BindKind] = [peer.kind for peer in self.peers if peer.kind]
        status = self._admission.admit(command, body, bound, self.now())
        if status != 0:
            self.book.binds_refused += 1
        return status

    def bind_error(self, command: int, status: int, sequence: int) -> bytes:
        """command: of the answer."""
        return error(self.chance.choice(self.personality.session.bind_error_forms), command, status, sequence)

    def bound(self, peer: Peer) -> None:
        """It gets what waits for a receiver, once its bind is answered."""
        self.book.binds += 1
        if not peer.receives:
            return
        self.later(0, self.outbox.deliver_waiting)
        if self.personality.receipts.strangers:
            self.later(0, partial(self._tell_of_strangers, peer))
        if self.personality.receipts.poison:
            self.outbox.put(self.now(), poisons(peer, self.personality.receipts.poison, self._stored))

    def left(self, peer: Peer, receipts: list[Receipts], was_bound: bool) -> None:
        """The session is gone; `receipts` were not acked, and go to another."""
        self.peers.discard(peer)
        if was_bound:
            self._admission.left(peer.orderly, self.now())
        if not self.peers:
            self._gone.set()
        self.outbox.deliver(receipts)

    def take(self, peer: Peer, since: float, now: float) -> Answer | None:
        """Finish the read that the intake has begun; schedules its receipts."""
        answer = self.intake.finish(peer, since, now, time.time(), self.minute())
        if answer is not None:
            for batch in answer.receipts:
                self._schedule(batch, now)
            for batch in answer.replies:
                self.outbox.put(now + self.personality.inbound.delay_s, batch)
        return answer

    def cancel(self, pdus: list[bytes], since: float, now: float) -> bytes:
        """The answers to these cancel_sm, which count as messages do. since, now: as in SlidingSecond."""
        if self.cancels is None:
            return b""
        room = max(0, self.intake.room(now))
        self.intake.taken.add(since, now, min(room, len(pdus)))
        self.intake.offered.add(since, now, len(pdus))
        return self.cancels.answers(pdus, room)

    def answer_later(self, peer: Peer, responses: bytes | bytearray, count: int, moment: float) -> None:
        """count: of the messages that are answered with it."""
        self._responses.put(moment, (peer, responses, count))

    def sent(self, peer: Peer, batch: Receipts) -> None:
        """The session has written these."""
        if self.records is not None:
            self.records.told(peer.account.number, batch)
        self.book.people.tell(batch)
        if batch.stage is not Stage.FINAL:
            self._sent_beside(batch)
        elif batch.again:
            self.book.redelivered += len(batch)
        else:
            self.book.report(self.book.sent, batch.fates)

    def acked(self, peer: Peer, batches: list[Receipts]) -> None:
        """The ESME has answered these."""
        for batch in batches:
            peer.account.acked += len(batch)
            if self.records is not None:
                self.records.acked(peer.account.number, batch, 0)
            if batch.stage is Stage.FINAL:
                self.book.report(self.book.acked, batch.fates)
                self.book.people.ack(batch)
                continue
            self.book.oddities[f"{batch.stage.name.lower()}_acked"] += len(batch)
            if batch.stage is Stage.REPLY and self.replies is not None:
                self.replies.was_acked(batch)

    def nacked(self, peer: Peer, batches: list[Receipts], status: int) -> None:
        """The ESME would not have them now: they come again."""
        for batch in batches:
            peer.account.nacked += len(batch)
            self.book.nacked += len(batch)
            if self.records is not None:
                self.records.acked(peer.account.number, batch, status)
            if batch.stage is not Stage.POISON:
                batch.again = True
                self.outbox.put(self.now() + _NACK_RETRY_S, batch)

    def minute(self) -> bytes:
        """Now as in a receipt's text, YYMMDDhhmm in UTC."""
        minute = int(time.time()) // 60
        if minute != self._minute[0]:
            text = datetime.fromtimestamp(minute * 60, UTC).strftime("%y%m%d%H%M").encode()
            self._minute = (minute, text)
        return self._minute[1]

    # ------------------------------------------------------------------ its habits

    def _choose_ways(self) -> None:
        """The plain way of everything that the personality has no habit for."""
        like = self.personality
        self.records = Records(like.record, like.rules.default_alphabet) if like.record else None
        inbound = like.inbound
        self.replies = Replies(inbound, like.seed, self.chance, self._stored) if inbound.share else None
        told = self.records is not None or self.replies is not None
        self._witness = Witness(self.records, self.replies) if told else None
        self.encode: Callable[[Receipts, bytes], bytes | bytearray] = self._encode_plain
        if like.receipts.has_odd_forms or self.replies is not None or "past_255" in like.ids.twins:
            self._odd_receipts = OddReceipts(like.receipts, like.receipt_tlvs, self.chance, self._stored)
            self.encode = self._encode_odd
        self._plan: Callable[[Receipts, float], Iterable[Planned]] = self._plan_plain
        if like.receipts.has_odd_plan:
            coming = self._ids_to_come if like.receipts.stranger_ahead else None
            self._plan = OddPlan(like, self.chance, self.book.oddities, coming).of
        self._strangers = Strangers(like, self.chance)
        self.odd_responses: OddResponses | None = None
        if like.responses != ResponseHabits():
            self.odd_responses = OddResponses(like, self.chance, self.book.oddities)
        version = like.session.interface_version
        self.bind_body = like.name.encode("ascii", "replace")[:15] + b"\0"
        self.bind_body += _INTERFACE_VERSION + bytes((version,)) if version else b""

    def _encode_plain(self, batch: Receipts, sequences: bytes) -> bytearray:
        return encode(batch, sequences, self.minute(), self.personality.receipt_tlvs)

    def _encode_odd(self, batch: Receipts, sequences: bytes) -> bytes:
        return self._odd_receipts.encode(batch, sequences, self.minute())

    def _plan_plain(self, batch: Receipts, now: float) -> Iterable[Planned]:
        return plain_plan(self.personality, self.chance, batch, now)

    def _ids_to_come(self, count: int, ahead: int) -> list[bytes]:
        """Asked of ids that can tell, which the intake has by then."""
        return self.intake.ids.coming(count, ahead)

    def _tell_of_strangers(self, peer: Peer) -> None:
        """Once a second, as long as the session lasts; left out while it has not read those of before."""
        if peer.receives:
            if not peer.is_behind:
                count = self.personality.receipts.strangers
                self.outbox.deliver([self._strangers.of(peer, count, self.minute())])
            self.later(_STRANGERS_S, partial(self._tell_of_strangers, peer))

    # ------------------------------------------------------------------ what comes later

    def _schedule(self, batch: Receipts, now: float) -> None:
        for due, piece in self._plan(batch, now):
            if piece.stage is Stage.FINAL:
                self.book.due += len(piece)
            self.outbox.put(due, piece)

    def _sent_beside(self, batch: Receipts) -> None:
        """Not one of the receipts that are owed."""
        self.book.oddities[f"{batch.stage.name.lower()}_sent"] += len(batch)
        if batch.stage is Stage.POISON:
            again = self.now() + self.personality.receipts.poison_every_s
            self.outbox.put(again, replace(batch))
        elif batch.stage is Stage.REPLY and self.replies is not None:
            self.replies.was_sent(batch)

    def _beat(self) -> None:
        now = self.now()
        self._beats = (self._beats[1], now)
        for peer, responses, count in self._responses.due(now):
            peer.answered(responses, count)
        self.outbox.deliver_due(now)
        if self.outbox or self._responses or now - self._traffic_at < _QUIET_S:
            self._timer = self._loop.call_later(TICK_S, self._beat)
        else:
            self._timer = None
