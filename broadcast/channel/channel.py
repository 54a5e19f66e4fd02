"""A way to reach the people of one carrier: what it is asked for a campaign, and for a link."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

from broadcast.channel.events import LinkEvents
from broadcast.channel.link import Held
from broadcast.channel.outcome import Outcome
from broadcast.channel.sayings import Sayings
from broadcast.channel.trying import Tried, Way
from broadcast.ids import CampaignId

UNBIND_S: Final = 2.0  # for a link to end when nothing should be on its way any more
LEAVE_S: Final = 10.0  # and when something is: who is on it would be in doubt


@dataclass(frozen=True, slots=True)
class Words:
    """What an approved campaign says. sender: where the carrier wants none of its own. expires_at: aware (law 5)."""

    campaign_id: CampaignId
    text: str
    alphabet: Literal["gsm0338", "ucs2"]
    sender: str
    expires_at: datetime


class Renderer(Protocol):
    """One campaign at one carrier, as octets for any of its links.

    segments: of a message. unawaited: those (from 1) for which no receipt was asked.
    """

    @property
    def segments(self) -> int: ...

    @property
    def unawaited(self) -> frozenset[int]: ...

    def stamp(self, first_sequence: int, msisdns: Sequence[int]) -> bytes:
        """For all of them: per MSISDN its segments in order, numbers contiguous as `BoundLink.reserve` gave them."""

    def stamp_segment(self, sequence: int, msisdn: int, segment: int) -> bytes:
        """One segment (from 1) alone."""


class Withdrawer(Protocol):
    """Asks for messages of one sender back, as octets for any link of one carrier."""

    def stamp(self, first_sequence: int, segments: Sequence[Held]) -> bytes:
        """A request a segment, numbers contiguous as `BoundLink.reserve` gave them."""


class Channel(Protocol):
    """Of one carrier. Its slots are numbered from 0, in the order of the configuration."""

    def render(self, words: Words, now: float) -> Renderer:
        """now: Unix seconds by the database's clock, from which an expiry may count. Raises BroadcastError for what
        cannot be said in this way."""

    def outcome(self, status: int) -> Outcome:
        """What an answer's status means at this carrier."""

    def withdrawer(self, sender: str) -> Withdrawer | None:
        """None: this carrier gives nothing back. sender: as in Words."""

    def cannot_withdraw(self, status: int) -> bool:
        """Whether this answer to a withdrawal says that the carrier knows of no such thing."""

    def sayings(self) -> Sayings:
        """What this carrier says of a number, in the words of the ledger."""

    async def keep_bound(
        self,
        slot_no: int,
        name: str,
        events: LinkEvents,
        report: Callable[[str], None],
        leave_s: Callable[[], float],
    ) -> None:
        """Bind a link for this slot, serve it, begin again, for ever. Cancelled, it ends the link in peace.

        report: told connecting, binding, bound, backing_off (from when it submits no more) or refused:<code>. leave_s:
        how long the link may take to end, asked when this is cancelled. Raises BroadcastError for a link that cannot
        even be tried.
        """

    def certificate_ends_at(self) -> float | None:
        """When the first of our own certificates ends, in Unix seconds; None: we show none, or it cannot be read. Reads
        files."""

    def again_s(self, slot_no: int) -> float:
        """Seconds until such a link is tried again."""

    def ways(self) -> Sequence[Way]:
        """Every address of every bind, the standby ones too; none where nothing of the kind can be tried."""

    async def try_way(self, way: Way) -> Tried:
        """Open a link there and close it. Nothing is sent on it; what is delivered on it goes to others later."""
