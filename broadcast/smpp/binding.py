"""Links opened and kept: one attempt to bind, and the loop that binds again as long as it is let run."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Final

from broadcast.channel.channel import UNBIND_S
from broadcast.channel.events import LinkEvents
from broadcast.channel.outcome import Meaning
from broadcast.config import Address, Bind, Carrier
from broadcast.errors import ConfigError
from broadcast.monitor import events
from broadcast.monitor.loggable import Count, Name, Sentence, Status, Word
from broadcast.monitor.logger import about, logger
from broadcast.smpp import status as statuses
from broadcast.smpp.adapter import bind_pdu
from broadcast.smpp.failover import Homing, Hosts
from broadcast.smpp.link import Link
from broadcast.smpp.reach import BindAnswerError, ReachError, dial, reach, resolve
from broadcast.smpp.tls import shared_context

log = logger(__name__)

HOMING_S: Final = 10.0  # how often a link at a later address asks itself whether to look for the first

_SOON: Final = frozenset({Meaning.TEMPORARY, Meaning.THROTTLED, Meaning.QUEUE_FULL})


async def connect(bind: Bind, carrier: Carrier, events: LinkEvents, name: str) -> Link:
    """One attempt at the bind's first address.

    Raises BindRefusedError, OSError (ReachError says which step) or ConfigError; nothing stays open.
    """
    return await reach(
        bind.addresses()[0], bind, lambda: Link(name, bind, carrier, events), lambda step: None
    )


async def keep_bound(
    name: str,
    bind: Bind,
    carrier: Carrier,
    events: LinkEvents,
    report: Callable[[str], None] | None = None,
    leave_s: Callable[[], float] = lambda: UNBIND_S,
) -> None:
    """Connect, bind, serve, begin again, for ever; nothing that an SMSC does ends it. Cancelled, it unbinds.

    The bind's addresses are tried in order (see Hosts). report: told connecting, binding, bound, backing_off
    (from when it submits no more) or refused:<status>; the log tells the address. leave_s: how long it may take to
    unbind, asked when it is cancelled. Raises ConfigError for a bind that cannot work at all.
    """
    bind_pdu(bind.mode, bind.system_id, bind.password(), bind.system_type, 1)
    if bind.tls:
        await shared_context(bind.tls)
    hosts = Hosts(bind.addresses(), bind.reconnect_min_s, bind.reconnect_max_s, random.random)
    loop = asyncio.get_running_loop()
    while True:
        index, wait_s = hosts.next(loop.time())
        await asyncio.sleep(wait_s)
        attempt = _Attempt(name, bind, carrier, events, report or (lambda state: None), index)
        bound_s, slow = await attempt.run(hosts, leave_s)
        hosts.ended(index, loop.time(), bound_s=bound_s, slow=slow)


class _Attempt:
    """One link at one address, from connect to close."""

    def __init__(
        self,
        name: str,
        bind: Bind,
        carrier: Carrier,
        events: LinkEvents,
        report: Callable[[str], None],
        index: int,
    ) -> None:
        self._name, self._bind, self._carrier, self._events = name, bind, carrier, events
        self._report = report
        self._index = index
        self._address: Address = bind.addresses()[index]

    async def run(self, hosts: Hosts, leave_s: Callable[[], float]) -> tuple[float, bool]:
        """(seconds that it was bound, no use to try again soon?)"""
        host, port = self._address
        with about(link=Name(self._name), host=Name(host), port=Count(port)):
            return await self._run(hosts, leave_s)

    async def _run(self, hosts: Hosts, leave_s: Callable[[], float]) -> tuple[float, bool]:
        self._report("connecting")
        try:
            link = await reach(self._address, self._bind, self._new_link, self._at_step)
        except BindAnswerError as error:
            log(events.LINK_REFUSED, status=Status(error.status), why=error)
            self._report(f"refused:{statuses.name(error.status)}")
            meaning = statuses.meaning(error.status, self._carrier)
            return 0.0, error.status != statuses.ALREADY_BOUND and meaning not in _SOON
        except (OSError, ConfigError) as error:
            why = error if isinstance(error, ConfigError) else Sentence(f"{error}")
            log(events.LINK_CANNOT_BIND, why=why)
            self._report("backing_off")
            return 0.0, isinstance(error, ConfigError)
        return await self._serve(link, hosts, leave_s), False

    def _new_link(self) -> Link:
        return Link(self._name, self._bind, self._carrier, self._events)

    def _at_step(self, step: str) -> None:
        log(events.LINK_STEP, step=Word(step))
        if step == "bind":
            self._report("binding")

    async def _serve(self, link: Link, hosts: Hosts, leave_s: Callable[[], float]) -> float:
        """Until it is closed, or the first address is back. Seconds that it was bound."""
        loop = asyncio.get_running_loop()
        self._report("bound")
        account = Name(self._bind.system_id)
        if self._index:
            address, addresses = Count(self._index + 1), Count(len(hosts.addresses))
            log(events.LINK_BOUND_ELSEWHERE, account=account, address=address, addresses=addresses)
        else:
            log(events.LINK_BOUND, account=account)
        bound_at = loop.time()
        homing = asyncio.create_task(self._homing(link, hosts), name=f"link {self._name} homing")
        try:
            await link.leaving()
            self._report("backing_off")
            await link.finished()
        finally:  # cancelled: leave politely; otherwise it is closed already
            homing.cancel()
            await link.unbind(leave_s())
            await asyncio.gather(homing, return_exceptions=True)
        return loop.time() - bound_at

    async def _homing(self, link: Link, hosts: Hosts) -> None:
        """From a later address back to the first: when that can be dialled, and the link has nothing to do."""
        loop = asyncio.get_running_loop()
        homing = Homing(loop.time())
        while self._index:
            await asyncio.sleep(HOMING_S)
            if homing.due(loop.time(), link.in_flight) and await self._first_answers(hosts.addresses[0]):
                host, port = hosts.addresses[0]
                log(events.LINK_ADDRESS_BACK, link=Name(self._name), host=Name(host), port=Count(port))
                hosts.first_is_back()
                await link.unbind(UNBIND_S)
                return

    async def _first_answers(self, address: Address) -> bool:
        with contextlib.suppress(ReachError):
            for place in await resolve(address, self._bind.bind_timeout_s):
                (await dial(place, self._bind.bind_timeout_s)).close()
                return True
        return False
