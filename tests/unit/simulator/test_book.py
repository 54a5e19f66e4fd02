"""The SMSC's own account."""

from broadcast.simulator.book import Book
from broadcast.simulator.content import Content
from broadcast.simulator.fate import Fate

ONE = Content(("one",))
PARTS = [Content(("long",), number, 3) for number in (1, 2, 3)]


def digits(*numbers: int) -> bytes:
    return b"".join(b"849%08d" % number for number in numbers)


def accept(book: Book, content: Content, msisdns: bytes, width: int = 11, fates: bytes = b"") -> None:
    """All of them delivered, unless said otherwise."""
    count = len(msisdns) // width
    book.segments += count
    book.people.accept(content, width, msisdns, fates or bytes((Fate.DELIVERED,)) * count)


def test_single_segments_and_copies() -> None:
    book = Book()
    accept(book, ONE, digits(1, 2, 3))
    accept(book, ONE, digits(3, 3, 4))
    accept(book, ONE, b"123456789", 9)
    said = book.summary()
    assert (said["messages"], said["recipients"], said["segments"]) == (7, 5, 7)
    assert (said["duplicates"], said["extra_copies"], said["incomplete"]) == (1, 2, 0)
    assert book.copies() == {"84900000003": 3}


def test_a_message_is_there_when_all_its_segments_are() -> None:
    book = Book()
    for part in PARTS:
        accept(book, part, digits(1, 2))
    accept(book, PARTS[0], digits(3))
    accept(book, PARTS[1], digits(2, 3))
    said = book.summary()
    assert (said["messages"], said["recipients"], said["segments"], said["incomplete"]) == (2, 2, 9, 1)
    assert (said["duplicates"], said["extra_copies"]) == (0, 0)  # a segment twice is no second copy
    accept(book, PARTS[2], digits(2, 3))
    accept(book, PARTS[0], digits(2))
    said = book.summary()
    assert (said["messages"], said["recipients"], said["incomplete"]) == (4, 3, 0)
    assert (said["duplicates"], said["extra_copies"]) == (1, 1)
    assert book.copies() == {"84900000002": 2}


def test_two_messages_are_no_copies() -> None:
    book = Book()
    accept(book, ONE, digits(1, 2))
    accept(book, Content(("two",)), digits(2, 3))
    said = book.summary()
    assert (said["messages"], said["recipients"], said["duplicates"]) == (4, 3, 0)


def test_fates_are_of_recipients_with_a_whole_message() -> None:
    book = Book()
    fates = bytes((Fate.UNDELIVERABLE, Fate.EXPIRED, Fate.UNREPORTED, Fate.TEMPORARY, Fate.DELIVERED))
    for part in PARTS:
        accept(book, part, digits(1, 2, 3, 4, 5), fates=fates)
    accept(book, PARTS[0], digits(6), fates=bytes((Fate.EXPIRED,)))
    assert book.fates() == dict.fromkeys(map(Fate, fates), 1)
    assert book.summary()["fates"] == {"delivered": 3, "undeliverable": 1, "expired": 1, "rejected": 0}


def test_whoever_lacks_a_segment_is_not_reached() -> None:
    book = Book()
    for part, fate in zip(PARTS, (Fate.DELIVERED, Fate.UNDELIVERABLE, Fate.DELIVERED), strict=True):
        accept(book, part, digits(1), fates=bytes((fate,)))
    assert book.summary()["fates"] == {"delivered": 0, "undeliverable": 1, "expired": 0, "rejected": 0}


def test_refused_ones() -> None:
    book = Book()
    accept(book, ONE, digits(1))
    book.people.refuse(ONE, [digits(1), digits(2)])
    book.people.refuse(ONE, [digits(2)])
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
