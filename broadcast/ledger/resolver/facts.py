"""Of a slice what the resolver needs: its campaign and its numbers. The slices that are sent to now stay in memory."""

from collections import OrderedDict
from collections.abc import Collection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from broadcast.ledger.resolver.slices import SliceFacts
from broadcast.store.queries import sql
from broadcast.store.types import Connection

KEPT_OCTETS: Final = 64 * 2**20
_HEAD: Final = 20  # of an array of one dimension: dimensions, whether it has nulls, type, length, first index
_ELEMENT: Final = np.dtype([("octets", ">i4"), ("number", ">i8")])


class Facts:
    """Of the slices asked for last, KEPT_OCTETS of them."""

    def __init__(self, kept_octets: int = KEPT_OCTETS) -> None:
        self._kept_octets = kept_octets
        self._octets = 0
        self._known: OrderedDict[int, SliceFacts] = OrderedDict()

    async def of(self, connection: Connection, slices: Collection[int]) -> dict[int, SliceFacts]:
        """Of each that is there; one whose campaign was archived is not."""
        found = {slice_id: self._known[slice_id] for slice_id in slices if slice_id in self._known}
        for slice_id in found:
            self._known.move_to_end(slice_id)
        missing = [slice_id for slice_id in slices if slice_id not in found]
        if missing:
            for row in await connection.fetch(sql("slice_facts"), missing):
                found[row["slice_id"]] = self._keep(
                    SliceFacts(row["slice_id"], row["campaign_id"], msisdns(row["msisdns"]))
                )
        return found

    def _keep(self, facts: SliceFacts) -> SliceFacts:
        self._known[facts.slice_id] = facts
        self._octets += facts.msisdns.nbytes
        while self._octets > self._kept_octets:
            _, oldest = self._known.popitem(last=False)
            self._octets -= oldest.msisdns.nbytes
        return facts


def msisdns(sent: bytes) -> NDArray[np.int64]:
    """The numbers of a bigint[] as array_send writes it; 0 for a null, who was taken out."""
    if sent[7]:
        return _with_nulls(sent)
    return np.frombuffer(sent, _ELEMENT, offset=_HEAD)["number"].astype(np.int64)


def _with_nulls(sent: bytes) -> NDArray[np.int64]:
    found, at = [], _HEAD
    while at < len(sent):
        octets = int.from_bytes(sent[at : at + 4], "big", signed=True)
        at += 4
        found.append(int.from_bytes(sent[at : at + octets], "big", signed=True) if octets > 0 else 0)
        at += max(0, octets)
    return np.array(found, np.int64)
