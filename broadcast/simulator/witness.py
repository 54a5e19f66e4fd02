"""Who is told of every single message: the records, and the subscribers that answer."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from broadcast.simulator.content import Content
from broadcast.simulator.fate import Fate
from broadcast.simulator.inbound import Replies
from broadcast.simulator.receipts import Receipts
from broadcast.simulator.records import Records

_REACHED = (Fate.TEMPORARY, Fate.UNREPORTED, Fate.DELIVERED)


@dataclass(frozen=True, slots=True)
class Witness:
    """None: not wanted. owner: the session, with its account; sequences: four octets each."""

    records: Records | None
    replies: Replies | None

    def accepted(
        self, owner: Any, head: bytes, content: Content, sequences: bytes, msisdns: list[bytes],
        receipt_ids: bytes, fates: bytes,
    ) -> list[Receipts]:  # fmt: skip
        """These were taken under these ids (joined, of one width). Gives the parts of the replies: whom a
        message does not reach does not answer it."""
        if self.records is not None:
            number = owner.account.number
            self.records.came(number, head, content, sequences, msisdns, 0, receipt_ids)
        if self.replies is None:
            return []
        reached = [msisdn for msisdn, fate in zip(msisdns, fates, strict=True) if fate in _REACHED]
        return self.replies.to(owner, head, content, reached, time.time())

    def refused(
        self, owner: Any, head: bytes, content: Content, sequences: bytes, msisdns: Sequence[bytes], status: int
    ) -> None:  # fmt: skip
        """These get this status."""
        if self.records is not None:
            self.records.came(owner.account.number, head, content, sequences, msisdns, status)
