"""Rows of answers, receipts and results survive packing; cut or of another version they are refused."""

import struct
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.errors import LedgerError
from broadcast.ledger.packing.errs import Errs, pack_errs, unpack_errs
from broadcast.ledger.packing.received import (
    REASONS,
    pack_parked,
    pack_received,
    runs_of,
    unpack_parked,
    unpack_received,
)
from broadcast.ledger.packing.result import pack_result, unpack_result
from broadcast.ledger.packing.sent import Answered, unpack_sent

AT = 1_780_000_000_000_000
texts = st.lists(st.one_of(st.sampled_from(["", "000", "000", "21b"]), st.text(max_size=20)), max_size=30)
times = st.integers(0, 2**62)
an_id = st.text(st.characters(max_codepoint=255), max_size=40)


@given(texts)
def test_reasons_survive(errs: list[str]) -> None:
    block = pack_errs(errs)
    found, end = unpack_errs(b"!" + block, 1, len(errs))
    assert (found.all(), end) == (errs, len(block) + 1)
    assert pack_errs(found) == pack_errs(Errs.of(errs)) == block


@given(texts, texts)
def test_reasons_one_after_the_other(some: list[str], others: list[str]) -> None:
    both = Errs.concat([Errs.of(some), Errs.of(others), Errs.of([])])
    assert both.all() == [*some, *others]
    assert both.take(np.arange(len(both))[::-1]).all() == [*some, *others][::-1]


def test_reasons_octet_by_octet() -> None:
    assert pack_errs([]) == pack_errs(["", ""]) == b"\0\0"
    assert pack_errs(["00", "00"]).hex(" ") == "01 00 02 00 30 30 00 00 00 00 00 00"
    assert pack_errs(["7", "00", "00"]).hex(" ") == (
        "02 00 02 00 30 30 01 00 37 00 00 01 00 00 00 00 00 00 00 01 00"
    )


def test_a_reason_of_more_than_16_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bits"):
        pack_errs(["x" * 65_536])


@pytest.mark.parametrize("other", [[], ["other"]])
def test_more_reasons_than_a_row_has_room_for_stop_nothing(other: list[str]) -> None:
    """An SMSC that writes another `err:` into every receipt of a backlog."""
    errs = [*other, *(f"{place:x}" for place in range(70_000))]
    both = Errs.concat([Errs.of(errs[:40_000]), Errs.of(errs[40_000:])])
    assert both.all() == errs
    for block in (pack_errs(errs), pack_errs(both)):
        found, end = unpack_errs(block, 0, len(errs))
        assert end == len(block)
        assert len(found.texts) <= 65_535
        assert found.all()[:65_534] == errs[:65_534]
        assert set(found.all()[65_534:]) <= {*errs[65_534:], "other"}


def test_more_times_than_a_row_has_room_for_are_told_more_coarsely() -> None:
    """Receipts of a backlog that fit nothing, each read alone; of two workers' logs, one after the other."""
    received_at = np.tile(AT + 12_000 * np.arange(50_000), 2)
    n = len(received_at)
    none = [0] * n
    packed = pack_received(runs_of(received_at), [8] * n, none, [""] * n, [""] * n)
    found = unpack_received(packed).received_at
    assert len(runs_of(found)) <= 65_535
    assert np.abs(found - received_at).max() < 50_000


def answered() -> Answered:
    """Two reads, one a moment after the other and one later; two ends; a stray."""
    some = Answered(2)
    some.accept_parts(4, ["a", "bc"])
    some.accept_parts(2, ["d", ""])
    some.read(AT - 50, AT)
    some.accept_parts(9, ["e", "f"])
    some.read(AT - 70, AT + 9_999)
    some.accept_parts(300, ["g", "h"])
    some.read(AT + 5, AT + 10_000)
    some.end(1, 6, "status:11", AT + 7)
    some.end(8, 4, "no_receipts", AT + 8)
    some.stray(1, 2, "z")
    return some


def test_what_was_answered_survives() -> None:
    some = answered()
    assert (len(some), some.ordinals(), bool(some)) == (11, (1, 300), True)
    found = unpack_sent(some.pack())
    assert (len(found), found.segments) == (4, 2)
    assert found.ordinals.tolist() == [4, 2, 9, 300]
    assert found.ids.texts() == ["a", "bc", "d", "", "e", "f", "g", "h"]
    assert found.left_at.tolist() == [AT - 70, AT - 70, AT - 70, AT + 5]
    assert found.answered_at.tolist() == [AT, AT, AT, AT + 10_000]
    assert found.ended_ordinals.tolist() == [1, 8]
    assert found.ended_states.tolist() == [6, 4]
    assert found.ended_at.tolist() == [AT + 7, AT + 8]
    assert found.ended_errs.all() == ["status:11", "no_receipts"]
    assert found.stray_ordinals.tolist() == [1]
    assert found.stray_segments.tolist() == [2]
    assert found.stray_ids.texts() == ["z"]


