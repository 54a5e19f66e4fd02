"""The peer: ESME sessions of `aiosmpplib`, against the same simulated carriers.

Beside `smpp.adapter`, which takes its encoders, the only importer of that library.

Treated well: uvloop, the collector as our worker has it, no logs, nothing stored, and a window in which it is at
its fastest (its session searches all that is outstanding with each answer). `peer` is one session in this process: one
segment and one receipt a message, and one of ours with several counts as that many. `sending` is one sender of the
nation's shape: each segment as we make it, with its user data header. Its receipts take so long that what waits for one
cannot be bounded without standing still, so its window is of answers there.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count

from aiosmpplib import (
    ESME,
    NPI,
    TON,
    AbstractBroker,
    AbstractHook,
    DeliverSm,
    PhoneNumber,
    SubmitSm,
    SubmitSmResp,
)
from aiosmpplib.protocol import SmppMessage

from broadcast.bench.campaign import first_msisdn
from broadcast.bench.link import message
from broadcast.bench.load import Load, Measured
from broadcast.bench.meters import Meters
from broadcast.bench.senders import Errand, Line, Said
from broadcast.bench.stage import Stage, collecting_seldom, staged
from broadcast.cli.runner import run
from broadcast.errors import BroadcastError

SEGMENTS_MOST = 20_000  # of a session
SECONDS_MOST = 15.0
_WINDOW = 100
_LOOK_S = 0.1
_LAST_S = 30.0
_UDHI = 0x40


def peer(load: Load) -> Measured:
    """At most SEGMENTS_MOST messages, at most SECONDS_MOST of sending. Raises BroadcastError when receipts lack."""
    with staged(replace(load, tps=0), database=False) as stage, collecting_seldom():
        return run(_measure(stage))


async def _measure(stage: Stage) -> Measured:
    load, name = stage.load, next(iter(stage.config.carriers))
    numbers = count(first_msisdn(stage.config, 0))
    broker = _Broker(
        min(load.messages, SEGMENTS_MOST), lambda: _submit(next(numbers), short_message="x" * 100)
    )
    meters = Meters(stage)
    running = asyncio.create_task(_session(int(stage.ready(name)["port"]), name, broker).start(), name="peer")
    try:
        broker.begin()
        took = await _through(broker, meters)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    messages = broker.receipted / load.segments
    sent_s = broker.accepted_at - broker.began
    cpu_s = meters.per_million(round(messages))
    return Measured(round(messages), took, messages / sent_s, messages / took, cpu_s, meters.peak_mib)


async def _through(broker: "_Broker", meters: Meters) -> float:
    """Seconds until the last receipt."""
    deadline = time.monotonic() + SECONDS_MOST + _LAST_S
    while not (broker.ended and broker.receipted == broker.sent):
        if time.monotonic() > deadline:
            raise BroadcastError(f"the peer's last receipts did not come in {_LAST_S:.0f} s")
        await asyncio.sleep(_LOOK_S)
        meters.look()
    return broker.receipted_at - broker.began


async def sending(errand: Errand, line: Line) -> None:
    """One carrier's messages, within the bounds of `peer`; receipts until it is asked to end."""
    carrier, load = errand.config.carriers[errand.carrier], errand.load
    parts = message(load, carrier).segments
    places = count()

    def segment() -> SubmitSm:
        place, number = divmod(next(places), len(parts))
        made = _submit(first + place, short_message=load.text, encoding="ucs2", esm_class=_UDHI)
        made.set_encoded_message(parts[number].short_message)
        return made

    first = first_msisdn(errand.config, errand.place)
    segments = min(load.share(errand.place) * len(parts), SEGMENTS_MOST // len(parts) * len(parts))
    broker = _Broker(segments, segment, answers=True)
    session = _session(next(iter(carrier.slots())).port, errand.carrier, broker)
    running = asyncio.create_task(session.start(), name="peer")
    try:
        await broker.bound.wait()
        await line.begun()
        broker.begin()
        while not line.asked():
            line.say(
                Said(
                    broker.accepted, broker.receipted, through=broker.ended and broker.answered == broker.sent
                )
            )
            await asyncio.sleep(_LOOK_S)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _session(port: int, name: str, broker: "_Broker") -> ESME:
    return ESME("127.0.0.1", port, name, "", log_level=logging.CRITICAL, broker=broker, hook=_Hook(broker))


def _submit(msisdn: int, **fields: str | int) -> SubmitSm:
    return SubmitSm(
        source=PhoneNumber("BENCH", TON.ALPHANUMERIC, NPI.UNKNOWN),
        destination=PhoneNumber(str(msisdn), TON.INTERNATIONAL, NPI.ISDN),
        registered_delivery=1,
        log_id=str(msisdn),
        **fields,
    )


class _Broker(AbstractBroker):  # type: ignore[misc] # the library ships no types
    """Hands out a segment when fewer than _WINDOW wait, until the time or the segments are up.

    answers: they wait for their answer; otherwise for their receipt. bound: the session asks for something to send.
    """

    def __init__(self, segments: int, make: Callable[[], SubmitSm], *, answers: bool = False) -> None:
        self._segments = segments
        self._make = make
        self._answers = answers
        self._room = asyncio.Event()
        self._begun = asyncio.Event()
        self.bound = asyncio.Event()
        self.began = self.accepted_at = self.receipted_at = 0.0
        self.sent = self.answered = self.accepted = self.receipted = 0

    @property
    def ended(self) -> bool:
        """No more is handed out."""
        return self.sent == self._segments or bool(
            self.began and time.monotonic() > self.began + SECONDS_MOST
        )

    def begin(self) -> None:
        """Hand out, once the session asks."""
        self._begun.set()

    async def enqueue(self, message: SmppMessage) -> None:
        """Nobody does."""
        raise NotImplementedError

    async def dequeue(self) -> SmppMessage:
        self.bound.set()
        await self._begun.wait()
        self.began = self.began or time.monotonic()
        while self.ended or self.sent - (self.answered if self._answers else self.receipted) >= _WINDOW:
            self._room.clear()
            await self._room.wait()
        self.sent += 1
        return self._make()

    def came(self, message: SmppMessage | None) -> None:
        """An answer or a receipt."""
        if isinstance(message, DeliverSm):
            self.receipted += 1
            self.receipted_at = time.monotonic()
            self._room.set()
        elif isinstance(message, SubmitSmResp):
            self.answered += 1
            self.accepted += message.command_status == 0
            self.accepted_at = time.monotonic()
            self._room.set()


class _Hook(AbstractHook):  # type: ignore[misc]
    """Tells the broker what came."""

    def __init__(self, broker: _Broker) -> None:
        self._broker = broker

    async def sending(self, smpp_message: SmppMessage, pdu: bytes, client_id: str) -> None:
        """Not of interest."""

    async def received(self, smpp_message: SmppMessage | None, pdu: bytes, client_id: str) -> None:
        self._broker.came(smpp_message)

    async def send_error(self, smpp_message: SmppMessage, error: Exception, client_id: str) -> None:
        raise error
