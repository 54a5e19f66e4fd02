"""Everything that happened since the last group, in memory, until one transaction takes it.

The engine calls these methods on its hot path; `take` hands the collected group to the writer and starts a new
one. Nothing here awaits, so a group is always consistent: a recipient's bit, its row and its tally are in the
same group. What must wait for the commit (acks of receipts, permission to send) rides along as callbacks.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NewType

from broadcast.ledger import rows
from broadcast.ledger.states import RecipientState

CampaignId = NewType("CampaignId", int)
SliceId = NewType("SliceId", int)
CarrierNo = NewType("CarrierNo", int)
OddityKind = Literal["status", "receipt_state"]

_WAITING, _IN_DOUBT, _ACCEPTED, _UNKNOWN, _REJECTED = (
    int(RecipientState.WAITING),
    int(RecipientState.IN_DOUBT),
    int(RecipientState.ACCEPTED),
    int(RecipientState.UNKNOWN),
    int(RecipientState.REJECTED),
)
NO_RECEIPTS = "no_receipts"  # why a recipient is unknown whose SMSC sends none
# (whatever acks it, state, smsc_id, err, msisdn): a tuple since there is one per receipt
Receipt = tuple[Any, int, str, str, int | None]

SEGMENTS = 0  # index of the segment count in a delta; the states' own numbers index the rest
DELTA_SIZE = int(RecipientState.EXCLUDED) + 1


@dataclass(frozen=True, slots=True)
class SliceProgress:
    """A touched slice as it stands in this group. state: leased, or done/ready when it is let go."""

    slice_id: SliceId
    token: int
    mark: int
    answered: bytes
    retry: bytes
    state: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """A recipient whose answer never came (law 2)."""

    campaign_id: CampaignId
    carrier_no: CarrierNo
    slice_id: SliceId
    ordinal: int
    segments: int
    msisdn: int
    reason: str


@dataclass(frozen=True, slots=True)
class LateAnswer:
    """An in-doubt recipient whose segments were all answered after all. err: '' when accepted.

    smsc_ids: of the segments whose receipts are awaited; unawaited: how many others were taken.
    """

    slice_id: SliceId
    ordinal: int
    smsc_ids: tuple[str, ...]
    err: str
    unawaited: int = 0


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A deliver_sm that could not be read, whole."""

    carrier_no: CarrierNo
    pdu: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message from a subscriber (MO), or a part of one. source, destination: as they came, cut to fit an index.

    msisdn: the source, if it is digits alone. sar: (reference, total, number) of TLVs.
    """

    carrier_no: CarrierNo
    msisdn: int | None
    destination: str
    esm_class: int
    data_coding: int
    payload: bytes
    source: str = ""
    sar: tuple[int, int, int] | None = None


@dataclass(slots=True)
class Group:
    """What one transaction writes. submissions, receipts, outcomes: binary COPY rows."""

    submissions: list[bytes] = field(default_factory=list)
    receipts: list[bytes] = field(default_factory=list)
    outcomes: list[bytes] = field(default_factory=list)
    slices: list[SliceProgress] = field(default_factory=list)
    tallies: dict[tuple[CampaignId, CarrierNo], list[int]] = field(default_factory=dict)
    receipt_counts: dict[CarrierNo, list[int]] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)
    late: list[LateAnswer] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    inbound: list[Inbound] = field(default_factory=list)
    oddities: Counter[tuple[CarrierNo, OddityKind, str]] = field(default_factory=Counter)
    committed: list[Callable[[], None]] = field(default_factory=list)

    def __bool__(self) -> bool:
        rare = self.late or self.unreadable or self.inbound or self.oddities
        return bool(self.slices or self.receipts or self.committed or rare)

    @property
    def rows(self) -> int:
        """Journal rows: the group's size in the metrics."""
        return len(self.submissions) + len(self.receipts) + len(self.outcomes)


