"""The way to a bound link, step by step, each within the bind's timeout: resolve, dial, TLS, bind.

A step that fails says which one it was, why as far as that can be known, and the key of the bind to change.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from broadcast.config import Address, Bind, Tls
from broadcast.errors import BindRefusedError
from broadcast.smpp import advice
from broadcast.smpp import status as statuses
from broadcast.smpp.link import CLOSED_UNBOUND, Link
from broadcast.smpp.tls import explain, shared_context

PLACES_MOST: Final = 8  # of one name, so that a round ends

Step = Literal["resolve", "connect", "tls", "bind"]


class ReachError(ConnectionError):
    """A step to the SMSC failed. step: which; setting: the key of the bind to look at."""

    def __init__(self, step: Step, why: str, setting: str) -> None:
        super().__init__(why)
        self.step = step
        self.setting = setting


class BindAnswerError(BindRefusedError):
    """The SMSC refused the bind: check system_id, password and the carrier's allowed addresses

    status: its command_status; setting: the key of the bind to look at.
    """

    def __init__(self, name: str, status: int) -> None:
        advised = advice.of_bind(status)
        super().__init__(
            f"link {name}: the SMSC refused the bind with {statuses.name(status)}: {advised.why}"
        )
        self.status = status
        self.setting = advised.setting


@dataclass(frozen=True, slots=True)
class Place:
    """One IP address and port of an SMSC, as the socket module wants it."""

    family: int
    address: Any

    @property
    def ip(self) -> str:
        return str(self.address[0])


async def reach(address: Address, bind: Bind, make: Callable[[], Link], step: Callable[[Step], None]) -> Link:
    """A bound link at one address; a name's further IP addresses are tried when one does not lead there.

    make: a new Link for every attempt. step: told where it is. Raises ReachError, BindAnswerError or
    ConfigError; nothing stays open.
    """
    step("resolve")
    places = await resolve(address, bind.bind_timeout_s)
    context = await shared_context(bind.tls) if bind.tls else None
    for place in places[:-1]:
        try:
            return await reach_place(place, address[0], bind, make(), context, step)
        except ReachError:
            continue
    return await reach_place(places[-1], address[0], bind, make(), context, step)


async def reach_place(
    place: Place,
    host: str,
    bind: Bind,
    link: Link,
    context: ssl.SSLContext | None,
    step: Callable[[Step], None],
) -> Link:
    """Dial, TLS, bind at one IP address. host: as configured, for the certificate. Raises as `reach`."""
    step("connect")
    dialled = await dial(place, bind.bind_timeout_s)
    try:
        if context is not None:
            step("tls")
        await _join(dialled, link, bind, context, host)
        step("bind")
        return await _bound(link, bind, host)
    except BaseException:
        link.abort("given up")
        dialled.close()
        raise


async def resolve(address: Address, timeout_s: float) -> list[Place]:
    """Where a host is: at least one place, at most PLACES_MOST. Raises ReachError."""
    host, port = address
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise ReachError(
            "resolve", f"no name server tells of {host} within {timeout_s:g} s", "host"
        ) from None
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "it is no name"
        raise ReachError("resolve", f"{host} is not known ({why}): check host and the DNS", "host") from error
    return [Place(each[0], each[4]) for each in found[:PLACES_MOST]]


async def dial(place: Place, timeout_s: float) -> socket.socket:
    """A TCP connection. Raises ReachError."""
    dialled = socket.socket(place.family, socket.SOCK_STREAM)
    try:
        dialled.setblocking(False)
        dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(timeout_s):
            await asyncio.get_running_loop().sock_connect(dialled, place.address)
    except BaseException as error:
        dialled.close()
        if isinstance(error, OSError):
            raise ReachError("connect", *_undialled(error, place, timeout_s)) from error
        raise
    return dialled


def _undialled(error: OSError, place: Place, timeout_s: float) -> tuple[str, str]:
    where = f"{place.ip} port {place.address[1]}"
    if isinstance(error, ConnectionRefusedError):
        return f"{where}: connection refused: nobody listens there; check port, then host", "port"
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return (
            f"{where}: no answer within {timeout_s:g} s: check host and port, the firewalls, and whether the "
            "carrier lets this machine's address in",
            "host",
        )
    return f"{where}: {error.strerror or error}: check host, and the route or VPN to the carrier", "host"


async def _join(
    dialled: socket.socket, link: Link, bind: Bind, context: ssl.SSLContext | None, host: str
) -> None:
    """Give the connection to the link, after TLS if there is any."""
    name = server_name(bind.tls, host) if context is not None else None
    try:
        async with asyncio.timeout(bind.bind_timeout_s):
            await asyncio.get_running_loop().create_connection(
                lambda: link, sock=dialled, ssl=context, server_hostname=name
            )
    except OSError as error:
        if bind.tls is None or name is None:
            raise ReachError("connect", f"the connection was lost at once: {error}", "port") from error
        raise ReachError("tls", *explain(error, bind.tls, name)) from error


def server_name(tls: Tls | None, host: str) -> str:
    """The name that the SMSC's certificate must hold."""
    return (tls and tls.server_name) or host


async def _bound(link: Link, bind: Bind, host: str) -> Link:
    status = await asyncio.shield(link.bind_answer)
    if status == statuses.ROK:
        return link
    reason = await link.finished()
    if status != CLOSED_UNBOUND:
        raise BindAnswerError(link.name, status)
    if bind.tls is not None and isinstance(link.lost, ssl.SSLError):  # TLS 1.3 refuses a client only now
        raise ReachError("tls", *explain(link.lost, bind.tls, server_name(bind.tls, host)))
    if bind.tls is None:
        raise ReachError("bind", f"{reason}, and the bind not answered: {_PLAIN_HINT}", "tls")
    hint = (
        _TLS_HINT if bind.tls.cert_file else f"it may want a client certificate (tls.cert_file); {_TLS_HINT}"
    )
    raise ReachError("bind", f"{reason}, and the bind not answered: {hint}", "tls.cert_file")


_PLAIN_HINT: Final = (
    "the port may want TLS (add tls), speak something else (check port), or not let this machine's address in"
)
_TLS_HINT: Final = "the port may speak something else (check port), or not let this machine's address in"
