"""The worker's small HTTP server: `/metrics`, `/healthz`, `/readyz`.

It lives on the worker's own event loop, on purpose: a loop that hangs does not answer `/healthz`, and the
probe's timeout says so. It reads one GET, answers, closes; nothing a client sends can hold it open.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping

from prometheus_client.exposition import choose_encoder

from broadcast.errors import BroadcastError
from broadcast.monitor.metrics import Metrics

Check = Callable[[], Awaitable[str | None]]
"""One condition of readiness: None when it holds, else why not. May raise BroadcastError or OSError."""

READ_DEADLINE_S = 5.0
CHECK_DEADLINE_S = 3.0
HEAD_LIMIT_OCTETS = 8192

Answer = tuple[str, str, bytes]
"""Status line, content type, body."""


class PortInUseError(BroadcastError):
    """The metrics port cannot be opened"""


class HealthServer:
    """Serves one worker's metrics and health. `checks`: name -> Check, asked anew by every `/readyz`."""

    def __init__(self, metrics: Metrics, checks: Mapping[str, Check]) -> None:
        self._metrics = metrics
        self._checks = checks
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; port 0 takes a free one. Returns the port. Raises PortInUseError."""
        try:
            self._server = await asyncio.start_server(self._serve, host, port, limit=HEAD_LIMIT_OCTETS)
        except OSError as error:
            raise PortInUseError(
                f"cannot serve metrics on {host} port {port} ({error.strerror or error}): "
                "give another --metrics-port, or 0 for a free one"
            ) from error
        opened: int = self._server.sockets[0].getsockname()[1]
        return opened

    async def stop(self) -> None:
        """Stop listening; answers on their way are finished by their own deadline."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def readiness(self) -> dict[str, str]:
        """Name -> `ok` or why not, for every check. Each has CHECK_DEADLINE_S."""
        results = await asyncio.gather(*(_ask(check) for check in self._checks.values()))
        return dict(zip(self._checks, results, strict=True))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(READ_DEADLINE_S):
                head = await reader.readuntil(b"\r\n\r\n")
            status, content_type, body = await self._answer(head.decode("latin-1"))
            writer.write(_response(status, content_type, body))
            async with asyncio.timeout(READ_DEADLINE_S):
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return  # a client that is slow, gone or not speaking HTTP: its own loss
        finally:
            writer.close()

    async def _answer(self, head: str) -> Answer:
        request, *lines = head.split("\r\n")
        method, _, rest = request.partition(" ")
        path = rest.split(" ")[0].partition("?")[0]
        if method != "GET":
            return "405 Method Not Allowed", "text/plain", b"GET only\n"
        if path == "/metrics":
            encode, content_type = choose_encoder(_header(lines, "accept"))
            return "200 OK", content_type, encode(self._metrics.registry)
        if path == "/healthz":
            return "200 OK", "application/json", b'{"alive": true}\n'
        if path == "/readyz":
            return await self._ready()
        return "404 Not Found", "text/plain", b"/metrics, /healthz or /readyz\n"

    async def _ready(self) -> Answer:
        checks = await self.readiness()
        ready = all(result == "ok" for result in checks.values())
        body = json.dumps({"ready": ready, "checks": checks}).encode() + b"\n"
        return "200 OK" if ready else "503 Service Unavailable", "application/json", body


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_DEADLINE_S):
            return await check() or "ok"
    except TimeoutError:
        return f"no answer within {CHECK_DEADLINE_S:g} s"
    except (BroadcastError, OSError) as error:
        return str(error)


def _header(lines: list[str], name: str) -> str:
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip().lower() == name:
            return value.strip()
    return ""


def _response(status: str, content_type: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("latin-1") + body
