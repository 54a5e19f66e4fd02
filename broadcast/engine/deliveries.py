"""What an SMSC sends by itself: receipts, messages from people, PDUs that cannot be read. All into the journal first;
acknowledged when it is committed (law 3)."""

import time
from collections import Counter

from broadcast.engine.oddities import Oddities
from broadcast.ledger.journal import CarrierNo, Inbound, Journal, Receipt, Unreadable
from broadcast.ledger.rows import copy_time
from broadcast.monitor.metrics import Metrics
from broadcast.smpp.events import Ack, InboundMessage
from broadcast.smpp.link import Link
from broadcast.smpp.vocabulary import ReceiptState

ADDRESS_MOST = 64  # characters: SMPP says 20


class Deliveries:
    """Those of one carrier at one worker; the arguments are those of LinkEvents."""

    def __init__(
        self, carrier_no: CarrierNo, name: str, journal: Journal, metrics: Metrics, oddities: Oddities
    ) -> None:
        self._carrier_no = carrier_no
        self._name = name
        self._journal = journal
        self._metrics = metrics
        self._oddities = oddities

    def receipts(self, link: Link, receipts: list[Receipt]) -> None:
        """One read's."""
        acks = [receipt[0] for receipt in receipts]
        self._journal.receipts(self._carrier_no, receipts, copy_time(time.time()), lambda: link.ack(acks))
        states = Counter([receipt[1] for receipt in receipts])
        self._metrics.count_receipts(
            self._name, {ReceiptState(state).name.lower(): count for state, count in states.items()}
        )
        unknown = link.take_unknown_states()
        if unknown:
            self._oddities.receipt_states(unknown)

    def messages(self, link: Link, messages: list[InboundMessage]) -> None:
        """From people."""
        self._journal.group.inbound += [
            Inbound(
                self._carrier_no,
                int(message.source) if message.source.isdecimal() and len(message.source) <= 15 else None,
                message.destination[:ADDRESS_MOST],
                message.esm_class,
                message.data_coding,
                message.payload,
                message.source[:ADDRESS_MOST],
                message.sar,
            )
            for message in messages
        ]
        self._journal.on_commit(lambda: link.ack([message.ack for message in messages]))

    def unreadable(self, link: Link, pdus: list[tuple[Ack, bytes, str]]) -> None:
        """Kept whole."""
        self._journal.group.unreadable += [
            Unreadable(self._carrier_no, pdu, reason) for _, pdu, reason in pdus
        ]
        self._journal.on_commit(lambda: link.ack([ack for ack, _, _ in pdus]))
        self._metrics.quarantined.labels(self._name).inc(len(pdus))
