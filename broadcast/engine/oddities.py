"""What an SMSC says that its profile does not know: never guessed at, but never lost from sight either.

Counted for the database (with the group under way) and for the metrics, logged once in a while. Values are names
of statuses and words of receipts, never content.
"""

import time
from collections.abc import Callable, Mapping

from broadcast.channel.outcome import Outcome
from broadcast.channel.receipt import MAX_ID_OCTETS
from broadcast.ids import CarrierNo
from broadcast.ledger.journal import Journal, OddityKind
from broadcast.monitor import events
from broadcast.monitor.loggable import Name, Sentence, Word
from broadcast.monitor.logger import logger
from broadcast.monitor.metrics import Metrics

log = logger(__name__)

LOG_EVERY_S = 600.0
NAMED_MOST = 50  # distinct values that are told apart, of each kind
OTHER = "other"
STATE_LETTERS = 7

_ADVICE: Mapping[OddityKind, str] = {
    "status": "taken as refused for good; say what it means in temporary_statuses, permanent_statuses, "
    "throttled_statuses or queue_full_statuses",
    "receipt_state": "taken as not final; say what it means in receipt_states",
    "message_id": "its message counts as accepted, and no receipt will fit it; tell the carrier",
}


class Oddities:
    """Those of one carrier at one worker. outcome: what a status means there. clock: seconds, monotonic."""

    def __init__(
        self,
        carrier_no: CarrierNo,
        name: str,
        outcome: Callable[[int], Outcome],
        journal: Journal,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._carrier_no = carrier_no
        self._name = name
        self._outcome = outcome
        self._journal = journal
        self._metrics = metrics
        self._clock = clock
        self._logged: dict[OddityKind, dict[str, float]] = {kind: {} for kind in _ADVICE}

    def statuses(self, answers: Mapping[int, int]) -> None:
        """Count those statuses of a batch of answers that nobody says the meaning of."""
        for answer, times in answers.items():
            outcome = self._outcome(answer)
            if not outcome.known:
                self._note("status", outcome.code, times)

    def receipt_states(self, states: Mapping[str, int]) -> None:
        """Count what receipts named as their state: `BoundLink.take_unknown_states`."""
        for state, times in states.items():
            self._note("receipt_state", state, times)

    def long_ids(self, times: int) -> None:
        """Count answers with an id that is too long: `BoundLink.take_long_ids`."""
        self._note("message_id", f"of more than {MAX_ID_OCTETS} octets", times)

    def _note(self, kind: OddityKind, value: str, times: int) -> None:
        logged = self._logged[kind]
        if value not in logged and len(logged) >= NAMED_MOST:
            value = OTHER
        self._journal.group.oddities[self._carrier_no, kind, value] += times
        self._metrics.oddities.labels(self._name, kind).inc(times)
        now = self._clock()
        if now - logged.get(value, -LOG_EVERY_S) >= LOG_EVERY_S:
            logged[value] = now
            carrier, advice = Name(self._name), Sentence(_ADVICE[kind])
            log(
                events.ODDITY, carrier=carrier, kind=Word(kind), said=Word(_short(kind, value)), advice=advice
            )


def _short(kind: OddityKind, value: str) -> str:
    """A state is a word of an SMSC's own choice, and may be one of the alert's text: the log has no more of it than the
    seven letters that SMPP's words have (3.4 appendix B); screens have it whole."""
    return value if kind != "receipt_state" or len(value) <= STATE_LETTERS else f"{value[:STATE_LETTERS]}…"
