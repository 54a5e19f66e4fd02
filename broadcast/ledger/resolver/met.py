"""What a look found: values that the ledger writes as they are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from broadcast.ids import CampaignId, SliceId
from broadcast.ledger.packing.columns import I64, U8, U16, U32, Index
from broadcast.ledger.packing.errs import Errs
from broadcast.ledger.packing.received import Received
from broadcast.ledger.resolver.part import Ended
from broadcast.ledger.states import RecipientState

ParkedKey = tuple[int, int]  # resolver.no of the look that parked it, and its place in that row
_FEW_TEXTS = 256


@dataclass(frozen=True, slots=True, eq=False)
class SliceResult:
    """Segments of one slice that got their final receipt, in order of (ordinal, segment): what pack_result takes."""

    slice_id: SliceId
    ordinals: U16
    segments: U8
    states: U8
    received_at: I64
    errs: Errs

    def __len__(self) -> int:
        return len(self.ordinals)


@dataclass(frozen=True, slots=True, eq=False)
class ToPark:
    """Receipts that fit nothing, ids as they came: what pack_parked takes. Their keys are (no, place)."""

    receipts: Received
    reasons: U8

    def __len__(self) -> int:
        return len(self.reasons)


@dataclass(frozen=True, slots=True, eq=False)
class Met:
    """ended: messages that became final, by (campaign_id, state); matched, duplicate: receipts; parked: None when there
    is nothing to park; taken: parked ones that were matched or are duplicates now, counted in these; misfits: newly
    parked ones by reason."""

    results: tuple[SliceResult, ...]
    ended: Counter[tuple[CampaignId, int]]
    matched: int
    duplicate: int
    parked: ToPark | None
    taken: list[ParkedKey]
    misfits: Counter[str]
    delays_s: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class Found:
    """Collects what the rounds of a look end."""

    ended: list[Ended] = field(default_factory=list)
    receipts: list[Index] = field(default_factory=list)  # of each in `ended`, the receipt

    def add(self, ended: Ended, receipts: Index) -> None:
        """receipts: one for each of its segments."""
        self.ended.append(ended)
        self.receipts.append(receipts)

    def done(self, campaigns: I64) -> Counter[tuple[CampaignId, int]]:
        """Messages that became final, by campaign and state. campaigns: of slices."""
        if not self.ended:
            return Counter()
        slices = np.concatenate([each.done_slices for each in self.ended])
        states = np.concatenate([each.done_states for each in self.ended])
        keys, counts = np.unique(campaigns[slices] << 4 | states, return_counts=True)
        return Counter(
            {(key >> 4, key & 15): n for key, n in zip(keys.tolist(), counts.tolist(), strict=True)}
        )

    def delays_s(self, received_at: I64) -> Counter[int]:
        """Of messages that are delivered now: seconds, rounded down, -> messages. received_at: of the receipts."""
        total = Counter[int]()
        for each, receipts in zip(self.ended, self.receipts, strict=True):
            lasts_ms = np.zeros(len(each.done_states), np.int64)
            last = each.completed >= 0
            np.maximum.at(lasts_ms, each.completed[last], received_at[receipts[last]] // 1000)
            known = (each.done_states == RecipientState.DELIVERED) & (each.done_left_ms > 0)
            delays = np.maximum(0, lasts_ms[known] - each.done_left_ms[known]) // 1000
            seconds, counts = np.unique(delays, return_counts=True)
            total.update(dict(zip(seconds.tolist(), counts.tolist(), strict=True)))
        return total

    def results(
        self, slice_ids: I64, states: U8, received_at: I64, texts: Sequence[str], errs: U32
    ) -> tuple[SliceResult, ...]:
        """A row for each slice, in order of their ids. states, received_at, errs (places in texts): of the receipts."""
        if not self.ended:
            return ()
        counts = np.concatenate([each.counts for each in self.ended])
        receipt = np.repeat(np.concatenate(self.receipts), counts)
        slices = np.repeat(slice_ids[np.concatenate([each.slices for each in self.ended])], counts)
        ordinals = np.repeat(np.concatenate([each.ordinals for each in self.ended]), counts)
        segments = _counted(np.concatenate([each.segments for each in self.ended]), counts)
        order = np.argsort(slices << 24 | ordinals.astype(np.int64) << 8 | segments)
        slices, receipt = slices[order], receipt[order]
        begins = np.nonzero(np.append(True, slices[1:] != slices[:-1]))[0]
        ends = np.append(begins[1:], len(slices))
        ordinals, segments = ordinals[order], segments[order]
        states, received_at, errs = states[receipt], received_at[receipt], errs[receipt]
        bounds = zip(slices[begins].tolist(), begins.tolist(), ends.tolist(), strict=True)
        return tuple(
            SliceResult(
                slice_id,
                ordinals[begin:end],
                segments[begin:end],
                states[begin:end],
                received_at[begin:end],
                _errs(texts, errs[begin:end]),
            )
            for slice_id, begin, end in bounds
        )


def _counted(segments: U8, counts: U8) -> U8:
    """segment, segment + 1, ... of each, count many, joined."""
    if (counts == 1).all():
        return segments
    ends = np.cumsum(counts, dtype=np.int64)
    within = np.arange(ends[-1]) - np.repeat(ends - counts, counts)
    return np.repeat(segments, counts) + within.astype(np.uint8)


def _errs(texts: Sequence[str], errs: U32) -> Errs:
    """Of one slice: few share all of the texts."""
    if len(texts) <= _FEW_TEXTS:
        return Errs(tuple(texts), errs)
    used, index = np.unique(errs, return_inverse=True)
    return Errs(tuple(texts[place] for place in used.tolist()), index.astype(np.uint32))
