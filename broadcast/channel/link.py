"""A link that is bound, as its owner uses it. Everything here is hot: runs of segments, never a message alone."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from broadcast.channel.receipt import Ack

# Whatever the owner wants back with the answer; the link never looks at it. No wrapper.
Token = Any

# (token, status, id or "") of an answered submit; status 0: accepted, others: see Outcome. A bare tuple, one a segment.
Answer = tuple[Token, int, str]


class Submission(NamedTuple):
    """A run of segments as it leaves. first: of the contiguous numbers that `reserve` gave; tokens: one a segment, in
    order; data: rendered with these numbers."""

    first: int
    tokens: list[Token]
    data: bytes


class Held(NamedTuple):
    """A segment that the other side has, and may not have delivered yet. smsc_id: as it came, not empty."""

    smsc_id: str
    msisdn: int


class BoundLink(Protocol):
    """One connection on which segments go out, and answers and receipts come in."""

    def __hash__(self) -> int:
        """Its owner keeps sets of links."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def can_submit(self) -> bool:
        """It is up, is not ending, and is of a kind that sends."""

    @property
    def room(self) -> int:
        """How many segments may be submitted now."""

    @property
    def in_flight(self) -> int:
        """Submits without an answer."""

    @property
    def window(self) -> int:
        """The most that may be in flight."""

    def reserve(self, count: int) -> int:
        """The first of `count` contiguous numbers for a rendered run. Runs are submitted in the order of their
        reservation."""

    def submit(self, submission: Submission, now: float, before: float) -> bool:
        """Send it. now: monotonic. before: when it is too late, by lease_time.

        On a link that cannot submit nothing leaves, and the tokens come back at once as LINK_LOST. False when it is too
        late, which is looked at last, so that a process that slept until then sends nothing: the tokens stay with the
        caller.
        """

    def withdraw(self, submission: Submission, now: float, before: float) -> bool:
        """Ask for segments back, rendered by a Withdrawer: as `submit`, and the tokens come back by `taken_back`."""

    def ack(self, acks: list[Ack]) -> None:
        """Acknowledge what was handed over, after its commit; nothing on a closed link."""

    @property
    def ended(self) -> str:
        """Why it closed, in a word: unbound (by the other side), ours, silent, lost, broken (what came cannot be
        read); empty while it is open."""

    @property
    def peer_ends_at(self) -> float | None:
        """When the other side's certificate ends, in Unix seconds; None: it showed none."""

    def take_enquiry(self) -> float | None:
        """Seconds that an enquire_link took which was answered since the last call; None: none was."""

    def take_round_trip(self, now: float) -> float | None:
        """Seconds that a submit took which was answered since the last call; None: none was timed. now: monotonic."""

    def take_unknown_states(self) -> Counter[str]:
        """What receipts named as their state and the carrier's profile does not know, since the last call."""

    def take_long_ids(self) -> int:
        """How many answers named an id that is too long, and were handed over without one, since the last call."""


def freest(links: Iterable[BoundLink]) -> BoundLink | None:
    """Of those with room, the one with the least in flight: a link that answers is empty again and again, and one that
    does not gets little more."""
    return min((link for link in links if link.room), key=_in_flight, default=None)


def _in_flight(link: BoundLink) -> int:
    return link.in_flight
