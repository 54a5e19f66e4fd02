"""What a slice's people teach, and who fails campaign after campaign: against a model that goes person by person."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.channel.sayings import Sayings
from broadcast.config import Hygiene
from broadcast.errors import LedgerError
from broadcast.ledger.fold import SliceRow, fold
from broadcast.ledger.lessons import Lesson, Ported, counted, joined, lesson, parted, teaches
from broadcast.ledger.packing.failing import NOBODY, Failing, pack_failing, unpack_failing
from broadcast.ledger.packing.result import Result, pack_result, unpack_result
from broadcast.ledger.packing.sent import Answered, unpack_sent
from broadcast.ledger.states import RecipientState as State

AT = 1_780_000_000_000_000
FIRST = 84_900_000_000
SAYINGS = Sayings(
    {"0b1": "vinaphone", "status:0x00000433": "mobifone", "07": ""},
    frozenset({"status:esme_rinvdstadr", "004"}),
)
GONE = -5  # in place of the number of somebody who was erased

# by place: number, how an answer ended them, or what receipts said of both segments
Fate = tuple[int | None, tuple[int, str] | None, Sequence[tuple[int, str]]]


def taught(*fates: Fate, closed: bool = True) -> Lesson:
    """Of a slice of these people, all of whom were sent to."""
    some, reports = Answered(2), list[tuple[int, int, int, int, str]]()
    for ordinal, (_, ended, told) in enumerate(fates):
        if ended is not None:
            some.end(ordinal, ended[0], ended[1], AT + ordinal)
            continue
        some.accept_parts(ordinal, [f"{ordinal}-1", f"{ordinal}-2"])
        some.read(AT, AT)
        reports += [(ordinal, part, state, AT + 9, err) for part, (state, err) in enumerate(told, 1)]
    answered = ((1 << len(fates)) - 1).to_bytes((len(fates) + 7) // 8, "little")
    row = SliceRow(len(fates), "done", answered, b"", [number for number, *_ in fates])
    results: list[Result] = []
    if reports:
        results = [unpack_result(pack_result(*(list(each) for each in zip(*reports, strict=True))))]
    return lesson(fold(row, [unpack_sent(some.pack())], results, closed=closed), results, SAYINGS)


def both(state: int, err: str) -> list[tuple[int, str]]:
    return [(state, err)] * 2


@pytest.mark.parametrize(
    ("ended", "told", "what"),
    [
        (None, both(State.DELIVERED, "000"), "reached"),
        (None, both(State.UNDELIVERABLE, "027"), "failed"),
        (None, both(State.EXPIRED, "011"), "failed"),
        (None, both(State.REJECTED, "099"), ""),  # of a text, say
        (None, both(State.REJECTED, "004"), "failed"),
        (None, both(State.REJECTED, "0B1"), "vinaphone"),
        (None, both(State.UNDELIVERABLE, "07"), "ported"),
        (None, [(State.DELIVERED, "000"), (State.UNDELIVERABLE, "027")], "reached"),  # that telephone lives
        (None, [(State.DELIVERED, "000"), (State.UNDELIVERABLE, "0b1")], "reached"),
        (None, [(State.UNDELIVERABLE, "027")], "silent"),  # the other may have come
        (None, [], "silent"),
        ((State.REJECTED, "status:ESME_RINVDSTADR"), [], "failed"),
        ((State.REJECTED, "status:ESME_RINVSRCADR"), [], ""),  # our own fault
        ((State.REJECTED, "status:0x00000433"), [], "mobifone"),
        ((State.REJECTED, "status:ESME_RSYSERR after 5 retries"), [], ""),
        ((State.UNKNOWN, "no_receipts"), [], ""),  # none was asked for
    ],
)
def test_a_person(ended: tuple[int, str] | None, told: Sequence[tuple[int, str]], what: str) -> None:
    for number in (FIRST, None, GONE):
        found = taught((number, ended, told), (FIRST + 1, None, both(State.DELIVERED, "000")))
        if number != FIRST:
            assert (len(found.ported), len(found.failed), len(found.silent)) == (0, 0, 0)
            assert found.reached.tolist() == [FIRST + 1]
            continue
        seen = {name: getattr(found, name).tolist() for name in ("failed", "silent", "reached")}
        assert seen.pop("reached") == ([FIRST] if what == "reached" else []) + [FIRST + 1]
        assert seen == {name: [FIRST] if what == name else [] for name in ("failed", "silent")}
        if what in ("vinaphone", "mobifone", "ported"):
            (one,) = found.ported
            assert (one.msisdn, one.to) == (FIRST, "" if what == "ported" else what)
            assert one.said in SAYINGS.ported and one.at >= AT
        else:
            assert not found.ported


def test_who_was_never_sent_to_teaches_nothing() -> None:
    for state in ("expired", "cancelled", "ready"):
        row = SliceRow(0, state, b"", b"", [FIRST, FIRST + 1])
        found = lesson(fold(row, [], [], closed=True), [], SAYINGS)
        assert not found.ported and not len(found.failed) + len(found.silent) + len(found.reached)


@pytest.mark.parametrize(
    ("delivered", "failed", "whether"),
    [(0, 0, False), (0, 9, False), (5, 5, True), (5, 6, False), (9, 0, True)],
)
def test_a_carrier_that_failed_more_than_it_reached_teaches_nothing(
    delivered: int, failed: int, whether: bool
) -> None:
    assert teaches(delivered, failed) is whether


# ---------------------------------------------------------------- campaign after campaign

NUMBERS = st.integers(FIRST, FIRST + 11)
SETS = st.sets(NUMBERS, max_size=6)
HYGIENE = st.builds(
    Hygiene,
    dead_after=st.sampled_from([0, 2, 3]),
    over_days=st.integers(0, 9),
    retry_after_days=st.integers(1, 9),
)


@dataclass
class Life:
    """Of one number: for how many campaigns it was not reached, since which, and the days."""

    campaigns: int
    first: int
    days: list[int] = field(default_factory=list)


@given(
    hygiene=HYGIENE,
    campaigns=st.lists(st.tuples(SETS, SETS, SETS, SETS, st.integers(-2, 6)), min_size=1, max_size=9),
)
def test_counting_as_a_model_of_each_person(
    hygiene: Hygiene, campaigns: Sequence[tuple[set[int], set[int], set[int], set[int], int]]
) -> None:
    model, failing, day = dict[int, Life](), NOBODY, 20_000
    for campaign_id, (ported, some, others, reached, later) in enumerate(campaigns, 1):
        day += later
        silent, failed = others - some - reached - ported, some - reached
        told = Lesson(
            [Ported(each, "0b1", "mobifone", AT) for each in sorted(ported)],
            *(np.array(sorted(each), np.int64) for each in (failed, silent, reached)),
        )
        known, found = failing, counted(failing, told, campaign_id, day, hygiene)
        before = {number: each.campaigns for number, each in model.items()}
        dead = live_on(model, (ported, failed, silent, reached), (campaign_id, day), hygiene)
        failing = unpack_failing(pack_failing(found.failing))
        assert failing.msisdns.tolist() == sorted(model)
        assert failing.campaigns.tolist() == [model[each].campaigns for each in sorted(model)]
        assert failing.first_campaign.tolist() == [model[each].first for each in sorted(model)]
        assert set(found.dead.tolist()) == dead
        back = {each for each in reached | ported if before.get(each, 0) > 1}
        assert set(found.back.tolist()) == back
        assert found.changed or pack_failing(failing) == pack_failing(known)


def live_on(
    model: dict[int, Life], told: Sequence[set[int]], when: tuple[int, int], hygiene: Hygiene
) -> set[int]:
    """Who is dead by now."""
    ported, failed, silent, reached = told
    campaign_id, day = when
    for number in list(model):
        if number in reached | ported or max(model[number].days) + 2 * hygiene.retry_after_days < day:
            del model[number]
    missed = (failed - ported) | (silent & model.keys())
    for number in missed:
        life = model.setdefault(number, Life(0, campaign_id))
        life.campaigns += 1
        life.days.append(day)
    return {
        number
        for number in missed
        if 0 < hygiene.dead_after <= model[number].campaigns
        and max(model[number].days) - min(model[number].days) >= hygiene.over_days
    }


def test_a_count_stays_at_the_most() -> None:
    told = Lesson(failed=np.array([FIRST], np.int64))
    failing = NOBODY
    for campaign_id in range(1, 300):
        failing = counted(failing, told, campaign_id, 20_000, Hygiene(dead_after=100, over_days=0)).failing
    assert failing.campaigns.tolist() == [255]


@given(st.lists(st.integers(1, 2**50), max_size=60), st.lists(st.integers(1, 2**50), max_size=9))
def test_parts_are_all_of_it(numbers: Sequence[int], ported: Sequence[int]) -> None:
    whole = Lesson([Ported(each, "x", "", AT) for each in ported], failed=np.array(numbers, np.int64))
    parts = parted(whole, 64)
    assert len(parts) == 64
    for bucket, part in enumerate(parts):
        assert all(each % 64 == bucket for each in [*part.failed.tolist(), *(p.msisdn for p in part.ported)])
    again = joined(parts)
    assert sorted(again.failed.tolist()) == sorted(numbers)
    assert sorted(each.msisdn for each in again.ported) == sorted(ported)


def test_a_row_that_is_cut_is_told() -> None:
    day = np.array([1], np.uint16)
    some = Failing(np.array([FIRST]), np.array([3], np.uint8), np.array([7], np.uint32), day, day)
    packed = pack_failing(some)
    assert len(packed) == 5 + 17
    for cut in (packed[:-1], packed + b"\0", b"\7" + packed[1:]):
        with pytest.raises(LedgerError, match="a row of failing cannot be read, 1, 2"):
            unpack_failing(cut, "1, 2")
