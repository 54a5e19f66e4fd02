"""The SMSC's own account: what it took, refused, reported. The second book that an audit compares with.

Exact, and cheap while messages come: their MSISDNs (as digits) are kept as they come, and counted when the
book is asked for. A recipient has a message when every segment of it has come; copies are what has come more
than once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from broadcast.simulator.content import Content
from broadcast.simulator.fate import REPORTED, Fate

# the fates of accepted messages, as the summary names them
_FATES = {
    "delivered": (Fate.TEMPORARY, Fate.UNREPORTED, Fate.DELIVERED),
    "undeliverable": (Fate.UNDELIVERABLE,),
    "expired": (Fate.EXPIRED,),
    "rejected": (Fate.REJECTED,),
}


@dataclass(slots=True)
class _Part:
    """Who got one segment, and how often. Arrivals are counted when somebody asks, not while they come."""

    counted: Counter[bytes] = field(default_factory=Counter)
    arrived: list[tuple[int, bytes]] = field(default_factory=list)  # (digits of each, all MSISDNs joined)

    def counts(self) -> Counter[bytes]:
        """Per MSISDN."""
        for width, digits in self.arrived:
            self.counted.update([digits[index : index + width] for index in range(0, len(digits), width)])
        self.arrived.clear()
        return self.counted


@dataclass(slots=True)
class _Message:
    """One message to whomever: its segments by number."""

    parts: dict[int, _Part]

    def copies(self) -> Mapping[bytes, int]:
        """Complete copies per recipient; recipients with none are left out."""
        first, *others = sorted((part.counts() for part in self.parts.values()), key=len)
        if not others:
            return first
        complete = set(first).intersection(*others)
        return {msisdn: min(counts[msisdn] for counts in (first, *others)) for msisdn in complete}


@dataclass(slots=True)
class Book:
    """segments: accepted submit_sm. due: receipts that are to be acked in the end; sent, acked: by Fate, of
    segments. nacked: deliver_sm_resp with an error. oddities: what it did by habit, by name. The summary's
    fates are of recipients.
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
    oddities: Counter[str] = field(default_factory=Counter)
    sent: Counter[int] = field(default_factory=Counter)
    acked: Counter[int] = field(default_factory=Counter)
    _messages: dict[tuple[object, ...], _Message] = field(default_factory=dict)
    _unusual: dict[bytes, int] = field(default_factory=dict)
    _refused: set[bytes] = field(default_factory=set)

    def accept(self, content: Content, width: int, msisdns: bytes) -> None:
        """Every one of them got this segment. msisdns: joined, each of `width` digits."""
        message = self._messages.get(content.message)
        if message is None:
            parts = {number: _Part() for number in range(1, content.total + 1)}
            message = self._messages[content.message] = _Message(parts)
        message.parts[content.number].arrived.append((width, msisdns))
        self.segments += len(msisdns) // width

    def unusual(self, fates: Iterable[tuple[bytes, int]]) -> None:
        """(MSISDN, Fate) of recipients of accepted segments whose fate is not DELIVERED."""
        self._unusual.update(fates)

    def refuse(self, msisdns: Iterable[bytes]) -> None:
        """Refused at submit_sm, for good."""
        self._refused.update(msisdns)

    def report(self, counts: Counter[int], fates: bytes) -> None:
        """`fates`, an octet each, happened to receipts. counts: `sent` or `acked`."""
        left = len(fates)
        for fate in REPORTED:
            number = fates.count(fate) if left else 0
            counts[fate] += number
            left -= number

    def copies(self) -> dict[str, int]:
        """Recipients with more than one complete copy of a message, and how many copies they have."""
        found: Counter[str] = Counter()
        for message in self._messages.values():
            for msisdn, copies in message.copies().items():
                if copies > 1:
                    found[msisdn.decode()] += copies
        return dict(found)

    def summary(self) -> dict[str, Any]:
        """messages, extra_copies: complete copies; recipients, duplicates, fates, rejected: MSISDNs."""
        messages = extra = 0
        recipients: set[bytes] = set()
        duplicates: set[bytes] = set()
        for message in self._messages.values():
            copies = message.copies()
            total = sum(copies.values())
            messages += total
            recipients.update(copies)
            if total > len(copies):
                extra += total - len(copies)
                duplicates.update(msisdn for msisdn, count in copies.items() if count > 1)
        return {
            "messages": messages,
            "recipients": len(recipients),
            "segments": self.segments,
            "duplicates": len(duplicates),
            "extra_copies": extra,
            "rejected": len(self._refused - recipients),
            "incomplete": len(self._begun() - recipients),
            "throttled": self.throttled,
            "window_exceeded": self.window_exceeded,
            "temporary": self.temporary,
            "malformed": self.malformed,
            "fates": self._fates_of(recipients),
            "receipts": self._receipts(),
            "binds": self.binds,
            "binds_refused": self.binds_refused,
            "oddities": dict(self.oddities),
        }

    def _begun(self) -> set[bytes]:
        """Whoever got a segment of a message that has several."""
        long = (message for message in self._messages.values() if len(message.parts) > 1)
        return set().union(*(part.counts() for message in long for part in message.parts.values()))

    def _fates_of(self, recipients: set[bytes]) -> dict[str, int]:
        unusual = Counter(fate for msisdn, fate in self._unusual.items() if msisdn in recipients)
        counts = {name: sum(unusual[fate] for fate in fates) for name, fates in _FATES.items()}
        counts["delivered"] += len(recipients) - sum(counts.values())
        return counts

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
