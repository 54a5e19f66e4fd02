"""Everything that happened since the last group, in memory, until one transaction takes it.

The engine calls these methods on its hot path; `take` hands the collected group to the writer and starts a new
one. Nothing here awaits, so a group is always consistent: a recipient's bit, its entry and its tally are in the
same group. What must wait for the commit (acks of receipts, permission to send) rides along as callbacks.

Times are microseconds of Unix time. left_at: none of the submits that it is said of had left before.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from broadcast.channel.receipt import Receipt
from broadcast.ids import CampaignId, CarrierNo, SliceId
from broadcast.ledger.packing.sent import Answered
from broadcast.ledger.states import RecipientState

OddityKind = Literal["status", "receipt_state", "message_id"]

NO_RECEIPTS: Final = "no_receipts"  # why a recipient is unknown whose SMSC sends none
RUN_US: Final = 10_000  # reads of receipts that begin within it are one

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
    """A recipient whose answer never came (law 2). sent_after: nothing of it had left before."""

    campaign_id: CampaignId
    carrier_no: CarrierNo
    slice_id: SliceId
    ordinal: int
    segments: int
    msisdn: int
    reason: str
    sent_after: int


@dataclass(frozen=True, slots=True)
class LateAnswer:
    """An in-doubt recipient whose segments were all answered after all. err: '' when accepted.

    smsc_ids: of the segments whose receipts are awaited; unawaited: how many others were taken.
    """

    slice_id: SliceId
    ordinal: int
    smsc_ids: tuple[str, ...]
    err: str
    left_at: int
    at: int
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


class Receipts:
    """The final receipts of one carrier in a group, columns side by side; the others are only counted.

    runs: [receipts, received_at] of each read. msisdns: None where there is none. received: intermediate ones too.
    """

    __slots__ = ("errs", "ids", "intermediate", "msisdns", "received", "runs", "states")

    def __init__(self) -> None:
        self.runs: list[list[int]] = []
        self.states: list[int] = []
        self.ids: list[str] = []
        self.errs: list[str] = []
        self.msisdns: list[int | None] = []
        self.received = 0
        self.intermediate = 0

    def add(self, receipts: list[Receipt], at: int) -> None:
        """Those of one read."""
        final = [receipt for receipt in receipts if receipt.state]
        self.received += len(receipts)
        self.intermediate += len(receipts) - len(final)
        if not final:
            return
        _, states, ids, errs, msisdns = zip(*final, strict=True)
        self.states += states
        self.ids += ids
        self.errs += errs
        self.msisdns += msisdns
        if self.runs and 0 <= at - self.runs[-1][1] < RUN_US:
            self.runs[-1][0] += len(final)
        else:
            self.runs.append([len(final), at])


@dataclass(slots=True)
class Group:
    """What one transaction writes. sent: by slice, its carrier and what was answered; receipts: by carrier."""

    sent: dict[SliceId, tuple[CarrierNo, Answered]] = field(default_factory=dict)
    receipts: dict[CarrierNo, Receipts] = field(default_factory=dict)
    slices: list[SliceProgress] = field(default_factory=list)
    tallies: dict[tuple[CampaignId, CarrierNo], list[int]] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)
    late: list[LateAnswer] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    inbound: list[Inbound] = field(default_factory=list)
    oddities: Counter[tuple[CarrierNo, OddityKind, str]] = field(default_factory=Counter)
    committed: list[Callable[[], None]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.slices or self.receipts or self.committed or self.late or self.rare)

    @property
    def rare(self) -> bool:
        """Is there something that most groups do not hold, and whose texts the database may refuse?"""
        return bool(self.unreadable or self.inbound or self.oddities)

    @property
    def rows(self) -> int:
        """Segments, ends and receipts: the group's size in the metrics."""
        sent = sum(len(answered) for _, answered in self.sent.values())
        return sent + sum(receipts.received for receipts in self.receipts.values())


class Touched(Protocol):
    """A slice that has changed since the last group."""

    def write(self, group: Group) -> None:
        """Into this group: how it stands, and what was answered since the last one."""


class Journal:
    """Collects the next group. `wake` is called when there is something to commit."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.group = Group()
        self.touched: dict[SliceId, Touched] = {}
        self._deltas: dict[tuple[CampaignId, CarrierNo], list[int]] = {}
        self._wake = wake

    def delta(self, campaign_id: CampaignId, carrier_no: CarrierNo) -> list[int]:
        """The running change of one tally row; zeroed in place by `take`, so it may be kept."""
        return self._deltas.setdefault((campaign_id, carrier_no), [0] * DELTA_SIZE)

    def receipts(
        self, carrier_no: CarrierNo, receipts: list[Receipt], at: int, committed: Callable[[], None]
    ) -> None:
        """Receipts of one read, received at `at`; `committed` acks them (law 3)."""
        mine = self.group.receipts.get(carrier_no)
        if mine is None:
            mine = self.group.receipts[carrier_no] = Receipts()
        mine.add(receipts, at)
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
        for leased in self.touched.values():
            leased.write(group)
        self.touched = {}
        for key, delta in self._deltas.items():
            if any(delta):
                group.tallies[key] = delta.copy()
                delta[:] = [0] * DELTA_SIZE
        return group
