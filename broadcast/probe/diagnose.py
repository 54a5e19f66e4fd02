"""A second look at an address where a link failed: what does the port really speak, and under which name?

None of it sends a system_id or a password.
"""

import asyncio
import ssl
from dataclasses import replace
from typing import Any, Final

from broadcast.config import Tls
from broadcast.errors import ConfigError
from broadcast.smpp.adapter import enquire_link_pdu
from broadcast.smpp.pdu import HEADER, HEADER_OCTETS, MAX_PDU_OCTETS
from broadcast.smpp.reach import Place, ReachError, dial
from broadcast.smpp.tls import client_context

LOOK_S: Final = 3.0


async def speaks_tls(place: Place) -> bool:
    """Whether a TLS handshake succeeds, whoever the peer is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return await _handshake(place, context, "") is not None


async def speaks_plain_smpp(place: Place) -> bool:
    """Whether an enquire_link without TLS is answered by something like a PDU."""
    try:
        reader, writer = await asyncio.open_connection(sock=await dial(place, LOOK_S))
    except (ReachError, OSError):
        return False
    try:
        writer.write(enquire_link_pdu(1))
        async with asyncio.timeout(LOOK_S):
            length, command, _, _ = HEADER.unpack(await reader.readexactly(HEADER_OCTETS))
        return bool(HEADER_OCTETS <= length <= MAX_PDU_OCTETS and command & 0x7FFFFFFF < 0x1000)
    except (OSError, asyncio.IncompleteReadError):
        return False
    finally:
        writer.close()


async def certificate_names(place: Place, tls: Tls) -> tuple[str, ...]:
    """The names in the SMSC's certificate, when it is trusted but for its name; else none."""
    try:
        context = await asyncio.to_thread(client_context, replace(tls, server_name=None))
    except ConfigError:
        return ()
    context.check_hostname = False
    certificate = await _handshake(place, context, tls.server_name or "")
    return tuple(name for _, name in (certificate or {}).get("subjectAltName", ()))


async def _handshake(place: Place, context: ssl.SSLContext, name: str) -> dict[str, Any] | None:
    """The peer's certificate as far as it was verified; None: the handshake failed."""
    try:
        dialled = await dial(place, LOOK_S)
        async with asyncio.timeout(LOOK_S):
            _, writer = await asyncio.open_connection(
                sock=dialled, ssl=context, server_hostname=name or place.ip
            )
    except OSError:
        return None
    certificate: dict[str, Any] = writer.get_extra_info("peercert") or {}
    writer.transport.abort()
    return certificate
