"""How much of what an SMSC says unasked a link reads: more than an honest one ever says, and no more. Pure.

One event loop reads for every carrier of a worker (law 8). Answers to our own submits are bounded by the window and
the pace; nothing else is: enquire_links, junk and receipts by the million per second would take the whole loop. Above
its allowance a link rests and does not read: TCP makes that SMSC wait, and nothing is lost.
"""

from typing import Final

UNITS_PER_S: Final = 2000  # of a link, whatever the carrier's TPS
UNITS_PER_SEGMENT: Final = 4  # of its TPS: receipts on their way and final ones, each of them twice
UNITS_PER_MESSAGE: Final = 4  # also of a PDU that cannot be read: each becomes a row that is looked at again
OCTETS_PER_UNIT: Final = 256
OCTETS_PER_ANSWER: Final = 128
TRIFLES_PER_S: Final = 50_000  # of a link: PDUs that cost a microsecond each, at most an answer from memory
OCTETS_PER_TRIFLE: Final = 64
OCTETS_PASSED_OVER: Final = 256  # of a flood (alike.py), for what a trifle costs
REST_MOST_S: Final = 2.0  # nor is a lost connection noticed while it rests


class Allowance:
    """A second's worth may come at once. Times in seconds of one clock, which begins when it is made."""

    def __init__(self, tps: int) -> None:
        self.units_per_s = UNITS_PER_S + UNITS_PER_SEGMENT * tps
        self._debt = 0.0
        self._at = float("-inf")

    def take(self, unasked: int, octets: int, answers: int, now: float, trifles: int = 0) -> float:
        """One read: units that nobody asked for, octets in all, answers and trifles among them. Seconds to rest, or 0.

        A unit is a receipt, a quarter of a kilobyte, or a read that brings no answer. Trifles (enquire_links, junk) are
        read at so high a rate for the sake of what stands between them: the answers to our own submits (quirk 55).
        """
        expected = OCTETS_PER_ANSWER * answers + OCTETS_PER_TRIFLE * trifles
        units: float = unasked + max(0, octets - expected) // OCTETS_PER_UNIT
        units += trifles * self.units_per_s / TRIFLES_PER_S
        left = self._debt - (now - self._at) * self.units_per_s
        self._debt = max(0.0, left) + (units or not answers)
        self._at = now
        return min(REST_MOST_S, max(0.0, self._debt / self.units_per_s - 1.0))
