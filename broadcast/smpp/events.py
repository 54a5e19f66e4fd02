"""What a link tells its owner: the calls of `LinkEvents` and the values they carry."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from broadcast.smpp.inbox import Batch
    from broadcast.smpp.link import Link

# Whatever the owner wants back with the answer; the link never looks at it. On the hot path: no wrapper.
Token = Any

# What `Link.ack` needs to answer one deliver_sm or data_sm. Opaque: made by the link, given back once.
Ack = bytes

NO_RESPONSE = "no_response"  # expired: the link is still up, a late answer may follow
LINK_LOST = "link_lost"  # the link ended before the answer came


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """A message from a subscriber (MO), not decoded. source, destination: addresses as they came, latin-1.

    payload: short_message, or message_payload (0x0424) when that one is empty; user data header included.
    sar: (reference, total, number) where TLVs say that it is a part.
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
    messages, unreadable PDUs, then `room`. A receipt may come before the answer to its submit.
    Ids are as they came, latin-1, 1 to 255 octets. left_at: by time.monotonic, none of the submits had left before.
    """

    def bound(self, link: "Link") -> None:
        """The SMSC accepted the bind."""

    def answered(self, link: "Link", answers: list[tuple[Token, int, str]], left_at: float) -> None:
        """(token, command_status, id of the SMSC or "") of each answered submit."""

    def answered_late(self, link: "Link", answers: list[tuple[Token, int, str]], left_at: float) -> None:
        """The same, for tokens that were given to `unanswered` with `no_response` before."""

    def receipts(self, link: "Link", receipts: list[tuple[Ack, int, str, str, int | None]]) -> None:
        """(ack, ReceiptState as int, id, err, MSISDN or None) of each; ack after the commit."""

    def messages(self, link: "Link", messages: list[InboundMessage]) -> None:
        """Messages from subscribers; ack after the commit."""

    def unreadable(self, link: "Link", pdus: list[tuple[Ack, bytes, str]]) -> None:
        """(ack, whole PDU, reason) of each deliver_sm or data_sm that cannot be read; ack after commit."""

    def full(self) -> bool:
        """Nothing is written down, and enough is kept already: a link does not hand over what is to be acked then.

        Nobody answers it, so the SMSC keeps it; the link unbinds when it is over, to have it all sent again.
        """

    def unanswered(self, link: "Link", tokens: list[Token], reason: str, left_at: float) -> None:
        """NO_RESPONSE or LINK_LOST: these submits may or may not have arrived."""

    def room(self, link: "Link") -> None:
        """There may be room again: after answers, expiries, and when the socket takes more."""

    def closed(self, link: "Link", reason: str) -> None:
        """A link that was bound is gone; what was in the window has been given to `unanswered`."""


def tell(events: LinkEvents, link: "Link", batch: "Batch") -> None:
    """One call per kind that one read brought."""
    if batch.answers:
        events.answered(link, batch.answers, batch.left_at)
    if batch.late:
        events.answered_late(link, batch.late, batch.late_left_at)
    if batch.receipts:
        events.receipts(link, batch.receipts)
    if batch.messages:
        events.messages(link, batch.messages)
    if batch.unreadable:
        events.unreadable(link, batch.unreadable)
    if batch.answers:
        events.room(link)
