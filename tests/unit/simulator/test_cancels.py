"""Which messages a simulated SMSC gives back: those whose receipt is still to come, asked for as they were sent."""

import pytest

from broadcast.simulator.book import Book
from broadcast.simulator.cancels import Cancels
from broadcast.simulator.content import read_content
from broadcast.simulator.fate import Fate
from broadcast.simulator.people import People
from broadcast.simulator.personality import Personality
from broadcast.simulator.receipts import Receipts, Stage
from broadcast.smpp.pdu import CANCEL_SM, HEADER

HEAD = b"\0\5\0BOYTE\0\1\1"
NUMBERS = [b"84320000001", b"84320000002", b"84320000003"]
CONTENT = read_content(HEAD, b"\0" + bytes(3) + b"\0\0\1\0\0\0\1x")


class World:
    def __init__(self, **settings: object) -> None:
        self.book = Book(people=People())
        self.cancels = Cancels(Personality("smsc", "esme", **{"cancel_sm": "taken", **settings}), self.book)  # type: ignore[arg-type]
        fates = bytes((Fate.DELIVERED, Fate.UNREPORTED, Fate.DELIVERED))
        part = self.book.people.accept(CONTENT, 11, b"".join(NUMBERS), fates)
        self.batch = Receipts(
            None, HEAD, b"2611291200", 11, 2, b"".join(NUMBERS), b"r1r2r3", fates, parts=part * 3
        )
        self.cancels.accepted(self.batch, b"a1a2a3")
        self.book.due = 2

    def ask(self, smsc_id: bytes, msisdn: bytes, head: bytes = HEAD, room: int = 9) -> list[int]:
        service_type, _, rest = head.partition(b"\0")
        body = service_type + b"\0" + smsc_id + b"\0" + rest + msisdn + b"\0"
        answers = self.cancels.answers([HEADER.pack(16 + len(body), CANCEL_SM, 0, 7) + body], room)
        return [status for _, _, status, _ in HEADER.iter_unpack(answers)]

    def receipts(self) -> Receipts:
        """As they go out: those of whoever is reported."""
        return self.batch.chosen([True, False, True])

    def lines(self) -> list[bytes]:
        return b"".join(self.book.people.lines()).splitlines()


@pytest.fixture
def world() -> World:
    return World()


def test_what_is_to_be_reported_is_given_back_once(world: World) -> None:
    assert world.ask(b"a1", NUMBERS[0]) == [0]
    assert world.ask(b"a1", NUMBERS[0]) == [0x11]
    left = world.cancels.leaving(world.receipts())
    assert left is not None
    assert left.ids == b"r3"
    assert (world.book.withdrawn, world.book.due) == (1, 1)
    assert [line.split()[3] for line in world.lines()] == [b"1W-0", b"1D-0", b"1D-0"]


def test_it_may_be_reported_as_undeliverable() -> None:
    world = World(cancel_receipts=True)
    assert world.ask(b"a3", NUMBERS[2]) == [0]
    left = world.cancels.leaving(world.receipts())
    assert left is not None
    assert (left.ids, left.fates) == (b"r1r3", bytes((Fate.DELIVERED, Fate.UNDELIVERABLE)))
    assert world.book.due == 2


def test_it_is_too_late_when_it_arrived(world: World) -> None:
    assert world.ask(b"a2", NUMBERS[1]) == [0x11]  # never reported
    world.cancels.leaving(world.receipts())
    assert world.ask(b"a1", NUMBERS[0]) == [0x11]
    assert world.book.withdrawn == 0


def test_ids_that_nobody_was_given_and_other_addresses(world: World) -> None:
    assert world.ask(b"r1", NUMBERS[0]) == [0x0C]
    assert world.ask(b"a1", NUMBERS[2]) == [0x11]
    assert world.ask(b"a1", NUMBERS[0], head=b"\0\5\0OTHER\0\1\1") == [0x11]
    assert world.cancels.answers([HEADER.pack(18, CANCEL_SM, 0, 7) + b"xx"], 9)[8:12] == bytes(
        (0, 0, 0, 0x0C)
    )


def test_too_many_are_too_fast(world: World) -> None:
    assert world.ask(b"a1", NUMBERS[0], room=0) == [0x58]
    assert world.ask(b"a1", NUMBERS[0]) == [0]


def test_it_may_refuse_all_or_never_answer() -> None:
    assert World(cancel_sm="refused").ask(b"a1", NUMBERS[0]) == [0x11]
    assert World(cancel_sm="unanswered").ask(b"a1", NUMBERS[0]) == []


@pytest.mark.parametrize("stage", [Stage.REPLY, Stage.POISON, Stage.STRANGER])
def test_what_is_no_receipt_of_it_goes_out(world: World, stage: Stage) -> None:
    world.ask(b"a1", NUMBERS[0])
    batch = world.receipts()
    batch.stage = stage
    assert world.cancels.leaving(batch) is batch
