"""A leased slice at work on one carrier: its renderer, and what became of messages that are not through yet."""

import heapq

from broadcast.engine.carrier_campaign import CarrierCampaign
from broadcast.ledger.leased import LeasedSlice

CUT_SHORT = "cut_short"
RECEIPT_AFTER_REFUSAL = "receipt_after_refusal"


class Parts:
    """The segments of one message under way. Index 0 is segment 1. why: status of the last temporary refusal.

    left_at: none of those that were answered had left before, in microseconds of Unix time.
    """

    __slots__ = ("ids", "left_at", "open", "refused", "temporary", "why")

    def __init__(self, segments: int, left_at: int) -> None:
        self.ids: list[str | None] = [None] * segments  # None: not accepted; '' is an id that an SMSC gave
        self.open = segments
        self.refused = -1
        self.temporary: list[int] = []
        self.why = 0
        self.left_at = left_at

    def accepted(self) -> list[tuple[int, str]]:
        """(segment, id) of those that the SMSC took."""
        return [(segment, smsc_id) for segment, smsc_id in enumerate(self.ids, 1) if smsc_id is not None]


class Work:
    """Hot: one object a slice. A token on a link is (work, ordinal, segment).

    since: nothing of this lease left before, in microseconds of Unix time.
    """

    __slots__ = (
        "__weakref__",
        "_later",
        "attempts",
        "campaign",
        "doubted",
        "in_flight",
        "intending",
        "parts",
        "releasing",
        "segments",
        "simple",
        "since",
        "slice",
        "stocked",
    )

    def __init__(self, leased: LeasedSlice, campaign: CarrierCampaign, since: int) -> None:
        self.slice = leased
        self.since = since
        self.campaign = campaign
        self.segments = campaign.renderer.segments
        self.simple = self.segments == campaign.awaited == 1  # one segment, one receipt: nearly all
        self.parts: dict[int, Parts] = {}
        self.attempts: dict[int, int] = {}
        self.doubted: set[int] = set()
        self.in_flight = 0  # segments
        self.intending = 0  # recipients whose intent is not committed yet
        self.stocked = 0  # recipients (or pieces of them) that may be sent
        self.releasing = False
        self._later: list[tuple[float, int]] = [(0.0, ordinal) for ordinal in leased.retries()]

    @property
    def idle(self) -> bool:
        """Nothing of it is on its way."""
        return not (self.in_flight or self.intending or self.stocked)

    def intend(self, count: int, now: float) -> list[int] | range:
        """Up to `count` recipients to send next: those that waited again and are due, else new ones."""
        due: list[int] = []
        while self._later and len(due) < count and self._later[0][0] <= now:
            due.append(heapq.heappop(self._later)[1])
        if due:
            self.slice.intend_again(due)
            return due
        return self.slice.intend_next(count)

    def ready(self, now: float) -> int:
        """Recipients that `intend` could give now."""
        leased = self.slice
        due = sum(1 for at, _ in self._later if at <= now) if self._later else 0
        return leased.total - leased.mark + due

    def has_ready(self, now: float) -> bool:
        """Is there anybody whom `intend` could give now?"""
        return self.slice.mark < self.slice.total or bool(self._later and self._later[0][0] <= now)

    def next_retry(self) -> float | None:
        """When the first recipient that waits again is due."""
        return self._later[0][0] if self._later else None

    def again(self, ordinal: int, due: float) -> None:
        """Surely not accepted: it waits again, until `due`."""
        self.slice.take_back([ordinal])
        heapq.heappush(self._later, (due, ordinal))

    def unsend(self, ordinals: list[int]) -> None:
        """Surely not sent: they wait again, due at once."""
        self.slice.take_back(ordinals)
        for ordinal in ordinals:
            heapq.heappush(self._later, (0.0, ordinal))

    def waits_again(self, ordinal: int) -> bool:
        """Was it refused or not sent, and has it not been intended again since?"""
        leased = self.slice
        return leased.state == "leased" and bool(leased.retry[ordinal >> 3] >> (ordinal & 7) & 1)

    def recall(self, ordinal: int) -> None:
        """One that waits again may have arrived after all: in doubt instead, and not sent again."""
        self._later = [each for each in self._later if each[1] != ordinal]
        heapq.heapify(self._later)
        self.slice.intend_again([ordinal])
        self.doubt(ordinal, RECEIPT_AFTER_REFUSAL, self.since)

    def doubt(self, ordinal: int, reason: str, left_at: int) -> None:
        """No answer will come, or not in time. left_at: of what is not answered."""
        if ordinal not in self.doubted:
            self.doubted.add(ordinal)
            parts = self.parts.get(ordinal)
            self.slice.doubt(ordinal, reason, left_at if parts is None else min(left_at, parts.left_at))

    def parts_of(self, ordinal: int, left_at: int) -> Parts:
        """The progress of a message of several segments; left_at: of the one that was just answered."""
        parts = self.parts.get(ordinal)
        if parts is None:
            parts = self.parts[ordinal] = Parts(self.segments, left_at)
        elif left_at < parts.left_at:
            parts.left_at = left_at
        return parts
