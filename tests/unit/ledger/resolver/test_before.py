"""Ids of the ledger of before: what moved keeps its spelling, and receipts are spelt as that ledger would have."""

import numpy as np
import pytest
from unit.ledger.resolver.rows_of import facts, received, sent

from broadcast.ledger.packing.ids import IdProfile, Ids
from broadcast.ledger.packing.received import Parked
from broadcast.ledger.resolver.before import as_before, as_they_are, of_receipts, only_moved
from broadcast.ledger.resolver.book import CarrierBook, Limits

UUID = "0e0c24e3-1f0a-4f5e-9d3b-2a61a0c1d2e3"
AN, T0, SECOND, DELIVERED = 84_900_000_001, 1_800_000_000_000_000, 1_000_000, 8
NONE = np.zeros(0, np.bool_)


@pytest.mark.parametrize(
    ("profile", "came", "spelt"),
    [
        (IdProfile(), "Q1a", "q1a"),
        (IdProfile(), UUID.upper(), UUID),
        (IdProfile(), UUID, UUID),
        (IdProfile(), " a b\0c", "a b"),
        (IdProfile(), "É/1", "é/1"),
        (IdProfile(id_zeros="strip"), "00a0", "a0"),
        (IdProfile(id_zeros="strip"), "000", "0"),
        (IdProfile(receipt_id="decimal"), "0042\0", "42"),
        (IdProfile(receipt_id="decimal"), "A42", "a42"),
        (IdProfile(receipt_id="hex"), "00FF", "255"),
        (IdProfile(receipt_id="hex"), "FF-1", "ff-1"),
        (IdProfile(receipt_id="hex"), "", ""),
    ],
)
def test_a_receipts_id_is_spelt_as_before(profile: IdProfile, came: str, spelt: str) -> None:
    assert as_before(profile, Ids.of([came])).texts() == [spelt]


def test_the_longest_hex_id_is_an_id_still() -> None:
    (spelt,) = as_before(IdProfile(receipt_id="hex"), Ids.of(["F" * 255])).texts()
    assert spelt == str(16**255 - 1)[:255]


def test_what_moved_is_not_respelt() -> None:
    profile, moved = IdProfile(receipt_id="hex"), np.array([True, False])
    ids = Ids.of(["255", "FF"])
    assert as_before(profile, ids, moved).texts() == ["255", "255"]
    assert of_receipts(profile, ids, moved).texts() == ["255", "255"]
    assert only_moved(ids, moved).texts() == ["255", ""]
    assert of_receipts(profile, Ids.of([]), NONE).texts() == []


def test_the_move_knew_no_uuids() -> None:
    packed_as_text = Ids(
        np.frombuffer(UUID.encode().ljust(40, b"\0"), "<u8").astype(np.uint64).reshape(1, 5),
        np.array([36], np.uint8),
        np.zeros(1, np.bool_),
    )
    assert packed_as_text.texts() == [UUID]
    assert as_they_are(packed_as_text).uuid.all()


def test_a_receipt_finds_the_newest_among_what_moved_and_what_was_sent_since() -> None:
    """A hex id of now, and the same number's decimal one of before: first the newer one, then the other."""
    book = CarrierBook(IdProfile(response_id="hex", receipt_id="hex"), 1, Limits())
    book.restore([(facts(1, [AN]), [sent((0, ("255",), T0))], [])], moved=True)
    book.learn([(facts(2, [AN]), sent((0, ("ff",), T0 + SECOND)))])
    for no, slice_id in ((1, 2), (2, 1)):
        met = book.meet(received(("FF", AN, T0 + 2 * SECOND, DELIVERED)), no)
        assert [each.slice_id for each in met.results] == [slice_id]
    assert not book.open_segments


def test_receipts_that_moved_meet_what_moved_with_them_and_nothing_else() -> None:
    """Read as hex, 255 would be 597, and that of another person."""
    book = CarrierBook(IdProfile(receipt_id="hex"), 1, Limits())
    told = received(("255", 0, T0 + SECOND, DELIVERED), ("7", 0, T0 + SECOND, DELIVERED))
    book.restore([(facts(1, [AN, AN + 1]), [sent((0, ("597",), T0), (1, ("255",), T0))], [])], moved=True)
    book.restore_parked(-1, Parked(told, np.zeros(2, np.uint8), np.ones(2, np.bool_)))
    met = book.meet(received(), 1)
    assert [(each.slice_id, each.ordinals.tolist()) for each in met.results] == [(1, [1])]
    assert met.taken == [(-1, 0)]
    assert (book.parked, book.open_segments) == (1, 1)
    assert not book.meet(received(), 2).taken
