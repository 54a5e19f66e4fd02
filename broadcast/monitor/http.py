"""A small HTTP server: it reads one GET, answers, closes. Nothing that a client sends can hold it open.

It lives on its owner's event loop, on purpose: what it says is of one moment, and a loop that hangs does not
answer. Enough for metrics, health and a simulator's book; not for the open internet.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

READ_DEADLINE_S = 5.0
HEAD_LIMIT_OCTETS = 8192

Answer = tuple[str, str, bytes | Iterator[bytes]]
"""Status line, content type, body. One that is long comes in pieces, each when the one before is on its way; between
them others have their turn, also where a piece is empty."""


@dataclass(frozen=True, slots=True)
class Request:
    """A GET. headers: by name in small letters. query: the last of each name."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


Handler = Callable[[Request], Awaitable[Answer]]


class HttpServer:
    """`start`, then every GET goes to `handler` until `stop`."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; port 0 takes a free one. Returns the port. Raises OSError when it cannot be had."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=HEAD_LIMIT_OCTETS)
        opened: int = self._server.sockets[0].getsockname()[1]
        return opened

    async def stop(self) -> None:
        """Stop listening; answers on their way are finished by their own deadline."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(READ_DEADLINE_S):
                head = await reader.readuntil(b"\r\n\r\n")
            for piece in _response(*await self._answer(head.decode("latin-1"))):
                writer.write(piece)
                async with asyncio.timeout(READ_DEADLINE_S):
                    await writer.drain()
                    await asyncio.sleep(0)
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return  # a client that is slow, gone or not speaking HTTP: its own loss
        finally:
            writer.close()

    async def _answer(self, head: str) -> Answer:
        line, *headers = head.split("\r\n")
        method, _, rest = line.partition(" ")
        if method != "GET":
            return "405 Method Not Allowed", "application/json", b'{"error": "GET only"}\n'
        try:
            target = urlsplit(rest.split(" ")[0])
        except ValueError:
            return "400 Bad Request", "text/plain", b"no such path\n"
        pairs = (header.partition(":") for header in headers)
        named = {name.strip().lower(): value.strip() for name, _, value in pairs if name}
        return await self._handler(Request(target.path, dict(parse_qsl(target.query)), named))


def _response(status: str, content_type: str, body: bytes | Iterator[bytes]) -> Iterator[bytes]:
    """Pieces, chunked (RFC 9112 §7.1): whoever reads them knows whether the last one came."""
    length = f"Content-Length: {len(body)}" if isinstance(body, bytes) else "Transfer-Encoding: chunked"
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n{length}\r\nConnection: close\r\n\r\n"
    if isinstance(body, bytes):
        yield head.encode("latin-1") + body
        return
    yield head.encode("latin-1")
    for piece in body:
        yield b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""
    yield b"0\r\n\r\n"
