"""The binds of a carrier opened one after another, each step of the way told: resolve, connect, TLS, bind, life."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from broadcast.config import Address, Bind, BindMode, Carrier
from broadcast.errors import ConfigError
from broadcast.probe import diagnose
from broadcast.probe.findings import Findings
from broadcast.smpp.adapter import bind_pdu
from broadcast.smpp.reach import BindAnswerError, Place, ReachError, Step, reach_place, resolve, server_name
from broadcast.smpp.status import ALREADY_BOUND
from broadcast.smpp.status import name as status_name
from broadcast.smpp.tap import TappedLink
from broadcast.smpp.tls import TlsFileError, shared_context

ANSWER_S: Final = 10.0
UNBIND_S: Final = 3.0
SESSIONS_MOST: Final = 20  # of one bind, opened to see whether the SMSC allows them
_MODE_STATUSES: Final = frozenset(
    {0x03, 0x04, 0x0D}
)  # said by some when only the kind of bind is not allowed
_WORKER: Final = (
    "a worker that runs holds its binds: stop the workers while you check, or give the check a bind"
)

MakeLink = Callable[[str, Bind], TappedLink]


class BindCheck:
    """Opens one bind of the carrier. number: its place in `binds`; make: a new link, not connected yet."""

    def __init__(self, number: int, bind: Bind, carrier: Carrier, make: MakeLink, findings: Findings) -> None:
        self._number = number
        self._bind = bind
        self._carrier = carrier
        self._make = make
        self._findings = findings
        self._context: ssl.SSLContext | None = None

    async def open(self) -> TappedLink | None:
        """A bound link at the first address that works; every address is tried. None: at none."""
        if not await self._prepared():
            return None
        addresses = self._bind.addresses()
        working: list[int] = []
        for index in (*range(1, len(addresses)), 0):  # the first stays bound, so it comes last
            link = await self._at(index, addresses[index])
            if link is not None and index:
                working.append(index)
                await link.unbind(UNBIND_S)
            elif link is not None:
                await self._more_sessions(link)
                return link
        return await self._at(working[0], addresses[working[0]]) if working else None

    async def _prepared(self) -> bool:
        """What can be said without a connection: the password's place, the files of TLS."""
        bind = self._bind
        try:
            bind_pdu(bind.mode, bind.system_id, bind.password(), bind.system_type, 1)
            self._context = await shared_context(bind.tls) if bind.tls else None
        except TlsFileError as error:
            self._failed("tls", str(error), error.setting)
            return False
        except ConfigError as error:
            self._failed("password", str(error), _password_key(bind))
            return False
        for warning in bind.open_secrets():
            self._findings.note(f"binds.{self._number} password", warning)
        return True

    async def _at(self, index: int, address: Address) -> TappedLink | None:
        """Bound at this address, at the first of its places that leads there."""
        where = f"{address[0]}:{address[1]}"
        try:
            places = await resolve(address, self._bind.bind_timeout_s)
        except ReachError as error:
            self._failed("resolve", str(error), "hosts" if index else error.setting)
            return None
        if any(place.ip != address[0] for place in places):
            self._ok("resolve", f"{address[0]} is {', '.join(place.ip for place in places)}")
        for place in places:
            link = await self._at_place(place, address[0], where, "hosts" if index else "")
            if link is not None:
                return link
        return None

    async def _at_place(self, place: Place, host: str, where: str, setting: str) -> TappedLink | None:
        """setting: the key that named this address when it is not host and port."""
        link = self._make(f"check-{self._number}", self._bind)
        steps: list[Step] = []
        try:
            await reach_place(place, host, self._bind, link, self._context, steps.append)
        except ReachError as error:
            self._passed(steps[: steps.index(error.step)], link, place)
            said, key = await self._second_look(error, place, host)
            self._failed(error.step, said, setting if setting and key in ("host", "port") else key)
            return None
        except BindAnswerError as error:
            self._passed(steps[:-1], link, place)
            await self._refused(error, place, host)
            return None
        self._passed(steps, link, place)
        return await self._alive(link, where)

    def _passed(self, steps: list[Step], link: TappedLink, place: Place) -> None:
        bind = self._bind
        said = {
            "connect": f"{place.ip} port {place.address[1]}",
            "tls": f"{link.tls_version or 'handshake'}, the certificate is good",
            "bind": f"{bind.mode} as {bind.system_id}",
        }
        for step in steps:
            self._ok(step, said[step])

    async def _second_look(self, error: ReachError, place: Place, host: str) -> tuple[str, str]:
        """(what is said, the key) once the address was asked what it speaks."""
        said, setting, tls = str(error), error.setting, self._bind.tls
        if error.step == "bind" and tls is None and await diagnose.speaks_tls(place):
            return "the port speaks TLS: add tls to the bind, with the carrier's ca_file", "tls"
        if error.step == "tls" and setting == "tls" and await diagnose.speaks_plain_smpp(place):
            return (
                "the port speaks SMPP without TLS: take tls away, or set port to the carrier's TLS port",
                "tls",
            )
        if setting == "tls.server_name" and tls is not None:
            names = await diagnose.certificate_names(place, tls)
            if names:
                self._findings.recommend(f"binds.{self._number}.tls.server_name", names[0])
                name = server_name(tls, host)
                return f"the SMSC's certificate is not for {name} but for {', '.join(names)}", setting
        return said, setting

    async def _refused(self, error: BindAnswerError, place: Place, host: str) -> None:
        setting = _password_key(self._bind) if error.setting == "password" else error.setting
        if error.status == ALREADY_BOUND:
            self._findings.note(f"binds.{self._number} bind", _WORKER)
        if self._bind.mode == "transceiver" and error.status in _MODE_STATUSES:
            allowed = [mode for mode in ("transmitter", "receiver") if await self._may(mode, place, host)]
            if allowed:
                self._findings.recommend(f"binds.{self._number}.mode", allowed[0])
                self._failed(
                    "bind",
                    f"the SMSC refused it with {status_name(error.status)}, but lets the account bind as "
                    f"{' and '.join(allowed)}: make two binds of it, a transmitter and a receiver",
                    "mode",
                )
                return
        self._failed("bind", str(error).partition(": ")[2], setting)

    async def _may(self, mode: BindMode, place: Place, host: str) -> bool:
        bind = replace(self._bind, mode=mode)
        link = self._make(f"check-{self._number}-{mode}", bind)
        try:
            await reach_place(place, host, bind, link, self._context, lambda step: None)
        except (ReachError, BindAnswerError):
            return False
        await link.unbind(UNBIND_S)
        return True

    async def _alive(self, link: TappedLink, where: str) -> TappedLink | None:
        took = await link.round_trip(ANSWER_S)
        if took is None and not link.is_bound:
            self._failed("bind", f"{where}: the SMSC closed the link after the bind: {await link.finished()}")
            return None
        if took is None:
            said = f"no answer to enquire_link within {ANSWER_S:g} s: workers would take the link for dead"
            self._failed("enquire_link", said, "enquire_link_s")
        else:
            self._ok("enquire_link", f"answered in {1000 * took:.1f} ms")
            self._findings.habits.setdefault("enquire_link_ms", round(1000 * took, 1))
        return link

    async def _more_sessions(self, first: TappedLink) -> None:
        """Does the account get as many sessions as configured? The further ones are closed again."""
        wanted = min(self._bind.sessions, SESSIONS_MOST)
        more: list[TappedLink] = []
        try:
            for number in range(1, wanted):
                link = self._make(f"check-{self._number}-{number}", self._bind)
                try:
                    more.append(await self._again(link))
                except (ReachError, BindAnswerError) as error:
                    self._fewer(1 + len(more), wanted, error)
                    return
            if wanted > 1:
                self._ok("sessions", f"{wanted} at once")
        finally:
            await asyncio.gather(*(link.unbind(UNBIND_S) for link in more))

    async def _again(self, link: TappedLink) -> TappedLink:
        address = self._bind.addresses()[0]
        (place, *_) = await resolve(address, self._bind.bind_timeout_s)
        await reach_place(place, address[0], self._bind, link, self._context, lambda step: None)
        return link

    def _fewer(self, allowed: int, wanted: int, error: ReachError | BindAnswerError) -> None:
        why = status_name(error.status) if isinstance(error, BindAnswerError) else str(error)
        self._failed("sessions", f"{allowed} of {wanted} are let in, the next is refused: {why}", "sessions")
        self._findings.note(f"binds.{self._number} sessions", _WORKER)
        self._findings.recommend(f"binds.{self._number}.sessions", allowed)

    def _ok(self, what: str, said: str) -> None:
        self._findings.ok(f"binds.{self._number} {what}", said)

    def _failed(self, what: str, said: str, setting: str = "") -> None:
        place = f"binds.{self._number}." if setting else ""
        self._findings.failed(f"binds.{self._number} {what}", said, place + setting)


def _password_key(bind: Bind) -> str:
    return "password_file" if bind.password_file else "password_env"
