"""Receipts out of thin air: as many, when and what the simulated carrier's would be."""

from collections import Counter
from random import Random

import pytest

from broadcast.bench.load import Load
from broadcast.bench.scattered import Scattered
from broadcast.bench.stage import habits
from broadcast.channel.receipt import ReceiptState

MESSAGES, SEGMENTS = 4000, 5
LOAD = Load(MESSAGES, SEGMENTS, nation=True, ids="uuid")
MSISDNS = range(84_900_000_000, 84_900_000_000 + MESSAGES)
IDS = [f"id-{number}" for number in range(MESSAGES * SEGMENTS)]


def test_each_receipt_has_its_time_and_its_person() -> None:
    scattered = Scattered(habits("mobile", LOAD), Random(1))
    scattered.put(MSISDNS, IDS, 1000.0)
    assert scattered.due(1002.0) == []
    in_time = scattered.due(1030.1)
    assert len(in_time) == pytest.approx(len(IDS) * 0.95, rel=0.01)  # neither late nor missing
    told = in_time + scattered.due(1300.0)
    assert scattered.due(2000.0) == []
    assert all(MSISDNS[int(smsc_id[3:]) // SEGMENTS] == msisdn for _, smsc_id, _, msisdn in told)
    often = Counter(smsc_id for _, smsc_id, _, _ in told)
    assert set(often.values()) == {1, 2}
    assert len(often) == pytest.approx(len(IDS) * 0.98, rel=0.01)
    assert sum(often.values()) - len(often) == pytest.approx(len(IDS) * 0.005, rel=0.5)


def test_people_share_their_fate_but_for_a_few_segments() -> None:
    scattered = Scattered(habits("mobile", LOAD), Random(1))
    scattered.put(MSISDNS, IDS, 0.0)
    told = scattered.due(1000.0)
    states = Counter(state for state, _, _, _ in told)
    assert states[ReceiptState.UNDELIVERABLE] == pytest.approx(len(told) * 0.051, rel=0.2)
    assert states[ReceiptState.REJECTED] == pytest.approx(len(told) * 0.01, rel=0.4)
    assert {err for state, _, err, _ in told if state == ReceiptState.REJECTED} == {"004"}
    rejected = {msisdn for state, _, _, msisdn in told if state == ReceiptState.REJECTED}
    assert {state for state, _, _, msisdn in told if msisdn in rejected} == {ReceiptState.REJECTED}


def test_the_times_can_be_divided() -> None:
    found = habits("mobile", Load(MESSAGES, SEGMENTS, nation=True, ids="uuid", receipts_over=10.0)).receipts
    assert found.between_s == (0.2, 3.0)
    assert found.late_between_s == (6.0, 18.0)
    assert found.repeat_between_s == (0.1, 6.0)
