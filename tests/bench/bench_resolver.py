"""How fast do receipts meet their submissions: microseconds a segment, learnt and met, and octets.

    python tests/bench/bench_resolver.py nation|counter|constant|nameless|cold|parked [segments or people]

nation: messages of 5 segments with UUIDs, looks of 0.5 s at 20,000 segments a second, receipts 2 to 30 s later.
counter: the same with ids that count to 65,535; parked: the same beside 500,000 parked receipts.
constant: one id for all, receipts with numbers; nameless: without. cold: 20 million open segments, evicted.
Rows are not unpacked here. Ratios within one run count; the figures are the machine's.
"""

import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import psutil

from broadcast.engine.freed import Freed
from broadcast.ledger.packing.errs import Errs
from broadcast.ledger.packing.ids import IdProfile, Ids
from broadcast.ledger.packing.received import Received
from broadcast.ledger.packing.sent import Sent
from broadcast.ledger.resolver.book import CarrierBook, Limits
from broadcast.ledger.resolver.slices import SliceFacts

T0 = 1_800_000_000_000_000
SECOND = 1_000_000
SEGMENTS = 5
SLICE = 2_000
A_LOOK = 10_000  # segments
ROWS = 50  # a look: groups of 20 ms of two workers
NONE = Errs(("",), np.zeros(0, np.uint16))
counted = 0
random = np.random.default_rng(7)


def uuids(n: int) -> Ids:
    words = random.integers(1, 2**63, (n, 2)).astype(np.uint64)
    return Ids(words, np.full(n, 16, np.uint8), np.ones(n, np.bool_))


def sent(ordinals: np.ndarray, ids: Ids, segments: int, left_at: int) -> Sent:
    n = len(ordinals)
    at = np.full(n, left_at)
    no_ids, nothing = Ids.of([]), np.zeros(0, np.uint16)
    octets = np.zeros(0, np.uint8)
    return Sent(segments, ordinals.astype(np.uint16), at, at, ids, nothing, octets, np.zeros(0, np.int64), NONE,
                nothing, octets, no_ids)  # fmt: skip


def received(ids: Ids, msisdns: np.ndarray, at: int) -> Received:
    n = len(ids)
    errs = Errs(("000",), np.zeros(n, np.uint16))
    return Received(np.full(n, at), np.full(n, 8, np.uint8), msisdns, ids, errs)


def people(first: int, n: int) -> np.ndarray:
    return 84_900_000_000 + np.arange(first, first + n)


def counting(n: int) -> Ids:
    global counted
    counted += n
    return Ids.of([f"{no % 65536}" for no in range(counted - n, counted)])


def rows(look: int, at: int, ids_of: Callable[[int], Ids]) -> Iterator[tuple[SliceFacts, Sent, np.ndarray]]:
    """A look's: messages of slices that several rows share."""
    messages = A_LOOK // SEGMENTS // ROWS
    for row in range(ROWS):
        first = (look * ROWS + row) * messages
        ordinals = np.arange(first, first + messages) % SLICE
        slice_id = first // SLICE
        facts = SliceFacts(slice_id + 1, 1, people(slice_id * SLICE, SLICE))
        ids = ids_of(messages * SEGMENTS)
        yield (
            facts,
            sent(ordinals, ids, SEGMENTS, at + row * 10_000),
            np.repeat(facts.msisdns[ordinals], SEGMENTS),
        )


def nation(segments: int, parked: int = 0, ids_of: Callable[[int], Ids] = uuids) -> None:
    looks = segments // A_LOOK
    book = CarrierBook(IdProfile(), 1, Limits())
    if parked:
        book.meet(received(uuids(parked), people(10**9, parked), T0), 1)
    due: list[list[tuple[Ids, np.ndarray]]] = [[] for _ in range(looks + 64)]
    learnt = met_s = evicted = prune = 0.0
    matched = 0
    for look in range(looks):
        now = T0 + look * SECOND // 2
        some = list(rows(look, now, ids_of))
        ids, numbers = Ids.concat([row.ids for _, row, _ in some]), np.concatenate([x for _, _, x in some])
        delays = random.integers(4, 60, len(ids))
        delays[random.random(len(ids)) < 0.02] = -1
        for delay in np.unique(delays[delays > 0]).tolist():
            which = np.nonzero(delays == delay)[0]
            due[look + delay].append((ids.take(which), numbers[which]))
        came = received(Ids.concat([x for x, _ in due[look]]) if due[look] else Ids.of([]),
                        np.concatenate([np.zeros(0, np.int64), *(x for _, x in due[look])]), now)  # fmt: skip
        clock = time.process_time()
        book.learn([(facts, row) for facts, row, _ in some])
        learnt -= clock - (clock := time.process_time())
        matched += book.meet(came, look + 2).matched
        met_s -= clock - (clock := time.process_time())
        book.prune(now)
        prune -= clock - (clock := time.process_time())
        book.evict(now)
        evicted -= clock - (clock := time.process_time())
        due[look] = []
    n = looks * A_LOOK
    print(f"{n} segments, {matched} matched: learn {learnt / n * 1e6:.2f}, meet {met_s / n * 1e6:.2f}, "
          f"prune {prune / n * 1e6:.2f}, evict {evicted / n * 1e6:.2f} us a segment; {memory(book)}")  # fmt: skip


