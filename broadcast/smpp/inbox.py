"""What one read from the SMSC means: octets turned into answers, receipts, messages, control PDUs. Pure.

This is the hot path: one tuple per answer or receipt, no other object that outlives the call.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from broadcast.config import Carrier
from broadcast.smpp import pdu as smpp
from broadcast.smpp.alike import FLOOD_LEAST
from broadcast.smpp.delivery import UnreadableError, read_delivery
from broadcast.smpp.events import Ack, InboundMessage, Token
from broadcast.smpp.framer import Frame, Framer, UnrecoverablePduError
from broadcast.smpp.inbound import sar_of
from broadcast.smpp.receipt import id_reader, read, read_usual, unknown_state
from broadcast.smpp.status import UNKNOWN_ERROR
from broadcast.smpp.vocabulary import ReceiptState, vocabulary
from broadcast.smpp.window import MISSING, Window

UNKNOWN_MOST: Final = 50  # distinct states kept by name
_HEADER: Final = smpp.HEADER_OCTETS


@dataclass(slots=True)
class Batch:
    """The lists of LinkEvents; controls: everything else, in order; strays: answers that nobody waited for, how many;
    pdus: how many in all; passed_over: octets of what a flood has too much of; broken: the stream cannot go on.
    """

    answers: list[tuple[Token, int, str]] = field(default_factory=list)
    late: list[tuple[Token, int, str]] = field(default_factory=list)
    receipts: list[tuple[Ack, int, str, str, int | None]] = field(default_factory=list)
    messages: list[InboundMessage] = field(default_factory=list)
    unreadable: list[tuple[Ack, bytes, str]] = field(default_factory=list)
    controls: list[Frame] = field(default_factory=list)
    strays: int = 0
    pdus: int = 0
    passed_over: int = 0
    broken: UnrecoverablePduError | None = None

    @property
    def to_ack(self) -> int:
        """How many deliver_sm and data_sm there are to answer."""
        return len(self.receipts) + len(self.messages) + len(self.unreadable)

    @property
    def trifles(self) -> int:
        """PDUs that nobody waits for and that cost next to nothing."""
        return len(self.controls) + self.strays


class Inbox:
    """Reads for one link and empties its window.

    strays: answers that nobody waited for. unknown_states: what receipts named as their state and the carrier's
    profile does not know; whoever reads it empties it.
    """

    def __init__(self, window: Window, carrier: Carrier) -> None:
        self._framer = Framer(window.awaits)
        self._window = window
        self._response_id = id_reader(carrier.response_id, carrier.id_zeros)
        self._receipt_id = id_reader(carrier.receipt_id, carrier.id_zeros)
        self._vocabulary = vocabulary(carrier.receipt_states)
        self.strays = 0
        self.unknown_states: Counter[str] = Counter()

    @property
    def begun(self) -> int:
        """Octets of a PDU that is not complete."""
        return self._framer.begun

    def feed(self, data: bytes) -> Batch:
        """Never raises, whatever the SMSC sent."""
        batch = Batch()
        try:
            frames = self._framer.feed(data)
        except UnrecoverablePduError as error:
            batch.broken = error
            frames = error.complete
        batch.pdus = len(frames)
        take, response_id = self._window.pending.pop, self._response_id  # local names: the hot loop
        receipt_id, words = self._receipt_id, self._vocabulary
        answered, received = batch.answers.append, batch.receipts.append
        submit_sm_resp, deliver_sm = smpp.SUBMIT_SM_RESP, smpp.DELIVER_SM
        for frame in frames:
            command, status, sequence, pdu = frame
            if command == submit_sm_resp:
                token = take(sequence, MISSING)
                if token is MISSING:
                    self._late(batch, sequence, status, pdu)
                else:
                    answered((token, status, response_id(pdu[_HEADER:]) if status == 0 else ""))
            elif command == deliver_sm:
                usual = read_usual(pdu, receipt_id, words)
                if usual is None:
                    self._delivery(batch, command, pdu, smpp.deliver_sm_ack(pdu))
                else:
                    received((pdu[12:16], *usual))
            elif command == smpp.DATA_SM:
                self._delivery(batch, command, pdu, smpp.data_sm_ack(pdu))
            elif command != smpp.GENERIC_NACK or not self._nacked(batch, status, sequence):
                batch.controls.append(frame)
        self.strays += batch.strays
        batch.passed_over = self._framer.passed_over
        self._framer.thin = batch.passed_over > 0 or batch.trifles >= FLOOD_LEAST
        return batch

    def _late(self, batch: Batch, sequence: int, status: int, pdu: bytes) -> None:
        token = self._window.late.pop(sequence, MISSING)
        if token is MISSING:
            batch.strays += 1
        else:
            batch.late.append((token, status, self._response_id(pdu[_HEADER:]) if status == 0 else ""))

    def _nacked(self, batch: Batch, status: int, sequence: int) -> bool:
        """A generic_nack for a submit is its answer, and never ROK (quirk 28). False: for something else."""
        for waiting, answers in ((self._window.pending, batch.answers), (self._window.late, batch.late)):
            token = waiting.pop(sequence, MISSING)
            if token is not MISSING:
                answers.append((token, status or UNKNOWN_ERROR, ""))
                return True
        return False

    def _delivery(self, batch: Batch, command: int, pdu: bytes, ack: Ack) -> None:
        """A deliver_sm or data_sm of an unusual shape."""
        try:
            delivery = read_delivery(command, pdu)
            receipt = read(delivery, self._receipt_id, self._vocabulary)
        except UnreadableError as error:
            batch.unreadable.append((ack, pdu, str(error)))
            return
        if receipt is not None:
            if receipt[0] == ReceiptState.INTERMEDIATE:
                self._note_unknown(unknown_state(delivery, self._vocabulary))
            batch.receipts.append((ack, *receipt))
            return
        source, destination = delivery.source.decode("latin-1"), delivery.destination.decode("latin-1")
        coding, sar = delivery.data_coding, sar_of(delivery.tlvs)
        batch.messages.append(
            InboundMessage(ack, source, destination, delivery.esm_class, coding, delivery.text, sar)
        )

    def _note_unknown(self, said: str | None) -> None:
        """Bounded, whatever an SMSC invents and however rarely it is asked for."""
        if said is not None:
            known = said in self.unknown_states or len(self.unknown_states) < UNKNOWN_MOST
            self.unknown_states[said if known else "#"] += 1
