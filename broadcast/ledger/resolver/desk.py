"""One carrier's receipts, all that is done about them: looks first, then what rows have to be asked."""

from datetime import datetime

from broadcast.ledger.resolver.doubts import Doubts
from broadcast.ledger.resolver.late import LateDuplicates
from broadcast.ledger.resolver.look import CarrierLooks
from broadcast.ledger.resolver.parked_rows import microseconds
from broadcast.ledger.resolver.reading import Heads
from broadcast.store.types import Connection


class Desk:
    """resolved_until: every receipt committed before is dealt with, and every doubt that there was then is asked about;
    None: not known yet."""

    def __init__(self, looks: CarrierLooks) -> None:
        self.looks = looks
        self._doubts = Doubts(looks)
        self._late = LateDuplicates(looks)
        self.resolved_until: datetime | None = None

    async def ask(self, connection: Connection, seen: Heads) -> None:
        """After a look at `seen` that left nothing. Raises as CarrierLooks.look, which keeps no look from going on."""
        await self._doubts.ask(connection, seen.at)
        self.resolved_until = self._doubts.asked_until
        await self._late.ask(connection, microseconds(seen.at))
