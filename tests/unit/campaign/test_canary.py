"""Whether the rest of an alert may follow its first share: carrier by carrier, by bounds."""

import json
import math
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.campaign.canary import (
    GO_ON,
    WAIT,
    Fault,
    Seen,
    Share,
    decide,
    in_words,
    kept,
    plan_words,
    together,
)
from broadcast.campaign.plan import Canary, Plan, check
from broadcast.errors import InputError

PLAN = Canary(5, 60, 95, 80)
GOOD = Share("viettel", accepted=10, delivered=85, rejected=5)
SENT, OVER = 1000.0, 1060.0


@pytest.mark.parametrize(
    ("other", "last_sent", "now", "said"),
    [
        (Share("b"), SENT, OVER, "go_on"),  # nobody is there
        (Share("b", delivered=1), SENT, OVER, "go_on"),
        (Share("b", unknown=1), SENT, OVER, "go_on"),  # no receipt is asked for
        (Share("b", delivered=1), SENT, OVER - 0.1, "wait"),
        (Share("b", delivered=1), None, OVER, "wait"),
        (Share("b", waiting=1, delivered=99), SENT, OVER, "wait"),
        (Share("b", in_doubt=1), SENT, OVER - 0.1, "wait"),  # it may come yet
        (Share("b", in_doubt=1), SENT, OVER, ("accepted", 0, 1, 95)),
        (Share("b", accepted=21, delivered=79), SENT, OVER - 0.1, "wait"),
        (Share("b", accepted=21, delivered=79), SENT, OVER, ("delivered", 79, 100, 80)),
        (Share("b", accepted=20, delivered=80), SENT, OVER, "go_on"),
        (Share("b", unknown=20, accepted=20, delivered=80), SENT, OVER, "go_on"),
        (Share("b", rejected=5, delivered=95), SENT, OVER, "go_on"),
        (Share("b", rejected=6, delivered=94), SENT, SENT, ("rejected", 6, 100, 95)),  # at once
        (Share("b", rejected=6, waiting=94), None, SENT, ("rejected", 6, 100, 95)),
        (Share("b", rejected=5, waiting=95), SENT, OVER, "wait"),
        (Share("b", undeliverable=21, accepted=79), SENT, SENT, ("undeliverable", 21, 100, 80)),
        (Share("b", undeliverable=20, accepted=80), SENT, SENT, "wait"),
        (Share("b", rejected=1), SENT, SENT, ("rejected", 1, 1, 95)),
    ],
)  # fmt: skip
def test_decisions(
    other: Share, last_sent: float | None, now: float, said: str | tuple[str, int, int, int]
) -> None:
    decision = decide(PLAN, [GOOD, other], last_sent, now)
    if isinstance(said, str):
        assert decision.what == said and not decision.faults
    else:
        assert decision.what == "hold"
        assert [asdict(each) for each in decision.faults] == [asdict(Fault("b", *said))]  # type: ignore[arg-type]


def test_nobody_was_sent_to() -> None:
    assert decide(PLAN, [], SENT, OVER) == WAIT
    assert decide(PLAN, [Share("b")], SENT, OVER) == WAIT


def test_every_bad_carrier_is_named() -> None:
    bad = [Share("b", rejected=4), GOOD, Share("c", undeliverable=3, delivered=1)]
    found = json.loads(json.dumps(kept(PLAN, decide(PLAN, bad, SENT, SENT), bad)))
    assert in_words(found) == (
        "b: 4 of 4 were rejected, and 95 % are to be accepted; c: 3 of 4 were undeliverable, and 80 % are to get it"
    )
    assert found["figures"]["viettel"] == {"accepted": 10, "delivered": 85, "rejected": 5}
    assert in_words(kept(PLAN, GO_ON, [GOOD])) == "" == in_words({})


def test_bounds_of_nothing_hold_nobody() -> None:
    lax = replace(PLAN, least_accepted=0, least_delivered=0)
    assert decide(lax, [Share("b", rejected=9, in_doubt=1)], SENT, OVER) == GO_ON


