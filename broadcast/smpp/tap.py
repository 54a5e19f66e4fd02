"""A link that also shows what passes, as it came: for whoever wants to learn an SMSC's habits."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from broadcast.channel.events import LinkEvents
from broadcast.config import Bind, Carrier
from broadcast.smpp.adapter import enquire_link_pdu
from broadcast.smpp.framer import Frame, Framer, UnrecoverablePduError
from broadcast.smpp.link import Link
from broadcast.smpp.pdu import ENQUIRE_LINK_RESP

Seen = Callable[["TappedLink", Frame], None]

_PLAIN: Final = ""


class TappedLink(Link):
    """seen(link, frame): every PDU from the SMSC, before the link makes anything of it."""

    def __init__(self, name: str, bind: Bind, carrier: Carrier, events: LinkEvents, seen: Seen) -> None:
        super().__init__(name, bind, carrier, events)
        self.mode = bind.mode
        self.tls_version = _PLAIN
        self._seen = seen
        self._tap: Framer | None = Framer()
        self._asked: asyncio.Future[float] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Notes the version of TLS, "" without."""
        spoken = transport.get_extra_info("ssl_object")
        self.tls_version = spoken.version() if spoken is not None else _PLAIN
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Shows the PDUs, then as any link."""
        for frame in self._frames(data):
            if frame[0] == ENQUIRE_LINK_RESP and self._asked is not None and not self._asked.done():
                self._asked.set_result(time.monotonic())
            self._seen(self, frame)
        super().data_received(data)

    async def round_trip(self, timeout_s: float) -> float | None:
        """Seconds that the SMSC takes to answer an enquire_link; None: not within the timeout, or it closed."""
        self._asked = self._loop.create_future()
        asked_at = time.monotonic()  # a loop's own clock is too coarse
        self._write(enquire_link_pdu(self.reserve(1)))
        closed = asyncio.create_task(self.finished(), name=f"link {self.name} closed")
        waited: set[asyncio.Future[Any]] = {self._asked, closed}
        await asyncio.wait(waited, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        closed.cancel()
        answered, self._asked = self._asked, None
        return answered.result() - asked_at if answered.done() else None

    def _frames(self, data: bytes) -> list[Frame]:
        if self._tap is None:
            return []
        try:
            return self._tap.feed(data)
        except UnrecoverablePduError as error:
            self._tap = None
            return error.complete