class LeasedSlice:
    """A slice that this worker holds, with the state of each of its recipients. Hot: one object a slice.

    segments: of a message, those whose receipts are awaited: all of them at most carriers (quirk 21). What the
    ledger knows as the segments of a message are these; the others count in the tallies only.
    Ordinals index `msisdns`. Every move of a recipient goes through a method here, which touches bitmap, row and
    tally together (law 1); the caller decides, this records.
    """

    __slots__ = (
        "_delta",
        "_head",
        "_head_at",
        "_journal",
        "answered",
        "campaign_id",
        "carrier_no",
        "in_flight",
        "mark",
        "msisdns",
        "retry",
        "segments",
        "slice_id",
        "state",
        "token",
        "total",
        "unanswered",
        "waiting_again",
    )

    def __init__(
        self,
        journal: "Journal",
        *,
        slice_id: SliceId,
        campaign_id: CampaignId,
        carrier_no: CarrierNo,
        token: int,
        segments: int,
        mark: int,
        answered: bytes,
        retry: bytes,
        msisdns: list[int],
    ) -> None:
        octets = (len(msisdns) + 7) // 8
        self._journal = journal
        self._delta = journal.delta(campaign_id, carrier_no)
        self._head = b""
        self._head_at = -1
        self.slice_id = slice_id
        self.campaign_id = campaign_id
        self.carrier_no = carrier_no
        self.token = token
        self.segments = segments
        self.msisdns = msisdns
        self.total = len(msisdns)
        self.mark = mark
        self.answered = bytearray(answered.ljust(octets, b"\0"))
        self.retry = bytearray(retry.ljust(octets, b"\0"))
        self.waiting_again = int.from_bytes(self.retry, "little").bit_count()
        self.unanswered = self.total - int.from_bytes(self.answered, "little").bit_count()
        self.in_flight = 0
        self.state = "leased"

    @property
    def waiting(self) -> int:
        """Recipients that may still be sent: never intended, or waiting again."""
        return self.total - self.mark + self.waiting_again

    def retries(self) -> list[int]:
        """Ordinals that wait again, ascending."""
        if not self.waiting_again:
            return []
        return [ordinal for ordinal in range(self.mark) if self.retry[ordinal >> 3] >> (ordinal & 7) & 1]

    def intend_next(self, count: int) -> range:
        """Up to `count` recipients above the mark become in doubt; they may be sent once this group commits."""
        first = self.mark
        self.mark = min(self.total, first + count)
        self._move(self.mark - first, _WAITING, _IN_DOUBT)
        return range(first, self.mark)

    def intend_again(self, ordinals: list[int]) -> None:
        """Recipients that waited again become in doubt; they may be sent once this group commits."""
        for ordinal in ordinals:
            self.retry[ordinal >> 3] &= ~(1 << (ordinal & 7)) & 0xFF
        self.waiting_again -= len(ordinals)
        self._move(len(ordinals), _WAITING, _IN_DOUBT)

    def take_back(self, ordinals: list[int]) -> None:
        """In doubt, yet surely not sent or surely not accepted: these wait again."""
        for ordinal in ordinals:
            self.retry[ordinal >> 3] |= 1 << (ordinal & 7)
        self.waiting_again += len(ordinals)
        self._move(len(ordinals), _IN_DOUBT, _WAITING)

    def accept(self, ordinal: int, smsc_id: str, at: int) -> None:
        """The only segment of a message was accepted. at: from rows.copy_time."""
        self.answered[ordinal >> 3] |= 1 << (ordinal & 7)
        self.unanswered -= 1
        if self._head_at != at:
            self._new_head(at)
        self._journal.group.submissions.append(
            rows.submission_row(self._head, 1, 1, ordinal, smsc_id.encode())
        )
        delta = self._delta
        delta[_IN_DOUBT] -= 1
        delta[_ACCEPTED] += 1
        delta[SEGMENTS] += 1

    def accept_parts(self, ordinal: int, smsc_ids: list[str], at: int, unawaited: int = 0) -> None:
        """Every segment of a message was accepted. smsc_ids: in order, of those whose receipts are awaited.

        unawaited: how many others there are. When no receipt is awaited at all the recipient ends as unknown.
        """
        if not smsc_ids:
            self._end(ordinal, _UNKNOWN)
            self._add_outcome(ordinal, _UNKNOWN, NO_RECEIPTS, at)
        else:
            self._end(ordinal, _ACCEPTED)
        self._add_parts(ordinal, list(enumerate(smsc_ids, 1)), len(smsc_ids), at)
        self._delta[SEGMENTS] += unawaited

    def reject(
        self, ordinal: int, err: str, accepted: list[tuple[int, str]], at: int, unawaited: int = 0
    ) -> None:
        """A segment was refused for good. accepted: the (segment, id) that were taken before; unawaited: as above."""
        self._end(ordinal, _REJECTED)
        self._add_parts(ordinal, accepted, 0, at)
        self._delta[SEGMENTS] += unawaited
        self._add_outcome(ordinal, _REJECTED, err, at)

    def doubt(self, ordinal: int, reason: str) -> None:
        """No answer will come: from now on the in_doubt table speaks for this recipient."""
        self.answered[ordinal >> 3] |= 1 << (ordinal & 7)
        self.unanswered -= 1
        self._touch()
        self._journal.group.doubts.append(
            Doubt(
                self.campaign_id,
                self.carrier_no,
                self.slice_id,
                ordinal,
                self.segments,
                self.msisdns[ordinal],
                reason,
            )
        )

    def touched(self) -> None:
        """Its progress goes into this group (after a batch of `accept`)."""
        self._touch()

    def let_go(self) -> None:
        """Back to whoever leases it next; nothing of it may be in flight. Done, when nothing is left."""
        self.state = "done" if not self.unanswered else "ready"
        self._touch()

    def progress(self) -> SliceProgress:
        """As it stands now."""
        return SliceProgress(
            self.slice_id, self.token, self.mark, bytes(self.answered), bytes(self.retry), self.state
        )

    def _touch(self) -> None:
        self._journal.touched[self.slice_id] = self

    def _move(self, count: int, origin: int, target: int) -> None:
        self._delta[origin] -= count
        self._delta[target] += count
        self._touch()

    def _end(self, ordinal: int, state: int) -> None:
        self.answered[ordinal >> 3] |= 1 << (ordinal & 7)
        self.unanswered -= 1
        self._move(1, _IN_DOUBT, state)

    def _add_outcome(self, ordinal: int, state: int, err: str, at: int) -> None:
        place = (self.campaign_id, self.slice_id, ordinal, self.carrier_no)
        self._journal.group.outcomes.append(rows.outcome_row(at, *place, state, self.segments, err.encode()))

    def _add_parts(self, ordinal: int, parts: list[tuple[int, str]], segments: int, at: int) -> None:
        if self._head_at != at:
            self._new_head(at)
        self._delta[SEGMENTS] += len(parts)
        self._journal.group.submissions.extend(
            rows.submission_row(self._head, segments, segment, ordinal, smsc_id.encode())
            for segment, smsc_id in parts
        )

    def _new_head(self, at: int) -> None:
        self._head = rows.submission_head(self.slice_id, self.campaign_id, self.carrier_no, at)
        self._head_at = at


