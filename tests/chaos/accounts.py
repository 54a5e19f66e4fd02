"""What the product's simulator lacks for a carrier that is split: several accounts, receipts that come back at the one
that sent, each account's own traffic; and texts of subscribers whom a test names.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final

from broadcast.simulator.exchange import Exchange
from broadcast.simulator.inbound import keys
from broadcast.simulator.intake import Answer
from broadcast.simulator.odd_receipts import request
from broadcast.simulator.outbox import Outbox
from broadcast.simulator.peer import Peer
from broadcast.simulator.personality import Personality
from broadcast.simulator.rate import SlidingSecond
from broadcast.simulator.receipt_plan import NOBODY, Due
from broadcast.simulator.receipts import Receipts, Stage
from broadcast.smpp import pdu as smpp

# of a deliver_sm: what is before the sender's number, and between it and the text
_FRONT: Final = b"\0\1\1"
_BEHIND: Final = b"\0\0\0" + b"1900\0" + bytes(9)
_STOP: Final = b"STOP"


class Account:
    """One of a carrier's. It owns the receipts that may go to any session that is bound by it."""

    receives = False

    def __init__(self, exchange: Exchange) -> None:
        self.peers: set[Peer] = set()
        self.rate = SlidingSecond()
        self.outbox = Outbox(exchange.personality.receipts, exchange.chance, self.peers)


class Outboxes:
    """Those of all accounts, where the product's exchange has one."""

    def __init__(self, accounts: Iterable[Account], owners: dict[Any, Account]) -> None:
        """owners: the account of each session."""
        self._accounts = list(accounts)
        self._owners = owners

    def __bool__(self) -> bool:
        return any(each.outbox for each in self._accounts)

    def put(self, due: Due, batch: Receipts) -> None:
        self._of(batch).put(due, batch)

    def deliver(self, batches: list[Receipts]) -> None:
        for batch in batches:
            self._of(batch).deliver([batch])

    def deliver_due(self, now: float) -> None:
        for each in self._accounts:
            each.outbox.deliver_due(now)

    def deliver_waiting(self) -> None:
        for each in self._accounts:
            each.outbox.deliver_waiting()

    def _of(self, batch: Receipts) -> Outbox:
        owner = batch.owner
        return (owner if isinstance(owner, Account) else self._owners[owner]).outbox


class AccountsExchange(Exchange):
    """The product's, with accounts that share its limits."""

    def __init__(self, personality: Personality, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(personality, loop)
        self._accounts: dict[str, Account] = {}
        self._owners: dict[Any, Account] = {}  # by session; the ended ones own receipts still
        self._asks: Account | None = None
        self._stops = 0
        self._encode_receipts = self.encode
        self.encode = self._encode_all

    def tell_apart(self, names: Sequence[str]) -> None:
        """These are its system_ids; none: the personality's alone, and receipts come as in the product."""
        if names:
            self._accounts = {name: Account(self) for name in names}
            self.outbox = Outboxes(self._accounts.values(), self._owners)  # type: ignore[assignment]

    def most(self) -> dict[str, int]:
        """Segments in a second, by account."""
        return {name: account.rate.highest for name, account in self._accounts.items()}

    def answer_stop(self, msisdns: Sequence[str]) -> None:
        """Each of these answers STOP, by way of this carrier."""
        owner = next(iter(self._accounts.values()), NOBODY)
        for msisdn in msisdns:
            self._stops += 1
            key = b"S%09d" % self._stops
            body = _FRONT + msisdn.encode() + _BEHIND + bytes((len(_STOP),)) + _STOP
            self._stored[key] = request(smpp.DELIVER_SM, body)
            batch = Receipts(owner, b"", b"", 0, len(key), b"", key, b"\0", stage=Stage.REPLY)
            self.outbox.deliver([batch])

    def admit(self, command: int, body: bytes) -> int | None:
        system_id, end, rest = body.partition(b"\0")
        self._asks = self._accounts.get(system_id.decode("latin-1"))
        if self._asks is not None:
            body = self.personality.system_id.encode() + end + rest
        return super().admit(command, body)

    def bound(self, peer: Peer) -> None:
        if self._asks is not None:  # it was admitted just now
            self._owners[peer] = self._asks
            self._asks.peers.add(peer)
        super().bound(peer)

    def left(self, peer: Peer, receipts: list[Receipts], was_bound: bool) -> None:
        if account := self._owners.get(peer):
            account.peers.discard(peer)
        super().left(peer, receipts, was_bound)

    def take(self, peer: Peer, since: float, now: float) -> Answer | None:
        if account := self._owners.get(peer):
            reader = self.intake.reader
            account.rate.add(since, now, reader.taken + len(reader.over))
        return super().take(peer, since, now)

    def _schedule(self, batch: Receipts, now: float) -> None:
        account = self._owners.get(batch.owner)  # before the plan forgets it
        for due, piece in self._plan(batch, now):
            if account is not None:
                piece.owner = account
            if piece.stage is Stage.FINAL:
                self.book.due += len(piece)
            self.outbox.put(due, piece)

    def _encode_all(self, batch: Receipts, sequences: bytes) -> bytes | bytearray:
        if batch.stage is not Stage.REPLY:
            return self._encode_receipts(batch, sequences)
        texts = [self._stored[key] for key in keys(batch)]
        return b"".join(pdu[:12] + sequences[4 * at : 4 * at + 4] + pdu[16:] for at, pdu in enumerate(texts))