def constant(n: int, named: bool) -> None:
    book = CarrierBook(IdProfile(), 1, Limits())
    facts = SliceFacts(1, 1, people(0, n))
    came = 5 * n // 2
    print(f"{n} open, one id, {came} receipts{'' if named else ' without numbers'}")
    for evicted in (False, True):
        book.learn([(facts, sent(np.arange(n), Ids.of(["0"] * n), 1, T0))])
        if evicted:
            book.evict(T0 + 10**15)
        numbers = np.resize(random.permutation(facts.msisdns), came) if named else np.zeros(came, np.int64)
        clock = time.process_time()
        met = book.meet(received(Ids.of(["0"] * came), numbers, T0 + SECOND), 1 + evicted)
        seconds = time.process_time() - clock
        print(
            f"{'cold' if evicted else 'hot'}: {seconds:.2f} s; {met.matched} matched, {met.duplicate} duplicate, ",
            end="",
        )
        print(dict(met.misfits))


def cold(n: int) -> None:
    before = rss()
    book = CarrierBook(IdProfile(), 1, Limits(parked=10**9))
    clock = time.process_time()
    longest, asked, numbers = 0.0, [], []
    for first in range(0, n, 500_000):
        ids = uuids(500_000)
        facts = SliceFacts(first + 1, 1, people(first, 100_000))
        halves = [(s, ids.take(np.arange(s * 5, s * 5 + 250_000))) for s in (0, 50_000)]
        book.learn([(facts, sent(np.arange(s, s + 50_000), half, 5, T0)) for s, half in halves])
        started = time.process_time()
        book.evict(T0 + 10**15)
        longest = max(longest, time.process_time() - started)
        which = random.integers(0, 500_000, 10_000)
        asked.append(ids.take(which))
        numbers.append(np.repeat(facts.msisdns, 5)[which])
    seconds = time.process_time() - clock
    kept = rss()
    Freed().give_back(freed=True)
    print(f"rss {kept / 1e6:.0f} MB, {rss() / 1e6:.0f} MB when what is free was given back")
    print(f"{seconds / n * 1e6:.2f} us a segment to learn and evict, the longest eviction {longest:.2f} s")
    print(f"{memory(book)}, {(rss() - before) / n:.1f} octets of rss a segment")
    ids, whose = Ids.concat(asked), np.concatenate(numbers)
    order = random.permutation(len(ids))
    for size in (1_000, 10_000):
        which, order = order[: 10 * size], order[10 * size :]
        clock = time.process_time()
        for start in range(0, len(which), size):
            some = which[start : start + size]
            book.meet(received(ids.take(some), whose[some], T0 + SECOND), start + size)
        print(f"looks of {size} receipts: {(time.process_time() - clock) / len(which) * 1e6:.2f} us each")


def rss() -> int:
    return int(psutil.Process().memory_info().rss)


def memory(book: CarrierBook) -> str:
    return (
        f"{book.octets() / 1e6:.0f} MB by its own count, rss {rss() / 1e6:.0f} MB, {book.open_segments} open"
    )


if __name__ == "__main__":
    which, *rest = sys.argv[1:] or ["nation"]
    number = int(rest[0]) if rest else 0
    if which == "nation":
        nation(number or 4_000_000)
    elif which == "counter":
        nation(number or 2_000_000, ids_of=counting)
    elif which == "parked":
        nation(number or 2_000_000, 500_000)
    elif which in ("constant", "nameless"):
        constant(number or 20_000, which == "constant")
    else:
        cold(number or 20_000_000)
