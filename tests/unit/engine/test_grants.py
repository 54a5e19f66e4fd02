"""Slots and grants: whatever the order, their sum stays within the TPS, and it settles at a fair share."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.engine.grants import Slot, plan


def apply(
    slots: list[Slot], me: int, living: list[int], tps: int, turn: int = 1, links_up: bool = True
) -> list[Slot]:
    """What one round of one worker makes of the rows; links of taken slots are bound at once when links_up."""
    decided = plan(slots, me, living, tps, turn)
    after = []
    for slot in slots:
        if slot.slot_no in decided.take:
            after.append(replace(slot, worker_no=me, granted_tps=0, bound=links_up))
        elif slot.slot_no in decided.give_up:
            after.append(replace(slot, worker_no=None, granted_tps=0, bound=False))
        else:
            after.append(replace(slot, granted_tps=decided.grants.get(slot.slot_no, slot.granted_tps)))
    return after


def empty(count: int) -> list[Slot]:
    return [Slot(number, None, 0, False, True) for number in range(count)]


@given(
    slot_count=st.integers(1, 8),
    tps=st.integers(1, 20_000),
    turns=st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=60),
    turn=st.integers(0, 5),
)
@settings(deadline=None)
def test_the_sum_of_grants_never_exceeds_the_tps(
    slot_count: int, tps: int, turns: list[tuple[int, bool]], turn: int
) -> None:
    slots = empty(slot_count)
    for me, links_up in turns:
        slots = apply(slots, me, [1, 2, 3, 4], tps, turn, links_up)
        assert sum(slot.granted_tps for slot in slots) <= tps


@given(slot_count=st.integers(1, 8), workers=st.integers(1, 5), tps=st.integers(10, 20_000))
@settings(deadline=None)
def test_it_settles_with_all_slots_held_evenly_and_the_whole_tps_granted(
    slot_count: int, workers: int, tps: int
) -> None:
    slots = empty(slot_count)
    living = list(range(1, workers + 1))
    for me in living * 4:
        slots = apply(slots, me, living, tps)
    held = [sum(slot.worker_no == me for slot in slots) for me in living]
    assert sum(held) == slot_count
    assert max(held) - min(held) <= 1
    assert sum(slot.granted_tps for slot in slots) == tps


def test_a_newcomer_gets_its_share() -> None:
    slots = empty(4)
    for _ in range(2):
        slots = apply(slots, 1, [1], 1000)
    assert [slot.granted_tps for slot in slots] == [250] * 4
    for me in (1, 2, 1, 2, 1, 2):
        slots = apply(slots, me, [1, 2], 1000)
        assert sum(slot.granted_tps for slot in slots) <= 1000
    assert sorted(slot.worker_no or 0 for slot in slots) == [1, 1, 2, 2]
    assert [slot.granted_tps for slot in slots] == [250] * 4


def test_a_link_that_is_down_leaves_its_share_to_the_others() -> None:
    slots = [Slot(0, 1, 500, True, True), Slot(1, 1, 500, False, True)]
    assert plan(slots, 1, [1], 1000, 0).grants == {0: 1000, 1: 0}


def test_what_another_still_has_is_not_granted_twice() -> None:
    slots = [Slot(0, 1, 0, True, True), Slot(1, 2, 1000, False, True)]
    assert plan(slots, 1, [1, 2], 1000, 0).grants == {0: 0}


def test_receivers_get_no_tps() -> None:
    slots = [Slot(0, 1, 0, True, True), Slot(1, 1, 0, True, False)]
    assert plan(slots, 1, [1], 700, 0).grants == {0: 700, 1: 0}


def test_single_bind_carriers_spread_over_workers() -> None:
    takers = [me for turn in range(2) for me in (1, 2) if plan(empty(1), me, [1, 2], 100, turn).take]
    assert sorted(takers) == [1, 2]


def test_the_unbound_slot_is_given_up_first() -> None:
    slots = [Slot(0, 1, 500, True, True), Slot(1, 1, 500, False, True)]
    decided = plan(slots, 1, [1, 2], 1000, 1)
    assert decided.give_up == (1,)
    assert decided.grants == {0: 1000}


def test_a_transmitter_without_a_receiver_does_not_send() -> None:
    """Whoever holds the receiver: the pair's health belongs together (quirk 38)."""
    transmitter = Slot(0, 1, 100, True, True, receives=False)
    receiver = Slot(1, 2, 0, False, False, receives=True)
    assert plan([transmitter, receiver], 1, [1, 2], 100, 0).grants == {0: 0}
    up = replace(receiver, bound=True)
    assert plan([replace(transmitter, granted_tps=0), up], 1, [1, 2], 100, 0).grants == {0: 100}
    assert plan([transmitter, replace(up, worker_no=None)], 1, [1, 2], 100, 0).grants[0] == 0


