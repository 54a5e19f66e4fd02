"""A slice without those who opted out: nobody else's place or state may change."""

from hypothesis import given
from hypothesis import strategies as st

from broadcast.ledger.opt_outs import Trimmed, Waiting, still_waiting, without


def bits(size: int, *places: int) -> bytes:
    value = sum(1 << place for place in places)
    return value.to_bytes((size + 7) // 8, "little")


def test_above_the_mark_places_close_up() -> None:
    before = Waiting(2, bits(5, 0, 1), bits(5), (10, 11, 12, 13, 14))
    assert without(before, {13, 99}) == Trimmed(Waiting(2, bits(4, 0, 1), bits(4), (10, 11, 12, 14)), (13,))


def test_a_slice_that_nobody_touched_has_no_bitmaps() -> None:
    assert without(Waiting(0, b"", b"", (10, 11)), {10}) == Trimmed(Waiting(0, b"\0", b"\0", (11,)), (10,))
    assert without(Waiting(0, b"", b"", (10,)), {10}) == Trimmed(Waiting(0, b"", b"", ()), (10,))


def test_who_waits_again_leaves_a_gap() -> None:
    before = Waiting(3, bits(4, 0), bits(4, 1, 2), (10, 11, 12, 13))
    assert without(before, {11}) == Trimmed(Waiting(3, bits(4, 0, 1), bits(4, 2), (10, None, 12, 13)), (11,))


def test_who_was_sent_to_stays() -> None:
    before = Waiting(3, bits(3, 0, 1), bits(3, 2), (10, 11, 12))
    assert without(before, {10, 11}) == Trimmed(before, ())


@st.composite
def slices(draw: st.DrawFn) -> Waiting:
    total = draw(st.integers(1, 40))
    mark = draw(st.integers(0, total))
    below = st.sets(st.integers(0, mark - 1)) if mark else st.just(set[int]())
    retry = draw(below)
    answered = draw(below) - retry
    msisdns: list[int | None] = [1000 + place for place in range(total)]
    for place in answered:
        if draw(st.booleans()):
            msisdns[place] = None  # taken out before
    return Waiting(mark, bits(total, *answered), bits(total, *retry), tuple(msisdns))


@given(slices(), st.sets(st.integers(1000, 1040)))
def test_conservation(before: Waiting, opted_out: set[int]) -> None:
    after = without(before, opted_out).left
    taken_out = without(before, opted_out).taken_out
    waiting = set(still_waiting(before))
    assert set(taken_out) == waiting & opted_out
    assert set(still_waiting(after)) == waiting - opted_out
    assert len(set(taken_out)) == len(taken_out)

    # the counts of the audit: waiting, in doubt, and everybody
    def count(each: Waiting) -> tuple[int, int]:
        answered, retry = (int.from_bytes(part, "little").bit_count() for part in (each.answered, each.retry))
        return len(each.msisdns) - each.mark + retry, each.mark - answered - retry

    assert count(after) == (count(before)[0] - len(taken_out), count(before)[1])
    for place in range(before.mark):  # below the mark everybody keeps the place
        assert after.msisdns[place] in (before.msisdns[place], None)
    assert without(after, opted_out) == Trimmed(after, ())
