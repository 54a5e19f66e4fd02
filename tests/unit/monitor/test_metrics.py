"""Every series has its name, its bounded labels and its way out."""

import pytest
from prometheus_client import generate_latest

from broadcast.monitor.metrics import Metrics

CARRIER_SERIES = {
    "submitted": "broadcast_submitted_segments",
    "throttled": "broadcast_throttled",
    "quarantined": "broadcast_quarantined",
    "in_flight": "broadcast_in_flight_segments",
    "window": "broadcast_window_segments",
    "tps_granted": "broadcast_tps_granted",
    "tps_used": "broadcast_tps_used",
}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.mark.parametrize(("attribute", "name"), CARRIER_SERIES.items())
def test_a_carrier_series_has_one_label_and_its_name(metrics: Metrics, attribute: str, name: str) -> None:
    getattr(metrics, attribute).labels("viettel").inc(3)
    suffix = "_total" if attribute in ("submitted", "throttled", "quarantined") else ""
    assert metrics.registry.get_sample_value(name + suffix, {"carrier": "viettel"}) == 3.0


@pytest.mark.parametrize(
    ("attribute", "name"),
    [
        ("group_rows", "broadcast_ledger_group_rows"),
        ("commit_seconds", "broadcast_ledger_commit_seconds"),
        ("look_seconds", "broadcast_look_seconds"),
        ("loop_lag_seconds", "broadcast_loop_lag_seconds"),
    ],
)
def test_a_histogram_counts_and_sums(metrics: Metrics, attribute: str, name: str) -> None:
    getattr(metrics, attribute).observe(2)
    assert metrics.registry.get_sample_value(f"{name}_count") == 1.0
    assert metrics.registry.get_sample_value(f"{name}_sum") == 2.0
    assert metrics.registry.get_sample_value(f"{name}_bucket", {"le": "+Inf"}) == 1.0


def test_a_carrier_that_another_resolves_leaves(metrics: Metrics) -> None:
    for carrier in ("viettel", "mobifone"):
        metrics.resolve_lag_seconds.labels(carrier).set(3)
        metrics.open_segments.labels(carrier, "hot").set(5)
    metrics.drop_resolved("viettel")
    assert metrics.registry.get_sample_value("broadcast_resolve_lag_seconds", {"carrier": "viettel"}) is None
    assert metrics.registry.get_sample_value("broadcast_resolve_lag_seconds", {"carrier": "mobifone"}) == 3.0
    hot = {"carrier": "viettel", "part": "hot"}
    assert metrics.registry.get_sample_value("broadcast_open_segments", hot) is None


def test_kinds_of_keywords_that_are_the_countrys_own_share_one_label(metrics: Metrics) -> None:
    for kind in ("opt_out", "help", "yes", ""):
        metrics.count_replies("mobifone", kind, 2)
    counts = {
        kind: metrics.registry.get_sample_value(
            "broadcast_replies_total", {"carrier": "mobifone", "kind": kind}
        )
        for kind in ("opt_out", "other", "none", "help")
    }
    assert counts == {"opt_out": 2.0, "other": 4.0, "none": 2.0, "help": None}


def test_vendor_statuses_share_one_label(metrics: Metrics) -> None:
    metrics.count_responses("mobifone", {"ESME_ROK": 5, "0x000004A1": 2, "0x00000400": 1})
    value = metrics.registry.get_sample_value
    assert value("broadcast_responses_total", {"carrier": "mobifone", "status": "ESME_ROK"}) == 5.0
    assert value("broadcast_responses_total", {"carrier": "mobifone", "status": "vendor"}) == 3.0
    assert b"4A1" not in generate_latest(metrics.registry)


def test_receipt_states_are_a_closed_set(metrics: Metrics) -> None:
    metrics.count_receipts("viettel", {"delivered": 4, "undeliverable": 1, "BUFFRED": 2, "intermediate": 1})
    states = {
        sample.labels["state"]: sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "broadcast_receipts_total"
    }
    assert states == {"delivered": 4.0, "undeliverable": 1.0, "intermediate": 3.0}


def test_links_are_counted_by_state(metrics: Metrics) -> None:
    def shown() -> dict[str, float]:
        return {
            sample.labels["state"]: sample.value
            for family in metrics.registry.collect()
            for sample in family.samples
            if sample.name == "broadcast_links" and sample.labels["carrier"] == "viettel"
        }

    metrics.link_state("viettel/0", "viettel", "connecting")
    metrics.link_state("viettel/1", "viettel", "bound")
    metrics.link_state("mobifone/0", "mobifone", "bound")
    assert shown() == {"connecting": 1, "binding": 0, "bound": 1, "backing_off": 0, "refused": 0}

    metrics.link_state("viettel/0", "viettel", "bound")
    metrics.link_state("viettel/1", "viettel", "refused:ESME_RINVPASWD")
    assert shown() == {"connecting": 0, "binding": 0, "bound": 1, "backing_off": 0, "refused": 1}

    metrics.link_gone("viettel/1")
    metrics.link_gone("never there")
    assert shown() == {"connecting": 0, "binding": 0, "bound": 1, "backing_off": 0, "refused": 0}


def test_an_unknown_link_state_is_a_mistake(metrics: Metrics) -> None:
    with pytest.raises(ValueError, match="sleeping"):
        metrics.link_state("viettel/0", "viettel", "sleeping")


def test_a_process_serves_what_is_its_own() -> None:
    worker, resolver = (generate_latest(Metrics(job).registry).decode() for job in ("worker", "resolver"))
    assert "broadcast_ledger_commit_seconds_count" in worker
    assert "broadcast_ledger_commit_seconds_count" not in resolver
    assert "broadcast_look_seconds_count" in resolver
    assert "broadcast_look_seconds_count" not in worker
    for served in (worker, resolver):
        assert "broadcast_loop_lag_seconds_count" in served
        assert "process_resident_memory_bytes" in served
        assert "_created" not in served


def test_a_new_life_is_another_worker(metrics: Metrics) -> None:
    metrics.is_worker(3, "north")
    metrics.is_worker(4, "north")
    value = metrics.registry.get_sample_value
    assert value("broadcast_worker_info", {"worker": "3", "ledger": "north"}) is None
    assert value("broadcast_worker_info", {"worker": "4", "ledger": "north"}) == 1.0


def test_two_workers_in_one_process_do_not_share_series() -> None:
    first, second = Metrics(), Metrics()
    first.submitted.labels("viettel").inc()
    assert (
        second.registry.get_sample_value("broadcast_submitted_segments_total", {"carrier": "viettel"}) is None
    )
