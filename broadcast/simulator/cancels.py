"""cancel_sm: which messages an SMSC still has, and gives back. No socket here.

A message may be taken back until its final receipt is on its way; one that arrives and is never reported is gone at
once. Every id that was given is kept, for rehearsals and tests: some 300 octets a segment.
"""

from typing import Final

from broadcast.simulator.book import Book
from broadcast.simulator.fate import Fate
from broadcast.simulator.personality import Personality
from broadcast.simulator.receipts import Receipts, Stage
from broadcast.simulator.stamping import values
from broadcast.smpp.pdu import CANCEL_SM_RESP, HEADER, HEADER_OCTETS

INVALID_COMMAND_ID: Final = 0x03
INVALID_MESSAGE_ID: Final = 0x0C
CANCEL_FAILED: Final = 0x11
THROTTLED: Final = 0x58

_Message = tuple[bytes, bytes, bytes, bytes]  # head, MSISDN, id in its receipt, part (people.py)


class Cancels:
    """One SMSC's, of a personality whose cancel_sm is not unknown."""

    def __init__(self, like: Personality, book: Book) -> None:
        self._like = like
        self._book = book
        self._messages: dict[bytes, _Message | None] = {}  # by the id in the response; None: it is gone
        self._ids: dict[bytes, bytes] = {}  # of these, by the id in the receipt
        self._back: set[bytes] = set()  # ids of receipts of what was taken back

    def accepted(self, batch: Receipts, response_ids: bytes) -> None:
        """These were taken under these ids."""
        given = values(response_ids, len(response_ids) // len(batch))
        for response_id, (msisdn, receipt_id, fate, part) in zip(given, batch.singles(), strict=True):
            here = fate != Fate.UNREPORTED
            self._messages[response_id] = (batch.head, msisdn, receipt_id, part) if here else None
            if here:
                self._ids[receipt_id] = response_id

    def answers(self, pdus: list[bytes], room: int) -> bytes:
        """What these cancel_sm are answered with. room: how many are not too fast."""
        if self._like.cancel_sm == "unanswered":
            return b""
        return b"".join(
            HEADER.pack(
                HEADER_OCTETS, CANCEL_SM_RESP, self._status(pdu) if place < room else THROTTLED,
                int.from_bytes(pdu[12:16], "big"),
            )
            for place, pdu in enumerate(pdus)
        )  # fmt: skip

    def leaving(self, batch: Receipts) -> Receipts | None:
        """What of it goes out: nothing of what was taken back, or that it will not arrive."""
        if batch.stage in (Stage.POISON, Stage.REPLY, Stage.STRANGER):
            return batch
        ids = values(batch.ids, batch.id_width)
        back = [each in self._back for each in ids]
        if batch.stage is Stage.FINAL:
            for each, taken_back in zip(ids, back, strict=True):
                response_id = None if taken_back else self._ids.pop(each, None)
                if response_id is not None:
                    self._messages[response_id] = None
        if not any(back):
            return batch
        if self._like.cancel_receipts and batch.stage is Stage.FINAL:
            batch.fates = bytes(
                int(Fate.UNDELIVERABLE) if taken_back else fate
                for fate, taken_back in zip(batch.fates, back, strict=True)
            )
            return batch
        if batch.stage is Stage.FINAL and not batch.again:
            self._book.due -= sum(back)
        return None if all(back) else batch.chosen([not each for each in back])

    def _status(self, pdu: bytes) -> int:
        if self._like.cancel_sm == "refused":
            return CANCEL_FAILED
        try:
            service_type, message_id, addresses = pdu[HEADER_OCTETS:].split(b"\0", 2)
            source, rest = addresses[2:].split(b"\0", 1)
            head = service_type + b"\0" + addresses[:2] + source + b"\0" + rest[:2]
            msisdn = rest[2:].removesuffix(b"\0")
        except ValueError:
            return INVALID_MESSAGE_ID
        if message_id not in self._messages:
            return INVALID_MESSAGE_ID
        message = self._messages[message_id]
        if message is None or (head, msisdn) != message[:2]:
            return CANCEL_FAILED
        self._messages[message_id] = None
        self._back.add(message[2])
        self._book.withdrawn += 1
        self._book.people.withdraw(msisdn, message[3])
        return 0
