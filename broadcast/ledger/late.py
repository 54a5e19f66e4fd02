"""Answers that came after their recipient was put in doubt: with the last segment's the doubt ends."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

import asyncpg

from broadcast.ids import CarrierNo, SliceId
from broadcast.ledger.journal import DELTA_SIZE, NO_RECEIPTS, SEGMENTS, Group, LateAnswer
from broadcast.ledger.packing.sent import Answered
from broadcast.ledger.states import RecipientState
from broadcast.store.queries import sql
from broadcast.store.types import Connection


async def with_late_answers(connection: Connection, group: Group) -> Group:
    """The group with what its late answers add; itself untouched, for it may have to be written again.

    A late answer ends a doubt that still waits. Where the recipient was resent meanwhile it tells the first copy's ids.
    """
    by_place = {(late.slice_id, late.ordinal): late for late in group.late}
    ended = await connection.fetch(
        sql("answer_doubts"), [late.slice_id for late in group.late], [late.ordinal for late in group.late]
    )
    late_slices = {row["slice_id"] for row in ended}
    whole = replace(
        group,
        sent={
            slice_id: deepcopy(each) if slice_id in late_slices else each
            for slice_id, each in group.sent.items()
        },
        tallies={key: delta.copy() for key, delta in group.tallies.items()},
    )
    for row in sorted(ended, key=lambda row: by_place[row["slice_id"], row["ordinal"]].at):
        _end(whole, row, by_place[row["slice_id"], row["ordinal"]])
    over = {(row["slice_id"], row["ordinal"]) for row in ended}
    await _answer_first_copies(
        connection, whole, [late for place, late in by_place.items() if place not in over]
    )
    return whole


def _end(group: Group, row: asyncpg.Record, late: LateAnswer) -> None:
    """The slice need not be this worker's any more."""
    delta = _delta(group, row)
    delta[RecipientState.IN_DOUBT] -= 1
    delta[SEGMENTS] += len(late.smsc_ids) + late.unawaited
    _, answered = group.sent.setdefault(
        SliceId(row["slice_id"]), (CarrierNo(row["carrier_no"]), Answered(row["segments"]))
    )
    if late.err or not late.smsc_ids:
        state = RecipientState.REJECTED if late.err else RecipientState.UNKNOWN
        delta[state] += 1
        answered.end(late.ordinal, int(state), late.err or NO_RECEIPTS, late.at)
    else:
        delta[RecipientState.ACCEPTED] += 1
        answered.accept_parts(late.ordinal, late.smsc_ids)
        answered.read(late.left_at, late.at)


async def _answer_first_copies(connection: Connection, group: Group, answers: Sequence[LateAnswer]) -> None:
    """Their segments were accepted all the same; the recipient's state is the later copy's."""
    told = {(late.slice_id, late.ordinal): late for late in answers if not late.err}
    if not told:
        return
    ids = [
        (place, None if smsc_id is None else smsc_id.encode("latin-1"))
        for place, late in told.items()
        for smsc_id in late.smsc_ids or (None,)
    ]
    noted = await connection.fetch(
        sql("answer_first_copies"),
        [slice_id for (slice_id, _), _ in ids],
        [ordinal for (_, ordinal), _ in ids],
        [octets for _, octets in ids],
    )
    for row in noted:
        late = told[row["slice_id"], row["ordinal"]]
        _delta(group, row)[SEGMENTS] += len(late.smsc_ids) + late.unawaited


def _delta(group: Group, row: asyncpg.Record) -> list[int]:
    return group.tallies.setdefault((row["campaign_id"], row["carrier_no"]), [0] * DELTA_SIZE)
