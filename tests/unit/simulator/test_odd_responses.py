"""Responses in the forms and at the times that [responses] asks for."""

from collections import Counter
from random import Random
from struct import pack
from typing import Any

from unit.simulator.pdus import cut, header

from broadcast.simulator.habits import ResponseHabits
from broadcast.simulator.odd_responses import OddResponses, Written, error
from broadcast.simulator.personality import Personality


def taken(count: int) -> bytes:
    """Plain responses with the ids 1000 ..."""
    return b"".join(
        pack("!IIII", 21, 0x80000004, 0, number) + b"%04d\0" % (1000 + number) for number in range(count)
    )


def change(responses: bytes, **habits: Any) -> tuple[Written, Counter[str]]:
    oddities: Counter[str] = Counter()
    like = Personality("x", "x", temporary_status=0x64, responses=ResponseHabits(**habits))
    return OddResponses(like, Random(1), oddities).change(responses), oddities


def test_nothing_to_change() -> None:
    written, oddities = change(taken(5))
    assert written == Written(cut(taken(5)), [], 5, 0)
    assert not oddities


def test_missing_late_and_unknown_ones() -> None:
    written, oddities = change(taken(1000), missing_share=0.1, late_share=0.2, unknown_share=0.1)
    assert written.answered_now + written.answered_later == 1000
    assert written.answered_later == oddities["late_responses"]
    assert 150 < oddities["late_responses"] < 250
    numbers = Counter(header(pdu)[3] for pdu in written.now + written.later)
    strangers = [number for number in numbers if number >= 1000]
    assert 60 < len(strangers) == oddities["unknown_responses"] < 140
    assert 1000 - len(numbers) + len(strangers) == oddities["missing_responses"] > 60


def test_shuffled_and_repeated() -> None:
    written, oddities = change(taken(100), shuffled=True, repeated_share=0.5)
    numbers = [header(pdu)[3] for pdu in written.now]
    assert numbers != sorted(numbers)
    assert set(numbers) == set(range(100))
    assert len(numbers) == 100 + oddities["repeated_responses"]


def test_forms_of_a_good_one() -> None:
    (bare,) = change(taken(1), forms=("no_nul",))[0].now
    assert bare == pack("!IIII", 20, 0x80000004, 0, 0) + b"1000"
    (more,) = change(taken(1), forms=("tlvs",))[0].now
    assert header(more)[0] == len(more)
    assert more[16:].startswith(b"1000\0\x04\x20\0\1")


def test_throttled_though_it_was_taken() -> None:
    written, oddities = change(taken(1000), throttled_share=0.1, throttled_status=0x402)
    statuses = Counter(header(pdu)[2] for pdu in written.now)
    assert statuses[0x402] == oddities["throttled_responses"] > 60
    assert statuses[0] == 1000 - statuses[0x402]


def test_a_nack_of_no_use_is_for_temporary_errors_only() -> None:
    errors = b"".join(pack("!IIII", 16, 0x80000004, status, 5) for status in (0x64, 0x0B))
    written, _ = change(errors, useless_nack_share=1.0)
    assert written.now == [pack("!IIII", 16, 0x80000000, 0x64, 0), pack("!IIII", 16, 0x80000004, 0x0B, 5)]


def test_forms_of_an_error() -> None:
    assert error("header", 0x80000004, 0x0B, 5) == pack("!IIII", 16, 0x80000004, 0x0B, 5)
    assert error("nul", 0x80000009, 0x0D, 1) == pack("!IIII", 17, 0x80000009, 0x0D, 1) + b"\0"
    assert error("body", 0x80000004, 0x0B, 5) == pack("!IIII", 24, 0x80000004, 0x0B, 5) + b"error-5\0"
    assert error("nack", 0x80000004, 0x0B, 5) == pack("!IIII", 16, 0x80000000, 0x0B, 5)
    forms = {pdu[4:8] for _ in range(50) for pdu in change(
        pack("!IIII", 16, 0x80000004, 0x0B, 5) * 20, error_forms=("header", "nack"))[0].now}  # fmt: skip
    assert forms == {b"\x80\0\0\4", b"\x80\0\0\0"}
