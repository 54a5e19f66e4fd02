"""The national figures: what is summed over carriers and ledgers, and when an alert ends at the pace of now."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.diagnosis.finding import Code, Finding
from broadcast.forecast.delays import of_seconds
from broadcast.ids import CampaignId
from broadcast.reports.nation import NOBODY, STATES, Audited, LinkTried, States, added, audited
from broadcast.reports.nation_joining import Said, campaign_now, carriers_now
from broadcast.reports.nation_pace import Pace, Seen
from broadcast.reports.nation_part import CarrierPart, Part

AT = datetime(2026, 11, 30, 8, tzinfo=UTC)
ROW = {
    "campaign_id": CampaignId(7), "name": "flood", "state": "running", "status": "actual", "category": "emergency",
    "priority": 9, "audience": 30, "launched_at": AT, "expires_at": AT + timedelta(hours=1), "finished_at": None,
    "now": AT,
}  # fmt: skip
PEOPLE = st.fixed_dictionaries({state: st.integers(0, 10**8) for state in STATES})


def people(**states: int) -> States:
    return {**NOBODY, **states}


def seen(seconds: float, **carriers: tuple[int, int]) -> Seen:
    """By carrier: sent, waiting."""
    sent = {name: each[0] for name, each in carriers.items()}
    waiting = {name: each[1] for name, each in carriers.items()}
    return Seen(AT + timedelta(seconds=seconds), sent, waiting, 5 * sum(sent.values()))


@given(st.lists(st.dictionaries(st.sampled_from("abc"), PEOPLE), max_size=4))
def test_nobody_is_lost_or_counted_twice(ledgers: list[dict[str, States]]) -> None:
    parts = [Part(states={CampaignId(7): each}) for each in ledgers]
    now = campaign_now(ROW, Said(parts), Pace(), ())
    assert sum(now.states.values()) == sum(sum(s.values()) for each in ledgers for s in each.values())
    assert now.states == added(now.carriers.values())
    assert now.to_send == sum(now.states.values()) - now.states["excluded"]
    assert 0 <= now.states["delivered"] <= now.sent <= now.to_send
    assert (now.sent_share is None) == (now.delivered_share is None) == (now.to_send == 0)


def test_carriers_are_summed_over_campaigns_and_ledgers() -> None:
    north = Part(
        states={CampaignId(7): {"viettel": people(waiting=4, delivered=1)}},
        carriers={"viettel": CarrierPart(100, 90, 80.0, 1, 2, 3.0)},
    )
    south = Part(
        states={CampaignId(7): {"viettel": people(waiting=5), "mobifone": people(excluded=2)}},
        carriers={
            "viettel": CarrierPart(50, 50, 1.5, 2, 2, None),
            "mobifone": CarrierPart(10, 0, 0.0, 0, 1, None),
        },
    )
    wrong = Finding(Code.BINDS_DOWN, "mobifone", True, "down", "")
    usual = {"viettel": [of_seconds(10, {0: 5, 10: 5})]}
    found = carriers_now(
        [north, south],
        [campaign_now(ROW, Said([north, south]), Pace(), ())],
        [{"viettel": 3}, {}],
        [usual],
        [wrong],
    )
    viettel, mobifone = found
    assert viettel.states == people(waiting=9, delivered=1)
    assert (viettel.tps, viettel.granted_tps, viettel.used_tps) == (150, 140, 81.5)
    assert (viettel.links, viettel.links_wanted, viettel.unresolved_s, viettel.unmatched) == (3, 4, 3.0, 3)
    assert viettel.usual_handset_s == {0.5: 1.0, 0.9: 10.8, 0.99: pytest.approx(10.98)}
    assert (mobifone.findings, viettel.findings, mobifone.unresolved_s) == ((wrong,), (), None)
    assert mobifone.usual_handset_s == {}


def test_an_audit_is_good_only_where_all_ledgers_were_recounted() -> None:
    good, bad = Audited(0, AT), Audited(2, AT + timedelta(minutes=1))
    assert audited([]) is audited([None]) is audited([good, None]) is None
    assert audited([good, good]) == good
    assert audited([bad, None]) == bad
    assert audited([bad, good]) == Audited(2, AT)


def test_the_end_is_that_of_the_carrier_that_is_through_last() -> None:
    pace = Pace()
    pace.look(seen(0, viettel=(0, 100), mobifone=(0, 300)))
    assert (pace.ends_at, pace.segments_per_s) == (None, 0.0)
    pace.look(seen(10, viettel=(50, 50), mobifone=(30, 270)))
    assert (pace.ends_at, pace.segments_per_s) == (AT + timedelta(seconds=10 + 90), 40.0)
    pace.look(seen(12, viettel=(100, 0), mobifone=(300, 0)))
    assert pace.ends_at == AT + timedelta(seconds=12)


def test_while_a_carrier_stands_still_nobody_knows_the_end() -> None:
    pace = Pace(over_s=30)
    for second in range(0, 62, 2):
        pace.look(seen(second, viettel=(10, 90), mobifone=(second, 100 - second)))
    assert pace.ends_at is None
    pace.look(seen(62, viettel=(12, 88), mobifone=(62, 38)))
    assert pace.ends_at is not None


def test_an_end_beyond_all_calendars_is_none() -> None:
    pace = Pace()
    pace.look(seen(0, viettel=(0, 10**15)))
    pace.look(seen(10, viettel=(1, 10**15)))
    assert pace.ends_at is None


def test_what_a_ledger_tells_when_it_is_back_is_no_pace() -> None:
    """It was away for long, and its people were sent to meanwhile."""
    both, north = frozenset({"north", "south"}), frozenset({"north"})
    pace = Pace()
    looks = [
        (0, 0, both),
        (10, 100, both),
        (20, 200, north),
        (30, 300, north),
        (40, 9000, both),
        (50, 9100, both),
    ]
    told = []
    for second, sent, there in looks:
        pace.look(replace(seen(second, viettel=(sent, 10_000 - sent)), there=there))
        told.append(pace.segments_per_s)
    assert told == [0, 50, 0, 50, 0, 50]


def test_nor_is_what_a_clock_tells_that_was_set_back() -> None:
    pace = Pace()
    for second in (100, 102, 50, 52):
        pace.look(seen(second, viettel=(second, 1000)))
    assert pace.segments_per_s == 5


def test_of_an_alert_with_people_whom_nobody_told_of_there_is_no_forecast() -> None:
    part = Part(states={CampaignId(7): {"viettel": people(accepted=50)}})
    assert campaign_now(ROW, Said([part]), Pace(), ()).forecast_end_at == AT
    unheard = campaign_now(ROW, Said([part, Part()], whole=False), Pace(), ())
    assert (unheard.whole, unheard.forecast_end_at) == (False, None)


def test_a_bind_that_two_ledgers_count_is_open_where_both_are() -> None:
    tried = [
        (LinkTried(0, False, AT), LinkTried(1, True, AT)),
        (LinkTried(0, True, AT - timedelta(seconds=9)),),
    ]
    parts = [
        Part(carriers={"viettel": CarrierPart(1, 1, 1.0, 1, 1, None)}, tried={"viettel": each})
        for each in tried
    ]
    (viettel,) = carriers_now(parts, [], [], [], [])
    assert viettel.links_tried == (LinkTried(0, False, AT - timedelta(seconds=9)), LinkTried(1, True, AT))


@given(st.lists(st.tuples(st.floats(0.1, 20), st.integers(0, 1000)), min_size=2, max_size=40))
def test_no_pace_is_negative_and_no_end_is_past(steps: list[tuple[float, int]]) -> None:
    pace, at, sent = Pace(), 0.0, 0
    for wait_s, more in steps:
        at, sent = at + wait_s, sent + more
        pace.look(seen(at, viettel=(sent, 40_000 - sent)))
    assert pace.segments_per_s >= 0
    assert pace.ends_at is None or pace.ends_at >= AT + timedelta(seconds=at)


@pytest.mark.parametrize("state", ["paused", "cancelled", "finished"])
def test_what_does_not_run_has_no_forecast(state: str) -> None:
    pace = Pace()
    pace.look(seen(-10, viettel=(0, 100)))
    part = Part(states={CampaignId(7): {"viettel": people(waiting=50, accepted=50)}})
    assert campaign_now({**ROW, "state": state}, Said([part]), pace, ()).forecast_end_at is None
    pace = Pace()
    pace.look(seen(-10, viettel=(0, 100)))
    assert campaign_now(ROW, Said([part]), pace, ()).forecast_end_at == AT + timedelta(seconds=10)
