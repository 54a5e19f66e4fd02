"""The SMSC's own account."""

from broadcast.simulator.book import Book
from broadcast.simulator.content import Content
from broadcast.simulator.fate import Fate

ONE = Content(("one",))
PARTS = [Content(("long",), number, 3) for number in (1, 2, 3)]


def digits(*numbers: int) -> bytes:
    return b"".join(b"849%08d" % number for number in numbers)


def test_single_segments_and_copies() -> None:
    book = Book()
    book.accept(ONE, 11, digits(1, 2, 3))
    book.accept(ONE, 11, digits(3, 3, 4))
    book.accept(ONE, 9, b"123456789")
    said = book.summary()
    assert (said["messages"], said["recipients"], said["segments"]) == (7, 5, 7)
    assert (said["duplicates"], said["extra_copies"], said["incomplete"]) == (1, 2, 0)
    assert book.copies() == {"84900000003": 3}


def test_a_message_is_there_when_all_its_segments_are() -> None:
    book = Book()
    for part in PARTS:
        book.accept(part, 11, digits(1, 2))
    book.accept(PARTS[0], 11, digits(3))
    book.accept(PARTS[1], 11, digits(2, 3))
    said = book.summary()
    assert (said["messages"], said["recipients"], said["segments"], said["incomplete"]) == (2, 2, 9, 1)
    assert (said["duplicates"], said["extra_copies"]) == (0, 0)  # a segment twice is no second copy
    book.accept(PARTS[2], 11, digits(2, 3))
    book.accept(PARTS[0], 11, digits(2))
    said = book.summary()
    assert (said["messages"], said["recipients"], said["incomplete"]) == (4, 3, 0)
    assert (said["duplicates"], said["extra_copies"]) == (1, 1)
    assert book.copies() == {"84900000002": 2}


def test_two_messages_are_no_copies() -> None:
    book = Book()
    book.accept(ONE, 11, digits(1, 2))
    book.accept(Content(("two",)), 11, digits(2, 3))
    said = book.summary()
    assert (said["messages"], said["recipients"], said["duplicates"]) == (4, 3, 0)


def test_fates_are_of_recipients_with_a_whole_message() -> None:
    book = Book()
    for part in PARTS:
        book.accept(part, 11, digits(1, 2, 3, 4, 5))
    book.accept(PARTS[0], 11, digits(6))
    unusual = {1: Fate.UNDELIVERABLE, 2: Fate.EXPIRED, 3: Fate.UNREPORTED, 4: Fate.TEMPORARY, 6: Fate.EXPIRED}
    for _ in PARTS:
        book.unusual((digits(number), fate) for number, fate in unusual.items())
    assert book.summary()["fates"] == {"delivered": 3, "undeliverable": 1, "expired": 1, "rejected": 0}


def test_refused_ones() -> None:
    book = Book()
    book.accept(ONE, 11, digits(1))
    book.refuse([digits(1), digits(2)])
    book.refuse([digits(2)])
    assert book.summary()["rejected"] == 1  # whoever got it after all is not rejected


def test_receipts() -> None:
    book = Book()
    book.due = 5
    book.report(book.sent, bytes([Fate.DELIVERED, Fate.EXPIRED, Fate.DELIVERED, Fate.REJECTED]))
    book.report(book.acked, bytes([Fate.DELIVERED, Fate.EXPIRED]))
    said = book.summary()["receipts"]
    assert (said["sent"], said["acked"], said["pending"]) == (4, 2, 3)
    assert said["by_fate"] == {
        "delivered": {"sent": 2, "acked": 1},
        "undeliverable": {"sent": 0, "acked": 0},
        "expired": {"sent": 1, "acked": 1},
        "rejected": {"sent": 1, "acked": 0},
    }


def test_an_empty_book() -> None:
    said = Book().summary()
    assert (said["messages"], said["recipients"], said["fates"]["delivered"]) == (0, 0, 0)
