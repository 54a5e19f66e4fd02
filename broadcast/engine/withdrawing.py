"""What one lane asks its SMSC back: segments of one slice of a cancelled campaign at a time. Beside what is sent.

Law 4 holds over both: a withdrawal takes a place of the pace and of the window as a segment does. What is sent goes
first; withdrawals get what it leaves, and at least a SHARE of the grant, so that a correction at full speed does not
keep the wrong words from being taken back. Runs on the event loop without awaiting.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from typing import Final

from broadcast.channel.channel import Channel, Withdrawer
from broadcast.channel.link import BoundLink, Held, Submission, Token, freest
from broadcast.engine.pacing import Pacer
from broadcast.ids import SliceId
from broadcast.ledger.withdrawn import ABANDONED, REFUSED, WITHDRAWN, Ask

SHARE: Final = 0.1  # of the grant, while others wait to be sent to
SHARE_KEPT_S: Final = 0.2  # so long it adds up
RUN_MOST: Final = 200
TRIES_MOST: Final = 3  # of one that was refused for the moment
AGAIN_S: Final = 1.0
WAIT_S: Final = 0.05  # for a window, or for the share


class Asks:
    """Some segments of one slice, and what became of them: of Ask -> outcome. over(): nothing is waited for any more.

    asked: how many they are; answered: how many were answered at all; unknown: the SMSC has no such thing as a
    withdrawal.
    """

    def __init__(
        self, slice_id: SliceId, withdrawer: Withdrawer, asks: Sequence[Ask], over: Callable[[], None]
    ) -> None:
        self.slice_id = slice_id
        self.withdrawer = withdrawer
        self.asked = len(asks)
        self.waiting = deque(asks)
        self.in_flight = 0
        self.outcomes: dict[Ask, int] = {}
        self.tries: Counter[Ask] = Counter()
        self.answered = 0
        self.unknown = False
        self._over = over

    @property
    def over(self) -> bool:
        """Each was answered, or never will be."""
        return not (self.waiting or self.in_flight)

    def tell(self) -> None:
        """Whoever waits for its end."""
        if self.over:
            self._over()


class Withdrawing:
    """That of one lane. links: the lane's own, as they are. slow_down: as Lane's."""

    def __init__(
        self, channel: Channel, pacer: Pacer, links: Collection[BoundLink], slow_down: Callable[[float], None]
    ) -> None:
        self._channel = channel
        self._pacer = pacer
        self._links = links
        self._slow_down = slow_down
        self._asks: Asks | None = None
        self._credit, self._credit_at = 0.0, 0.0
        self._not_before = 0.0

    @property
    def waits(self) -> bool:
        """Something is to be asked."""
        return self._asks is not None and bool(self._asks.waiting)

    def begin(self, asks: Asks | None) -> None:
        """Ask these from now on, and no others any more; None: nothing."""
        self._asks = asks

    def next_at(self, now: float, taken: int) -> float:
        """When more may be asked, as far as is known, after so many were: where that was none, the pace alone does not
        say it."""
        return max(self._not_before, self._pacer.next_at(now), now if taken else now + WAIT_S)

    def ask(self, allowed: int, now: float, until: float, *, busy: bool) -> int:
        """Ask for some, of so many segments that may leave; how many it took. now: monotonic; until: as in
        BoundLink.submit; busy: somebody waits to be sent to."""
        most = min(allowed, self._share(now) if busy else allowed, RUN_MOST)
        link = freest(self._links)
        asks = self._asks
        if asks is None or link is None or most <= 0 or now < self._not_before:
            return 0
        count = min(most, len(asks.waiting), link.room)
        run = [asks.waiting.popleft() for _ in range(count)]
        first = link.reserve(count)
        data = asks.withdrawer.stamp(first, [Held(each.smsc_id, each.msisdn) for each in run])
        self._pacer.take(count, time.monotonic(), link)
        asks.in_flight += count
        if not link.withdraw(Submission(first, [(asks, each) for each in run], data), now, until):
            self._pacer.lost(count, now, link)
            asks.in_flight -= count
            asks.waiting.extendleft(reversed(run))
            return 0
        if busy:
            self._credit -= count
        return count

    def taken_back(self, link: BoundLink, answers: Sequence[tuple[Token, int | None]], now: float) -> None:
        """See LinkEvents."""
        known = sum(status is not None for _, status in answers)
        if known:
            self._pacer.answered(known, now, link)
        if known < len(answers):
            self._pacer.lost(len(answers) - known, now, link)
        for (asks, ask), status in answers:
            asks.in_flight -= 1
            if status is not None:
                asks.answered += 1
                self._heed(asks, ask, status, now)
        for asks in {id(asks): asks for (asks, _), _ in answers}.values():
            asks.tell()

    def _heed(self, asks: Asks, ask: Ask, status: int, now: float) -> None:
        outcome = self._channel.outcome(status)
        if status == 0:
            asks.outcomes[ask] = WITHDRAWN
        elif self._channel.cannot_withdraw(status):
            asks.unknown = True
            asks.waiting.clear()
        elif not outcome.retryable:
            asks.outcomes[ask] = REFUSED
        else:
            if outcome.slow_down:
                self._slow_down(1.0)
            self._not_before = now + AGAIN_S
            asks.tries[ask] += 1
            if asks.tries[ask] < TRIES_MOST:
                asks.waiting.append(ask)
            else:
                asks.outcomes[ask] = ABANDONED

    def _share(self, now: float) -> int:
        pace = self._pacer.grant * self._pacer.factor * SHARE
        most = max(1.0, pace * SHARE_KEPT_S)
        self._credit = min(most, self._credit + (now - self._credit_at) * pace)
        self._credit_at = now
        return int(self._credit)
