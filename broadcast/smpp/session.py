"""The states of a link, and what each control PDU does to them. Pure."""

from enum import Enum
from typing import Final

from broadcast.errors import BroadcastError
from broadcast.smpp import pdu as smpp
from broadcast.smpp.framer import Frame
from broadcast.smpp.status import INVALID_COMMAND_ID, ROK, UNKNOWN_ERROR


class LinkState(Enum):
    """UNBINDING: no more submits, answers and receipts still come; CLOSING: the last answers are flushed."""

    CONNECTING = "connecting"
    BINDING = "binding"
    BOUND = "bound"
    UNBINDING = "unbinding"
    CLOSING = "closing"
    CLOSED = "closed"


_S = LinkState
MOVES: Final[dict[LinkState, frozenset[LinkState]]] = {
    # the socket is open and the bind sent
    _S.CONNECTING: frozenset({_S.BINDING}),
    # accepted / refused or timed out / connection lost; the SMSC may even unbind here
    _S.BINDING: frozenset({_S.BOUND, _S.UNBINDING, _S.CLOSING, _S.CLOSED}),
    # either side unbinds / we give up / connection lost
    _S.BOUND: frozenset({_S.UNBINDING, _S.CLOSING, _S.CLOSED}),
    _S.UNBINDING: frozenset({_S.CLOSING, _S.CLOSED}),
    _S.CLOSING: frozenset({_S.CLOSED}),
    _S.CLOSED: frozenset(),
}

UNBOUND: Final = "unbound by the SMSC"
_BIND_RESPONSES: Final = frozenset(
    command | smpp.RESPONSE_BIT
    for command in (smpp.BIND_TRANSCEIVER, smpp.BIND_TRANSMITTER, smpp.BIND_RECEIVER)
)
_UNANSWERED: Final = frozenset({smpp.ALERT_NOTIFICATION, smpp.OUTBIND})


class Session:
    """One link's state, moved by what the SMSC sends.

    bind_status: the command_status that answered the bind; None before.
    unbind: the sequence number of the SMSC's unbind, to be answered when nothing is on its way any more; None before.
    ending: why to close the connection, once everything read so far is handed over.
    """

    def __init__(self) -> None:
        self.state = LinkState.CONNECTING
        self.bind_status: int | None = None
        self.unbind: int | None = None
        self.ending = ""

    def move(self, target: LinkState) -> None:
        """Raises BroadcastError for a move that no rule allows: a fault of ours."""
        if target not in MOVES[self.state]:
            raise BroadcastError(f"a link cannot go from {self.state.value} to {target.value}")
        self.state = target

    def end(self, reason: str) -> None:
        """Take no more submits; the connection is to be closed."""
        if self.state in (LinkState.BINDING, LinkState.BOUND):
            self.move(LinkState.UNBINDING)
        self.ending = self.ending or reason

    def control(self, frame: Frame) -> bytes:
        """Take a PDU that is neither an answer to a submit nor a delivery; returns what must be sent back."""
        command, status, sequence, _ = frame
        if command == smpp.ENQUIRE_LINK:
            return smpp.enquire_link_resp(sequence)
        if command == smpp.UNBIND:
            return self._unbind(sequence)
        if command & smpp.RESPONSE_BIT:
            self._response(command, status)
            return b""
        return b"" if command in _UNANSWERED else smpp.generic_nack(sequence, INVALID_COMMAND_ID)

    def _unbind(self, sequence: int) -> bytes:
        """The answer counts as the last word: who hears it hangs up, with all that it has not said yet (quirk 53).

        Of several the last is answered, once.
        """
        if self.state is LinkState.BINDING:
            self.end(UNBOUND)
            return smpp.unbind_resp(sequence)
        if self.state is LinkState.BOUND:
            self.move(LinkState.UNBINDING)
        self.unbind = sequence
        return b""

    def _response(self, command: int, status: int) -> None:
        """Only one bind and one unbind are ever out, so their sequence numbers need not match."""
        if command == smpp.UNBIND_RESP and self.state is LinkState.UNBINDING:
            self.end("unbound")
        elif self.state is LinkState.BINDING and command == smpp.GENERIC_NACK:
            self._bind_answered(status or UNKNOWN_ERROR)
        elif self.state is LinkState.BINDING and command in _BIND_RESPONSES:
            self._bind_answered(status)

    def _bind_answered(self, status: int) -> None:
        self.bind_status = status
        if status == ROK:
            self.move(LinkState.BOUND)
        else:  # already bound (0x05) too: this session is not (quirk 31)
            self.end("bind refused")