def test_a_row_of_answers_octet_by_octet() -> None:
    some = Answered(1)
    some.accept(258, "ab")
    some.read(1, 2)
    some.read(3, 4)
    some.end(3, 6, "", 5)
    assert some.pack().hex(" ") == (
        "01 01 01 00 01 00 00 00 01 00 00 00 00 00 00 00 "
        "01 00 00 00 01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 "
        "02 01 01 02 61 62 03 00 06 05 00 00 00 00 00 00 00 00 00 00"
    )


@given(st.data(), st.integers(0, 5))
def test_any_answers_survive(data: st.DataObject, segments: int) -> None:
    some = Answered(segments)
    messages = data.draw(
        st.lists(
            st.tuples(st.integers(0, 65_534), st.lists(an_id, min_size=segments, max_size=segments), times)
        )
    )
    ended = data.draw(st.lists(st.tuples(st.integers(0, 65_534), st.sampled_from([4, 6]), st.text(), times)))
    strays = data.draw(st.lists(st.tuples(st.integers(0, 65_534), st.integers(1, 255), an_id)))
    for ordinal, smsc_ids, at in messages:
        some.accept_parts(ordinal, smsc_ids)
        some.read(at, at)
    for end in ended:
        some.end(*end)
    for stray in strays:
        some.stray(*stray)
    found = unpack_sent(some.pack())
    assert found.ordinals.tolist() == [ordinal for ordinal, _, _ in messages]
    assert found.ids.texts() == [one for _, smsc_ids, _ in messages for one in smsc_ids]
    assert all(0 <= at - then < 10_000 for (_, _, at), then in zip(messages, found.answered_at, strict=True))
    assert (found.left_at <= [at for _, _, at in messages]).all()
    assert (
        list(
            zip(found.ended_ordinals, found.ended_states, found.ended_errs.all(), found.ended_at, strict=True)
        )
        == ended
    )
    assert (
        list(zip(found.stray_ordinals, found.stray_segments, found.stray_ids.texts(), strict=True)) == strays
    )
    if messages or ended or strays:
        everyone = [message[0] for message in (*messages, *ended, *strays)]
        assert some.ordinals() == (min(everyone), max(everyone))


def test_answers_without_a_time_or_an_id_are_not_packed() -> None:
    some = Answered(2)
    some.accept_parts(1, ["a", "b"])
    with pytest.raises(ValueError, match="without a time"):
        some.pack()
    some.accept_parts(2, ["a"])
    some.read(1, 1)
    with pytest.raises(ValueError, match="not with an id for each"):
        some.pack()


receipts = st.lists(
    st.tuples(st.integers(5, 8), st.integers(0, 10**15), an_id, st.sampled_from(["", "000", "21b"]), times)
)


