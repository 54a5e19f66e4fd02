"""One carrier over SMPP 3.4, as the engine uses a way to reach people."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from broadcast.channel.channel import Words
from broadcast.channel.events import LinkEvents
from broadcast.channel.outcome import Outcome
from broadcast.channel.sayings import Sayings
from broadcast.channel.trying import Tried, Way
from broadcast.config import Carrier
from broadcast.smpp import status as statuses
from broadcast.smpp import trying
from broadcast.smpp.binding import keep_bound
from broadcast.smpp.cancelling import Canceller
from broadcast.smpp.rendering import render
from broadcast.smpp.sayings import sayings
from broadcast.smpp.template import Template
from broadcast.smpp.tls import ends_at

OUTCOMES_KEPT: Final = 256  # an SMSC may answer with any of 2^32 statuses


class SmppChannel:
    """Implements channel's Channel. A slot is one session of a bind."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self.outcome = lru_cache(OUTCOMES_KEPT)(self._outcome)

    def render(self, words: Words, now: float) -> Template:
        """See Channel."""
        return render(words, self._carrier, now)

    def withdrawer(self, sender: str) -> Canceller | None:
        """See Channel."""
        return Canceller(self._carrier, sender) if self._carrier.smpp.cancel_sm else None

    def cannot_withdraw(self, status: int) -> bool:
        """See Channel."""
        return status == statuses.INVALID_COMMAND_ID

    def sayings(self) -> Sayings:
        """See Channel."""
        return sayings(self._carrier)

    def _outcome(self, status: int) -> Outcome:
        carrier = self._carrier
        return Outcome(
            statuses.name(status), statuses.meaning(status, carrier), statuses.is_known(status, carrier)
        )

    async def keep_bound(
        self,
        slot_no: int,
        name: str,
        events: LinkEvents,
        report: Callable[[str], None],
        leave_s: Callable[[], float],
    ) -> None:
        """See Channel."""
        await keep_bound(name, self._carrier.slots()[slot_no], self._carrier, events, report, leave_s)

    def certificate_ends_at(self) -> float | None:
        """See Channel."""
        files = {bind.tls.cert_file for bind in self._carrier.binds if bind.tls and bind.tls.cert_file}
        return min(filter(None, map(ends_at, files)), default=None)

    def again_s(self, slot_no: int) -> float:
        """See Channel."""
        return self._carrier.slots()[slot_no].reconnect_max_s

    def ways(self) -> Sequence[Way]:
        """See Channel."""
        return trying.ways(self._carrier)

    async def try_way(self, way: Way) -> Tried:
        """See Channel."""
        return await trying.try_way(self._carrier, way)
