"""Who of the living workers holds which bind slots of a carrier, and what of its TPS. Pure.

Every worker computes the same targets from the same rows, inside a transaction that locks the carrier's row,
and moves towards them: it lets go at once, and takes only what is free. So the sum of the grants never
exceeds the carrier's TPS, whatever order the workers come in (law 4).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Final

from broadcast.ids import CarrierNo, WorkerNo

LEAST_PART: Final = 10  # of the largest: what little is left may be tried again, and that takes longer


@dataclass(frozen=True, slots=True)
class Slot:
    """A row of bind_slot. worker_no: None when nobody living holds it; sends: its bind may submit; receives:
    receipts come on it; remaining: segments that its worker had left to send there when nothing more was to be had, 0
    once they are sent; None: more is to be had."""

    slot_no: int
    worker_no: WorkerNo | None
    granted_tps: int
    bound: bool
    sends: bool
    receives: bool = True
    remaining: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What this worker does now: slots to take, slots to give up, and the new grant of each slot it keeps."""

    take: tuple[int, ...]
    give_up: tuple[int, ...]
    grants: dict[int, int]


def plan(slots: Sequence[Slot], me: WorkerNo, living: Sequence[WorkerNo], tps: int, turn: CarrierNo) -> Plan:
    """Move towards a fair share.

    slots: all of the carrier's, in slot order; living: worker numbers by rank, mine among them; turn: rotates who
    gets the odd slot (the carrier's number), so that single-bind carriers spread over the workers.
    """
    mine = [slot for slot in slots if slot.worker_no == me]
    free = [slot for slot in slots if slot.worker_no is None]
    share = _share(len(slots), me, living, turn)
    take = tuple(slot.slot_no for slot in free[: max(0, share - len(mine))])
    unbound_first = sorted(mine, key=lambda slot: (slot.bound, slot.slot_no))
    give_up = tuple(slot.slot_no for slot in unbound_first[: max(0, len(mine) - share)])
    kept = [slot for slot in mine if slot.slot_no not in give_up]
    return Plan(take, give_up, _grants(slots, kept, me, tps))


def _share(slot_count: int, me: WorkerNo, living: Sequence[WorkerNo], turn: CarrierNo) -> int:
    rank = (living.index(me) + turn) % len(living)
    return slot_count // len(living) + (1 if rank < slot_count % len(living) else 0)


def _grants(slots: Sequence[Slot], kept: Sequence[Slot], me: WorkerNo, tps: int) -> dict[int, int]:
    """The target of each of my slots, cut to what the others leave free.

    While no bind that receives is up, on any worker, a transmitter does not send: its receipts would have
    nowhere to go (quirk 38).
    """
    up = [slot for slot in slots if slot.bound and slot.worker_no is not None]
    senders = [slot for slot in up if slot.sends] if any(slot.receives for slot in up) else []
    target = _targets(senders, tps)
    if not up:  # nobody has taken it over: whoever is bound again goes on at once (pacing.GRANT_WAIT_S)
        target = {slot.slot_no: slot.granted_tps for slot in kept}
    free = tps - sum(slot.granted_tps for slot in slots if slot.worker_no not in (None, me))
    grants: dict[int, int] = {}
    for slot in kept:
        grants[slot.slot_no] = max(0, min(target.get(slot.slot_no, 0), free))
        free -= grants[slot.slot_no]
    return grants


def _targets(senders: Sequence[Slot], tps: int) -> dict[int, int]:
    """Of each slot, the whole TPS in all. Evenly while more is to be had.

    The end of an alert is in a few slices, some of them nearly through: then each worker has the part with which all
    end at the same time, and who has nothing left to send leaves its own to the others while they have.
    """
    remaining = [slot.remaining for slot in senders]
    if None in remaining or not any(remaining):
        even = [Fraction(each != 0) for each in remaining]
        weights = even if any(even) else [Fraction(1)] * len(senders)
    else:
        held = Counter(slot.worker_no for slot in senders)
        least = max(each or 0 for each in remaining) // LEAST_PART + 1
        weights = [
            Fraction(max(slot.remaining, least) if slot.remaining else 0, held[slot.worker_no])
            for slot in senders
        ]
    below = accumulate(weights, initial=Fraction(0))
    bounds = [int(tps * part / sum(weights)) for part in below] if weights else [0]
    return {
        slot.slot_no: upper - lower for slot, (lower, upper) in zip(senders, pairwise(bounds), strict=True)
    }
