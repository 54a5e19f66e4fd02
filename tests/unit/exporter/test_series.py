"""The nation as series: each in the catalogue, each of the exporter's there, and few however large the nation."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from series import count, full

from broadcast.diagnosis.finding import Code, Finding
from broadcast.exporter.series import FINDINGS_MOST, of_nation, text
from broadcast.ids import CampaignId
from broadcast.monitor.catalogue import METRICS
from broadcast.reports.nation import (
    NOBODY,
    Audited,
    CampaignNow,
    CarrierNow,
    LedgerNow,
    LinkTried,
    Nation,
)
from broadcast.store.databases import DatabaseFigures

AT = datetime(2026, 11, 30, 8, tzinfo=UTC)
LINE_ENDS = "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"  # of Python, not of Prometheus
NAMES = st.characters(exclude_categories=["Cs"], exclude_characters=LINE_ENDS)
SEEN = {0.5: 1.5, 0.9: 8.0, 0.99: 30.25}


def wrong(carrier: str, code: Code = Code.BINDS_DOWN) -> Finding:
    return Finding(code, carrier, True, "text of a person", "broadcast carrier show")


def campaign(number: int, carriers: list[str]) -> CampaignNow:
    states = {**NOBODY, "waiting": 2 * 10**15 + 1, "delivered": number}
    return CampaignNow(
        CampaignId(number), f"alert-{number}", "running", "actual", "emergency", 9, 10**16,
        dict.fromkeys(carriers, states), AT, AT + timedelta(hours=2),
        forecast_end_at=AT + timedelta(hours=1), audited=Audited(0, AT),
        findings=tuple(wrong(each, code) for each in carriers for code in (Code.BINDS_DOWN, Code.NO_GRANT)),
    )  # fmt: skip


def nation(campaigns: int, carriers: int) -> Nation:
    """Everything that can be told is."""
    names = [f"carrier-{n}" for n in range(carriers)]
    return Nation(
        AT,
        tuple(campaign(n, names) for n in range(campaigns)),
        tuple(
            CarrierNow(
                name, NOBODY, 1000, 900, 850.5, 3, 4, 0.5, 7, SEEN, SEEN,
                tuple(LinkTried(bind, bind > 0, AT) for bind in range(4)), (wrong(name), wrong(name)),
            )
            for name in names
        ),
        (
            LedgerNow("home", True, True, 0, 0, DatabaseFigures(10**12, 0.25, 10**9, 10**13, {"sent": 1}), False),
            LedgerNow("north", False, False, 8, 64, DatabaseFigures(1, 0.0)),
        ),
        (wrong(""),),
        0.125,
    )  # fmt: skip


def read(told: str) -> dict[str, dict[tuple[str, ...], float]]:
    """As a client of Prometheus reads it: name -> labels -> value."""
    return {
        family.name: {tuple(sample.labels.values()): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(told)
    }


def test_what_is_told_is_read_as_it_was_meant() -> None:
    told = read(text(of_nation(nation(2, 3))))
    assert told["broadcast_campaign_recipients"]["alert-1", "delivered"] == 3
    assert told["broadcast_campaign_recipients"]["alert-1", "waiting"] == 3 * (2 * 10**15 + 1)
    assert told["broadcast_campaign_info"] == {
        ("alert-0", "running", "emergency"): 1, ("alert-1", "running", "emergency"): 1,
    }  # fmt: skip
    assert told["broadcast_campaign_expiry_timestamp_seconds"][("alert-0",)] == AT.timestamp() + 7200
    assert told["broadcast_carrier_handset_seconds"]["carrier-0", "0.99"] == 30.25
    assert told["broadcast_carrier_finding"] == {
        ("", "binds_down", "true"): 1, **{(f"carrier-{n}", "binds_down", "true"): 1 for n in range(3)},
    }  # fmt: skip
    assert told["broadcast_link_test_success"]["carrier-2", "0"] == 0
    assert told["broadcast_workers"] == {("north",): 8}
    assert told["broadcast_database_disk_free_bytes"] == {("home",): 10**9}


def test_what_the_exporter_is_said_to_serve_it_serves() -> None:
    """But for what is of the process itself: tests/integration/test_exporter.py."""
    told = read(text(of_nation(nation(1, 1)))).keys()
    own = {"broadcast_database_up", "broadcast_build_info"}
    said = {name for name, each in METRICS.items() if "exporter" in each.of and name.startswith("broadcast_")}
    assert told == {name for name in said - own if not name.startswith("broadcast_exporter_")}


def test_500_campaigns_at_20_carriers_are_fewer_than_20_000_series() -> None:
    """All of them sick at every carrier, each label that there can be, with four workers and a resolver."""
    national = count(text(of_nation(nation(500, 20))))
    worker, resolver = (count(full(job, 20).exposition("")[1].decode()) for job in ("worker", "resolver"))
    assert national + 4 * worker + resolver < 20_000, (national, worker, resolver)


def test_what_is_not_known_is_absent() -> None:
    bare = replace(campaign(1, []), forecast_end_at=None, audited=None, findings=())
    told = read(
        text(
            of_nation(Nation(AT, (bare,), (CarrierNow("viettel", NOBODY),), (LedgerNow("home", True, True),)))
        )
    )
    assert "broadcast_campaign_forecast_end_timestamp_seconds" not in told
    assert "broadcast_campaign_audit_differences" not in told
    assert "broadcast_carrier_handset_seconds" not in told
    assert "broadcast_database_size_bytes" not in told
    assert told["broadcast_carrier_recipients"]["viettel", "waiting"] == 0


def test_the_gravest_findings_of_a_campaign_are_told() -> None:
    sick = campaign(1, [f"carrier-{n}" for n in range(20)])
    told = read(text(of_nation(Nation(AT, (sick,)))))["broadcast_campaign_finding"]
    firsts = [("carrier-0", "binds_down", "true"), ("carrier-0", "no_grant", "true")]  # of each code
    others = [(each.carrier, each.code.value, "true") for each in sick.findings[2:FINDINGS_MOST]]
    assert [labels[1:] for labels in told] == firsts + others


def test_what_alarms_go_by_is_told_beside_much_trouble_at_all_carriers() -> None:
    names = [f"carrier-{n}" for n in range(5)]
    late = replace(wrong("", Code.EXPIRY_AT_RISK), grave=False)
    sick = replace(campaign(1, names), findings=(*campaign(1, names).findings, late))
    told = read(text(of_nation(Nation(AT, (sick,)))))["broadcast_campaign_finding"]
    assert len(told) == FINDINGS_MOST
    assert ("alert-1", "", "expiry_at_risk", "false") in told


def test_of_an_alert_with_people_whom_nobody_told_of_no_states_are_told() -> None:
    """As if they had all been sent to."""
    told = read(
        text(
            of_nation(Nation(AT, (replace(campaign(1, ["viettel"]), whole=False), campaign(2, ["viettel"]))))
        )
    )
    assert {labels[0] for labels in told["broadcast_campaign_recipients"]} == {"alert-2"}
    assert {labels[0] for labels in told["broadcast_campaign_audience"]} == {("alert-1"), ("alert-2")}


def test_no_sentence_is_told() -> None:
    assert "person" not in text(of_nation(nation(3, 3)))


@given(st.text(NAMES, min_size=1))
def test_any_name_of_a_campaign_is_read_as_it_is(name: str) -> None:
    told = read(text([("campaign_audience", (name,), 1.5)]))
    assert told == {"broadcast_campaign_audience": {(name,): 1.5}}


def test_other_labels_than_the_catalogue_has_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="campaign_audience has other labels"):
        text([("campaign_audience", ("a", "b"), 1)])