def test_over_ledgers_a_carrier_is_judged_by_all_of_its_people() -> None:
    north = Seen((Share("viettel", delivered=79, accepted=21),), SENT, OVER)
    south = Seen(
        (Share("viettel", delivered=90, accepted=10), Share("mobifone", delivered=1)), SENT - 5, math.inf
    )
    shares, last_sent, at = together([north, south], ())
    assert (shares, last_sent, at) == (
        (Share("mobifone", delivered=1), Share("viettel", delivered=169, accepted=31)), SENT, OVER,
    )  # fmt: skip
    assert decide(PLAN, shares, last_sent, at) == GO_ON
    assert (
        decide(PLAN, *together([replace(north, at=OVER - 0.1), south], ())) == WAIT
    )  # it may know more by now
    assert decide(PLAN, *together([south], {"viettel"})) == WAIT


def test_a_ledger_that_has_said_nothing_keeps_nobody_from_holding_it() -> None:
    """But of its own carriers nobody knows how many there are."""
    bad = Seen((Share("mobifone", rejected=9), Share("viettel", rejected=9)), SENT, SENT)
    faults = decide(PLAN, *together([bad], {"viettel"})).faults
    assert [each.carrier for each in faults] == ["mobifone"]


counts = st.integers(0, 50)
shares = st.lists(
    st.builds(Share, st.sampled_from("abc"), *[counts] * 7), max_size=3, unique_by=lambda each: each.carrier
)
plans = st.builds(Canary, st.integers(1, 50), st.integers(1, 99), st.integers(0, 100), st.integers(0, 100))


@given(plans, shares)
def test_what_goes_on_met_every_bound(plan: Canary, known: list[Share]) -> None:
    decision = decide(plan, known, SENT, SENT + plan.wait_s)
    for each in known:
        told = each.took - each.unknown
        met = each.took >= plan.least_accepted / 100 * each.sent - 1e-9 and (
            each.delivered >= plan.least_delivered / 100 * told - 1e-9
        )
        if decision.what == "go_on":
            assert met and not each.waiting
        if decision.what == "hold" and each.carrier in {fault.carrier for fault in decision.faults}:
            assert not met or each.waiting or each.accepted or each.in_doubt


@given(plans, shares, st.data())
def test_a_hold_at_once_is_one_in_the_end(plan: Canary, known: list[Share], data: st.DataObject) -> None:
    """Whatever comes of those who are not at their end: the early verdict was never wrong."""
    early = decide(plan, known, SENT, SENT)
    ends = []
    for each in known:
        asked = each.waiting + each.in_doubt
        took = data.draw(st.integers(0, asked))
        got = data.draw(st.integers(0, took + each.accepted))
        ends.append(
            replace(
                each, waiting=0, in_doubt=0, accepted=0, rejected=each.rejected + asked - took,
                delivered=each.delivered + got, undeliverable=each.undeliverable + took + each.accepted - got,
            )
        )  # fmt: skip
    late = decide(plan, ends, SENT, SENT + plan.wait_s)
    if early.what == "hold":
        assert late.what == "hold"
        assert {each.carrier for each in early.faults} <= {each.carrier for each in late.faults}


@pytest.mark.parametrize(
    "changed",
    [
        {"share": 0},
        {"share": 51},
        {"wait_s": 0},
        {"wait_s": 86_401},
        {"least_accepted": 101},
        {"least_delivered": -1},
    ],
)
def test_numbers_that_mean_nothing(changed: dict[str, int]) -> None:
    check(Plan(canary=PLAN))
    with pytest.raises(InputError, match="first share"):
        check(Plan(canary=replace(PLAN, **changed)))  # type: ignore[arg-type]


def test_what_is_approved_is_said() -> None:
    assert plan_words(PLAN) == (
        "5 % of the people at each carrier and in each area; 60 s after the last of them everybody else, if 95 % were "
        "accepted and 80 % of these got it at every carrier; else it holds by itself"
    )
    assert plan_words(replace(PLAN, then="ask")).endswith(
        "; even then somebody is asked first: `broadcast campaign resume`"
    )
