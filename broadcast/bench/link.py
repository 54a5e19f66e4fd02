"""The bare link: stamped submits and receipts that are acked at once. What SMPP costs without a ledger."""

import asyncio
import math
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from broadcast.bench.campaign import MOST_S, first_msisdn
from broadcast.bench.load import Load, Measured
from broadcast.bench.meters import Meters
from broadcast.bench.stage import Stage, collecting_seldom, staged
from broadcast.campaign.sender import address
from broadcast.campaign.text import compose
from broadcast.channel.events import InboundMessage, UnreadDelivery
from broadcast.channel.link import Answer, BoundLink, Submission, Token
from broadcast.channel.receipt import Receipt
from broadcast.cli.runner import run
from broadcast.config import Carrier
from broadcast.errors import BroadcastError
from broadcast.smpp.adapter import validity_text
from broadcast.smpp.binding import connect
from broadcast.smpp.template import SubmitFields, Template

_RUN_MOST = 1000  # as a worker's lane
_LOOK_S = 0.1
_UNBIND_S = 2.0


def link(load: Load) -> Measured:
    """Raises BroadcastError when a submit is refused or a link lost."""
    with staged(replace(load, tps=0), database=False) as stage, collecting_seldom():
        return run(_measure(stage))


async def _measure(stage: Stage) -> Measured:
    load = stage.load
    feeds, links = [], []
    for place, (name, carrier) in enumerate(stage.config.carriers.items()):
        feed = _Feed(template(load, carrier), first_msisdn(stage.config, place), load.share(place))
        feeds.append(feed)
        links += [(feed, await connect(bind, carrier, feed, name)) for bind in carrier.slots()]
    meters = Meters(stage)
    began = time.monotonic()
    for feed, each in links:
        feed.room(each)
    async with asyncio.timeout(MOST_S):
        while sum(feed.ended() for feed in feeds) < len(feeds):
            await asyncio.sleep(_LOOK_S)
            meters.look()
    sent_s = max(feed.accepted_at for feed in feeds) - began
    took = max(feed.received_at for feed in feeds) - began
    cpu_s = meters.per_million(load.messages)
    await asyncio.gather(*(each.unbind(_UNBIND_S) for _, each in links))
    return Measured(load.messages, took, load.messages / sent_s, load.messages / took, cpu_s, meters.peak_mib)


def template(load: Load, carrier: Carrier) -> Template:
    """The message as the engine would encode it for this carrier."""
    sender = address("BENCH")
    until = validity_text(datetime.now(UTC) + timedelta(days=1))
    message = compose(load.text, "gsm0338", carrier.smpp.concatenation, carrier.smpp.default_alphabet, 1)
    return Template(
        [
            SubmitFields(
                sender.text, sender.ton, sender.npi, carrier.smpp.dest_ton, carrier.smpp.dest_npi,
                carrier.smpp.service_type, 0x40 if part.udhi else 0, message.data_coding, 1, until, part.short_message,
                part.tlvs,
            )
            for part in message.segments
        ]
    )  # fmt: skip


class _Feed:
    """One carrier's messages, to whichever of its links has room. Implements channel.events.LinkEvents."""

    def __init__(self, made: Template, first: int, messages: int) -> None:
        self._template = made
        self._next = first
        self._left = messages
        self._accepted = self._received = 0
        self._segments = messages * made.segments
        self._loop = asyncio.get_running_loop()
        self.accepted_at = self.received_at = 0.0
        self._failure = ""

    def ended(self) -> bool:
        """Every segment is accepted and has its receipt. Raises BroadcastError when that cannot be any more."""
        if self._failure:
            raise BroadcastError(f"the bare link: {self._failure}")
        return self._accepted == self._received == self._segments

    def room(self, link: BoundLink) -> None:
        """Fill the window."""
        segments = self._template.segments
        while self._left and (count := min(_RUN_MOST, link.room // segments, self._left)):
            sequence = link.reserve(count * segments)
            data = self._template.stamp(sequence, range(self._next, self._next + count))
            self._next += count
            self._left -= count
            link.submit(Submission(sequence, [None] * (count * segments), data), self._loop.time(), math.inf)

    def answered(self, link: BoundLink, answers: list[Answer], left_at: float) -> None:
        if any(answer[1] for answer in answers):
            self._fail("a submit was refused")
        self._accepted += len(answers)
        self.accepted_at = time.monotonic()

    def receipts(self, link: BoundLink, receipts: list[Receipt]) -> None:
        link.ack([receipt.ack for receipt in receipts])
        self._received += len(receipts)
        self.received_at = time.monotonic()

    def _fail(self, why: str) -> None:
        self._failure = self._failure or why

    def bound(self, link: BoundLink) -> None:
        """Nothing: the run begins when all are."""

    def answered_late(self, link: BoundLink, answers: list[Answer], left_at: float) -> None:
        self._fail("an answer came late")

    def messages(self, link: BoundLink, messages: list[InboundMessage]) -> None:
        self._fail("a message came that is no receipt")

    def full(self) -> bool:
        """See LinkEvents."""
        return False

    def unreadable(self, link: BoundLink, deliveries: list[UnreadDelivery]) -> None:
        self._fail("a PDU could not be read")

    def unanswered(self, link: BoundLink, tokens: list[Token], reason: str, left_at: float) -> None:
        self._fail("a submit was not answered")

    def closed(self, link: BoundLink, reason: str) -> None:
        self._fail("it was lost")
