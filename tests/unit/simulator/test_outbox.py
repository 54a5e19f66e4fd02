"""Receipts on their way: which session they go to, and which of them wait."""

from random import Random
from typing import Any, cast

from unit.simulator.pdus import HEAD

from broadcast.simulator.fate import Fate
from broadcast.simulator.habits import ReceiptHabits
from broadcast.simulator.outbox import Outbox
from broadcast.simulator.peer import Peer
from broadcast.simulator.receipt_plan import EARLY, HELD, NOBODY
from broadcast.simulator.receipts import Receipts, Stage


class Ear:
    """A session that remembers the ids that it was given."""

    def __init__(self, receives: bool = True, number: int = 1) -> None:
        self.receives = receives
        self.number = number
        self.heard: list[bytes] = []

    def deliver(self, batch: Receipts) -> None:
        self.heard += [single[1] for single in batch.singles()]

    def came_after(self, other: "Ear") -> bool:
        return self.number > other.number

    def pump(self) -> None:
        """Nothing is left to send: `deliver` has."""


def outbox(*ears: Ear, **habits: Any) -> Outbox:
    return Outbox(ReceiptHabits(**habits), Random(1), cast(list[Peer], list(ears)))


def batch(number: int, owner: object = NOBODY, stage: Stage = Stage.FINAL) -> Receipts:
    return Receipts(
        owner,
        HEAD,
        b"2603010800",
        11,
        4,
        b"849%08d" % number,
        b"%04d" % number,
        bytes((Fate.DELIVERED,)),
        stage=stage,
    )


def test_at_once_at_one_time_or_each_at_its_own() -> None:
    ear = Ear()
    box = outbox(ear)
    box.put(EARLY, batch(1))
    assert ear.heard == [b"0001"]
    box.put(5.0, batch(2))
    box.put([4.0], batch(3))
    assert box
    box.deliver_due(4.5)
    assert ear.heard[1:] == [b"0003"]
    box.deliver_due(5.5)
    assert ear.heard[2:] == [b"0002"]
    assert not box


def test_what_is_held_comes_when_asked_for() -> None:
    ear = Ear()
    box = outbox(ear)
    box.put(HELD, batch(1))
    box.deliver_due(1e9)
    assert not box  # nothing comes by itself
    assert ear.heard == []
    assert list(box.release(1.0)) == [1]
    assert ear.heard == [b"0001"]
    assert len(box.held) == 0


def test_what_nobody_receives_waits() -> None:
    deaf, ear = Ear(receives=False), Ear()
    box = outbox(deaf)
    box.deliver([batch(1, deaf), batch(2, deaf, Stage.POISON)])
    box._peers = cast(list[Peer], [deaf, ear])
    box.deliver_waiting()
    assert (deaf.heard, ear.heard) == ([], [b"0001"])  # poison is one session's own


def test_repeats_go_to_a_newer_link_or_wait_for_it() -> None:
    old, new = Ear(number=1), Ear(number=2)
    box = outbox(old, new, repeats_on_new_link=True)
    box.put(1.0, batch(1, old))
    box.put(5.0, batch(1, old, Stage.REPEAT))
    box.put(5.0, batch(2, new, Stage.REPEAT))
    box.deliver_due(6.0)
    assert (old.heard, new.heard) == ([b"0001"], [b"0001"])
    box.deliver_waiting()
    assert (old.heard, new.heard) == ([b"0001"], [b"0001"])
    newest = Ear(number=3)
    box._peers = cast(list[Peer], [old, new, newest])
    box.deliver_waiting()
    assert newest.heard == [b"0002"]
    box.deliver_waiting()
    assert (old.heard, new.heard, newest.heard) == ([b"0001"], [b"0001"], [b"0002"])
