"""What a link tells its owner: the calls of `LinkEvents` and the values they carry."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from broadcast.channel.link import Answer, BoundLink, Token
from broadcast.channel.receipt import Ack, Receipt

NO_RESPONSE: Final = "no_response"  # expired: the link is still up, a late answer may follow
LINK_LOST: Final = "link_lost"  # the link ended before the answer came

# (ack, all of it, reason) of a delivery that cannot be read
UnreadDelivery = tuple[Ack, bytes, str]


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """A message from a subscriber (MO), not decoded. source, destination: addresses as they came, latin-1.

    payload: with its user data header; esm_class (SMPP 3.4 §5.2.12) says whether it has one, data_coding (§5.2.19) what
    its octets are, for that is how raw messages are kept. sar: (reference, total, number) where something else than
    the header says that it is a part.
    """

    ack: Ack
    source: str
    destination: str
    esm_class: int
    data_coding: int
    payload: bytes
    sar: tuple[int, int, int] | None = None


class LinkEvents(Protocol):
    """Implemented by the owner of links; no call may raise.

    Everything of one read arrives in one call per kind, in this order: answers, late answers, receipts,
    messages, unread deliveries, then `room`. A receipt may come before the answer to its submit.
    Ids are as they came, latin-1, 1 to 255 octets. left_at: by time.monotonic, none of the submits had left before.
    """

    def bound(self, link: BoundLink) -> None:
        """The link is up."""

    def answered(self, link: BoundLink, answers: list[Answer], left_at: float) -> None:
        """Of each answered submit."""

    def answered_late(self, link: BoundLink, answers: list[Answer], left_at: float) -> None:
        """The same, for tokens that were given to `unanswered` with NO_RESPONSE before."""

    def receipts(self, link: BoundLink, receipts: list[Receipt]) -> None:
        """Ack them after the commit."""

    def messages(self, link: BoundLink, messages: list[InboundMessage]) -> None:
        """Messages from subscribers; ack after the commit."""

    def unreadable(self, link: BoundLink, deliveries: list[UnreadDelivery]) -> None:
        """What was delivered and cannot be read, whole; ack after the commit."""

    def full(self) -> bool:
        """Nothing is written down, and enough is kept already: a link does not hand over what is to be acked then.

        Nobody answers it, so the SMSC keeps it; the link unbinds when it is over, to have it all sent again.
        """

    def unanswered(self, link: BoundLink, tokens: list[Token], reason: str, left_at: float) -> None:
        """NO_RESPONSE or LINK_LOST: these submits may or may not have arrived."""

    def taken_back(self, link: BoundLink, answers: Sequence[tuple[Token, int | None]]) -> None:
        """What was asked back by `withdraw`: with the answer's status (see Outcome), or None, for none will come."""

    def room(self, link: BoundLink) -> None:
        """There may be room again: after answers, expiries, and when the socket takes more."""

    def closed(self, link: BoundLink, reason: str) -> None:
        """A link that was bound is gone; what it had in flight has been given to `unanswered`."""
