"""The SMSC's account of each person, segment by segment."""

from dataclasses import replace

from broadcast.simulator.content import Content
from broadcast.simulator.fate import Fate
from broadcast.simulator.people import People
from broadcast.simulator.receipts import Receipts, Stage

ONE = Content(("one",), receipts="all", asked=True)
PARTS = [Content(("long",), number, 3, receipts="all", asked=True) for number in (1, 2, 3)]


def digits(*numbers: int) -> bytes:
    return b"".join(b"849%08d" % number for number in numbers)


def accept(people: People, content: Content, *numbers: int, fate: Fate = Fate.DELIVERED) -> Receipts:
    """These persons get a segment; the receipts that it will have."""
    msisdns, fates = digits(*numbers), bytes((fate,)) * len(numbers)
    part = people.accept(content, 11, msisdns, fates)
    return Receipts(None, b"", b"", 11, 1, msisdns, b"x" * len(numbers), fates, parts=part * len(numbers))


def told(people: People) -> dict[int, str]:
    """Person -> what stands behind the number of the message; of one message."""
    lines = b"".join(people.lines()).decode().splitlines()
    split = [line.split(" ", 2) for line in lines]
    assert {no for _, no, _ in split} <= {"1"}
    return {int(msisdn) - 84900000000: rest for msisdn, _, rest in split}


def test_everything_that_can_be_told_of_a_segment() -> None:
    people = People()
    accept(people, ONE, 1)
    people.tell(accept(people, ONE, 2, fate=Fate.UNDELIVERABLE))
    batch = accept(people, ONE, 3, 4)
    people.tell(batch)
    people.ack(batch.part(1, 2))
    people.refuse(ONE, [digits(5)])
    assert told(people) == {
        1: "taken 1D-0", 2: "taken 1UU0", 3: "taken 1DD0", 4: "taken 1DD1", 5: "refused",
    }  # fmt: skip


def test_each_segment_by_itself() -> None:
    people = People()
    first, second = accept(people, PARTS[0], 1, 2), accept(people, PARTS[1], 1, fate=Fate.EXPIRED)
    both = first.extended([second])
    people.tell(both)
    people.ack(both.chosen([False, True, True]))
    assert told(people) == {1: "taken 1DD0 1EE1 0-.0", 2: "taken 1DD1 0--0 0-.0"}
    people.tell(accept(people, PARTS[2], 2, 1).part(0, 1))
    assert told(people) == {1: "taken 1DD0 1EE1 1D-0", 2: "taken 1DD1 0--0 1DD0"}


def test_copies_and_what_the_newest_receipt_told() -> None:
    people = People()
    for fate in (Fate.DELIVERED, Fate.REJECTED):
        batch = accept(people, ONE, 1, fate=fate)
        people.tell(batch)
        people.ack(batch)
    assert told(people) == {1: "taken 2RR2"}


def test_only_final_receipts_count_and_a_repeat_is_one() -> None:
    people = People()
    batch = accept(people, ONE, 1, 2)
    people.tell(replace(batch.part(0, 1), stage=Stage.INTERMEDIATE, fates=b"\0"))
    people.tell(replace(batch.part(0, 1), stage=Stage.STRANGER))
    people.tell(replace(batch.part(1, 2), stage=Stage.REPEAT))
    assert told(people) == {1: "taken 1D-0", 2: "taken 1DD0"}


def test_what_was_not_asked_for_is_told_apart_from_what_never_comes() -> None:
    people = People()
    accept(people, replace(PARTS[0], asked=False, receipts="none"), 1)
    accept(people, replace(PARTS[1], receipts="none"), 1)  # by a habit of the SMSC's
    accept(people, PARTS[2], 1, fate=Fate.UNREPORTED)
    assert told(people) == {1: "taken 1D.0 1D-0 1D-0"}


def test_by_number_whatever_the_message_and_the_order_of_arrival() -> None:
    people = People()
    accept(people, ONE, 7, 3)
    people.accept(ONE, 5, b"90000", bytes((Fate.DELIVERED,)))
    accept(people, Content(("two",)), 5, 3)
    lines = b"".join(people.lines()).decode().splitlines()
    assert [tuple(map(int, line.split(" ")[:2])) for line in lines] == [
        (90000, 1), (84900000003, 1), (84900000003, 2), (84900000005, 2), (84900000007, 1),
    ]  # fmt: skip


def test_long_books_come_in_pieces() -> None:
    people = People()
    for number in range(10_000):
        accept(people, ONE, number)
    pieces = list(people.lines())
    assert max(piece.count(b"\n") for piece in pieces) == 2000
    assert pieces.count(b"") > 10  # while it is laid out
    assert b"".join(pieces).count(b"\n") == 10_000


def test_nobody() -> None:
    assert b"".join(People().lines()) == b""
