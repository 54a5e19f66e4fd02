"""The board's socket: TLS, how many connections there may be, and how long one may take to say what it wants."""

import asyncio
import ipaddress
import ssl
from pathlib import Path
from typing import Any, Final

from aiohttp import web, web_request
from aiohttp.web_protocol import RequestHandler
from cryptography import x509

from broadcast.errors import BroadcastError, ConfigError
from broadcast.languages import _
from broadcast.monitor import board_events as events
from broadcast.monitor.loggable import Count, Word
from broadcast.monitor.logger import logger
from broadcast.web.app import make_app
from broadcast.web.runtime import Runtime
from broadcast.web.security import NO_STORE

MOST: Final = 2_000  # connections; more are closed at once
HEAD_OCTETS: Final = 8_192
HEADERS: Final = 64
IDLE_S: Final = 20.0  # for a request to arrive whole, and between two
HANDSHAKE_S: Final = 10.0
STOP_S: Final = 3.0
BACKLOG: Final = 256

log = logger(__name__)


class PortError(BroadcastError):
    """The board's port cannot be opened"""


class Served:
    """One listening board. `start`, then `stop`."""

    def __init__(self, run: Runtime, tls: ssl.SSLContext | None) -> None:
        self._run, self._tls = run, tls
        self._runner = web.AppRunner(
            make_app(run), handle_signals=False, access_log=None, shutdown_timeout=STOP_S
        )
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; port 0 takes a free one. Returns the port. Raises PortError."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        secure: dict[str, Any] = (
            {"ssl": self._tls, "ssl_handshake_timeout": HANDSHAKE_S} if self._tls is not None else {}
        )
        try:
            self._server = await loop.create_server(self._connected, host, port, backlog=BACKLOG, **secure)
        except OSError as error:
            await self._runner.cleanup()
            raise PortError(
                _(
                    "cannot serve the board on {host} port {port} ({why}): give another --port, or 0 for a free one",
                    host=host,
                    port=str(port),
                    why=error.strerror or str(error),
                )
            ) from error
        opened: int = self._server.sockets[0].getsockname()[1]
        return opened

    async def stop(self) -> None:
        """Nobody new; then what is on its way ends, streams at once."""
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()

    def _connected(self) -> asyncio.Protocol:
        """For each connection."""
        server = self._runner.server
        assert server is not None  # set up
        if len(server.connections) >= MOST:
            log(events.BOARD_FULL, connections=Count(MOST))
            return _Closed()
        return _Handler(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,
            keepalive_timeout=IDLE_S,
            max_line_size=HEAD_OCTETS,
            max_field_size=HEAD_OCTETS,
            max_headers=HEADERS,
            lingering_time=2.0,
            front_headers=self._run.front.headers(),
        )


class _Handler(RequestHandler):
    """What is no request of HTTP is answered with the same headers, and nothing of what was sent."""

    __slots__ = ("_front_headers",)

    def __init__(self, *args: Any, front_headers: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._front_headers = front_headers

    def handle_error(
        self, request: web_request.BaseRequest, status: int = 500, exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:  # fmt: skip
        if status >= 500:
            log(events.BOARD_FAILED, kind=Word(type(exc).__name__), error=exc)
        answer = web.Response(
            status=status, text=f"{status}\n", headers={**self._front_headers, "Cache-Control": NO_STORE}
        )
        answer.force_close()
        return answer


class _Closed(asyncio.Protocol):
    """One connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 and newer. Raises ConfigError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            _(
                "--tls-cert {certificate} and --tls-key {key} cannot be used: {why}",
                certificate=certificate,
                key=key,
                why=error.strerror or type(error).__name__,
            )
        ) from error
    return context


def names_of(certificate: Path) -> frozenset[str]:
    """Hosts that a certificate is for; those with a star are left out. Raises ConfigError."""
    try:
        found = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
        sans = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    except (OSError, ValueError) as error:
        raise ConfigError(_("{certificate} is no certificate in PEM", certificate=certificate)) from error
    names = [*sans.get_values_for_type(x509.DNSName), *map(str, sans.get_values_for_type(x509.IPAddress))]
    return frozenset(each.lower() for each in names if "*" not in each)


def is_loopback(host: str) -> bool:
    """Whether nobody on another machine can reach it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
