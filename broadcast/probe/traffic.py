"""The messages of a check and what comes back for them. Acknowledges receipts of its own messages only.

Whatever else arrives on its links belongs to the ledger of a worker (law 3): it stays unacknowledged, so that
the SMSC keeps it and delivers it again to somebody who can commit it.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from broadcast.channel import receipt as channel
from broadcast.channel.events import InboundMessage, UnreadDelivery
from broadcast.channel.link import Answer, BoundLink, Submission, Token
from broadcast.channel.receipt import Ack
from broadcast.config import Carrier
from broadcast.probe import ids
from broadcast.smpp.delivery import Delivery, UnreadableError, read_delivery
from broadcast.smpp.framer import Frame
from broadcast.smpp.pdu import (
    DATA_SM,
    DELIVER_SM,
    RECEIPTED_MESSAGE_ID,
    data_sm_ack,
    deliver_sm_ack,
)
from broadcast.smpp.tap import TappedLink
from broadcast.smpp.template import SubmitFields, Template
from broadcast.smpp.vocabulary import Vocabulary, vocabulary

UNCLAIMED_MOST = 1000  # receipts for the number whose response has not come yet
_SAME_DIGITS = 8  # at the end of a number, however it is written


@dataclass(frozen=True, slots=True)
class Receipt:
    """One that came for the number. at: monotonic, since a loop's clock is too coarse; raw_id: as it came;
    state: a ReceiptState."""

    at: float
    link: BoundLink
    ack: Ack
    command: int
    delivery: Delivery
    raw_id: str
    state: int
    err: str


@dataclass(slots=True, eq=False)
class Sent:
    """One submit_sm of the check. message: number of the message, from 0; segment: from 1; at: monotonic.

    status: None without an answer; lost: the link ended before one came.
    """

    label: str
    message: int
    segment: int
    link: TappedLink
    at: float
    answered_at: float = 0.0
    status: int | None = None
    lost: bool = False
    raw_id: str = ""
    receipts: list[Receipt] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        return self.status == 0

    @property
    def answered(self) -> bool:
        return self.status is not None or self.lost


class Traffic:
    """Implements channel.events.LinkEvents for the links of a check. to: the MSISDN, 0 when nothing is sent.

    sent: in order. unclaimed: receipts for the number that fit none of ours. others: how many receipts,
    messages and unreadable PDUs of others came.
    """

    def __init__(self, carrier: Carrier, to: int) -> None:
        self.sent: list[Sent] = []
        self.unclaimed: list[Receipt] = []
        self.others: Counter[str] = Counter()
        self.vocabulary: Vocabulary = vocabulary(carrier.smpp.receipt_states)
        self._to = to
        self._pdus: dict[tuple[str, Ack], tuple[int, bytes]] = {}
        self._changed = asyncio.Event()

    # ------------------------------------------------------------ for the check

    def submit(self, link: TappedLink, label: str, fields: Sequence[SubmitFields]) -> list[Sent]:
        """One message to the number."""
        template = Template(fields)
        first = link.reserve(template.segments)
        message = self.sent[-1].message + 1 if self.sent else 0
        now = time.monotonic()
        made = [Sent(label, message, number, link, now) for number in range(1, template.segments + 1)]
        self.sent += made
        tokens: list[Token] = list(made)
        submission = Submission(first, tokens, template.stamp(first, [self._to]))
        link.submit(submission, asyncio.get_running_loop().time())
        return made

    def taken(self) -> list[list[Sent]]:
        """The messages all of whose segments were accepted, each in the order of its segments."""
        messages = [list(group) for _, group in groupby(self.sent, key=lambda each: each.message)]
        return [message for message in messages if all(each.accepted for each in message)]

    async def until(self, holds: Callable[[], bool], within_s: float) -> bool:
        """Wait until it holds, asked whenever something came; False: it did not in time."""
        try:
            async with asyncio.timeout(within_s):
                while not holds():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return holds()
        return True

    async def all_answered(self, sent: Sequence[Sent], within_s: float) -> bool:
        """Wait for the answers to these."""
        return await self.until(lambda: all(each.answered for each in sent), within_s)

    def saw(self, link: TappedLink, frame: Frame) -> None:
        """The tap of the links."""
        command, _, _, pdu = frame
        if command == DELIVER_SM:
            self._pdus[link.name, deliver_sm_ack(pdu)] = command, pdu
        elif command == DATA_SM:
            self._pdus[link.name, data_sm_ack(pdu)] = command, pdu

    # ------------------------------------------------------------ channel.events.LinkEvents

    def bound(self, link: BoundLink) -> None:
        """See LinkEvents."""

    def room(self, link: BoundLink) -> None:
        """See LinkEvents."""

    def closed(self, link: BoundLink, reason: str) -> None:
        """See LinkEvents."""
        self._changed.set()

    def answered(self, link: BoundLink, answers: list[Answer], left_at: float) -> None:
        """See LinkEvents."""
        self._take_answers(answers)

    def answered_late(self, link: BoundLink, answers: list[Answer], left_at: float) -> None:
        """See LinkEvents."""
        self._take_answers(answers)

    def unanswered(self, link: BoundLink, tokens: list[Token], reason: str, left_at: float) -> None:
        """See LinkEvents."""
        for sent in tokens:
            sent.lost = True
        self._changed.set()

    def messages(self, link: BoundLink, messages: list[InboundMessage]) -> None:
        """See LinkEvents."""
        for message in messages:
            self._pdus.pop((link.name, message.ack), None)
        self.others["messages from people"] += len(messages)

    def taken_back(self, link: BoundLink, answers: Sequence[tuple[Token, int | None]]) -> None:
        """Nothing is asked back here."""

    def full(self) -> bool:
        """See LinkEvents."""
        return False

    def unreadable(self, link: BoundLink, pdus: list[UnreadDelivery]) -> None:
        """See LinkEvents."""
        for ack, _, _ in pdus:
            self._pdus.pop((link.name, ack), None)
        self.others["unreadable deliveries"] += len(pdus)

    def receipts(self, link: BoundLink, receipts: list[channel.Receipt]) -> None:
        """See LinkEvents."""
        for ack, state, smsc_id, err, _ in receipts:
            command, pdu = self._pdus.pop((link.name, ack))
            found = self._read(link, ack, command, pdu, (state, smsc_id, err))
            if found is None or len(self.unclaimed) >= UNCLAIMED_MOST:
                self.others["receipts"] += 1
            elif not self._claim(found):
                self.unclaimed.append(found)
        self._changed.set()

    # ------------------------------------------------------------ within

    def _take_answers(self, answers: list[Answer]) -> None:
        now = time.monotonic()
        for sent, status, smsc_id in answers:
            sent.status, sent.answered_at, sent.lost, sent.raw_id = status, now, False, smsc_id
        early, self.unclaimed = self.unclaimed, []
        self.unclaimed += [receipt for receipt in early if not self._claim(receipt)]
        self._changed.set()

    def _read(
        self, link: BoundLink, ack: Ack, command: int, pdu: bytes, read: tuple[int, str, str]
    ) -> Receipt | None:
        """A receipt as it came, when it is for the number; None: somebody else's. read: its state, id and err."""
        try:
            delivery = read_delivery(command, pdu)
        except UnreadableError:  # of the usual shape up to its text, which is all that was read
            return None
        if not self._for_the_number(delivery):
            return None
        state, raw_id, err = read
        return Receipt(time.monotonic(), link, ack, command, delivery, raw_id, state, err)

    def _for_the_number(self, delivery: Delivery) -> bool:
        """Either address; a receipt that names no number at all may be ours by its id."""
        tail = str(self._to)[-_SAME_DIGITS:].encode()
        numbers = [
            address
            for address in (delivery.source, delivery.destination)
            if len(address.strip(b"+ ")) >= len(tail)
        ]
        return bool(self._to) and (
            any(address.endswith(tail) for address in numbers)
            or not any(address.strip(b"+ ").isdigit() for address in numbers)
        )

    def _claim(self, receipt: Receipt) -> bool:
        """Ours, when its id is one that a response gave us, however written: then it is acknowledged."""
        for sent in self.sent:
            if sent.accepted and ids.meet(sent.raw_id, receipt.raw_id):
                sent.receipts.append(receipt)
                receipt.link.ack([receipt.ack])
                return True
        return False


def receipted_id(delivery: Delivery) -> str:
    """The id in the TLV, "" without."""
    return delivery.tlvs.get(RECEIPTED_MESSAGE_ID, b"").split(b"\0", 1)[0].decode("latin-1").strip()