def test_a_carrier_without_any_link_keeps_its_grants_until_one_is_bound() -> None:
    """Nobody else has had them since, so the first link that is back need not wait a window for a raise: sessions that
    live for a second would never send."""
    slots = [Slot(0, 1, 600, False, True), Slot(1, 2, 400, False, True)]
    assert plan(slots, 1, [1, 2], 1000, 0).grants == {0: 600}
    back = [replace(slots[0], bound=True), slots[1]]
    assert plan(back, 1, [1, 2], 1000, 0).grants == {0: 600}  # the rest is in the other's hands yet
    assert plan(back, 2, [1, 2], 1000, 0).grants == {1: 0}
    assert plan(slots, 1, [1, 2], 500, 0).grants == {0: 100}  # a carrier that allows less meanwhile


def test_who_has_nothing_left_to_send_leaves_its_part_to_the_others() -> None:
    slots = [Slot(0, 1, 400, True, True), Slot(1, 2, 300, True, True, True, 0), Slot(2, 3, 300, True, True)]
    assert plan(slots, 2, [1, 2, 3], 1000, 0).grants == {1: 0}
    assert plan(slots, 1, [1, 2, 3], 1000, 0).grants == {0: 400}  # the rest is in the other's hands yet
    given = [slots[0], replace(slots[1], granted_tps=0), slots[2]]
    assert plan(given, 1, [1, 2, 3], 1000, 0).grants == {0: 500}
    assert plan(given, 3, [1, 2, 3], 1000, 0).grants == {2: 500}


def test_everybody_has_a_part_while_nobody_has_anything_to_send() -> None:
    slots = [Slot(number, number + 1, 0, True, True, remaining=0) for number in range(2)]
    assert plan(slots, 1, [1, 2], 1000, 0).grants == {0: 500}
    back = [slots[0], replace(slots[1], granted_tps=500, remaining=None)]
    assert plan(back, 2, [1, 2], 1000, 0).grants == {1: 1000}


def test_the_last_slices_are_through_at_the_same_time() -> None:
    """A worker's part is by what it has left, over all its links."""
    left = {1: 6000, 2: 3000, 3: 1000}
    slots = [
        Slot(place, owner, 0, True, True, True, left[owner]) for place, owner in enumerate((1, 2, 3) * 2)
    ]
    for me in left:
        slots = apply(slots, me, [1, 2, 3], 1000)
    assert [slot.granted_tps for slot in slots] == [300, 150, 50] * 2


def test_until_all_know_what_they_have_left_the_parts_are_even() -> None:
    slots = [Slot(0, 1, 0, True, True, True, 9000), Slot(1, 2, 0, True, True)]
    assert plan(slots, 1, [1, 2], 1000, 0).grants == {0: 500}


def test_who_has_hardly_anything_left_has_a_part_all_the_same() -> None:
    slots = [Slot(0, 1, 0, True, True, True, 9000), Slot(1, 2, 0, True, True, True, 5)]
    assert plan(slots, 2, [1, 2], 1000, 0).grants == {1: 92}


@given(
    remaining=st.lists(st.one_of(st.none(), st.integers(0, 2_000_000)), min_size=1, max_size=6),
    tps=st.integers(1, 20_000),
)
def test_whatever_is_left_the_whole_tps_is_granted(remaining: list[int | None], tps: int) -> None:
    slots = [Slot(place, place + 1, 0, True, True, True, left) for place, left in enumerate(remaining)]
    living = [place + 1 for place in range(len(remaining))]
    for me in living:
        slots = apply(slots, me, living, tps)
    assert sum(slot.granted_tps for slot in slots) == tps
    if any(remaining):
        assert all(slot.granted_tps == 0 for slot, left in zip(slots, remaining, strict=True) if left == 0)
