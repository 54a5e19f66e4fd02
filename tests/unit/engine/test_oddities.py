"""What a profile does not know: counted, named up to a bound, logged once in a while."""

import logging

import pytest
from unit.engine.fake import CARRIER

from broadcast.engine.oddities import LOG_EVERY_S, NAMED_MOST, Oddities
from broadcast.ids import CarrierNo
from broadcast.ledger.journal import Journal
from broadcast.monitor.metrics import Metrics
from broadcast.smpp.channel import SmppChannel


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal() -> Journal:
    return Journal(lambda: None)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def oddities(journal: Journal, metrics: Metrics, clock: Clock) -> Oddities:
    return Oddities(CarrierNo(1), "viettel", SmppChannel(CARRIER).outcome, journal, metrics, clock)


def test_only_what_nobody_explains_counts(oddities: Oddities, journal: Journal, metrics: Metrics) -> None:
    oddities.statuses({0: 90, 0x58: 5, 0x4A1: 3, 0xFF: 1})
    oddities.receipt_states({"SEEN": 2})
    oddities.receipt_states({"SEEN": 1})
    assert journal.group.oddities == {(1, "status", "0x000004A1"): 3, (1, "receipt_state", "SEEN"): 3}
    assert bool(journal.take())
    counted = metrics.registry.get_sample_value
    assert counted("broadcast_oddities_total", {"carrier": "viettel", "kind": "status"}) == 3
    assert counted("broadcast_oddities_total", {"carrier": "viettel", "kind": "receipt_state"}) == 3


def test_each_is_logged_once_in_a_while(
    oddities: Oddities, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for _ in range(1000):
        oddities.statuses({0x4A1: 1})
    oddities.receipt_states({"SEEN": 1})
    assert [each.split(" kind=")[0] for each in caplog.messages] == ["oddity carrier=viettel"] * 2
    assert "0x000004A1" in caplog.text
    assert "receipt_states" in caplog.text
    clock.now = LOG_EVERY_S
    oddities.statuses({0x4A1: 1})
    assert len(caplog.records) == 3


def test_an_smsc_that_invents_one_each_time_is_bounded(
    oddities: Oddities, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(0x400, 0x400 + 1000):
        oddities.statuses({number: 1})
    assert len(journal.group.oddities) == NAMED_MOST + 1
    assert journal.group.oddities[CarrierNo(1), "status", "other"] == 1000 - NAMED_MOST
    assert len(caplog.records) == NAMED_MOST + 1


def test_the_log_has_no_more_of_a_state_than_a_state_has(
    oddities: Oddities, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    """An SMSC that puts the text there would have it in the log, word by word."""
    oddities.receipt_states({"EARTHQUAKE": 1, "UNDELIV": 1})
    assert [each.partition(" said=")[2].partition(" ")[0] for each in caplog.messages] == [
        "EARTHQU…",
        "UNDELIV",
    ]
    assert (1, "receipt_state", "EARTHQUAKE") in journal.group.oddities