@given(receipts, st.data())
def test_receipts_and_parked_ones_survive(
    some: list[tuple[int, int, str, str, int]], data: st.DataObject
) -> None:
    states, msisdns, ids, errs, received_at = (
        (list(each) for each in zip(*some, strict=True)) if some else [[]] * 5
    )
    runs = runs_of(np.array(received_at, np.int64))
    packed = pack_received(runs, states, msisdns, ids, errs)
    found = unpack_received(packed)
    assert pack_received(runs, found.states, found.msisdns, found.ids, found.errs) == packed
    reasons = [data.draw(st.integers(0, len(REASONS) - 1)) for _ in some]
    taken = data.draw(st.binary(max_size=(len(some) + 7) // 8))
    parked = unpack_parked(pack_parked(found, reasons), taken)
    assert parked.reasons.tolist() == reasons
    assert parked.left.tolist() == [not int.from_bytes(taken, "little") >> i & 1 for i in range(len(some))]
    for each in (found, parked.receipts):
        assert each.received_at.tolist() == received_at
        assert each.states.tolist() == states
        assert each.msisdns.tolist() == msisdns
        assert each.ids.texts() == ids
        assert each.errs.all() == errs


def test_receipts_octet_by_octet() -> None:
    packed = pack_received([(2, 3)], [8, 7], [84, 0], ["a", "b"], ["", ""])
    assert packed.hex(" ") == (
        "01 01 00 02 00 00 00 02 00 00 00 03 00 00 00 00 00 00 00 08 07 "
        "54 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 01 61 62 00 00"
    )
    assert pack_parked(unpack_received(packed), [0, 3]) == packed + b"\0\3"


@pytest.mark.parametrize(
    "columns",
    [
        ([(1, 3)], [8, 7], [0, 0], ["a", "b"], ["", ""]),
        ([(2, 3)], [8, 7], [0], ["a", "b"], ["", ""]),
        ([(2, 3)], [8, 7], [0, 0], ["a"], ["", ""]),
        ([(2, 3)], [8, 7], [0, 0], ["a", "b"], [""]),
    ],
)
def test_receipts_of_different_lengths_are_not_packed(columns: tuple[list, ...]) -> None:
    with pytest.raises(ValueError, match="different lengths"):
        pack_received(*columns)


results = st.dictionaries(
    st.tuples(st.integers(0, 65_534), st.integers(1, 255)),
    st.tuples(st.integers(5, 8), times, st.sampled_from(["", "000", "21b"])),
    min_size=1,
)
few_segments = st.dictionaries(
    st.tuples(st.integers(0, 2_000), st.integers(1, 15)),
    st.tuples(st.integers(5, 8), st.integers(AT, AT + 60_000_000), st.sampled_from(["", "000", "21b"])),
    min_size=1,
)


def pack_any(some: dict[tuple[int, int], tuple[int, int, str]]) -> bytes:
    return pack_result(
        [ordinal for ordinal, _ in some],
        [segment for _, segment in some],
        *([each[k] for each in some.values()] for k in (0, 1)),
        [err for _, _, err in some.values()],
    )


@given(st.one_of(results, few_segments))
def test_results_survive_in_order(some: dict[tuple[int, int], tuple[int, int, str]]) -> None:
    found = unpack_result(pack_any(some))
    keys = sorted(some)
    assert list(zip(found.ordinals, found.segments, strict=True)) == keys
    assert found.states.tolist() == [some[key][0] for key in keys]
    assert found.errs.all() == [some[key][2] for key in keys]
    newest, oldest = (among(at for _, at, _ in some.values()) for among in (max, min))
    unit = 1000 << max(((newest - oldest) // 1000).bit_length() - 16, 0)
    for key, at in zip(keys, found.received_at.tolist(), strict=True):
        exact = some[key][1]
        if newest - exact <= 65_535 << 15:
            assert 0 <= at - exact < unit
        assert at <= newest


def test_results_octet_by_octet() -> None:
    assert pack_result([3, 2], [1, 5], [8, 7], [5_000, 9_000], ["", ""]).hex(" ") == (
        "01 01 28 23 00 00 00 00 00 00 02 00 00 00 02 00 03 00 57 18 00 00 04 00 00 00"
    )
    assert pack_result([3, 2], [1, 16], [8, 7], [0, 200_000_000], ["", ""]).hex(" ") == (
        "01 20 00 c2 eb 0b 00 00 00 00 02 00 00 00 02 00 03 00 10 01 07 08 00 00 50 c3 00 00"
    )


def test_results_of_different_lengths_or_none_are_not_packed() -> None:
    for columns in (([], [], [], [], []), ([1], [1], [8], [1], ["", ""]), ([1], [1, 2], [8], [1], [""])):
        with pytest.raises(ValueError, match="different lengths"):
            pack_result(*columns)


PACKED: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "sent": (answered().pack(), unpack_sent),
    "received": (pack_received([(2, 3)], [8, 7], [84, 0], ["a", "bc"], ["", "x"]), unpack_received),
    "parked": (
        pack_parked(
            unpack_received(pack_received([(2, 3)], [8, 7], [84, 0], ["a", "bc"], ["", "x"])), [0, 3]
        ),
        unpack_parked,
    ),
    "result": (pack_result([3, 2], [1, 5], [8, 7], [5_000, 9_000], ["", "x"]), unpack_result),
}


@pytest.mark.parametrize("kind", PACKED)
def test_a_row_cut_anywhere_longer_or_of_another_version_is_refused(kind: str) -> None:
    packed, unpack = PACKED[kind]
    for bad in (*(packed[:end] for end in range(len(packed))), packed + b"\0", b"\2" + packed[1:]):
        with pytest.raises(LedgerError, match=f"a row of {kind} cannot be read"):
            unpack(bad)


@pytest.mark.parametrize("kind", PACKED)
@given(st.data())
def test_any_octets_are_a_row_or_refused(kind: str, data: st.DataObject) -> None:
    packed, unpack = PACKED[kind]
    changed = bytearray(packed)
    for place in data.draw(st.lists(st.integers(1, len(packed) - 1), max_size=6)):
        changed[place] = data.draw(st.integers(0, 255))
    for octets in (bytes(changed), b"\1" + data.draw(st.binary(max_size=100))):
        try:
            unpack(octets)
        except LedgerError:
            continue


def test_the_row_is_named() -> None:
    with pytest.raises(LedgerError, match=r"a row of sent cannot be read, \(1, 2\): it ends too soon"):
        unpack_sent(b"\1", (1, 2))


def test_numbers_that_cannot_be_there_allocate_nothing() -> None:
    for octets, unpack in (
        (b"\1" + struct.pack("<BHIII", 255, 0, 2**32 - 1, 0, 0), unpack_sent),
        (
            b"\1" + struct.pack("<BHIII", 1, 1, 2**32 - 1, 0, 0) + struct.pack("<Iqq", 2**32 - 1, 0, 0),
            unpack_sent,
        ),
        (b"\1" + struct.pack("<HIIq", 1, 2**32 - 1, 2**32 - 1, 0), unpack_received),
        (b"\1" + struct.pack("<BqI", 0, 0, 2**32 - 1), unpack_result),
    ):
        with pytest.raises(LedgerError):
            unpack(octets)


def test_the_usual_reason_is_the_first_of_the_most_frequent() -> None:
    errs = ["b", "a", "a", "b", "c"]
    assert Counter(errs).most_common(1)[0][0] == "b"
    assert pack_errs(errs)[2:5] == b"\1\0b"
