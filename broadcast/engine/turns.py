"""Whose turn it is at one lane, where several alerts have somebody to send to. Pure.

Each has a credit, in segments: it grows by the alert's share of whatever leaves, and shrinks by what leaves of its own.
Of those that are not behind, whoever has to be next to keep pace is: so each is within one batch of its share, and a
few segments follow each other on the wire instead of a minute of one alert and a minute of the next.
"""

from collections.abc import Mapping
from typing import Final

from broadcast.campaign.precedence import Claim, Rank, shares
from broadcast.ids import CampaignId

CATCH_UP: Final = 4  # batches: who had nothing ready for a while gets so much of it later, and not all
FADING: Final = 0.99  # of the largest batch, with each turn


class Turns:
    """That of one lane."""

    def __init__(self) -> None:
        self._claims: dict[CampaignId, Claim] = {}
        self._shares: dict[CampaignId, float] = {}
        self._credits: dict[CampaignId, float] = {}
        self._first: Rank = (0, 0)
        self._largest = 1.0  # segments of a batch, or of a message that was ready; fading

    def claim(self, claims: Mapping[CampaignId, Claim]) -> None:
        """These have somebody to send to now, and nobody else has."""
        if claims == self._claims:
            return
        self._claims = dict(claims)
        self._shares = dict(zip(claims, map(float, shares(tuple(claims.values()))), strict=True))
        self._first = min((each.rank for each in claims.values()), default=(0, 0))
        kept = {each: self._credits.get(each, 0.0) for each, share in self._shares.items() if share}
        over = sum(kept.values())  # what those that went were owed, or owe
        self._credits = {each: credit - over * self._shares[each] for each, credit in kept.items()}

    def share(self, campaign_id: CampaignId) -> float:
        """Of the TPS, 0 to 1; 0: it gives way."""
        return self._shares.get(campaign_id, 0.0)

    def next(self, ready: Mapping[CampaignId, int]) -> CampaignId | None:
        """Who is to send; None: nobody who may. ready: segments of the next message of who could.

        Equals leave nothing unused: who is ahead goes on while the others have nothing ready. Lower ones do not go
        beyond what they reserved: a higher one that waits for its commit would find the pace used up.
        """
        mine = {each: size for each, size in ready.items() if self.share(each)}
        if not mine:
            return None
        self._largest = max(self._largest * FADING, *mine.values())
        entitled = [each for each in mine if self._credits[each] >= 0]
        if entitled:
            return min(entitled, key=lambda each: (mine[each] - self._credits[each]) / self._shares[each])
        equals = [each for each in mine if self._claims[each].rank == self._first]
        return max(equals, key=lambda each: self._credits[each] / self._shares[each], default=None)

    def sent(self, campaign_id: CampaignId, segments: int) -> None:
        """So many of it left in one batch."""
        if len(self._credits) < 2 or campaign_id not in self._credits:
            return
        self._largest = max(self._largest, segments)
        most = CATCH_UP * self._largest
        self._credits[campaign_id] -= segments
        for each, credit in self._credits.items():
            self._credits[each] = max(-most, min(most, credit + self._shares[each] * segments))
        behind = max(self._credits.values())
        if behind < 0:  # what was cut off is owed to nobody
            self._credits = {each: credit - behind for each, credit in self._credits.items()}
