"""One carrier on one worker: its links, its pace, its stock of recipients that may be sent.

    stock ─ pace, window ─▶ link ─▶ SMSC
                answers, receipts ◀─┘ ─▶ journal

Everything here runs on the event loop without awaiting; it works on runs and batches, not on messages.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence, Set

from broadcast.channel.channel import Channel
from broadcast.channel.events import InboundMessage, UnreadDelivery
from broadcast.channel.link import Answer, BoundLink, Submission, Token, freest
from broadcast.channel.receipt import Receipt
from broadcast.clock import DayTime, lease_time
from broadcast.config import Carrier
from broadcast.engine.alarm import Alarm
from broadcast.engine.answers import Answers, Read
from broadcast.engine.claimant import Claimant
from broadcast.engine.incoming import Incoming
from broadcast.engine.oddities import Oddities
from broadcast.engine.pacing import GRANT_WAIT_S, Pacer
from broadcast.engine.stock import Stock
from broadcast.engine.watch import LaneWatch
from broadcast.engine.withdrawing import Withdrawing
from broadcast.engine.work import CUT_SHORT, Work
from broadcast.ids import CampaignId, CarrierNo
from broadcast.ledger.journal import Journal
from broadcast.monitor.metrics import Metrics

RUN_MOST = 1000  # recipients stamped at once: keeps one pump short
RUN_LEAST = 20  # segments, if so many are allowed: the links take turns, but not with each
STOCK_S = 0.15  # seconds of the grant that are intended ahead: some commits' worth
STOCK_MOST = 40_000


class Lane:
    """Implements channel.events.LinkEvents for the links of one carrier.

    hungry(): more slices are wanted; rebound(): a link was bound or lost, the grants want another look.
    """

    def __init__(
        self,
        carrier_no: CarrierNo,
        name: str,
        carrier: Carrier,
        channel: Channel,
        journal: Journal,
        metrics: Metrics,
        hungry: Callable[[], None],
        rebound: Callable[[], None],
        day_time: DayTime,
    ) -> None:
        self.carrier_no = carrier_no
        self.name = name
        self.channel = channel
        self.pacer = Pacer()
        self.valid_until = 0.0  # by lease_time
        self.links: set[BoundLink] = set()
        self.sent = 0
        self.watch = LaneWatch(channel.outcome, awaits=carrier.smpp.receipts != "none")
        self.cannot_send: dict[CampaignId, str] = {}  # why a campaign cannot go through this carrier at all
        self.quiet: Set[CampaignId] = frozenset()  # it is their quiet hours
        self._journal = journal
        self._metrics = metrics
        self._round_trip = metrics.round_trip_seconds.labels(name)
        self._hungry = hungry
        self._rebound = rebound
        self._day_time = day_time
        self._oddities = Oddities(carrier_no, name, channel.outcome, journal, metrics)
        self._alarm = Alarm(self.pump)
        self.stock = Stock(journal, lambda: self._alarm.at(0.0))
        self._answers = Answers(carrier, channel.outcome, journal, self.stock.add_piece, self._slow_down)
        self.withdrawing = Withdrawing(channel, self.pacer, self.links, self._slow_down)
        self._incoming = Incoming(carrier_no, name, journal, metrics, self._oddities, self._day_time)

    # ------------------------------------------------------------ work

    def add(self, work: Work) -> None:
        """A leased slice to send. Who goes first, and who shares: see campaign/precedence.py."""
        self.stock.add(work)
        self._heed_links()  # the last may have been lost while the slice was being leased
        self.pump()

    @property
    def appetite(self) -> int:
        """Recipients that should wait here so that sending never waits for a lease; 0: cannot send."""
        return 2 * max(1, self._target) if self.can_submit else 0

    @property
    def can_withdraw(self) -> bool:
        """There is a link, and a pace, to ask for something back."""
        return self.can_submit and self.pacer.grant > 0

    @property
    def can_submit(self) -> bool:
        """Some link is there for it."""
        return any(link.can_submit for link in self.links)

    def _heed_links(self) -> None:
        """Without one the slices go back: another worker can lease them, or this one later."""
        if not self.can_submit:
            self.stock.withdraw(lambda _: False)

    # ------------------------------------------------------------ sending

    def set_grant(self, tps: int) -> None:
        """This worker's share of the carrier's TPS from now on (law 4)."""
        now = time.monotonic()
        self.pacer.set_grant(tps, now)
        if tps > self.pacer.grant:
            self._alarm.at(now + GRANT_WAIT_S)

    def pump(self) -> None:
        """Send what window, pace, lease and stock allow now; come back by itself when time alone is missing."""
        now = time.monotonic()
        if lease_time() >= self.valid_until:
            return
        allowed = self.pacer.allowance(now)  # also brings a grant that was waiting into force
        if self.withdrawing.waits:
            allowed -= self._withdraw(allowed, now)
        self.stock.look(now, self._day_time.now())
        begun = False
        while (claimant := self.stock.next(now)) is not None:
            if lease_time() >= self.valid_until:  # frozen since
                return
            link = freest(self.links)
            if link is None:
                break
            least, quantum = self._least(claimant, now)
            if allowed < (least if begun else quantum):
                self._alarm.at(self.pacer.next_at(now, quantum))
                break
            begun = True
            turn = quantum if self.stock.shared else max(RUN_LEAST, least, allowed // len(self.links))
            self._send_some(link, claimant, min(allowed, link.room, turn), now)
            allowed = self.pacer.allowance(now)
        self._top_up(now)

    def _withdraw(self, allowed: int, now: float) -> int:
        """See Withdrawing.ask."""
        taken = self.withdrawing.ask(allowed, now, self.valid_until, busy=bool(self.stock))
        if self.withdrawing.waits:
            self._alarm.at(self.withdrawing.next_at(now, taken))
        return taken

    def _least(self, claimant: Claimant, now: float) -> tuple[int, int]:
        """Segments that must be allowed for the next to leave, and those that are waited for before any does."""
        if claimant.pieces.due(now):
            return 1, 1
        segments = claimant.runs[0][0].segments
        quantum = self.pacer.quantum(segments)
        return min(segments, quantum), quantum

    def _send_some(self, link: BoundLink, claimant: Claimant, most: int, now: float) -> None:
        """At most `most` segments on one link."""
        if claimant.pieces.due(now):
            self._send_piece(link, *claimant.pieces.pop(), now)
            return
        work, ordinals = claimant.runs[0]
        if self._day_time.now() >= work.campaign.expires_at:  # law 5
            self.stock.give_back(work, claimant.take(len(ordinals)))
            return
        count = min(most // work.segments, RUN_MOST)
        if count == 0:
            self.stock.split(claimant)
            return
        self._send_run(link, work, claimant.take(count), now)

    def _send_run(self, link: BoundLink, work: Work, run: Sequence[int], now: float) -> None:
        segments = work.segments
        count = len(run) * segments
        msisdns = work.slice.msisdns
        first = link.reserve(count)
        data = work.campaign.renderer.stamp(first, [msisdns[ordinal] for ordinal in run])
        if segments == 1:
            tokens: list[Token] = [(work, ordinal, 1) for ordinal in run]
        else:
            tokens = [(work, ordinal, segment) for ordinal in run for segment in range(1, segments + 1)]
        if not self._submit(link, work, Submission(first, tokens, data), now):
            self.stock.give_back(work, run)
            return
        self.stock.left(work, len(run))

    def _submit(self, link: BoundLink, work: Work, submission: Submission, now: float) -> bool:
        """False: the time to send is over, and nothing has left."""
        tokens = submission.tokens
        work.in_flight += len(tokens)
        self.pacer.take(len(tokens), time.monotonic(), link)  # not before it leaves: stamping takes its time
        if not link.submit(submission, now, self.valid_until):
            work.in_flight -= len(tokens)
            self.pacer.lost(len(tokens), now, link)
            return False
        self.sent += len(tokens)
        self.stock.sent(work, len(tokens))
        return True

    def _send_piece(self, link: BoundLink, work: Work, ordinal: int, segment: int, now: float) -> None:
        work.stocked -= 1
        if ordinal in work.doubted:
            return
        if self._day_time.now() >= work.campaign.expires_at:  # law 5: the rest of it stays unsent
            work.doubt(ordinal, CUT_SHORT, work.since)
            return
        first = link.reserve(1)
        data = work.campaign.renderer.stamp_segment(first, work.slice.msisdns[ordinal], segment)
        if not self._submit(link, work, Submission(first, [(work, ordinal, segment)], data), now):
            self.stock.add_piece(work, ordinal, segment, 0.0)

    @property
    def _target(self) -> int:
        """Segments that are to be intended ahead."""
        return min(int(self.pacer.grant * STOCK_S), STOCK_MOST)

    def _top_up(self, now: float) -> None:
        """Intend more recipients when the stock runs low (law 2: they may be sent when that is committed)."""
        if not self.can_submit:
            self._heed_links()  # the last one may be parting from its SMSC
            return
        if self.pacer.grant <= 0:
            return
        for due in (
            self.stock.top_up(self._target, now, self._day_time.now()),
            self.stock.next_piece(now),
        ):
            if due is not None and due > now:  # what is due waits for pace or room
                self._alarm.at(due)
        if self.stock.hungry(self.appetite // 2):
            self._hungry()

    def _slow_down(self, share: float) -> None:
        self.pacer.throttled(time.monotonic(), share)

    # ------------------------------------------------------------ channel.events.LinkEvents

    def bound(self, link: BoundLink) -> None:
        """See LinkEvents."""
        self.links.add(link)
        self.pacer.heard(time.monotonic(), link)
        self._rebound()

    def closed(self, link: BoundLink, reason: str) -> None:
        """See LinkEvents."""
        self.links.discard(link)
        self._metrics.reconnects.labels(self.name, link.ended).inc()
        self.pacer.closed(time.monotonic(), link)
        self._heed_links()
        self._rebound()

    def room(self, link: BoundLink) -> None:
        """See LinkEvents."""
        self.pump()

    def answered(self, link: BoundLink, answers: list[Answer], left_at: float) -> None:
        """See LinkEvents."""
        now = time.monotonic()
        read = self._read(left_at, now)
        left, at = read.left_at, read.at
        took_s = link.take_round_trip(now)
        self.pacer.answered(len(answers), now, link, took_s)
        if took_s is not None:
            self._round_trip.observe(took_s)
        statuses: Counter[int] = Counter()
        for (work, ordinal, segment), answer, smsc_id in answers:
            work.in_flight -= 1
            if work.doubted and ordinal in work.doubted:
                self._answers.late(work, ordinal, segment, answer, smsc_id, read)
            elif answer == 0 and work.simple:
                work.slice.accept(ordinal, smsc_id, left, at)
            else:
                self._answers.segment(work, ordinal, segment, answer, smsc_id, read)
            if answer:
                statuses[answer] += 1
        statuses[0] = len(answers) - sum(statuses.values())
        self._count(statuses, link)
        self.stock.let_go()
        self._journal.wake()

    def answered_late(self, link: BoundLink, answers: list[Answer], left_at: float) -> None:
        """See LinkEvents."""
        now = time.monotonic()
        read = self._read(left_at, now)
        self.pacer.heard(now, link)
        for (work, ordinal, segment), answer, smsc_id in answers:
            self._answers.late(work, ordinal, segment, answer, smsc_id, read)
        self._count(Counter(answer for _, answer, _ in answers), link)

    def unanswered(self, link: BoundLink, tokens: list[Token], reason: str, left_at: float) -> None:
        """See LinkEvents."""
        now = time.monotonic()
        self.pacer.lost(len(tokens), now, link)
        left = self._read(left_at, now).left_at
        for work, ordinal, _ in tokens:
            work.in_flight -= 1
            work.doubt(ordinal, reason, left)
        self.stock.let_go()
        self._journal.wake()

    def receipts(self, link: BoundLink, receipts: list[Receipt]) -> None:
        """See LinkEvents."""
        unknown = self._incoming.receipts(link, receipts)
        self.watch.receipts(len(receipts), time.monotonic(), unknown)
        if self._answers.reported(receipts):
            self.stock.let_go()

    def messages(self, link: BoundLink, messages: list[InboundMessage]) -> None:
        """See LinkEvents."""
        self._incoming.messages(link, messages)

    def unreadable(self, link: BoundLink, deliveries: list[UnreadDelivery]) -> None:
        """See LinkEvents."""
        self.watch.unreadable(len(deliveries))
        self._incoming.unreadable(link, deliveries)

    def taken_back(self, link: BoundLink, answers: Sequence[tuple[Token, int | None]]) -> None:
        """See LinkEvents."""
        self.withdrawing.taken_back(link, answers, time.monotonic())

    def full(self) -> bool:
        """See LinkEvents."""
        return self._incoming.full()

    def _read(self, left_at: float, now: float) -> Read:
        """left_at, now: monotonic."""
        at = self._day_time.now_us()
        return Read(at - int((now - left_at) * 1_000_000), at, now)

    def _count(self, statuses: Counter[int], link: BoundLink) -> None:
        self.watch.answers(statuses, time.monotonic())
        named = {self.channel.outcome(answer).code: count for answer, count in statuses.items() if count}
        self._metrics.count_responses(self.name, named)
        if slowed := self._answers.heed(statuses):
            self._metrics.throttled.labels(self.name).inc(slowed)
        if len(statuses) > (0 in statuses):
            self._oddities.statuses(statuses)
        if long_ids := link.take_long_ids():
            self._oddities.long_ids(long_ids)
