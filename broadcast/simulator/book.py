"""The SMSC's own account: what it took, refused, reported. The second book that an audit compares with.

Exact, and cheap while messages come: people are counted when the book is asked for (people.py). A recipient has a
message when every segment of it has come; copies are what has come more than once.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from broadcast.simulator.fate import REPORTED, Fate
from broadcast.simulator.people import NoPeople, People

# the fates of accepted messages, as the summary names them
_FATES = {
    "delivered": (Fate.TEMPORARY, Fate.UNREPORTED, Fate.DELIVERED),
    "undeliverable": (Fate.UNDELIVERABLE,),
    "expired": (Fate.EXPIRED,),
    "rejected": (Fate.REJECTED,),
}


@dataclass(slots=True)
class Book:
    """segments: accepted submit_sm. due: receipts that are to be acked in the end; sent, acked: by Fate, of
    segments. nacked: deliver_sm_resp with an error. withdrawn: segments taken back.
    oddities: what it did by habit, by name. people: by person. The
    summary's fates are of recipients.
    """

    segments: int = 0
    throttled: int = 0
    window_exceeded: int = 0
    temporary: int = 0
    malformed: int = 0
    binds: int = 0
    binds_refused: int = 0
    due: int = 0
    redelivered: int = 0
    nacked: int = 0
    withdrawn: int = 0
    oddities: Counter[str] = field(default_factory=Counter)
    sent: Counter[int] = field(default_factory=Counter)
    acked: Counter[int] = field(default_factory=Counter)
    people: People = field(default_factory=People)

    def report(self, counts: Counter[int], fates: bytes) -> None:
        """`fates`, an octet each, happened to receipts. counts: `sent` or `acked`."""
        left = len(fates)
        for fate in REPORTED:
            number = fates.count(fate) if left else 0
            counts[fate] += number
            left -= number

    def copies(self) -> dict[str, int]:
        """Recipients with more than one complete copy of a message, and how many copies they have."""
        self.people.laid_out()
        found: Counter[str] = Counter()
        for message in self.people.messages():
            for msisdn, copies, _ in message:
                if copies > 1:
                    found[msisdn.decode()] += copies
        return dict(found)

    def fates(self) -> Counter[Fate]:
        """What is decided for whoever has a whole message."""
        self.people.laid_out()
        return Counter(map(Fate, self._recipients().values()))

    def summary(self) -> dict[str, Any]:
        """messages, extra_copies: complete copies; recipients, duplicates, fates, rejected: MSISDNs; none of these
        where nothing is kept of people."""
        return {
            **({} if isinstance(self.people, NoPeople) else self._by_person()),
            "segments": self.segments,
            "throttled": self.throttled,
            "window_exceeded": self.window_exceeded,
            "temporary": self.temporary,
            "malformed": self.malformed,
            "withdrawn": self.withdrawn,
            "receipts": self._receipts(),
            "binds": self.binds,
            "binds_refused": self.binds_refused,
            "oddities": dict(self.oddities),
        }

    def _by_person(self) -> dict[str, Any]:
        self.people.laid_out()
        messages = extra = 0
        duplicates: set[bytes] = set()
        for message in self.people.messages():
            for msisdn, copies, _ in message:
                messages += copies
                if copies > 1:
                    extra += copies - 1
                    duplicates.add(msisdn)
        recipients = self._recipients()
        fates = Counter(recipients.values())
        return {
            "messages": messages,
            "recipients": len(recipients),
            "duplicates": len(duplicates),
            "extra_copies": extra,
            "rejected": len(self.people.refused() - recipients.keys()),
            "incomplete": len(self.people.begun() - recipients.keys()),
            "fates": {name: sum(fates[fate] for fate in those) for name, those in _FATES.items()},
        }

    def _recipients(self) -> dict[bytes, int]:
        """Whoever has a whole message, and the Fate."""
        return {
            msisdn: fate for message in self.people.messages() for msisdn, copies, fate in message if copies
        }

    def _receipts(self) -> dict[str, Any]:
        """sent: deliver_sm, redelivered ones once. By the words of the summary's fates too."""
        return {
            "sent": self.sent.total(),
            "acked": self.acked.total(),
            "pending": self.due - self.acked.total(),
            "redelivered": self.redelivered,
            "nacked": self.nacked,
            "by_fate": {
                name: {
                    "sent": sum(self.sent[fate] for fate in fates),
                    "acked": sum(self.acked[fate] for fate in fates),
                }
                for name, fates in _FATES.items()
            },
        }
