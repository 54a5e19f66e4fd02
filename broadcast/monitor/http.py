"""A small HTTP server: it reads one GET and answers. Nothing that a client sends can hold it open.

It lives on its owner's event loop, on purpose: what it says is of one moment, and a loop that hangs does not
answer. Enough for metrics, health and a simulator's book; not for the open internet.

What can be said at once is said as soon as the request is here, and its connection kept for the next: on a loop that
sends with all that its core has, each turn that a scrape needs is a fortieth of a second. All else ends its connection.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import parse_qsl, urlsplit

READ_DEADLINE_S: Final = 5.0
IDLE_S: Final = 120.0  # until the next request of a connection that is kept
KEPT_MOST: Final = 16  # connections
HEAD_LIMIT_OCTETS: Final = 8192
_END: Final = b"\r\n\r\n"

Answer = tuple[str, str, bytes | Iterator[bytes]]
"""Status line, content type, body. One that is long comes in pieces, each when the one before is on its way; between
them others have their turn, also where a piece is empty."""


@dataclass(frozen=True, slots=True)
class Request:
    """A GET. headers: by name in small letters. query: the last of each name. keeps: the client takes more answers."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    keeps: bool = False


Handler = Callable[[Request], Awaitable[Answer]]
AtOnce = Callable[[Request], Answer | None]
"""None: that is the handler's to answer."""


class HttpServer:
    """`start`, then every GET goes to `at_once`, and to `handler` where that has no answer, until `stop`."""

    def __init__(self, handler: Handler, at_once: AtOnce = lambda request: None) -> None:
        self.handler = handler
        self.at_once = at_once
        self.opened: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; port 0 takes a free one. Returns the port. Raises OSError when it cannot be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), host, port)
        opened: int = self._server.sockets[0].getsockname()[1]
        return opened

    async def stop(self) -> None:
        """Stop listening; answers on their way are finished by their own deadline."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for each in [*self.opened]:
            each.end()


class _Connection(asyncio.Protocol):
    """One client. It has READ_DEADLINE_S for its first request and to take the last answer, IDLE_S in between."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._head = b""
        self._answering: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._server.opened.add(self)
        self._timer = asyncio.get_running_loop().call_later(READ_DEADLINE_S, self._transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        self._server.opened.discard(self)
        if self._answering is not None:
            self._answering.cancel()

    def eof_received(self) -> bool:
        """Whoever says nothing more may still wait for an answer."""
        return self._answering is not None

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """What comes before the answer has gone is nobody's: who asks again waits for it."""
        if self._ended or self._answering is not None:
            return
        self._head += data
        head, end, more = self._head.partition(_END)
        if len(head) > HEAD_LIMIT_OCTETS:
            self.end()
        elif end:
            self._head = b""
            self._answer(head.decode("latin-1"), alone=not more)

    def end(self) -> None:
        """After what is on its way."""
        if self._answering is None and not self._ended:
            self._ended = True
            self._transport.close()
            self._wait(READ_DEADLINE_S)

    def _answer(self, head: str, *, alone: bool) -> None:
        read = _read(head)
        if isinstance(read, Request):
            answer = self._server.at_once(read)
            if answer is None:
                self._timer.cancel()
                self._answering = asyncio.create_task(self._handled(read), name="answer")
                return
        else:
            answer = read
        keeps = alone and isinstance(read, Request) and read.keeps and len(self._server.opened) <= KEPT_MOST
        self._transport.writelines(_response(*answer, keeps=keeps))
        if keeps:
            self._wait(IDLE_S)
        else:
            self.end()

    async def _handled(self, request: Request) -> None:
        """A client that is slow is cut off: its own loss. So is one whose answer fails, for it must not look whole."""
        try:
            for piece in _response(*await self._server.handler(request)):
                self._transport.write(piece)
                async with asyncio.timeout(READ_DEADLINE_S):
                    await self._writable.wait()
                await asyncio.sleep(0)
        except TimeoutError:
            self._transport.abort()
        except BaseException:
            self._transport.abort()
            raise
        finally:
            self._answering = None
        self.end()

    def _wait(self, seconds: float) -> None:
        self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._transport.abort)


def _read(head: str) -> Request | Answer:
    """An answer: it is refused."""
    line, *headers = head.split("\r\n")
    method, _, rest = line.partition(" ")
    if method != "GET":
        return "405 Method Not Allowed", "application/json", b'{"error": "GET only"}\n'
    address, _, version = rest.partition(" ")
    try:
        target = urlsplit(address)
    except ValueError:
        return "400 Bad Request", "text/plain", b"no such path\n"
    pairs = (header.partition(":") for header in headers)
    named = {name.strip().lower(): value.strip() for name, _, value in pairs if name}
    keeps = version == "HTTP/1.1" and "close" not in named.get("connection", "").lower()
    return Request(target.path, dict(parse_qsl(target.query)), named, keeps)


def _response(
    status: str, content_type: str, body: bytes | Iterator[bytes], *, keeps: bool = False
) -> Iterator[bytes]:
    """Pieces, chunked (RFC 9112 §7.1): whoever reads them knows whether the last one came."""
    length = f"Content-Length: {len(body)}" if isinstance(body, bytes) else "Transfer-Encoding: chunked"
    connection = "" if keeps else "Connection: close\r\n"
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n{length}\r\n{connection}\r\n"
    if isinstance(body, bytes):
        yield head.encode("latin-1") + body
        return
    yield head.encode("latin-1")
    for piece in body:
        yield b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""
    yield b"0\r\n\r\n"
