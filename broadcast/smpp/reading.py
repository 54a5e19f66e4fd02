"""When a link reads on: not while too much waits for its commit, nor while the SMSC says more than any honest one.

Whoever is not read waits by TCP, and nothing is lost.
"""

import asyncio
from typing import Final

from broadcast.smpp.allowance import OCTETS_PASSED_OVER, UNITS_PER_MESSAGE, Allowance
from broadcast.smpp.inbox import Batch

UNACKED_MOST: Final = 50_000  # deliveries handed over and not acked yet; above it the link stops reading
UNACKED_OCTETS_MOST: Final = 32 << 20  # the same in octets, for deliveries of 128 KiB each
READ_LARGE_OCTETS: Final = 50_000  # some milliseconds of work


class Reading:
    """Of one link; pauses and resumes its transport.

    unacked: deliveries handed over and not acked yet. held: there are too many of them.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, tps: int) -> None:
        self.unacked = 0
        self.held = False
        self._octets = 0.0  # of the unacked
        self._loop = loop
        self._allowance = Allowance(tps)
        self._resting: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    @property
    def paused(self) -> bool:
        """What is missing may be waiting to be read."""
        return self.held or self._resting is not None

    def open(self, transport: asyncio.Transport) -> None:
        """Connected: it reads."""
        self._transport = transport

    def close(self) -> None:
        """It reads no more, whatever is acked."""
        self._transport = None
        if self._resting is not None:
            self._resting.cancel()

    def took(self, batch: Batch, octets: int, now: float) -> None:
        """One read of so many octets; perhaps a rest follows."""
        unasked = len(batch.receipts) + UNITS_PER_MESSAGE * (len(batch.messages) + len(batch.unreadable))
        trifles = batch.trifles + batch.passed_over // OCTETS_PASSED_OVER
        answers = len(batch.answers) + len(batch.late)
        rest_s = self._allowance.take(unasked, octets - batch.passed_over, answers, now, trifles)
        if rest_s or octets >= READ_LARGE_OCTETS:
            self._rest(rest_s)  # 0 s: the loop's other work first, the database's answers above all

    def handing_over(self, deliveries: int, octets: int) -> None:
        """These are to be acked. octets: of the read."""
        self.unacked += deliveries
        self._octets += octets
        if self._transport and (self.unacked > UNACKED_MOST or self._octets > UNACKED_OCTETS_MOST):
            self.held = True
            self._transport.pause_reading()

    def acked(self, deliveries: int) -> None:
        """So many of them."""
        self._octets *= 1 - deliveries / max(self.unacked, 1)
        self.unacked -= deliveries
        full = self.unacked > UNACKED_MOST // 2 or self._octets > UNACKED_OCTETS_MOST // 2
        if self.held and not full:
            self.read_on()

    def read_on(self) -> None:
        """However much waits."""
        if self.held:
            self.held = False
            self._resume()

    def _rest(self, seconds: float) -> None:
        """The SMSC says more than any honest one: read on after so long, the other carriers go first."""
        if self._resting is None and self._transport is not None:
            self._resting = self._loop.call_later(seconds, self._rested)
            self._transport.pause_reading()

    def _rested(self) -> None:
        self._resting = None
        self._resume()

    def _resume(self) -> None:
        """Unless there is another reason not to."""
        if not self.paused and self._transport is not None:
            self._transport.resume_reading()
