"""The bare link: stamped submits and receipts that are acked at once. What SMPP costs without a ledger.

`link` measures it in this process; `sending` is one sender of the nation's shape, where a submit may be refused (it is
not sent again, for nobody keeps who it was) and receipts are missing or come twice.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from broadcast.bench.campaign import MOST_S, first_msisdn
from broadcast.bench.load import Load, Measured
from broadcast.bench.meters import Meters
from broadcast.bench.senders import SENDING_MOST_S, Credit, Errand, Line, Said
from broadcast.bench.stage import Stage, collecting_seldom, staged
from broadcast.campaign.sender import address
from broadcast.campaign.text import Message, compose
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


async def sending(errand: Errand, line: Line) -> None:
    """All messages of one carrier, as many as there is time for; receipts until it is asked to end."""
    carrier = errand.config.carriers[errand.carrier]
    first = first_msisdn(errand.config, errand.place)
    feed = _Feed(template(errand.load, carrier), first, errand.load.share(errand.place))
    links = [await connect(bind, carrier, feed, errand.carrier) for bind in carrier.slots()]
    await line.begun()
    until = time.monotonic() + SENDING_MOST_S
    feed.credit = Credit(time.monotonic())
    for each in links:
        feed.room(each)
    while not line.asked():
        if time.monotonic() > until:
            feed.stop()
        line.say(feed.said())
        await asyncio.sleep(_LOOK_S)
    await asyncio.gather(*(each.unbind(_UNBIND_S) for each in links))


def message(load: Load, carrier: Carrier) -> Message:
    """As the engine would encode it for this carrier."""
    return compose(
        load.text,
        "ucs2" if load.nation else "gsm0338",
        carrier.smpp.concatenation,
        carrier.smpp.default_alphabet,
        1,
    )


def template(load: Load, carrier: Carrier) -> Template:
    """The message's submits as the engine would render them."""
    sender = address("BENCH")
    until = validity_text(datetime.now(UTC) + timedelta(days=1))
    made = message(load, carrier)
    return Template(
        [
            SubmitFields(
                sender.text, sender.ton, sender.npi, carrier.smpp.dest_ton, carrier.smpp.dest_npi,
                carrier.smpp.service_type, 0x40 if part.udhi else 0, made.data_coding, 1, until, part.short_message,
                part.tlvs,
            )
            for part in made.segments
        ]
    )  # fmt: skip


class _Feed:
    """One carrier's messages, to whichever of its links has room. Implements channel.events.LinkEvents."""

    def __init__(self, made: Template, first: int, messages: int) -> None:
        self._template = made
        self._next = first
        self._left = messages
        self._sent = self._accepted = self._refused = self._received = 0
        self._loop = asyncio.get_running_loop()
        self.accepted_at = self.received_at = 0.0
        self.credit: Credit | None = None
        self._failure = ""

    def ended(self) -> bool:
        """Every segment is accepted and has its receipt. Raises BroadcastError when that cannot be any more."""
        if self._refused:
            self._fail("a submit was refused")
        return self.said().through and self._accepted == self._received

    def said(self) -> Said:
        """How far it is, refused segments being answered ones. Raises BroadcastError when a link fails."""
        if self._failure:
            raise BroadcastError(f"the bare link: {self._failure}")
        through = not self._left and self._accepted + self._refused == self._sent
        return Said(self._accepted, self._received, through=through)

    def stop(self) -> None:
        """Send no more."""
        self._left = 0

    def room(self, link: BoundLink) -> None:
        """Fill the window."""
        segments = self._template.segments
        room = link.room if self.credit is None else min(link.room, self._credited(self.credit))
        while self._left and (count := min(_RUN_MOST, room // segments, self._left)):
            room -= count * segments
            sequence = link.reserve(count * segments)
            data = self._template.stamp(sequence, range(self._next, self._next + count))
            self._next += count
            self._left -= count
            self._sent += count * segments
            link.submit(Submission(sequence, [None] * (count * segments), data), self._loop.time(), math.inf)

    def answered(self, link: BoundLink, answers: list[Answer], left_at: float) -> None:
        refused = sum(1 for answer in answers if answer[1])
        self._refused += refused
        self._accepted += len(answers) - refused
        self.accepted_at = time.monotonic()

    def receipts(self, link: BoundLink, receipts: list[Receipt]) -> None:
        link.ack([receipt.ack for receipt in receipts])
        self._received += len(receipts)
        self.received_at = time.monotonic()
        if self.credit is not None:
            self.room(link)

    def _credited(self, credit: Credit) -> int:
        return max(0, credit.left(self._sent, self._received, time.monotonic()))

    def _fail(self, why: str) -> None:
        self._failure = self._failure or why

    def bound(self, link: BoundLink) -> None:
        """Nothing: the run begins when all are."""

    def answered_late(self, link: BoundLink, answers: list[Answer], left_at: float) -> None:
        self._fail("an answer came late")

    def messages(self, link: BoundLink, messages: list[InboundMessage]) -> None:
        self._fail("a message came that is no receipt")

    def taken_back(self, link: BoundLink, answers: Sequence[tuple[Token, int | None]]) -> None:
        """Nothing is asked back here."""

    def full(self) -> bool:
        """See LinkEvents."""
        return False

    def unreadable(self, link: BoundLink, deliveries: list[UnreadDelivery]) -> None:
        self._fail("a PDU could not be read")

    def unanswered(self, link: BoundLink, tokens: list[Token], reason: str, left_at: float) -> None:
        self._fail("a submit was not answered")

    def closed(self, link: BoundLink, reason: str) -> None:
        self._fail("it was lost")
