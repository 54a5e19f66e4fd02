"""What the exchange and its outbox know of a session, whatever it speaks."""

from typing import Protocol

from broadcast.simulator.account import Account
from broadcast.simulator.habits import BindKind
from broadcast.simulator.receipts import Receipts


class Peer(Protocol):
    """One connected ESME. account: what the book says of it. orderly: an unbind was asked for or answered."""

    account: Account
    orderly: bool

    @property
    def kind(self) -> BindKind | None:
        """Of its bind, while it is bound."""

    @property
    def is_bound(self) -> bool: ...

    @property
    def receives(self) -> bool:
        """May be given receipts."""

    @property
    def is_behind(self) -> bool:
        """Receipts of before wait until the ESME has read and answered others."""

    def came_after(self, other: "Peer") -> bool:
        """It connected later."""

    def deliver(self, batch: Receipts) -> None:
        """Send these receipts, as soon as there is room; `pump` starts it."""

    def pump(self) -> None:
        """Send what waits as far as the ESME has room."""

    def answered(self, responses: bytes | bytearray, count: int) -> None:
        """The delay of these responses, to `count` messages, is over."""

    def close(self) -> None:
        """After what has been written; the exchange is told by `left`."""

    def abort(self) -> None:
        """At once, as when an SMSC dies."""
