"""A carrier over SMPP, as the engine asks it."""

import pytest

from broadcast.channel.outcome import Meaning, Outcome
from broadcast.channel.trying import Way
from broadcast.config import Bind, Carrier, Smpp
from broadcast.smpp.channel import OUTCOMES_KEPT, SmppChannel

BINDS = (Bind("localhost", 2775, "one", sessions=2, reconnect_max_s=7.0), Bind("localhost", 2775, "two"))


@pytest.mark.parametrize(
    ("status", "outcome", "retryable", "slow_down"),
    [
        (0x00, Outcome("ESME_ROK", Meaning.OK, known=True), False, False),
        (0x08, Outcome("ESME_RSYSERR", Meaning.TEMPORARY, known=True), True, False),
        (0x58, Outcome("ESME_RTHROTTLED", Meaning.THROTTLED, known=True), True, True),
        (0x14, Outcome("ESME_RMSGQFUL", Meaning.QUEUE_FULL, known=True), True, True),
        (0x0B, Outcome("ESME_RINVDSTADR", Meaning.PERMANENT, known=True), False, False),
        (0x4A1, Outcome("0x000004A1", Meaning.TEMPORARY, known=True), True, False),
        (0x4A2, Outcome("0x000004A2", Meaning.PERMANENT, known=False), False, False),
    ],
)
def test_what_a_status_comes_to(status: int, outcome: Outcome, retryable: bool, slow_down: bool) -> None:
    found = SmppChannel(Carrier(tps=1, binds=BINDS, smpp=Smpp(temporary_statuses=(0x4A1,)))).outcome(status)
    assert found == outcome
    assert (found.retryable, found.slow_down) == (retryable, slow_down)


def test_an_smsc_that_answers_each_time_otherwise_fills_no_memory() -> None:
    channel = SmppChannel(Carrier(tps=1, binds=BINDS))
    codes = {channel.outcome(status).code for status in range(0x400, 0x400 + 2 * OUTCOMES_KEPT)}
    assert len(codes) == 2 * OUTCOMES_KEPT
    assert channel.outcome.cache_info().currsize == OUTCOMES_KEPT


def test_a_slot_is_a_session_of_a_bind() -> None:
    channel = SmppChannel(Carrier(tps=1, binds=BINDS))
    assert [channel.again_s(slot_no) for slot_no in range(3)] == [7.0, 7.0, 60.0]


def test_every_address_of_every_bind_is_a_way() -> None:
    first = Bind("one.example", 2775, "one", sessions=2, hosts=("[2001:db8::1]:2776",))
    channel = SmppChannel(Carrier(tps=1, binds=(first, BINDS[1])))
    assert channel.ways() == [
        Way(0, "one.example:2775", frozenset({0, 1})),
        Way(0, "[2001:db8::1]:2776"),
        Way(1, "localhost:2775", frozenset({2})),
    ]
