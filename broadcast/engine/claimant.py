"""One alert at one lane: its slices there, and of these the recipients whose intent is committed. Pure."""

from collections import deque
from collections.abc import Sequence

from broadcast.campaign.precedence import Claim
from broadcast.engine.pieces import Pieces
from broadcast.engine.work import Work
from broadcast.ids import CampaignId

Run = tuple[Work, Sequence[int]]


class Claimant:
    """stocked, intending: segments in `runs`, and those whose intent is not committed yet."""

    __slots__ = ("campaign_id", "claim", "intending", "pieces", "runs", "stocked", "works")

    def __init__(self, campaign_id: CampaignId, claim: Claim) -> None:
        self.campaign_id = campaign_id
        self.claim = claim
        self.works: list[Work] = []
        self.runs: deque[Run] = deque()
        self.pieces = Pieces()
        self.stocked = 0
        self.intending = 0

    @property
    def held(self) -> int:
        """Segments that are intended and have not left."""
        return self.stocked + self.intending

    @property
    def waiting(self) -> int:
        """Recipients that wait here."""
        return sum(work.slice.waiting for work in self.works if not work.releasing)

    def sends(self, now: float) -> bool:
        """Is there anything that could leave?"""
        return bool(self.runs) or self.pieces.due(now)

    def more(self, now: float, unix_now: float) -> bool:
        """Is there anybody to intend?"""
        return any(
            not work.releasing and unix_now < work.campaign.expires_at and work.has_ready(now)
            for work in self.works
        )

    def next_retry(self, now: float) -> float | None:
        """When the next recipient that waits again is due, of those that are not yet; None: there is none."""
        found = [at for work in self.works if (at := work.next_retry()) is not None and at > now]
        return min(found, default=None)

    def next_size(self, now: float) -> int:
        """Segments that have to leave together next; something `sends`."""
        return 1 if self.pieces.due(now) else self.runs[0][0].segments

    def take(self, count: int) -> Sequence[int]:
        """The first so many of the first run, no longer in `runs`."""
        work, ordinals = self.runs[0]
        if count < len(ordinals):
            self.runs[0] = (work, ordinals[count:])
            return ordinals[:count]
        self.runs.popleft()
        return ordinals
