"""The peer: an ESME session of `aiosmpplib`, one message and one receipt, against the same simulated carrier.

Beside `smpp.adapter`, which takes its encoders, the only importer of that library.

Treated well: uvloop, the collector as our worker has it, no logs, nothing stored, and a window in which it is at
its fastest (its session searches all that is outstanding with each answer). Its messages have one segment; one of
ours with several counts as that many.
"""

import asyncio
import logging
import time
from dataclasses import replace

from aiosmpplib import ESME, NPI, TON, AbstractBroker, AbstractHook, DeliverSm, PhoneNumber, SubmitSm
from aiosmpplib.protocol import SmppMessage

from broadcast.bench.campaign import first_msisdn
from broadcast.bench.load import Load, Measured
from broadcast.bench.meters import Meters
from broadcast.bench.stage import Stage, collecting_seldom, staged
from broadcast.cli.runner import run
from broadcast.errors import BroadcastError

MESSAGES_MOST = 20_000
SECONDS_MOST = 15.0
_WINDOW = 100
_LOOK_S = 0.1
_LAST_S = 30.0


def peer(load: Load) -> Measured:
    """At most MESSAGES_MOST messages, at most SECONDS_MOST of sending. Raises BroadcastError when receipts lack."""
    with staged(replace(load, tps=0), database=False) as stage, collecting_seldom():
        return run(_measure(stage))


async def _measure(stage: Stage) -> Measured:
    load, name = stage.load, next(iter(stage.config.carriers))
    broker = _Broker(min(load.messages, MESSAGES_MOST), first_msisdn(stage.config, 0))
    esme = ESME(
        "127.0.0.1", int(stage.ready(name)["port"]), name, "", log_level=logging.CRITICAL,
        broker=broker, hook=_Hook(broker),
    )  # fmt: skip
    meters = Meters(stage)
    running = asyncio.create_task(esme.start(), name="peer")
    try:
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
    while not broker.through:
        if time.monotonic() > deadline:
            raise BroadcastError(f"the peer's last receipts did not come in {_LAST_S:.0f} s")
        await asyncio.sleep(_LOOK_S)
        meters.look()
    return broker.receipted_at - broker.began


class _Broker(AbstractBroker):  # type: ignore[misc] # the library ships no types
    """Hands out a message when fewer than _WINDOW wait for their receipt, until the time or the messages are up."""

    def __init__(self, messages: int, first: int) -> None:
        self._messages = messages
        self._next = first
        self._room = asyncio.Event()
        self._source = PhoneNumber("BENCH", TON.ALPHANUMERIC, NPI.UNKNOWN)
        self.began = self.accepted_at = self.receipted_at = 0.0
        self.sent = self.accepted = self.receipted = 0

    @property
    def through(self) -> bool:
        """All that was handed out has its receipt, and no more will be."""
        return self.sent > 0 and self._ended and self.receipted == self.sent

    @property
    def _ended(self) -> bool:
        return self.sent == self._messages or time.monotonic() > self.began + SECONDS_MOST

    async def enqueue(self, message: SmppMessage) -> None:
        """Nobody does."""
        raise NotImplementedError

    async def dequeue(self) -> SmppMessage:
        self.began = self.began or time.monotonic()
        while self._ended or self.sent - self.receipted >= _WINDOW:
            self._room.clear()
            await self._room.wait()
        self.sent += 1
        self._next += 1
        return SubmitSm(
            short_message="x" * 100,
            source=self._source,
            destination=PhoneNumber(str(self._next - 1), TON.INTERNATIONAL, NPI.ISDN),
            registered_delivery=1,
            log_id=str(self.sent),
        )

    def came(self, message: SmppMessage | None) -> None:
        """An answer or a receipt."""
        if isinstance(message, DeliverSm):
            self.receipted += 1
            self.receipted_at = time.monotonic()
            self._room.set()
        else:
            self.accepted_at = time.monotonic()


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
