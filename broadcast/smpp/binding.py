"""Links opened and kept: one attempt to bind, and the loop that binds again as long as it is let run."""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Final

from broadcast.config import Bind, Carrier
from broadcast.errors import BindRefusedError, ConfigError
from broadcast.smpp import status as statuses
from broadcast.smpp.adapter import bind_pdu
from broadcast.smpp.backoff import Backoff
from broadcast.smpp.events import LinkEvents
from broadcast.smpp.link import CLOSED_UNBOUND, Link
from broadcast.smpp.status import Meaning
from broadcast.smpp.tls import client_context

log = logging.getLogger(__name__)

UNBIND_S: Final = 5.0  # for answers and the unbind_resp when `keep_bound` is cancelled

_SOON: Final = frozenset({Meaning.TEMPORARY, Meaning.THROTTLED, Meaning.QUEUE_FULL})


class BindAnswerError(BindRefusedError):
    """The SMSC refused the bind: check system_id, password and the carrier's allowed addresses

    status: its command_status.
    """

    def __init__(self, name: str, status: int) -> None:
        super().__init__(
            f"link {name}: the SMSC refused the bind with {statuses.name(status)}: "
            "check system_id, password, the allowed addresses and how many binds are allowed"
        )
        self.status = status


async def connect(bind: Bind, carrier: Carrier, events: LinkEvents, name: str) -> Link:
    """One attempt. Raises BindRefusedError, OSError (so TimeoutError) or ConfigError; nothing stays open."""
    return await _connect(bind, carrier, events, name, lambda state: None)


async def keep_bound(
    name: str, bind: Bind, carrier: Carrier, events: LinkEvents, report: Callable[[str], None] | None = None
) -> None:
    """Connect, bind, serve, begin again, for ever; nothing that an SMSC does ends it. Cancelled, it unbinds.

    report: told connecting, binding, bound, backing_off or refused:<status>.
    Raises ConfigError for a bind that cannot work at all.
    """
    bind_pdu(bind.mode, bind.system_id, bind.password(), bind.system_type, 1)
    if bind.tls:
        client_context(bind.tls)
    backoff = Backoff(bind.reconnect_min_s, bind.reconnect_max_s, random.random)
    while True:
        slow = await _serve_once(name, bind, carrier, events, report or (lambda state: None), backoff)
        await asyncio.sleep(backoff.delay(slow=slow))


async def _serve_once(
    name: str,
    bind: Bind,
    carrier: Carrier,
    events: LinkEvents,
    report: Callable[[str], None],
    backoff: Backoff,
) -> bool:
    """One link from connect to close. Is it no use to try again soon?"""
    loop = asyncio.get_running_loop()
    report("connecting")
    try:
        link = await _connect(bind, carrier, events, name, report)
    except BindAnswerError as error:
        log.error("%s", error)
        report(f"refused:{statuses.name(error.status)}")
        return error.status != statuses.ALREADY_BOUND and statuses.meaning(error.status) not in _SOON
    except (OSError, UnicodeError, ConfigError) as error:
        log.warning("link %s: cannot connect to %s port %d: %s", name, bind.host, bind.port, error)
        report("backing_off")
        return isinstance(error, ConfigError)
    report("bound")
    log.info("link %s: bound to %s port %d as %s", name, bind.host, bind.port, bind.system_id)
    bound_at = loop.time()
    try:
        await link.finished()
    finally:  # cancelled: leave politely; otherwise it is closed already
        await link.unbind(UNBIND_S)
    backoff.was_bound(loop.time() - bound_at)
    report("backing_off")
    return False


async def _connect(
    bind: Bind, carrier: Carrier, events: LinkEvents, name: str, report: Callable[[str], None]
) -> Link:
    link = Link(name, bind, carrier, events)
    context = client_context(bind.tls) if bind.tls else None
    server_name = (bind.tls.server_name or bind.host) if bind.tls else None
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(bind.bind_timeout_s):
            await loop.create_connection(
                lambda: link, bind.host, bind.port, ssl=context, server_hostname=server_name
            )
        report("binding")
        status = await asyncio.shield(link.bind_answer)
    except BaseException:
        link.abort("given up")
        raise
    if status == statuses.ROK:
        return link
    reason = await link.finished()
    if status == CLOSED_UNBOUND:
        raise ConnectionError(reason)
    raise BindAnswerError(name, status)
