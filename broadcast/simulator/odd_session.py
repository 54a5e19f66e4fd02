"""A session with the habits of [session] and [responses]: what an ESME must live with, and sometimes die of.

Chosen at start when a personality has one of them; the plain session (session.py) knows none.
"""

import asyncio
from collections import deque
from functools import partial
from itertools import cycle
from typing import Final

from broadcast.simulator.exchange import Exchange
from broadcast.simulator.habits import Strange
from broadcast.simulator.intake import Answer
from broadcast.simulator.session import Session
from broadcast.smpp import pdu as smpp

SYSTEM_ERROR: Final = 0x08

_TICK_S: Final = 0.02
_UNBIND_S: Final = 5.0  # an unbind of ours is answered within that
_GARBAGE: Final = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
_STRANGE: Final[dict[Strange, tuple[int, int, bytes]]] = {
    "alert_notification": (smpp.ALERT_NOTIFICATION, 0, b"\1\0018490000000\0\1\1esme\0"),
    "outbind": (smpp.OUTBIND, 0, b"smsc\0secret\0"),
    "unknown": (0x00010203, 0, b"\1\2\3"),
    "unknown_response": (0x80010203, 0, b""),
    "generic_nack": (smpp.GENERIC_NACK, 0x03, b""),
    "replace_sm": (smpp.REPLACE_SM, 0, b""),
    "enquire_link": (smpp.ENQUIRE_LINK, 0, b""),
    "submit_sm_resp": (smpp.SUBMIT_SM_RESP, 0, b"nobody's\0"),
    "deliver_sm": (smpp.DELIVER_SM, 0, b"\0"),
}
_STRANGE_NUMBER: Final = 0x7F000000  # neither end comes as far
_TRICKLE: Final = smpp.HEADER.pack(smpp.MAX_PDU_OCTETS, smpp.DELIVER_SM, 0, _STRANGE_NUMBER)


