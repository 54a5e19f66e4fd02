"""Receipts of one look choose, all at once; where several choose one segment the greatest state has it, the first come
among equals; the others choose again among what is left.

So receipts that come again in one look are duplicates of the best of them, while several for several segments with one
id each find their own.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from broadcast.ledger.packing.columns import I64, U8, Index
from broadcast.ledger.resolver.choices import CLASH, OPEN, PARKED, Asked, Choices
from broadcast.ledger.resolver.met import Found
from broadcast.ledger.resolver.part import Part

_STEPS_EACH: Final = 64  # segments that a receipt looks at in all rounds but the first, on average
_STEPS_FREE: Final = 1 << 20  # and these, so that a small look is always settled to its end
_PART_BITS: Final = 40


def settle(asked: Asked, states: U8, parts: Sequence[Part], slice_ids: I64, found: Found) -> tuple[U8, U8]:
    """What each receipt met (OPEN: it settled something), and the reason of those that are to be parked.

    slice_ids: by the places that messages name. What is settled goes to `found`. Too many that want the same few: some
    are left, as a clash, so that no look takes for ever.
    """
    met, reasons = np.zeros((2, len(asked)), np.uint8)
    receipts = np.arange(len(asked))  # those that still choose
    steps = _STEPS_FREE + _STEPS_EACH * len(asked)
    while len(receipts):
        choices = _choose(asked, parts, slice_ids)
        met[receipts], reasons[receipts] = choices.outcome()
        choosing = np.nonzero(met[receipts] == OPEN)[0]
        winners = _winners(choosing, choices, states[receipts])
        _end(winners, receipts, choices, states, parts, found)
        lost = np.zeros(len(receipts), np.bool_)
        lost[choosing] = True
        lost[winners] = False
        losers = np.nonzero(lost)[0]
        receipts, asked = receipts[losers], asked.take(losers)
        steps -= choices.steps
        if steps < 0:
            met[receipts], reasons[receipts] = PARKED, CLASH
            break
    return met, reasons


def _winners(choosing: Index, choices: Choices, states: U8) -> Index:
    """Of those that choose, the one for each segment."""
    targets = choices.part[choosing].astype(np.int64) << _PART_BITS | choices.place[choosing]
    order = np.argsort(~states[choosing], kind="stable")  # the greatest first
    _, first = np.unique(targets[order], return_index=True)
    return choosing[order[first]]


def _choose(asked: Asked, parts: Sequence[Part], slice_ids: I64) -> Choices:
    choices = Choices(asked, slice_ids)
    left = np.arange(len(asked))
    newest = np.maximum.accumulate([part.newest_ms for part in reversed(parts)])[::-1].tolist()
    for no, part in enumerate(parts):
        left = choices.undecided(left, newest[no])
        if not len(left):
            break
        choices.searched = no
        choices.asked = asked.spelt_for(moved=part.moved)
        part.search(choices, left)
    return choices


def _end(
    winners: Index, receipts: Index, choices: Choices, states: U8, parts: Sequence[Part], found: Found
) -> None:
    of = choices.part[winners]
    for no in np.unique(of).tolist():
        some = winners[of == no]
        which = receipts[some]
        found.add(parts[no].settle(choices.place[some], states[which]), which)
