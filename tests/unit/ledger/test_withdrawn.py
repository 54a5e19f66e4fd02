"""Which segments may be asked back, what that brought, and who may have heard: segment by segment, from rows."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.errors import LedgerError
from broadcast.ids import CampaignId, CarrierNo, SliceId
from broadcast.ledger import withdrawn
from broadcast.ledger.packing.result import pack_result
from broadcast.ledger.packing.sent import Answered
from broadcast.ledger.packing.withdrawn import pack_withdrawn, unpack_withdrawn
from broadcast.ledger.recount import SliceRows
from broadcast.ledger.states import RecipientState as S
from broadcast.ledger.withdrawn import ABANDONED, REFUSED, WITHDRAWN

FIRST = 84_320_000_000
Told = tuple[int, int, int]  # ordinal, segment, state or outcome


def rows(
    accepted: Sequence[int], segments: int, results: Sequence[Told] = (), asked: Sequence[Told] = (), *,
    total: int = 8, mark: int = 8, rejected: Sequence[int] = (), strays: Sequence[tuple[int, int]] = (),
    doubts: Sequence[tuple[int, str | None]] = (), retry: bytes = b"", gone: Sequence[int] = (),
    no_id: Sequence[int] = (), closed: bool = False,
) -> SliceRows:  # fmt: skip
    """A slice of eight; who is not named in any way, and below the mark, is in doubt."""
    answered = Answered(segments)
    for ordinal in accepted:
        ids = ["" if ordinal in no_id else f"{ordinal}.{number}" for number in range(1, segments + 1)]
        answered.accept_parts(ordinal, ids)
    answered.read(1, 2)
    for ordinal in rejected:
        answered.end(ordinal, S.REJECTED, "status:ESME_RINVDSTADR", 3)
    for ordinal, segment in strays:
        answered.stray(ordinal, segment, f"{ordinal}.{segment}")
    packed = [answered.pack()] if answered else []
    columns = list(zip(*results, strict=True))
    result = [pack_result(*columns, [9] * len(results), [""] * len(results))] if results else []
    said = {*accepted, *rejected, *(ordinal for ordinal, _ in doubts if _ is None or _ == "resent")}
    bitmap = np.packbits([ordinal in said for ordinal in range(total)], bitorder="little").tobytes()
    numbers = [0 if ordinal in gone else FIRST + ordinal for ordinal in range(total)]
    return SliceRows(
        SliceId(1), CampaignId(1), CarrierNo(1), total, mark, "done", segments, bitmap, retry, closed,
        np.array(numbers, np.int64), packed, result,
        [{"ordinal": ordinal, "ended_as": ended, "ended_at": 5 if ended else None} for ordinal, ended in doubts],  # type: ignore[misc]
        [], pack_withdrawn({(ordinal, segment): outcome for ordinal, segment, outcome in asked}),
    )  # fmt: skip


def asked(of: SliceRows) -> list[tuple[int, int, str]]:
    found, whole = withdrawn.asks(of, withdrawn.segments_of(of), 100)
    assert whole
    assert all(each.msisdn == FIRST + each.ordinal for each in found)
    return [(each.ordinal, each.segment, each.smsc_id) for each in found]


def heard(of: SliceRows, *, whole: bool = True) -> list[int]:
    return [int(number) - FIRST for number in withdrawn.may_have_heard(of, whole=whole)]


def test_a_segment_without_a_final_receipt_is_asked_for_once() -> None:
    of = rows([0, 1, 2], 2, [(0, 1, S.DELIVERED), (1, 1, S.EXPIRED), (1, 2, S.EXPIRED)], [(2, 2, REFUSED)])
    assert asked(of) == [(0, 2, "0.2"), (2, 1, "2.1")]


def test_a_segment_of_a_message_that_was_refused_is_asked_for_too() -> None:
    assert asked(rows([0], 2, rejected=[1], strays=[(1, 2)])) == [(0, 1, "0.1"), (0, 2, "0.2"), (1, 2, "1.2")]


def test_nobody_is_asked_for_without_an_id_or_a_number() -> None:
    assert asked(rows([0, 1, 2], 1, no_id=[1], gone=[2])) == [(0, 1, "0.1")]


def test_a_chunk_is_the_first_of_them() -> None:
    of = rows([0, 1, 2], 1)
    found, whole = withdrawn.asks(of, withdrawn.segments_of(of), 2)
    assert ([each.ordinal for each in found], whole) == ([0, 1], False)


def test_nothing_was_sent() -> None:
    assert asked(rows([], 1, mark=0)) == []
    assert heard(rows([], 1, mark=0)) == []


@pytest.mark.parametrize(
    ("results", "outcomes", "expected"),
    [
        ([], {(0, 1): WITHDRAWN, (0, 2): WITHDRAWN}, (1, 0)),
        ([], {(0, 1): WITHDRAWN, (0, 2): REFUSED}, (0, 1)),
        ([(0, 1, S.DELIVERED)], {(0, 2): WITHDRAWN}, (0, 1)),
        ([(0, 1, S.UNDELIVERABLE)], {(0, 2): WITHDRAWN}, (1, 0)),
        ([], {(0, 1): ABANDONED}, (0, 1)),
        ([(0, 1, S.EXPIRED), (0, 2, S.EXPIRED)], {}, (0, 0)),
    ],
)
def test_people_count_by_what_is_left_of_them(
    results: list[Told], outcomes: dict[tuple[int, int], int], expected: tuple[int, int]
) -> None:
    assert withdrawn.took(withdrawn.segments_of(rows([0], 2, results)), outcomes) == expected


def test_who_has_no_id_could_not_be_asked_for() -> None:
    assert withdrawn.took(withdrawn.segments_of(rows([0], 1, no_id=[0])), {}) == (0, 1)


def test_a_correction_reaches_whom_a_segment_may_have_reached() -> None:
    of = rows(
        [0, 1, 2, 3, 4], 2,
        [(0, 1, S.DELIVERED), (0, 2, S.EXPIRED),  # one of two arrived, though the person counts as expired
         (1, 1, S.EXPIRED), (1, 2, S.UNDELIVERABLE),
         (2, 1, S.REJECTED)],
        [(2, 2, WITHDRAWN), (3, 1, WITHDRAWN), (3, 2, REFUSED)],
        rejected=[5, 6], strays=[(6, 1)],
    )  # fmt: skip
    assert heard(of) == [0, 3, 4, 6, 7]  # 7 is in doubt


def test_what_arrived_after_it_was_taken_back_was_heard() -> None:
    assert heard(rows([0], 1, [(0, 1, S.DELIVERED)], [(0, 1, WITHDRAWN)], mark=1)) == [0]


@pytest.mark.parametrize("ended", [None, "resent", "closed"])
def test_who_was_ever_left_in_doubt_may_have_heard(ended: str | None) -> None:
    """Also where a second copy was sent, from another slice."""
    assert heard(rows([], 1, mark=1, doubts=[(0, ended)])) == [0]


def test_who_waits_again_has_not_heard() -> None:
    assert heard(rows([], 1, mark=2, retry=b"\x02")) == [0]


def test_a_closed_campaign_forgets_nobody() -> None:
    assert heard(rows([0, 1], 1, [(1, 1, S.EXPIRED)], mark=2, closed=True)) == [0]


def test_where_some_segments_have_no_receipt_nobody_is_known_not_to_have_heard() -> None:
    of = rows([0, 1], 1, [(0, 1, S.UNDELIVERABLE), (1, 1, S.DELIVERED)], mark=3, rejected=[2])
    assert heard(of, whole=False) == [0, 1]


def test_who_was_taken_out_has_no_number() -> None:
    assert heard(rows([0, 1], 1, mark=2, gone=[1])) == [0]


places = st.tuples(st.integers(0, 0xFFFF), st.integers(1, 255))


@given(st.dictionaries(places, st.integers(1, 3), max_size=50))
def test_rows_survive_packing(outcomes: dict[tuple[int, int], int]) -> None:
    assert unpack_withdrawn(pack_withdrawn(outcomes)).places() == outcomes


@pytest.mark.parametrize("cut", [0, 1, 4, 8])
def test_a_row_that_is_none_is_named(cut: int) -> None:
    with pytest.raises(LedgerError, match="a row of withdrawn cannot be read, of slice 1"):
        unpack_withdrawn(pack_withdrawn({(1, 1): 1})[:cut], "of slice 1")
