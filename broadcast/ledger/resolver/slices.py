"""Slices that a book knows of, numbered as they come: columns name a slice in 32 bits."""

from dataclasses import dataclass

import numpy as np

from broadcast.ids import CampaignId, SliceId
from broadcast.ledger.packing.columns import I64

_FEWEST = 256


@dataclass(frozen=True, slots=True, eq=False)
class SliceFacts:
    """msisdns: i64, of every place of the slice, 0 for one that was taken out. The book keeps only those whose
    messages wait."""

    slice_id: SliceId
    campaign_id: CampaignId
    msisdns: I64


class Slices:
    """ids, campaigns: i64, of each place given out, and room for more."""

    def __init__(self) -> None:
        self.ids = np.zeros(_FEWEST, np.int64)
        self.campaigns = np.zeros(_FEWEST, np.int64)
        self._places: dict[int, int] = {}

    @property
    def octets(self) -> int:
        return (
            self.ids.nbytes + self.campaigns.nbytes + 100 * len(self._places)
        )  # a dict entry and its two ints

    def place(self, facts: SliceFacts) -> int:
        """Of this slice."""
        place = self._places.setdefault(facts.slice_id, len(self._places))
        if place == len(self.ids):
            self.ids = np.concatenate([self.ids, np.zeros(place, np.int64)])
            self.campaigns = np.concatenate([self.campaigns, np.zeros(place, np.int64)])
        self.ids[place] = facts.slice_id
        self.campaigns[place] = facts.campaign_id
        return place
