"""What a finished campaign's people teach about the list: whose numbers are another carrier's, and who was not reached.

Pure. A number is dead only after several campaigns in a row: one that surely failed, and from then on none that
reached it. Who gave no receipt began no such row, and a carrier that reached fewer than it failed teaches nothing: that
is its own failure, or a configuration's, and nobody is to be left out for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from broadcast.channel.sayings import Sayings
from broadcast.config import Hygiene
from broadcast.ledger.fold import NOBODY, People
from broadcast.ledger.packing.columns import I64, Bools
from broadcast.ledger.packing.failing import CAMPAIGNS_MOST, Failing
from broadcast.ledger.packing.result import Result
from broadcast.ledger.states import RecipientState

_S = RecipientState
_FAILED: Final = (_S.UNDELIVERABLE, _S.EXPIRED)


def _nobody() -> I64:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Ported:
    """said: the ledger's err in small letters; to: of the carrier that it names, "" for none; at: us."""

    msisdn: int
    said: str
    to: str
    at: int


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Of some people. failed: surely not reached; silent: taken, and nobody told what became of it; reached: in part,
    too."""

    ported: Sequence[Ported] = ()
    failed: I64 = field(default_factory=_nobody)
    silent: I64 = field(default_factory=_nobody)
    reached: I64 = field(default_factory=_nobody)


def teaches(delivered: int, failed: int) -> bool:
    """Whether anything is to be learnt from a carrier that reached so many in a campaign, and so many surely not."""
    return 0 < delivered >= failed


def lesson(people: People, results: Sequence[Result], sayings: Sayings) -> Lesson:
    """Of one slice. results: what receipts said of its segments, as `people` was folded of."""
    state, told = people.state, people.settled_at > 0
    here = (people.msisdn > 0) & (state != NOBODY)
    texts = [text.lower() for text in people.errs.texts]
    says_ported = np.array([text in sayings.ported for text in texts], np.bool_)
    says_unknown = np.array([text in sayings.unknown for text in texts], np.bool_)
    bad = here & told & np.isin(state, [*_FAILED, _S.REJECTED])
    some = _reached_in_part(bad, results)
    ported = bad & ~some & says_ported[people.errs.index]
    sure = np.isin(state, _FAILED) | says_unknown[people.errs.index]
    failed = bad & ~some & ~ported & sure
    places = np.nonzero(ported)[0].tolist()
    return Lesson(
        [
            Ported(
                int(people.msisdn[place]),
                said := texts[people.errs.index[place]],
                sayings.ported[said],
                int(people.settled_at[place]),
            )
            for place in places
        ],
        people.msisdn[failed],
        people.msisdn[here & (state == _S.UNKNOWN) & (people.submitted_at > 0)],
        people.msisdn[here & ((state == _S.DELIVERED) | some)],
    )


def _reached_in_part(bad: Bools, results: Sequence[Result]) -> Bools:
    """Of those the ones of whom a segment was delivered all the same: that telephone lives."""
    some = np.zeros(len(bad), np.bool_)
    if bad.any():
        for each in results:
            ordinals = each.ordinals[each.states == _S.DELIVERED]
            some[ordinals[ordinals < len(bad)]] = True
    return some & bad


def joined(lessons: Sequence[Lesson]) -> Lesson:
    """As one."""
    return Lesson(
        [ported for each in lessons for ported in each.ported],
        *(
            np.concatenate([_nobody(), *(getattr(each, name) for each in lessons)])
            for name in ("failed", "silent", "reached")
        ),
    )


def parted(told: Lesson, buckets: int) -> list[Lesson]:
    """By bucket of the number."""
    ported: list[list[Ported]] = [[] for _ in range(buckets)]
    for each in told.ported:
        ported[each.msisdn % buckets].append(each)
    columns = [_parted(numbers, buckets) for numbers in (told.failed, told.silent, told.reached)]
    return [Lesson(*each) for each in zip(ported, *columns, strict=True)]


def _parted(numbers: I64, buckets: int) -> list[I64]:
    of = (numbers % buckets).astype(np.uint8)
    order = np.argsort(of, kind="stable")
    return np.split(numbers[order], np.searchsorted(of[order], np.arange(1, buckets)))


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Who fails of a bucket, after a campaign. dead: to be set aside by now; back: that were perhaps, and live."""

    failing: Failing
    dead: I64
    back: I64
    changed: bool


def counted(before: Failing, told: Lesson, campaign_id: int, day: int, hygiene: Hygiene) -> Counted:
    """told: of the same bucket and carrier. day: of the campaign, since 1970. Who is said to be nobody's that is named
    goes on as before: that was no failure, and reached nobody."""
    elsewhere = np.array([each.msisdn for each in told.ported if each.to], np.int64)
    lives = np.isin(before.msisdns, told.reached)
    old = before.last_day.astype(np.int64) + 2 * hygiene.retry_after_days < day
    gone = lives | old | np.isin(before.msisdns, elsewhere)
    kept = before.take(~gone)
    failed = np.setdiff1d(told.failed, np.concatenate([told.reached, elsewhere]))
    again = np.isin(kept.msisdns, failed) | np.isin(kept.msisdns, told.silent)
    new = np.setdiff1d(failed, kept.msisdns, assume_unique=True)
    after = _joined(_once_more(kept, again, day), new, campaign_id, day)
    missed = np.isin(after.msisdns, failed) | np.isin(after.msisdns, kept.msisdns[again])
    long = after.last_day.astype(np.int64) - after.first_day >= hygiene.over_days
    dead = missed & long & (after.campaigns >= hygiene.dead_after) & (hygiene.dead_after > 0)
    back = before.msisdns[(lives | np.isin(before.msisdns, elsewhere)) & (before.campaigns > 1)]
    return Counted(after, after.msisdns[dead], back, bool(gone.any() or again.any() or len(new)))


def _once_more(kept: Failing, again: Bools, day: int) -> Failing:
    campaigns = np.where(again & (kept.campaigns < CAMPAIGNS_MOST), kept.campaigns + 1, kept.campaigns)
    return Failing(
        kept.msisdns,
        campaigns.astype(np.uint8),
        kept.first_campaign,
        np.where(again, np.minimum(kept.first_day, day), kept.first_day).astype(np.uint16),
        np.where(again, np.maximum(kept.last_day, day), kept.last_day).astype(np.uint16),
    )


def _joined(kept: Failing, new: I64, campaign_id: int, day: int) -> Failing:
    """new: those who fail for the first time."""
    n = len(new)
    both = Failing(
        np.concatenate([kept.msisdns, new]),
        np.concatenate([kept.campaigns, np.ones(n, np.uint8)]),
        np.concatenate([kept.first_campaign, np.full(n, campaign_id, np.uint32)]),
        np.concatenate([kept.first_day, np.full(n, day, np.uint16)]),
        np.concatenate([kept.last_day, np.full(n, day, np.uint16)]),
    )
    return both.take(np.argsort(both.msisdns))