class Journal:
    """Collects the next group. `wake` is called when there is something to commit."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.group = Group()
        self.touched: dict[SliceId, LeasedSlice] = {}
        self._deltas: dict[tuple[CampaignId, CarrierNo], list[int]] = {}
        self._wake = wake

    def delta(self, campaign_id: CampaignId, carrier_no: CarrierNo) -> list[int]:
        """The running change of one tally row; zeroed in place by `take`, so it may be kept."""
        return self._deltas.setdefault((campaign_id, carrier_no), [0] * DELTA_SIZE)

    def receipts(
        self, carrier_no: CarrierNo, receipts: list[Receipt], at: int, committed: Callable[[], None]
    ) -> None:
        """Receipts of one read, at: from rows.copy_time; `committed` acks them (law 3)."""
        head = rows.receipt_head(carrier_no, at)
        row = rows.receipt_row
        self.group.receipts.extend(
            [
                row(head, state, msisdn, err.encode(), smsc_id.encode())
                for _, state, smsc_id, err, msisdn in receipts
            ]
        )
        counts = self.group.receipt_counts.setdefault(carrier_no, [0, 0])
        counts[0] += len(receipts)
        counts[1] += [receipt[1] for receipt in receipts].count(0)
        self.on_commit(committed)

    def late(self, answer: LateAnswer) -> None:
        """A recipient in doubt was answered after all."""
        self.group.late.append(answer)
        self._wake()

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call back once what was recorded so far is durable."""
        self.group.committed.append(callback)
        self._wake()

    def wake(self) -> None:
        """There is something to commit."""
        self._wake()

    def take(self) -> Group:
        """The group so far; a new one begins."""
        group, self.group = self.group, Group()
        group.slices = [leased.progress() for leased in self.touched.values()]
        self.touched = {}
        for key, delta in self._deltas.items():
            if any(delta):
                group.tallies[key] = delta.copy()
                delta[:] = [0] * DELTA_SIZE
        return group
