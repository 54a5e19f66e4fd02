"""How a link writes: its submits at once, the rest by the transport, and no more than an SMSC may leave unread."""

import asyncio
import contextlib
import os
from typing import Final

WRITE_BUFFER_OCTETS: Final = 1 << 20  # above it the link has no room
WRITE_BUFFER_MOST_OCTETS: Final = 16 << 20  # an SMSC that sends and never reads is cut off


class Writing:
    """Of one link that is connected."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        sock = transport.get_extra_info("socket")
        plain = sock is not None and transport.get_extra_info("ssl_object") is None
        self._file: int | None = sock.fileno() if plain else None
        transport.set_write_buffer_limits(high=WRITE_BUFFER_OCTETS)

    @property
    def unread(self) -> bool:
        """So much waits that the SMSC cannot be reading."""
        return self._transport.get_write_buffer_size() > WRITE_BUFFER_MOST_OCTETS

    def write(self, data: bytes) -> None:
        """With whatever else is written in this turn of the loop."""
        self._transport.write(data)

    def write_now(self, data: bytes) -> None:
        """Past uvloop, which writes when its turn ends: by then a lease may have ended (and a pace be counted).

        A TLS connection goes through its transport all the same.
        """
        sent = 0
        transport = self._transport
        if self._file is not None and not transport.get_write_buffer_size() and not transport.is_closing():
            with contextlib.suppress(OSError):  # full: the transport waits; broken: it says so
                sent = os.write(self._file, data)
        if sent < len(data):
            transport.write(data[sent:] if sent else data)
