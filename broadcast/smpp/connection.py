"""One connection to an SMSC, from connect to close: its state, what is written to it, and how it ends."""

import asyncio
from typing import Final, cast

from broadcast.config import Bind
from broadcast.smpp.reading import Reading
from broadcast.smpp.session import UNBOUND, LinkState, Session
from broadcast.smpp.timers import Due, Timers
from broadcast.smpp.tls import peer_ends_at
from broadcast.smpp.writing import Writing

_DOES_NOT_READ: Final = "the SMSC does not read"
_ENDS: Final = {
    UNBOUND: "unbound",
    "unbound": "ours",
    Due.SILENCE.value: "silent",
    Due.SLOW.value: "silent",
    _DOES_NOT_READ: "silent",
}
LINGER_S: Final = 2.0  # to flush the last answers before the connection is cut


class Connection(asyncio.Protocol):
    """What a Link stands on. Clock: the loop's. lost: what broke it. tps: the most that the carrier's row can say while
    this process lives (ops/decisions/022)."""

    def __init__(self, name: str, bind: Bind, tps: int) -> None:
        self.name = name
        self.lost: Exception | None = None
        self.broken = False  # what came cannot be read
        self._bind = bind
        self._loop = asyncio.get_running_loop()
        self._session = Session()
        self._reading = Reading(self._loop, tps)
        self._ticking: asyncio.TimerHandle | None = None
        self._reason = ""
        self.peer_ends_at: float | None = None
        self._leaving = asyncio.Event()
        self._finished: asyncio.Future[str] = self._loop.create_future()

    # ------------------------------------------------------------ for the owner

    @property
    def state(self) -> LinkState:
        """Where it stands between connect and close."""
        return self._session.state

    @property
    def ended(self) -> str:
        """See BoundLink."""
        if self.state is not LinkState.CLOSED:
            return ""
        if self.broken:
            return "broken"
        return _ENDS.get(self._reason, "lost")

    @property
    def is_bound(self) -> bool:
        """The SMSC accepted the bind, and nobody unbinds."""
        return self._session.state is LinkState.BOUND

    async def leaving(self) -> None:
        """Wait until it submits no more: somebody unbinds, or it is closed."""
        await self._leaving.wait()

    async def finished(self) -> str:
        """Wait for the close; says why it closed."""
        return await asyncio.shield(self._finished)

    def abort(self, reason: str) -> None:
        """Cut the connection now; `closed` follows from the loop."""
        if self.state in (LinkState.CONNECTING, LinkState.CLOSED):
            return
        self._closing(reason)
        self._transport.abort()

    # ------------------------------------------------------------ for the link

    def _opened(self, transport: asyncio.BaseTransport) -> None:
        """It is connected, and binds."""
        transport = cast(asyncio.Transport, transport)  # uvloop's does not inherit it
        self._transport = transport
        self.peer_ends_at = peer_ends_at(transport.get_extra_info("peercert"))
        self._writing = Writing(transport)
        self._reading.open(transport)
        bind, now = self._bind, self._loop.time()
        self._timers = Timers(bind.bind_timeout_s, bind.enquire_link_s, bind.response_timeout_s, now)
        self._session.move(LinkState.BINDING)

    def _write(self, data: bytes) -> None:
        if not data:
            return
        self._timers.sent_at = self._loop.time()
        self._writing.write(data)
        if self._writing.unread:
            self.abort(_DOES_NOT_READ)

    def _close(self, reason: str) -> None:
        """Flush, then close; cut after LINGER_S."""
        self._closing(reason)
        self._transport.close()
        self._ticking = self._loop.call_later(LINGER_S, self._transport.abort)

    def _closing(self, reason: str) -> None:
        if self.state is not LinkState.CLOSING:
            self._session.move(LinkState.CLOSING)
            self._reason = reason
        self._still()

    def _closed(self, exc: Exception | None) -> None:
        """It is gone."""
        self._still()
        self.lost = exc
        self._reason = self._reason or (f"connection lost: {exc}" if exc else "closed by the SMSC")
        self._session.move(LinkState.CLOSED)

    def _still(self) -> None:
        """Nothing is read, and no timer runs."""
        self._reading.close()
        if self._ticking is not None:
            self._ticking.cancel()
