"""One connection of an ESME: its bind, its PDUs cut from the stream, its receipts and their answers.

One write per read. What an ESME may do in which state stands in _STATES.
"""

import asyncio
import time
from collections import deque
from enum import Enum
from typing import Final, cast

from broadcast.monitor import events
from broadcast.monitor.loggable import Count, Status
from broadcast.monitor.logger import logger
from broadcast.simulator.account import Account
from broadcast.simulator.admission import KINDS
from broadcast.simulator.exchange import Exchange
from broadcast.simulator.habits import BindKind
from broadcast.simulator.intake import Answer
from broadcast.simulator.peer import Peer
from broadcast.simulator.receipts import Receipts
from broadcast.simulator.stamping import column, run_at
from broadcast.simulator.unacked import Unacked
from broadcast.smpp import pdu as smpp

log = logger(__name__)

INVALID_COMMAND_LENGTH: Final = 0x02
INVALID_COMMAND_ID: Final = 0x03
INVALID_BIND_STATUS: Final = 0x04
ALREADY_BOUND: Final = 0x05

_READ_OCTETS: Final = 250_000  # loops read 256,000 at the most: so many may have left some in the socket
_WRITE_BUFFER_OCTETS: Final = 1 << 20
_ACK_OCTETS: Final = 17
_ACK_LEAD: Final = smpp.HEADER.pack(_ACK_OCTETS, smpp.DELIVER_SM_RESP, 0, 0)[:12]


class State(Enum):
    """SMPP 3.4 §2.2."""

    OPEN = "open"
    BOUND_TX = "transmitter"
    BOUND_RX = "receiver"
    BOUND_TRX = "transceiver"
    CLOSED = "closed"


_BINDS: Final = {
    smpp.BIND_TRANSMITTER: State.BOUND_TX,
    smpp.BIND_RECEIVER: State.BOUND_RX,
    smpp.BIND_TRANSCEIVER: State.BOUND_TRX,
}
_SUBMITS: Final = frozenset({State.BOUND_TX, State.BOUND_TRX})
_RECEIVES: Final = frozenset({State.BOUND_RX, State.BOUND_TRX})
_KINDS: Final = {state: KINDS[command] for command, state in _BINDS.items()}


