"""What a million open segments cost: as the book says, and as the allocator saw."""

import gc
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from unit.ledger.resolver.rows_of import PEOPLE, T0, facts

from broadcast.ledger.packing.errs import Errs
from broadcast.ledger.packing.ids import IdProfile, Ids
from broadcast.ledger.packing.received import Received
from broadcast.ledger.packing.sent import Sent
from broadcast.ledger.resolver.book import CarrierBook, Limits

MILLION = 1_000_000
ROW = 50_000  # segments
NO_ERRS = Errs(("",), np.zeros(0, np.uint16))


def uuids(n: int) -> Ids:
    words = np.random.default_rng(n).integers(1, 2**62, (n, 2)).astype(np.uint64)
    return Ids(words, np.full(n, 16, np.uint8), np.ones(n, np.bool_))


def a_row(first: int, segments: int) -> Sent:
    n = ROW // segments
    ids = uuids(ROW + first)
    at, none = np.full(n, T0), np.zeros(0, np.uint16)
    octets = np.zeros(0, np.uint8)
    return Sent(
        segments, np.arange(n, dtype=np.uint16), at, at, ids.take(np.arange(ROW)), none, octets, np.zeros(0, np.int64),
        NO_ERRS, none, octets, Ids.of([]),
    )  # fmt: skip


@pytest.fixture
def traced() -> Iterator[None]:
    gc.collect()
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(("segments", "most"), [(5, 32), (1, 46)])
def test_a_cold_open_segment_is_small_and_counted(segments: int, most: int) -> None:
    before = tracemalloc.get_traced_memory()[0]
    book = CarrierBook(IdProfile(), 1, Limits(generation=1 << 18))
    for no in range(MILLION // ROW):
        msisdns = range(PEOPLE, PEOPLE + ROW // segments)
        book.learn([(facts(no, msisdns), a_row(no, segments))])
        book.evict(T0)
    book.evict(T0 + 10**15)
    gc.collect()
    used = tracemalloc.get_traced_memory()[0] - before
    assert (book.open_segments, book.hot_segments) == (MILLION, 0)
    assert used <= most * MILLION
    assert book.octets() == pytest.approx(used, rel=0.1)


def test_a_full_generation_is_counted() -> None:
    book = CarrierBook(IdProfile(), 1, Limits(generation=MILLION))
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for no in range(MILLION // ROW):
        book.learn([(facts(no, range(PEOPLE, PEOPLE + ROW)), a_row(no, 1))])
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert book.octets() == pytest.approx(used, rel=0.1)


@pytest.mark.usefixtures("traced")
def test_a_parked_receipt_is_small_and_counted() -> None:
    n = 500_000
    before = tracemalloc.get_traced_memory()[0]
    book = CarrierBook(IdProfile(), 1, Limits())
    for no in range(1, 11):
        of = n // 10
        errs = Errs(("000",), np.zeros(of, np.uint16))
        some = Received(
            np.full(of, T0),
            np.full(of, 8, np.uint8),
            np.arange(of) + PEOPLE,
            uuids(of + no).take(np.arange(of)),
            errs,
        )
        book.meet(some, no)
    gc.collect()
    used = tracemalloc.get_traced_memory()[0] - before
    assert book.parked == n
    assert book.octets() <= (64 + 16) * n
    assert used <= 2 * book.octets()  # room for as many more, of which no page was written yet
