"""Of a slice what the resolver needs: its campaign and its numbers. The slices that are sent to now stay in memory.

Whoever opts out is taken out of a slice that nobody holds (opt_outs.py): places above its mark close up, those below it
stay what they are. So of a slice no more is known than what was below its mark when it was read.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from broadcast.ids import SliceId
from broadcast.ledger.packing.sent import Sent
from broadcast.ledger.resolver.slices import SliceFacts
from broadcast.store.arrays import HEAD_OCTETS, numbers
from broadcast.store.queries import sql
from broadcast.store.types import Connection

ANEW: Final = 2**31  # an ordinal that nothing is known of: the slice is read, whatever was known
KEPT_OCTETS: Final = 64 * 2**20
_NOTHING: Final = (None, 0)


class Facts:
    """Of the slices asked for last, KEPT_OCTETS of them."""

    def __init__(self, kept_octets: int = KEPT_OCTETS) -> None:
        self._kept_octets = kept_octets
        self._octets = 0
        self._known: OrderedDict[SliceId, tuple[SliceFacts, int]] = OrderedDict()  # and the mark

    async def of(self, connection: Connection, last: Mapping[SliceId, int]) -> dict[SliceId, SliceFacts]:
        """Of each slice that is there; one whose campaign was archived is not. last: slice_id -> the greatest ordinal
        that is asked about, which was marked before."""
        found = {}
        for slice_id, ordinal in last.items():
            known, mark = self._known.get(slice_id, _NOTHING)
            if known is not None and ordinal < mark:
                found[slice_id] = known
                self._known.move_to_end(slice_id)
        missing = [slice_id for slice_id in last if slice_id not in found]
        if missing:
            for row in await connection.fetch(sql("slice_facts"), missing):
                facts = SliceFacts(row["slice_id"], row["campaign_id"], msisdns(row["msisdns"]))
                found[facts.slice_id] = facts
                self._keep(facts, row["mark"])
        return found

    def _keep(self, facts: SliceFacts, mark: int) -> None:
        before, _ = self._known.pop(facts.slice_id, _NOTHING)
        self._octets += facts.msisdns.nbytes - (0 if before is None else before.msisdns.nbytes)
        self._known[facts.slice_id] = facts, mark
        while self._octets > self._kept_octets:
            _, (oldest, _) = self._known.popitem(last=False)
            self._octets -= oldest.msisdns.nbytes


def last_ordinals(rows: Iterable[tuple[SliceId, Sent]]) -> dict[SliceId, int]:
    """What `Facts.of` is asked for these: (slice_id, row of sent)."""
    last: dict[SliceId, int] = {}
    for slice_id, sent in rows:
        ordinals = (int(each.max(initial=0)) for each in (sent.ordinals, sent.stray_ordinals))
        last[slice_id] = max(last.get(slice_id, 0), *ordinals)
    return last


def msisdns(sent: bytes) -> NDArray[np.int64]:
    """The numbers of a bigint[] as array_send writes it; 0 for a null, who was taken out."""
    if sent[7]:
        return _with_nulls(sent)
    return numbers(sent)


def _with_nulls(sent: bytes) -> NDArray[np.int64]:
    found, at = [], HEAD_OCTETS
    while at < len(sent):
        octets = int.from_bytes(sent[at : at + 4], "big", signed=True)
        at += 4
        found.append(int.from_bytes(sent[at : at + octets], "big", signed=True) if octets > 0 else 0)
        at += max(0, octets)
    return np.array(found, np.int64)
