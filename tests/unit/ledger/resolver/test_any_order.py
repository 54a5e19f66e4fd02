"""The same receipts have the same end: in any order, early or late, in one look or in many, evicted or restarted."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.ledger.resolver.rows_of import PEOPLE, T0, facts, received, sent, written

from broadcast.ledger.packing.ids import IdProfile
from broadcast.ledger.packing.received import pack_parked, unpack_parked
from broadcast.ledger.resolver.book import CarrierBook, Limits

SECOND = 1_000_000
LIMITS = Limits(generation=8, cold=16)

a_message = st.tuples(
    st.integers(1, 3), st.booleans(), st.booleans()
)  # segments, one id for all, the id of others


def traffic(messages: list[tuple[int, bool, bool]], seed: int) -> tuple[list, list]:
    """Rows to learn; receipts: every segment's, some twice, with the number wherever the id is not alone."""
    rows, receipts = [], []
    order = random.Random(seed)
    for no, (segments, whole, shared) in enumerate(messages):
        name = "shared" if shared else f"{no}-"
        ids = [name if whole else f"{name}{segment}" for segment in range(segments)]
        rows.append((facts(no, [PEOPLE + no]), sent((0, ids, T0))))
        for smsc_id in dict.fromkeys(ids):
            number = PEOPLE + no if shared or order.random() < 0.8 else 0
            receipts.append(
                (smsc_id, number, T0 + order.randrange(9) * SECOND, order.choice([5, 7, 8]), f"{no}")
            )
            if order.random() < 0.2:
                receipts.append(receipts[-1])
    receipts.append(("nobody's", 0, T0, 8, ""))
    return rows, receipts


@pytest.mark.long
@settings(deadline=None)
@given(st.lists(a_message, min_size=1, max_size=12), st.integers(0, 2**32), st.data())
def test_the_end_is_the_same(messages: list[tuple[int, bool, bool]], seed: int, data: st.DataObject) -> None:
    rows, receipts = traffic(messages, seed)
    plain = CarrierBook(IdProfile(), 1, Limits())
    plain.learn(rows)
    met = plain.meet(received(*receipts), 1)
    settled = {(result.slice_id, *each) for result in met.results for each in columns(result)}

    events = data.draw(
        st.permutations([*(("row", row) for row in rows), *(("receipt", each) for each in receipts)])
    )
    book = CarrierBook(IdProfile(), 2, LIMITS)
    found, ended, learnt, results, parked = set(), Counter(), [], {}, {}
    matched = duplicate = 0
    look: list = []
    for no, (kind, what) in enumerate([*events, ("end", None)], start=1):
        if kind == "row":
            book.learn([what])
            learnt.append(what)
        elif kind == "receipt":
            look.append(what)
        if kind != "end" and data.draw(st.booleans()):
            continue
        met_here = book.meet(received(*look), no)
        look = []
        matched, duplicate = matched + met_here.matched, duplicate + met_here.duplicate
        ended += met_here.ended
        for result in met_here.results:
            new = {(result.slice_id, *each) for each in columns(result)}
            assert not new & found
            found |= new
            results.setdefault(result.slice_id, []).append(written(result))
        for of, place in met_here.taken:
            parked[of].left[place] = False
        if met_here.parked is not None:
            parked[no] = unpack_parked(pack_parked(met_here.parked.receipts, met_here.parked.reasons))
        happens = data.draw(st.sampled_from(["nothing", "nothing", "evict", "restart"]))
        if happens == "evict":
            book.evict(T0 + 10**15)
        elif happens == "restart":
            book = CarrierBook(IdProfile(), no, LIMITS)
            book.restore([(of, [row], results.get(of.slice_id, [])) for of, row in learnt])
            for of, row in parked.items():
                book.restore_parked(of, row)
    assert (found, ended, matched) == (settled, met.ended, met.matched)
    assert book.snapshot().waiting == plain.snapshot().waiting == []
    assert (
        duplicate + book.parked == met.duplicate + plain.parked
    )  # a late duplicate may be parked: it was forgotten


def columns(result) -> list[tuple[int, ...]]:
    return list(
        zip(
            result.ordinals.tolist(), result.segments.tolist(), result.states.tolist(), result.received_at.tolist(),
            result.errs.all(), strict=True,
        )
    )  # fmt: skip
