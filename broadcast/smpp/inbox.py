"""What one read from the SMSC means: octets turned into answers, receipts, messages, control PDUs. Pure.

This is the hot path: one tuple per answer, one Receipt, no other object that outlives the call.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from broadcast.channel.events import InboundMessage, LinkEvents, UnreadDelivery
from broadcast.channel.link import Answer, BoundLink, Token
from broadcast.channel.receipt import Ack, Receipt, ReceiptState
from broadcast.config import Carrier
from broadcast.smpp import pdu as smpp
from broadcast.smpp.alike import FLOOD_LEAST
from broadcast.smpp.delivery import UnreadableError, read_delivery, sar_of
from broadcast.smpp.framer import Frame, Framer, UnrecoverablePduError
from broadcast.smpp.receipt import read, read_usual, response_id, unknown_state
from broadcast.smpp.status import UNKNOWN_ERROR
from broadcast.smpp.vocabulary import vocabulary
from broadcast.smpp.window import MISSING, Window

UNKNOWN_MOST: Final = 50  # distinct states kept by name


@dataclass(slots=True)
class Batch:
    """The lists and times of LinkEvents; controls: everything else, in order; strays: how many answers that nobody
    waited for; pdus: how many in all; passed_over: octets of what a flood has too much of; broken: the stream cannot
    go on.
    """

    answers: list[Answer] = field(default_factory=list)
    late: list[Answer] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    messages: list[InboundMessage] = field(default_factory=list)
    unreadable: list[UnreadDelivery] = field(default_factory=list)
    controls: list[Frame] = field(default_factory=list)
    strays: int = 0
    pdus: int = 0
    passed_over: int = 0
    broken: UnrecoverablePduError | None = None
    left_at: float = 0.0
    late_left_at: float = 0.0

    @property
    def to_ack(self) -> int:
        """How many deliver_sm and data_sm there are to answer."""
        return len(self.receipts) + len(self.messages) + len(self.unreadable)

    @property
    def trifles(self) -> int:
        """PDUs that nobody waits for and that cost next to nothing."""
        return len(self.controls) + self.strays

    def tell(self, events: LinkEvents, link: BoundLink) -> None:
        """One call per kind that the read brought."""
        if self.answers:
            events.answered(link, self.answers, self.left_at)
        if self.late:
            events.answered_late(link, self.late, self.late_left_at)
        if self.receipts:
            events.receipts(link, self.receipts)
        if self.messages:
            events.messages(link, self.messages)
        if self.unreadable:
            events.unreadable(link, self.unreadable)
        if self.answers:
            events.room(link)


class Inbox:
    """Reads for one link and empties its window.

    strays: answers that nobody waited for.
    """

    def __init__(self, window: Window, carrier: Carrier) -> None:
        self._framer = Framer(window.awaits)
        self._window = window
        self._vocabulary = vocabulary(carrier.smpp.receipt_states)
        self.strays = 0
        self._unknown_states: Counter[str] = Counter()
        self._long_ids = 0

    @property
    def begun(self) -> int:
        """Octets of a PDU that is not complete."""
        return self._framer.begun

    def take_unknown_states(self) -> Counter[str]:
        """What receipts named as their state and the carrier's profile does not know, since the last call."""
        unknown = self._unknown_states
        if unknown:
            self._unknown_states = Counter()
        return unknown

    def take_long_ids(self) -> int:
        """How many answers named an id that is too long, and were handed over without one, since the last call."""
        taken, self._long_ids = self._long_ids, 0
        return taken

    def feed(self, data: bytes) -> Batch:
        """Never raises, whatever the SMSC sent."""
        batch = Batch()
        try:
            frames = self._framer.feed(data)
        except UnrecoverablePduError as error:
            batch.broken = error
            frames = error.complete
        batch.pdus = len(frames)
        take, words = self._window.pending.pop, self._vocabulary  # local names: the hot loop
        answered, received = batch.answers.append, batch.receipts.append
        new = tuple.__new__  # half of what `Receipt(...)` costs
        numbers: list[int] = []
        submit_sm_resp, deliver_sm = smpp.SUBMIT_SM_RESP, smpp.DELIVER_SM
        for frame in frames:
            command, status, sequence, pdu = frame
            if command == submit_sm_resp:
                token = take(sequence, MISSING)
                if token is MISSING:
                    self._late(batch, sequence, status, pdu)
                else:
                    numbers.append(sequence)
                    answered((token, status, self._id(pdu) if status == 0 else ""))
            elif command == deliver_sm:
                usual = read_usual(pdu, words)
                if usual is None:
                    self._delivery(batch, command, pdu, smpp.deliver_sm_ack(pdu))
                else:
                    received(new(Receipt, (pdu[12:16], *usual)))
            elif command == smpp.DATA_SM:
                self._delivery(batch, command, pdu, smpp.data_sm_ack(pdu))
            elif command != smpp.GENERIC_NACK or not self._nacked(batch, status, sequence, numbers):
                batch.controls.append(frame)
        if numbers:
            batch.left_at = self._window.left_at(numbers)
        self.strays += batch.strays
        batch.passed_over = self._framer.passed_over
        self._framer.thin = batch.passed_over > 0 or batch.trifles >= FLOOD_LEAST
        return batch

    def _id(self, pdu: bytes) -> str:
        """A submit_sm_resp's; "" for one that is too long: the message was accepted, and no receipt will be its own."""
        smsc_id = response_id(pdu)
        if smsc_id is None:
            self._long_ids += 1
            return ""
        return smsc_id

    def _late(self, batch: Batch, sequence: int, status: int, pdu: bytes) -> None:
        if sequence in self._window.late:
            batch.late.append(
                (self._take_late(batch, sequence), status, self._id(pdu) if status == 0 else "")
            )
        else:
            batch.strays += 1

    def _take_late(self, batch: Batch, sequence: int) -> Token:
        token, left_at = self._window.late.pop(sequence)
        batch.late_left_at = min(left_at, batch.late_left_at) if batch.late else left_at
        return token

    def _nacked(self, batch: Batch, status: int, sequence: int, numbers: list[int]) -> bool:
        """A generic_nack for a submit is its answer, and never ROK (quirk 28). False: for something else."""
        if sequence in self._window.pending:
            numbers.append(sequence)
            batch.answers.append((self._window.pending.pop(sequence), status or UNKNOWN_ERROR, ""))
        elif sequence in self._window.late:
            batch.late.append((self._take_late(batch, sequence), status or UNKNOWN_ERROR, ""))
        else:
            return False
        return True

    def _delivery(self, batch: Batch, command: int, pdu: bytes, ack: Ack) -> None:
        """A deliver_sm or data_sm of an unusual shape."""
        try:
            delivery = read_delivery(command, pdu)
            receipt = read(delivery, self._vocabulary)
        except UnreadableError as error:
            batch.unreadable.append((ack, pdu, str(error)))
            return
        if receipt is not None:
            if receipt[0] == ReceiptState.INTERMEDIATE:
                self._note_unknown(unknown_state(delivery, self._vocabulary))
            batch.receipts.append(Receipt(ack, *receipt))
            return
        source, destination = delivery.source.decode("latin-1"), delivery.destination.decode("latin-1")
        coding, sar = delivery.data_coding, sar_of(delivery.tlvs)
        batch.messages.append(
            InboundMessage(ack, source, destination, delivery.esm_class, coding, delivery.text, sar)
        )

    def _note_unknown(self, said: str | None) -> None:
        """Bounded, whatever an SMSC invents and however rarely it is asked for."""
        if said is not None:
            known = said in self._unknown_states or len(self._unknown_states) < UNKNOWN_MOST
            self._unknown_states[said if known else "#"] += 1
