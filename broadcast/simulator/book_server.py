"""The book over HTTP, for other processes: `GET /book` and `GET /book/copies`, JSON each."""

import asyncio
import json
from typing import Final

from broadcast.errors import BroadcastError
from broadcast.simulator.server import Smsc, why

_DEADLINE_S: Final = 5.0
_HEAD_OCTETS: Final = 8192


class BookServer:
    """Serves one SMSC's book on its event loop: what it says is of one moment."""

    def __init__(self, smsc: Smsc) -> None:
        self._smsc = smsc
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int = 0) -> int:
        """Listen; 0 takes a free port. Returns the port. Raises BroadcastError when it cannot be had."""
        try:
            self._server = await asyncio.start_server(self._serve, host, port, limit=_HEAD_OCTETS)
        except OSError as error:
            raise BroadcastError(
                f"cannot serve the book on {host} port {port} ({why(error)}): "
                "give another --book-port, or 0 for a free one"
            ) from error
        opened: int = self._server.sockets[0].getsockname()[1]
        return opened

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_DEADLINE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head))
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return  # a client that is slow, gone or not speaking HTTP: its own loss
        finally:
            writer.close()

    def _answer(self, head: bytes) -> bytes:
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0]
        if method != b"GET":
            return _response("405 Method Not Allowed", {"error": "GET only"})
        if path == b"/book":
            return _response("200 OK", self._smsc.summary())
        if path == b"/book/copies":
            return _response("200 OK", self._smsc.book.copies())
        return _response("404 Not Found", {"error": "/book or /book/copies"})


def _response(status: str, value: object) -> bytes:
    body = json.dumps(value).encode() + b"\n"
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
