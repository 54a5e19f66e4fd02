"""What rows say of the segments of one slice that an SMSC took: which may be asked back, and whom they may have
reached.

A person's state says what is known of the whole message; here each segment speaks for itself. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from broadcast.languages import N_
from broadcast.ledger import fold
from broadcast.ledger.packing.columns import I64, U8, Bools
from broadcast.ledger.packing.ids import Ids
from broadcast.ledger.packing.result import Result, unpack_result
from broadcast.ledger.packing.sent import Sent, unpack_sent
from broadcast.ledger.packing.withdrawn import NOTHING, unpack_withdrawn
from broadcast.ledger.recount import SliceRows, folded
from broadcast.ledger.states import RecipientState

# outcomes of asking a segment back: the SMSC has it no more; it would not, or knows nothing of it; it was asked often
# enough, and refused for the moment
WITHDRAWN: Final = 1
REFUSED: Final = 2
ABANDONED: Final = 3

OTHER_SUM: Final = N_("count as withdrawn, or as not, and the rows of their slices say otherwise")
_MAY_HAVE: Final = frozenset({RecipientState.ACCEPTED, RecipientState.UNKNOWN, RecipientState.DELIVERED})


class Ask(NamedTuple):
    """A segment to be asked back. segment: from 1; smsc_id: as it came."""

    ordinal: int
    segment: int
    smsc_id: str
    msisdn: int


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Columns over all segments that were accepted, those of messages that were rejected in the end too. state: of the
    final receipt, 0: none came; outcome: of asking it back, 0: nobody has."""

    ordinal: I64
    segment: I64
    ids: Ids
    state: U8
    outcome: U8

    @property
    def gone(self) -> Bools:
        """Surely on no phone, and never will be."""
        told = (self.state > 0) & (self.state != RecipientState.DELIVERED)
        gone: Bools = told | (self.state == 0) & (self.outcome == WITHDRAWN)
        return gone

    @property
    def open(self) -> Bools:
        """The SMSC may have it, or it may have arrived: nothing more is known."""
        here: Bools = (self.state == 0) & (self.outcome != WITHDRAWN)
        return here


def segments_of(rows: SliceRows) -> Segments:
    """Raises LedgerError naming the slice where its rows cannot be read."""
    where = f"of slice {rows.slice_id}"
    sent = [unpack_sent(packed, where) for packed in rows.sent]
    ordinal = np.concatenate([np.zeros(0, np.int64), *map(_ordinals, sent)])
    segment = np.concatenate([np.zeros(0, np.int64), *map(_numbers, sent)])
    place = ordinal << 8 | segment
    told = [unpack_result(packed, where) for packed in rows.results]
    asked = unpack_withdrawn(rows.withdrawn or NOTHING, where)
    return Segments(
        ordinal,
        segment,
        Ids.concat([ids for each in sent for ids in (each.ids, each.stray_ids)]),
        _at(place, *_states(told)),
        _at(place, asked.ordinals.astype(np.int64) << 8 | asked.segments, asked.outcomes),
    )


def known(rows: SliceRows) -> dict[tuple[int, int], int]:
    """(ordinal, segment) -> outcome, of who was asked for."""
    return unpack_withdrawn(rows.withdrawn or NOTHING, f"of slice {rows.slice_id}").places()


def strangers(rows: SliceRows) -> list[int]:
    """Ordinals of whom something was asked back that no row says was accepted."""
    if rows.withdrawn is None:
        return []
    held = segments_of(rows)
    there = set(zip(held.ordinal.tolist(), held.segment.tolist(), strict=True))
    return sorted({ordinal for ordinal, segment in known(rows) if (ordinal, segment) not in there})


