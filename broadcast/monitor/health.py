"""The worker's small HTTP server: `/metrics`, `/healthz`, `/readyz`.

It lives on the worker's own event loop, on purpose: a loop that hangs does not answer `/healthz`, and the
probe's timeout says so.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from broadcast.errors import BroadcastError
from broadcast.monitor.http import Answer, HttpServer, Request

Check = Callable[[], Awaitable[str | None]]
"""One condition of readiness: None when it holds, else why not. May raise BroadcastError or OSError."""

CHECK_DEADLINE_S = 3.0


class Exposed(Protocol):
    """What /metrics says."""

    def exposition(self, accept: str) -> tuple[str, bytes]:
        """Content type and octets; accept: the header."""


class PortInUseError(BroadcastError):
    """The metrics port cannot be opened"""


class HealthServer:
    """Serves one process's metrics and health. `checks`: name -> Check, asked anew by every `/readyz`."""

    def __init__(self, metrics: Exposed, checks: Mapping[str, Check]) -> None:
        self._metrics = metrics
        self._checks = checks
        self._http = HttpServer(self._answer, self._at_once)

    async def start(self, host: str, port: int) -> int:
        """Listen; port 0 takes a free one. Returns the port. Raises PortInUseError."""
        try:
            return await self._http.start(host, port)
        except OSError as error:
            raise PortInUseError(
                f"cannot serve metrics on {host} port {port} ({error.strerror or error}): "
                "give another --metrics-port, or 0 for a free one"
            ) from error

    async def stop(self) -> None:
        """Stop listening; answers on their way are finished by their own deadline."""
        await self._http.stop()

    async def readiness(self) -> dict[str, str]:
        """Name -> `ok` or why not, for every check. Each has CHECK_DEADLINE_S."""
        results = await asyncio.gather(*(_ask(check) for check in self._checks.values()))
        return dict(zip(self._checks, results, strict=True))

    def _at_once(self, request: Request) -> Answer | None:
        if request.path == "/metrics":
            return "200 OK", *self._metrics.exposition(request.headers.get("accept", ""))
        if request.path == "/healthz":
            return "200 OK", "application/json", b'{"alive": true}\n'
        return None

    async def _answer(self, request: Request) -> Answer:
        if request.path == "/readyz":
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
