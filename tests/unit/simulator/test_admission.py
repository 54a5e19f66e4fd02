"""Which binds are let in."""

from typing import Any

from broadcast.simulator.admission import Admission
from broadcast.simulator.habits import BindKind, SessionHabits
from broadcast.simulator.personality import Personality

TX, RX, TRX = 2, 1, 9
GOOD = b"esme\0secret\0\0\x34\0\0\0"


def admission(sessions: int = 10, **habits: Any) -> Admission:
    return Admission(Personality("x", "esme", "secret", sessions=sessions, session=SessionHabits(**habits)))


def test_the_account() -> None:
    made = admission()
    assert made.admit(TRX, GOOD, [], 0.0) == 0
    assert made.admit(TRX, b"other\0secret\0", [], 0.0) == 0x0F
    assert made.admit(TRX, b"esme\0wrong\0", [], 0.0) == 0x0E
    assert made.admit(TRX, b"", [], 0.0) == 0x0F


def test_how_many() -> None:
    bound: list[BindKind] = ["transmitter", "receiver"]
    assert admission(2).admit(TRX, GOOD, bound, 0.0) == 0x0D
    assert admission(2, full_status=0x05).admit(TRX, GOOD, bound, 0.0) == 0x05
    made = admission(10, transmitters=1, receivers=2, bind_kinds=("transmitter", "receiver"))
    assert [made.admit(kind, GOOD, bound, 0.0) for kind in (TX, RX, TRX)] == [0x0D, 0, 0x0D]


def test_the_first_are_refused() -> None:
    made = admission(bind_statuses=(0x05, 0x401))
    assert [made.admit(TRX, GOOD, [], 0.0) for _ in range(3)] == [0x05, 0x401, 0]


def test_a_ghost_keeps_its_place() -> None:
    made = admission(2, ghost_s=5.0)
    made.left(orderly=True, now=10.0)
    assert made.admit(TRX, GOOD, ["transceiver"], 10.0) == 0
    made.left(orderly=False, now=10.0)
    assert made.admit(TRX, GOOD, [], 10.0) == 0
    assert made.admit(TRX, GOOD, ["transceiver"], 14.9) == 0x05
    assert made.admit(TRX, GOOD, ["transceiver"], 15.0) == 0


def test_a_ban() -> None:
    made = admission(ban_after=2, ban_within_s=1.0, ban_s=5.0, ban_status=0x0D)
    assert [made.admit(TRX, GOOD, [], now) for now in (0.0, 0.5, 1.1)] == [0, 0, 0]
    assert made.admit(TRX, GOOD, [], 1.2) == 0x0D
    assert made.admit(TRX, GOOD, [], 6.1) == 0x0D
    assert made.admit(TRX, GOOD, [], 6.2) == 0
    closes = admission(ban_after=1, ban_status=0)
    assert [closes.admit(TRX, GOOD, [], 0.0) for _ in range(2)] == [0, None]