class OddSession(Session):
    """From connect to close."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._habits = exchange.personality.session
        self._numbers = cycle(self._habits.enquire_numbers)
        self._pieces: deque[bytes] = deque()  # of split output
        self._held: bytearray | None = None  # what is written while a bundle is made
        self._is_silent = self._is_ending = self._is_trickling = False
        self._trickled = 0
        self._timer: asyncio.TimerHandle | None = None
        self._heard_at = self._asked_at = self._strange_at = self._bound_at = exchange.now()

    # ------------------------------------------------------------------ what comes in

    def data_received(self, data: bytes) -> None:
        if self._is_silent:
            return
        self._heard_at = self._exchange.now()
        super().data_received(data)
        if self._habits.end_after and self.account.submits >= self._habits.end_after and self.is_bound:
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        super().connection_lost(exc)

    def _control(self, command: int, status: int, sequence: int, pdu: bytes, out: bytearray) -> bool:
        if command == smpp.ENQUIRE_LINK_RESP:
            self.account.answered += 1
        elif command == smpp.UNBIND_RESP:
            self.orderly = True
            return True
        elif command == smpp.ENQUIRE_LINK:
            self.account.asked += 1
            self._answer(self._habits.enquire_answer, command, sequence, out)
        elif command == smpp.UNBIND:
            ended = super()._control(command, status, sequence, pdu, bytearray())
            self._answer(self._habits.unbind_answer, command, sequence, out)
            return ended
        else:
            return super()._control(command, status, sequence, pdu, out)
        return False

    def _answer(self, how: str, command: int, sequence: int, out: bytearray) -> None:
        status = self._habits.answer_status
        if how == "resp":
            out += smpp.HEADER.pack(smpp.HEADER_OCTETS, command | smpp.RESPONSE_BIT, status, sequence)
        elif how == "nack":
            out += smpp.generic_nack(sequence, status or SYSTEM_ERROR)

    def _bind(self, command: int, sequence: int, pdu: bytes, out: bytearray) -> bool:
        if not self._habits.bind_delay_s:
            return self._bind_now(command, sequence, pdu, out)
        self._exchange.later(self._habits.bind_delay_s, partial(self._bind_late, command, sequence, pdu))
        return False

    def _bind_late(self, command: int, sequence: int, pdu: bytes) -> None:
        if self._transport is None:
            return
        out = bytearray()
        ended = self._bind_now(command, sequence, pdu, out)
        self.write(out)
        if ended:
            self.close()

    def _bind_now(self, command: int, sequence: int, pdu: bytes, out: bytearray) -> bool:
        was_bound = self.is_bound
        self._held = bytearray() if self._habits.bind_bundled else None
        ended = super()._bind(command, sequence, pdu, out)
        if self.is_bound and not was_bound:
            self._bound_at = self._asked_at = self._strange_at = self._exchange.now()
            if self._held is not None:
                self._ask()
                self._exchange.outbox.deliver_waiting()
                out += self._held
            if self._has_times():
                self._timer = self._exchange.later(_TICK_S, self._tick)
        self._held = None
        return ended

    # ------------------------------------------------------------------ what goes out

    def _give(self, answer: Answer, now: float) -> bytearray:
        odd = self._exchange.odd_responses
        if odd is None:
            return super()._give(answer, now)
        written = odd.change(bytes(answer.responses))
        first, later = b"".join(written.now), b"".join(written.later)
        delay = self._exchange.personality.response_delay_s
        if written.answered_later:
            self._unanswered += written.answered_later
            late = now + delay + self._exchange.personality.responses.late_s
            self._exchange.answer_later(self, later, written.answered_later, late)
        if delay:
            self._unanswered += written.answered_now
            self._exchange.answer_later(self, first, written.answered_now, now + delay)
            return bytearray()
        self._note_answers(first)
        return bytearray(first)

    def write(self, octets: bytes | bytearray) -> None:
        if self._is_silent or self._is_trickling or not octets:
            return
        if self._held is not None:
            self._held += octets
        elif not self._habits.split:
            super().write(octets)
        else:
            waiting = bool(self._pieces)
            self._pieces.extend(self._cut(bytes(octets)))
            if not waiting:
                self._write_piece()

    def _cut(self, octets: bytes) -> list[bytes]:
        """At random places, at most habits.split of them."""
        count = min(self._habits.split, len(octets) - 1)
        places = sorted(self._exchange.chance.randrange(1, len(octets)) for _ in range(count))
        starts, ends = [0, *places], [*places, len(octets)]
        return [octets[start:end] for start, end in zip(starts, ends, strict=True) if end > start]

    def _write_piece(self) -> None:
        """One a turn of the loop, so that each is a write of its own."""
        if self._pieces and self._transport is not None:
            super().write(self._pieces.popleft())
            if self._pieces:
                self._exchange.later(0, self._write_piece)

    def _write_rest(self) -> None:
        if self._pieces:
            super().write(b"".join(self._pieces))
            self._pieces.clear()

    def close(self) -> None:
        self._write_rest()
        super().close()

    # ------------------------------------------------------------------ what it does by itself

    def _has_times(self) -> bool:
        habits = self._habits
        return bool(habits.enquire_link_s or habits.idle_s or habits.end_after_s or habits.strange)

    def _tick(self) -> None:
        self._timer = None
        if self._transport is None or self._is_silent:
            return
        now, habits = self._exchange.now(), self._habits
        if habits.idle_s and now - self._heard_at >= habits.idle_s:
            self._exchange.book.oddities["idle"] += 1
            self.account.end("idle")
            self.close()
            return
        if habits.enquire_link_s and now - self._asked_at >= habits.enquire_link_s:
            self._asked_at = now
            self._ask()
        if habits.strange and now - self._strange_at >= habits.strange_s:
            self._strange_at = now
            self._say_something_strange()
        if habits.end_after_s and now - self._bound_at >= habits.end_after_s:
            self._end()
        self._timer = self._exchange.later(_TICK_S, self._tick)

    def _ask(self) -> None:
        self.account.enquired += 1
        self.write(smpp.HEADER.pack(smpp.HEADER_OCTETS, smpp.ENQUIRE_LINK, 0, next(self._numbers)))

    def _say_something_strange(self) -> None:
        kind: Strange = self._exchange.chance.choice(self._habits.strange)
        command, status, body = _STRANGE[kind]
        count = self._habits.strange_count
        self.account.strange += count
        self._exchange.book.oddities[kind] += count
        head = smpp.HEADER.pack(smpp.HEADER_OCTETS + len(body), command, status, _STRANGE_NUMBER)
        self.write((head + body) * count)

    def _trickle(self) -> None:
        """For as long as the ESME bears it; the answers that it waits for are never heard of."""
        if self._transport is not None:
            place, self._trickled = self._trickled, self._trickled + 1
            super().write(_TRICKLE[place : place + 1] or b"\0")
            self._exchange.later(self._habits.trickle_s, self._trickle)

    def _end(self) -> None:
        """Once, in the way of the habit."""
        if self._is_ending or self._transport is None:
            return
        self._is_ending = True
        how = self._habits.end
        self._exchange.book.oddities[f"ended_by_{how}"] += 1
        self.account.end(f"by the SMSC: {how}")
        if how == "unbind":
            self.write(smpp.HEADER.pack(smpp.HEADER_OCTETS, smpp.UNBIND, 0, 1))
            self._exchange.later(_UNBIND_S, self.close)
        elif how == "silence":
            self._is_silent = True  # what comes is read and forgotten, so that the ESME's end is noticed
        elif how == "trickle":
            self._write_rest()
            self._is_trickling = True
            self._trickle()
        else:
            self.write(_GARBAGE if how == "garbage" else b"")
            self.close()
