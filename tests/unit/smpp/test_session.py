"""The states of a link, and control PDUs by their octets."""

import pytest
from unit.smpp.wire import pdu

from broadcast.errors import BroadcastError
from broadcast.smpp.framer import Frame
from broadcast.smpp.session import MOVES, LinkState, Session

NO_ANSWER = b""


def frame(command: int, sequence: int = 1, status: int = 0) -> Frame:
    return (command, status, sequence, pdu(command, sequence, status=status))


def session(state: LinkState) -> Session:
    each = Session()
    each.state = state
    return each


@pytest.mark.parametrize("command", [0x80000009, 0x80000002, 0x80000001])
def test_bind_accepted(command: int) -> None:
    each = session(LinkState.BINDING)
    assert each.control(frame(command)) == NO_ANSWER
    assert (each.state, each.bind_status, each.ending) == (LinkState.BOUND, 0, "")


@pytest.mark.parametrize("status", [0x05, 0x0D, 0x0E, 0x4A1])
def test_bind_refused_and_already_bound_is_not_bound(status: int) -> None:
    each = session(LinkState.BINDING)
    each.control(frame(0x80000009, status=status))
    assert (each.state, each.bind_status, each.ending) == (LinkState.UNBINDING, status, "bind refused")


def test_a_nack_is_never_an_accepted_bind() -> None:
    each = session(LinkState.BINDING)
    each.control(frame(0x80000000, sequence=0, status=0))
    assert (each.state, each.bind_status) == (LinkState.UNBINDING, 0xFF)


def test_enquire_link_with_any_sequence_number() -> None:
    for state in (LinkState.BINDING, LinkState.BOUND, LinkState.UNBINDING):
        assert session(state).control(frame(0x15, 0xFFFFFFFF)) == bytes.fromhex(
            "000000108000001500000000ffffffff"
        )


def test_unbind_from_the_smsc_is_answered_by_whoever_knows_what_is_on_its_way() -> None:
    each = session(LinkState.BOUND)
    assert each.control(frame(0x06, 42)) == NO_ANSWER
    assert (each.state, each.unbind, each.ending) == (LinkState.UNBINDING, 42, "")
    assert each.control(frame(0x06, 43)) == NO_ANSWER
    assert (each.state, each.unbind, each.ending) == (LinkState.UNBINDING, 43, "")


def test_unbind_before_the_bind_is_answered() -> None:
    each = session(LinkState.BINDING)
    assert each.control(frame(0x06, 42)) == bytes.fromhex("0000001080000006000000000000002a")
    assert (each.state, each.unbind, each.ending) == (LinkState.UNBINDING, None, "unbound by the SMSC")


def test_unbind_crossing_ours() -> None:
    each = session(LinkState.UNBINDING)
    assert each.control(frame(0x06, 42)) == NO_ANSWER
    assert (each.unbind, each.ending) == (42, "")
    each.control(frame(0x80000006))
    assert each.ending == "unbound"


def test_unbind_resp_counts_only_when_asked_for() -> None:
    each = session(LinkState.BOUND)
    each.control(frame(0x80000006))
    assert each.ending == ""
    each.move(LinkState.UNBINDING)
    each.control(frame(0x80000006))
    assert each.ending == "unbound"


@pytest.mark.parametrize("command", [0x102, 0x0B, 0x80000015, 0x80000103, 0x80000ABC, 0x80000000, 0x80000009])
def test_pdus_that_nobody_needs_are_ignored(command: int) -> None:
    each = session(LinkState.BOUND)
    assert each.control(frame(command, status=0x4A1)) == NO_ANSWER
    assert (each.state, each.ending) == (LinkState.BOUND, "")


@pytest.mark.parametrize("command", [0x03, 0x04, 0x09, 0x21, 0x0000FFFF, 0x10000])
def test_unknown_requests_are_nacked_and_the_link_lives(command: int) -> None:
    each = session(LinkState.BOUND)
    assert each.control(frame(command, 7)) == bytes.fromhex("00000010800000000000000300000007")
    assert (each.state, each.ending) == (LinkState.BOUND, "")


def test_a_move_that_no_rule_allows_raises() -> None:
    each = session(LinkState.CLOSED)
    with pytest.raises(BroadcastError, match="from closed to bound"):
        each.move(LinkState.BOUND)
    assert set(MOVES) == set(LinkState)
