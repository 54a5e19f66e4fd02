"""What an SMSC sends by itself: receipts, messages from people, PDUs that cannot be read. All into the journal first;
acknowledged when it is committed (law 3)."""

import time
from collections import Counter
from functools import partial

from broadcast.channel.address import msisdn_of
from broadcast.channel.events import InboundMessage, UnreadDelivery
from broadcast.channel.link import BoundLink
from broadcast.channel.receipt import Ack, Receipt, ReceiptState
from broadcast.clock import DayTime
from broadcast.engine.oddities import Oddities
from broadcast.ids import CarrierNo
from broadcast.ledger.journal import Inbound, Journal, Unreadable
from broadcast.monitor.metrics import Metrics

ADDRESS_MOST = 64  # characters: SMPP says 20
KEPT_MOST = 20_000  # units that wait for a commit, those of links that are gone too
AWAY_S = 5.0  # without a commit: the database is away, not just busy
UNIT_OCTETS = 256


class Incoming:
    """Those of one carrier at one worker; the arguments are those of LinkEvents."""

    def __init__(
        self,
        carrier_no: CarrierNo,
        name: str,
        journal: Journal,
        metrics: Metrics,
        oddities: Oddities,
        day_time: DayTime,
    ) -> None:
        self._carrier_no = carrier_no
        self._name = name
        self._journal = journal
        self._metrics = metrics
        self._oddities = oddities
        self._day_time = day_time
        self._kept = 0  # receipts, and messages and unreadable PDUs by their size
        self._waits_since = 0.0

    def full(self) -> bool:
        """See LinkEvents: an SMSC without a window does not fill our memory, however long the database is away."""
        return self._kept >= KEPT_MOST and time.monotonic() - self._waits_since > AWAY_S

    def _keep(self, units: int) -> None:
        if not self._kept:
            self._waits_since = time.monotonic()
        self._kept += units

    def _committed(self, link: BoundLink, acks: list[Ack], units: int) -> None:
        self._kept -= units
        self._waits_since = time.monotonic()
        link.ack(acks)

    def receipts(self, link: BoundLink, receipts: list[Receipt]) -> int:
        """One read's. Gives how many have a state that the profile does not know."""
        acks = [receipt.ack for receipt in receipts]
        self._keep(len(acks))
        at = self._day_time.now_us()
        done = partial(self._committed, link, acks, len(acks))
        self._journal.receipts(self._carrier_no, receipts, at, done)
        states = Counter([receipt.state for receipt in receipts])
        self._metrics.count_receipts(
            self._name, {ReceiptState(state).name.lower(): count for state, count in states.items()}
        )
        unknown = link.take_unknown_states()
        if unknown:
            self._oddities.receipt_states(unknown)
        return unknown.total()

    def messages(self, link: BoundLink, messages: list[InboundMessage]) -> None:
        """From people."""
        self._journal.group.inbound += [
            Inbound(
                self._carrier_no,
                msisdn_of(message.source.encode("latin-1")),
                message.destination[:ADDRESS_MOST],
                message.esm_class,
                message.data_coding,
                message.payload,
                message.source[:ADDRESS_MOST],
                message.sar,
            )
            for message in messages
        ]
        self._ack_later(
            link, [message.ack for message in messages], sum(len(each.payload) for each in messages)
        )

    def unreadable(self, link: BoundLink, deliveries: list[UnreadDelivery]) -> None:
        """Kept whole."""
        self._journal.group.unreadable += [
            Unreadable(self._carrier_no, octets, reason) for _, octets, reason in deliveries
        ]
        acks = [ack for ack, _, _ in deliveries]
        self._ack_later(link, acks, sum(len(octets) for _, octets, _ in deliveries))
        self._metrics.quarantined.labels(self._name).inc(len(deliveries))

    def _ack_later(self, link: BoundLink, acks: list[Ack], octets: int) -> None:
        units = len(acks) + octets // UNIT_OCTETS
        self._keep(units)
        self._journal.on_commit(partial(self._committed, link, acks, units))