class Session(asyncio.Protocol):
    """From connect to close. A `Peer` to the exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self.state = State.OPEN
        self.account = Account(0, "")
        self.orderly = False  # an unbind was asked for or answered
        self._exchange = exchange
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._empty_at = 0.0  # when the socket was last known to be empty
        self._unanswered = 0  # submit_sm whose answer waits for its delay
        self._writable = True
        self._queue: deque[Receipts] = deque()
        self._unacked = Unacked()
        self._cancels: list[bytes] = []  # of the read

    @property
    def receives(self) -> bool:
        """May be given receipts."""
        return self.state in _RECEIVES

    @property
    def is_behind(self) -> bool:
        """Receipts of before wait until the ESME has read and answered others."""
        return bool(self._queue)

    def came_after(self, other: Peer) -> bool:
        """It connected later."""
        return self.account.number > other.account.number

    @property
    def kind(self) -> BindKind | None:
        """Of its bind, while it is bound."""
        return _KINDS.get(self.state)

    @property
    def is_bound(self) -> bool:
        return self.state in _SUBMITS or self.state in _RECEIVES

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop's does not inherit it
        self._transport = transport
        transport.set_write_buffer_limits(_WRITE_BUFFER_OCTETS)
        self.account = self._exchange.joined(self, str(transport.get_extra_info("peername")))

    def connection_lost(self, exc: Exception | None) -> None:
        was_bound = self.account.bound_at is not None
        self.state = State.CLOSED
        self.account.closed_at = time.time()
        self.account.end("lost")
        self._transport = None
        unacked = self._unacked.open()
        for batch in unacked:
            batch.again = True
        left = [*unacked, *self._queue]
        self._queue.clear()
        self._exchange.left(self, left, was_bound)

    def data_received(self, data: bytes) -> None:
        now = self._exchange.now()
        since = self._exchange.since(self._empty_at, now)
        if len(data) < _READ_OCTETS:
            self._empty_at = now
        if self._rest:
            data = self._rest + data
        self._exchange.intake.begin(self._unanswered, now)
        out = bytearray()
        position, ended = self._read(data, out)
        self._rest = data[position:]
        if self._cancels:
            out += self._exchange.cancel(self._cancels, since, now)
            self._cancels = []
        answer = self._exchange.take(self, since, now)
        if answer is not None:
            self.account.submits += answer.count
            out = self._give(answer, now) + out
        self.write(out)
        if ended:
            self.close()

    def _give(self, answer: Answer, now: float) -> bytearray:
        """What of it is written now; the rest is on its way."""
        delay = self._exchange.personality.response_delay_s
        if delay:
            self._unanswered += answer.count
            self._exchange.answer_later(self, answer.responses, answer.count, now + delay)
            return bytearray()
        self._note_answers(answer.responses)
        return answer.responses

    def _note_answers(self, responses: bytes | bytearray) -> None:
        if self._exchange.records is not None:
            self._exchange.records.answered(self.account.number, responses)

    def pause_writing(self) -> None:
        """The ESME does not read: take no more from it until it does."""
        self._writable = False
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._writable = True
        if self._transport is not None:
            self._transport.resume_reading()
        self.pump()

    def write(self, octets: bytes | bytearray) -> None:
        if octets and self._transport is not None:
            self._transport.write(octets)

    def answered(self, responses: bytes | bytearray, count: int) -> None:
        """The delay of these responses is over."""
        self._unanswered -= count
        if self._transport is not None:
            self._note_answers(responses)
            self.write(responses)

    def close(self) -> None:
        """After what has been written; `connection_lost` follows."""
        if self.state is not State.CLOSED:
            self.account.end("closed")
            self.state = State.CLOSED
            if self._transport is not None:
                self._transport.close()

    def abort(self) -> None:
        """Drop the connection at once, as an SMSC that dies."""
        if self._transport is not None:
            self._transport.abort()

    def deliver(self, batch: Receipts) -> None:
        """Send these receipts, as soon as there is room; `pump` starts it."""
        self._queue.append(batch)

    def pump(self) -> None:
        """Send queued receipts as far as the window allows, in one write."""
        window = self._exchange.personality.receipt_window
        out = bytearray()
        while self._queue and self._writable and self.receives:
            room = window - self._unacked.count
            if room <= 0:
                break
            batch = self._queue.popleft()
            if len(batch) > room:
                self._queue.appendleft(batch.part(room, len(batch)))
                batch = batch.part(0, room)
            sequences = self._unacked.add(batch)
            out += self._exchange.encode(batch, sequences)
            self.account.receipts += len(batch)
            self._exchange.sent(self, batch)
        self.write(out)

    def _read(self, data: bytes, out: bytearray) -> tuple[int, bool]:
        """Takes the complete PDUs; what they are answered with at once goes to `out`.

        Gives the position behind the last, and whether the session ends.
        """
        position, size, reader = 0, len(data), self._exchange.intake.reader
        acks: list[bytes] = []
        ended = False
        while size - position >= smpp.HEADER_OCTETS and not ended:
            length, command, status, sequence = smpp.HEADER.unpack_from(data, position)
            end = position + length
            if not smpp.HEADER_OCTETS <= length <= smpp.MAX_PDU_OCTETS:
                log(events.NOT_SMPP, octets=Count(length))
                out += smpp.generic_nack(0, INVALID_COMMAND_LENGTH)
                ended = True
            elif end > size:
                break
            elif command == smpp.SUBMIT_SM and self.state in _SUBMITS:
                position = reader.read(data, position)
            elif command == smpp.DELIVER_SM_RESP and status == 0:
                position = _read_acks(data, position, end, acks)
            elif command == smpp.DATA_SM_RESP and status == 0:
                acks.append(data[position + 12 : position + 16])
                position = end
            else:
                ended = self._control(command, status, sequence, data[position:end], out)
                position = end
        if acks:
            self._exchange.acked(self, self._unacked.answer(b"".join(acks)))
            self.pump()
        return position, ended

    def _control(self, command: int, status: int, sequence: int, pdu: bytes, out: bytearray) -> bool:
        """Everything that does not come by the thousand. True: the session ends."""
        if command in _BINDS:
            return self._bind(command, sequence, pdu, out)
        if command == smpp.ENQUIRE_LINK:
            self.account.asked += 1
            out += smpp.enquire_link_resp(sequence)
        elif command == smpp.UNBIND:
            self.orderly = True
            self.account.end("unbind")
            out += smpp.unbind_resp(sequence)
            return True
        elif command in (smpp.DELIVER_SM_RESP, smpp.DATA_SM_RESP):
            self._exchange.nacked(self, self._unacked.answer(pdu[12:16]), status)
        elif command == smpp.GENERIC_NACK:
            self.account.nacks += 1
        elif command == smpp.SUBMIT_SM:
            out += smpp.HEADER.pack(smpp.HEADER_OCTETS, smpp.SUBMIT_SM_RESP, INVALID_BIND_STATUS, sequence)
        elif command == smpp.CANCEL_SM and self.state in _SUBMITS and self._exchange.cancels is not None:
            self._cancels.append(pdu)
        elif not command & smpp.RESPONSE_BIT:
            out += smpp.generic_nack(sequence, INVALID_COMMAND_ID)
        return False

    def _bind(self, command: int, sequence: int, pdu: bytes, out: bytearray) -> bool:
        if self.is_bound:
            out += smpp.HEADER.pack(smpp.HEADER_OCTETS, command | smpp.RESPONSE_BIT, ALREADY_BOUND, sequence)
            return False
        status = self._exchange.admit(command, pdu[smpp.HEADER_OCTETS :])
        if status is None:
            self.account.end("closed: banned")
            return True
        if status:
            log(events.BIND_REFUSED_HERE, status=Status(status))
            self.account.end(f"bind refused: 0x{status:02X}")
            out += self._exchange.bind_error(command | smpp.RESPONSE_BIT, status, sequence)
            return True
        body = self._exchange.bind_body
        out += (
            smpp.HEADER.pack(smpp.HEADER_OCTETS + len(body), command | smpp.RESPONSE_BIT, 0, sequence) + body
        )
        self.state = _BINDS[command]
        self.account.kind = KINDS[command]
        self.account.bound_at = time.time()
        self._exchange.bound(self)
        return False


def _read_acks(data: bytes, position: int, end: int, acks: list[bytes]) -> int:
    """Takes the deliver_sm_resp there and all like it that follow, into `acks`; the position behind."""
    if data.startswith(_ACK_LEAD, position):
        count = run_at(data, position, data[position:end], ((12, 4),))
        if count:
            behind = position + count * _ACK_OCTETS
            acks.append(column(data[position:behind], _ACK_OCTETS, 12, 4))
            return behind
    acks.append(data[position + 12 : position + 16])
    return end
