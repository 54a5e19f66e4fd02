"""What a group holds: a recipient's bit, its entry and its tally together; receipts by carrier, packed once."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.channel.receipt import Receipt
from broadcast.ids import CampaignId, CarrierNo, SliceId
from broadcast.ledger.journal import SEGMENTS, Group, Journal
from broadcast.ledger.leased import LeasedSlice
from broadcast.ledger.packed_group import packed
from broadcast.ledger.packing.received import unpack_received
from broadcast.ledger.packing.sent import unpack_sent
from broadcast.ledger.states import RecipientState as S

AT = 1_780_000_000_000_000
FIRST = 84_320_000_000
TOTAL = 40
CARRIER = CarrierNo(3)
(MARKS, ANSWERED, TALLIES, COUNTS, SENT, RECEIVED) = (
    2,
    3,
    6,
    14,
    17,
    22,
)  # where these begin in a packed group


def journal() -> Journal:
    return Journal(lambda: None)


def leased(of: Journal, segments: int = 2, slice_id: int = 7) -> LeasedSlice:
    return LeasedSlice(
        of, slice_id=SliceId(slice_id), campaign_id=CampaignId(1), carrier_no=CARRIER, token=5, awaited=segments,
        mark=0, answered=b"", retry=b"", msisdns=list(range(FIRST, FIRST + TOTAL)),
    )  # fmt: skip


def receipts(*ids: str, state: int = S.DELIVERED, msisdn: int | None = FIRST) -> list[Receipt]:
    return [Receipt(b"ack", int(state), smsc_id, "000", msisdn) for smsc_id in ids]


def came(group: Group) -> list[Any]:
    return [unpack_received(octets) for octets in packed(group)[RECEIVED + 2]]


def test_an_empty_group_is_none() -> None:
    made = journal()
    group = made.take()
    assert not group
    assert (group.rare, group.rows) == (False, 0)
    assert {len(column) for column in packed(group)} == {0}


def test_receipts_are_kept_by_carrier_and_those_that_are_not_final_are_counted() -> None:
    made = journal()
    heard: list[int] = []
    made.receipts(CARRIER, receipts("a", "b"), AT, lambda: heard.append(1))
    made.receipts(CARRIER, receipts("x", state=0), AT, lambda: heard.append(2))
    made.receipts(CarrierNo(1), receipts("c", msisdn=None), AT, lambda: heard.append(3))
    made.receipts(CARRIER, receipts("d", state=S.EXPIRED), AT + 9_999, lambda: heard.append(4))
    made.receipts(CARRIER, receipts("e"), AT + 10_000, lambda: heard.append(5))
    group = made.take()
    assert (bool(group), group.rows, len(group.committed)) == (True, 6, 5)
    columns = packed(group)
    assert [list(column) for column in columns[COUNTS : COUNTS + 3]] == [[3, 1], [5, 1], [1, 0]]
    assert [list(column) for column in columns[RECEIVED : RECEIVED + 2]] == [[3, 1], [4, 1]]
    mine, other = came(group)
    assert mine.ids.texts() == ["a", "b", "d", "e"]
    assert mine.received_at.tolist() == [AT, AT, AT, AT + 10_000]  # within 10 ms it is one read
    assert mine.states.tolist() == [8, 8, 5, 8]
    assert (other.ids.texts(), other.msisdns.tolist()) == (["c"], [0])
    assert heard == []


def test_receipts_that_are_not_final_alone_are_no_row() -> None:
    made = journal()
    made.receipts(CARRIER, receipts("x", state=0), AT, lambda: None)
    columns = packed(made.take())
    assert [list(column) for column in columns[COUNTS : COUNTS + 3]] == [[3], [1], [1]]
    assert list(columns[RECEIVED]) == []


def test_each_read_has_its_times_and_the_earliest_departure_counts() -> None:
    made = journal()
    mine = leased(made, segments=1)
    mine.intend_next(5)
    mine.accept(0, "a", AT - 5, AT)
    mine.accept(1, "b", AT - 9, AT)
    mine.accept(2, "c", AT - 7, AT)
    mine.accept(3, "d", AT + 1, AT + 20_000)
    _, answered = made.take().sent[mine.slice_id]
    assert unpack_sent(answered.pack()).left_at.tolist() == [AT - 9, AT - 9, AT - 9, AT + 1]
    mine.accept(4, "e", AT + 2, AT + 20_000)  # of the same read, in the next group
    _, answered = made.take().sent[mine.slice_id]
    assert unpack_sent(answered.pack()).left_at.tolist() == [AT + 2]
    assert not made.take()


def test_a_group_is_packed_the_same_way_again() -> None:
    made = journal()
    mine = leased(made)
    mine.intend_next(2)
    mine.accept_parts(0, ["a", "b"], AT, AT)
    mine.reject(1, "status:ESME_RINVDSTADR", [(2, "c")], AT, 1)
    group = made.take()
    assert packed(group) == packed(group)
    assert [list(column) for column in packed(group)[SENT : SENT + 4]] == [[3], [7], [0], [1]]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["intend", "accept", "reject", "doubt", "back", "again", "take"]), st.integers(1, 5)
    ),
    max_size=60,
)


@settings(max_examples=200)
@given(STEPS, st.integers(0, 3))
def test_every_group_balances(steps: Sequence[tuple[str, int]], segments: int) -> None:
    """Law 1: bits, entries and tallies agree after each group, whatever happened in which order."""
    made = journal()
    mine = leased(made, segments)
    open_ones: list[int] = []
    back: list[int] = []
    tally: Counter[int] = Counter()
    entries: Counter[str] = Counter()
    for at, (step, count) in enumerate([*steps, ("take", 1)], AT):
        some = open_ones[:count]
        if step == "intend":
            open_ones += mine.intend_next(count)
        elif step == "again":
            mine.intend_again(back)
            open_ones, back = open_ones + back, []
        elif step == "take":
            check(made.take(), mine, tally, entries, segments)
        else:
            del open_ones[:count]
            if step == "back":
                mine.take_back(some)
                back += some
            for ordinal in some if step != "back" else ():
                if step == "accept":
                    mine.accept_parts(ordinal, ["id"] * segments, at - 1, at)
                elif step == "reject":
                    mine.reject(ordinal, "no", [(1, "id")], at)
                else:
                    mine.doubt(ordinal, "link_lost", at)


def check(group: Group, mine: LeasedSlice, tally: Counter[int], entries: Counter[str], segments: int) -> None:
    for delta in group.tallies.values():
        assert sum(delta) - delta[SEGMENTS] == 0
        tally.update(dict(enumerate(delta)))
    for _, answered in group.sent.values():
        sent = unpack_sent(answered.pack())
        entries["accepted"] += len(sent)
        entries.update(S(state).column for state in sent.ended_states.tolist())
        entries["strays"] += len(sent.stray_ordinals)
    entries["doubts"] += len(group.doubts)
    bits = int.from_bytes(mine.answered, "little").bit_count()
    assert tally[S.ACCEPTED] == entries["accepted"]
    assert (tally[S.REJECTED], tally[S.UNKNOWN]) == (entries["rejected"], entries["unknown"])
    assert tally[SEGMENTS] == segments * entries["accepted"] + entries["strays"]
    ended = entries["accepted"] + entries["rejected"] + entries["unknown"]
    assert bits == ended + entries["doubts"] == TOTAL - mine.unanswered
    assert TOTAL + tally[S.WAITING] == mine.waiting
    if group.slices:
        (progress,) = group.slices
        assert (progress.mark, progress.answered) == (mine.mark, bytes(mine.answered))
    else:
        assert not group.sent
