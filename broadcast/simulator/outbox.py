"""Receipts on their way to a session: those that come later, or when asked for, and those that wait until somebody
receives."""

from collections.abc import Collection, Iterator
from random import Random

from broadcast.simulator.cancels import Cancels
from broadcast.simulator.habits import ReceiptHabits
from broadcast.simulator.held import Held
from broadcast.simulator.peer import Peer
from broadcast.simulator.receipt_plan import EARLY, HELD, Due, dealt
from broadcast.simulator.receipts import Receipts, Stage, join
from broadcast.simulator.scatter import Scatter
from broadcast.simulator.wheel import Wheel


class Outbox:
    """One SMSC's. peers: all that are connected, kept by the owner."""

    def __init__(
        self, habits: ReceiptHabits, chance: Random, peers: Collection[Peer], cancels: Cancels | None = None
    ) -> None:
        """cancels: what was taken back has no receipt."""
        self._cancels = cancels
        self._habits = habits
        self._chance = chance
        self._peers = peers
        self._together: Wheel[Receipts] = Wheel()
        self._scattered = Scatter()
        self.held = Held()
        self._backlog: list[Receipts] = []  # no session is there to take them
        self._for_new_link: list[Receipts] = []

    def __bool__(self) -> bool:
        """Something comes later by itself."""
        return bool(self._together or self._scattered)

    def put(self, due: Due, batch: Receipts) -> None:
        """What is early goes out at once, what is held by `release`."""
        if isinstance(due, list):
            self._scattered.put(due, batch)
        elif due == EARLY:
            self.deliver([batch])
        elif due == HELD:
            self.held.put(batch)
        else:
            self._together.put(due, batch)

    def release(self, share: float) -> Iterator[int]:
        """Send what is held for so large a share of the people: how many, step by step."""
        for batch in self.held.released(share):
            self.deliver([batch])
            yield len(batch)

    def deliver_due(self, now: float) -> None:
        """now: of the same clock as `put`'s."""
        due = self._together.due(now) + self._scattered.due(now)
        self.deliver(self._with_new_links(due) if self._habits.repeats_on_new_link else due)

    def deliver_waiting(self) -> None:
        """What waited for a session that receives, or for a new one."""
        backlog, self._backlog = self._backlog, []
        waiting, self._for_new_link = self._for_new_link, []
        self.deliver(backlog + self._with_new_links(waiting))

    def _with_new_links(self, batches: list[Receipts]) -> list[Receipts]:
        """Repeats are for a session that came after the one of their messages; those for which there is none wait."""
        found = []
        for batch in batches:
            if batch.stage is Stage.REPEAT and not batch.again:
                newer = [peer for peer in self._peers if peer.receives and peer.came_after(batch.owner)]
                if not newer:
                    self._for_new_link.append(batch)
                    continue
                batch.owner = self._chance.choice(newer)
            found.append(batch)
        return found

    def deliver(self, batches: list[Receipts]) -> None:
        """To the session that the messages came on, or to another that receives, or nobody yet."""
        batches = [batch for batch in batches if batch.stage is not Stage.POISON or batch.owner.receives]
        if self._cancels is not None:
            batches = [left for batch in batches if (left := self._cancels.leaving(batch)) is not None]
        if not batches:
            return
        receiving = [peer for peer in self._peers if peer.receives]
        if not receiving:
            self._backlog += batches
            return
        for batch in join(dealt(batches, receiving, self._chance)):
            batch.owner.deliver(batch)
        for peer in receiving:
            peer.pump()