def asks(rows: SliceRows, segments: Segments, most: int) -> tuple[list[Ask], bool]:
    """The first of what may be asked back and has not been, and whether that is all of it."""
    within = segments.ordinal < rows.total
    number = rows.msisdns[np.where(within, segments.ordinal, 0)]
    wanted = within & segments.open & (segments.outcome == 0) & (segments.ids.lengths > 0) & (number > 0)
    every = np.nonzero(wanted)[0]
    places = every[:most]
    columns = (segments.ordinal[places], segments.segment[places], number[places])
    ordinals, numbers, msisdns = (column.tolist() for column in columns)
    ids = segments.ids.take(places).texts()
    made = [Ask(*each) for each in zip(ordinals, numbers, ids, msisdns, strict=True)]
    return made, len(places) == len(every)


class Took(NamedTuple):
    """People of a slice by what asking brought: none of whose segments is left there or arrived, of those of whom one
    was taken back; and the others of whom something was asked, or could not be for want of an id."""

    withdrawn: int
    not_withdrawn: int


def took(segments: Segments, outcomes: Mapping[tuple[int, int], int]) -> Took:
    """After these too."""
    places = np.array([ordinal << 8 | segment for ordinal, segment in outcomes], np.int64)
    new = _at(segments.ordinal << 8 | segments.segment, places, np.array(list(outcomes.values()), np.uint8))
    asked = np.where(new > 0, new, segments.outcome)
    after = Segments(segments.ordinal, segments.segment, segments.ids, segments.state, asked)
    tried = (asked > 0) | (after.open & (segments.ids.lengths == 0))
    people = np.unique(segments.ordinal[tried])
    left = np.unique(segments.ordinal[~after.gone])
    back = np.unique(segments.ordinal[asked == WITHDRAWN])
    withdrawn = len(np.setdiff1d(back, left))
    return Took(withdrawn, len(people) - withdrawn)


def may_have_heard(rows: SliceRows, *, whole: bool) -> NDArray[np.int64]:
    """The numbers of those of a slice with a segment accepted or in doubt, unless all of them are surely on no phone.

    whole: rows speak of every segment of a message; else of those with a receipt only (quirk 21), and then whoever
    was accepted may have heard. A slice of people who are sent a second time adds nobody: each of them is in doubt
    where they were before.
    """
    people, segments = folded(rows), segments_of(rows)
    heard = np.isin(people.state, (RecipientState.IN_DOUBT, RecipientState.UNKNOWN))
    every = np.zeros(rows.total, np.bool_)
    within = segments.ordinal < rows.total
    every[segments.ordinal[within]] = True
    heard &= ~every
    left = within & ~segments.gone if whole else within
    heard[segments.ordinal[left]] = True
    for doubt in rows.doubts:
        if doubt["ended_as"] in (None, fold.RESENT) and doubt["ordinal"] < rows.total:
            heard[doubt["ordinal"]] = True
    for final in people.finals:
        if final.ordinal < rows.total and final.submitted_at:
            heard[final.ordinal] = final.state in _MAY_HAVE or final.segments > 1
    return people.msisdn[heard & (people.msisdn > 0)]


def _ordinals(sent: Sent) -> I64:
    """Of each segment, those of accepted messages first."""
    accepted = np.repeat(sent.ordinals.astype(np.int64), sent.segments)
    return np.concatenate([accepted, sent.stray_ordinals.astype(np.int64)])


def _numbers(sent: Sent) -> I64:
    accepted = np.tile(np.arange(1, sent.segments + 1, dtype=np.int64), len(sent))
    return np.concatenate([accepted, sent.stray_segments.astype(np.int64)])


def _states(results: Sequence[Result]) -> tuple[I64, U8]:
    """Places and states, the first result of a segment first."""
    places = [each.ordinals.astype(np.int64) << 8 | each.segments for each in results]
    return (
        np.concatenate([np.zeros(0, np.int64), *places]),
        np.concatenate([np.zeros(0, np.uint8), *(each.states for each in results)]),
    )


def _at(wanted: I64, places: I64, values: U8) -> U8:
    """The value at each wanted place, 0 where there is none; of several the first."""
    known, first = np.unique(places, return_index=True)
    if not len(known):
        return np.zeros(len(wanted), np.uint8)
    index = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[index] == wanted, values[first[index]], np.uint8(0)).astype(np.uint8)
