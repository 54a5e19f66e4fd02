"""What becomes of a recipient's message: decided by MSISDN and the personality's seed, so that runs repeat.

All segments and copies of one recipient share the fate, but for those that segment_undeliverable_share takes out of
it: which they are is decided by MSISDN, seed and the segment's number. A recipient's place is the CRC-32 of its digits,
started with the seed, times a prime: CRCs of two seeds differ by the same bits for everybody, so that the half of one
seed would be the half of another, or the other half. Uniform enough for a rehearsal, and the fastest there is here.
"""

from bisect import bisect_right
from collections.abc import Sequence
from enum import IntEnum
from itertools import accumulate
from typing import Final
from zlib import crc32

from broadcast.simulator.personality import Personality

_PLACES: Final = 1 << 32
_LAST: Final = _PLACES - 1
# a prime; its further powers make places of segments that tell nothing of one another
_MIX: Final = 2_246_822_519


class Fate(IntEnum):
    """In the order of their places, the usual one last. The first two answer submit_sm with an error."""

    REFUSED = 0
    TEMPORARY = 1
    UNDELIVERABLE = 2
    EXPIRED = 3
    REJECTED = 4
    UNREPORTED = 5
    DELIVERED = 6


REPORTED: Final = (Fate.DELIVERED, Fate.UNDELIVERABLE, Fate.EXPIRED, Fate.REJECTED)
"""The fates that receipts tell of, the usual one first."""


class Fates:
    """The fates of one personality's recipients. `answered_with_error`: places below it are of that kind."""

    def __init__(self, personality: Personality) -> None:
        shares = (
            personality.refused_share,
            personality.temporary_share,
            personality.undeliverable_share,
            personality.expired_share,
            personality.rejected_share,
            personality.unreported_share,
        )
        self._seed = personality.seed
        self._bounds = [round(bound * _PLACES) for bound in accumulate(shares)]
        self.answered_with_error = self._bounds[Fate.TEMPORARY]
        self._usual = self._bounds[-1]
        self._segment_limit = round(personality.segment_undeliverable_share * _PLACES)

    def places(self, msisdns: Sequence[bytes]) -> list[int]:
        """Where each of them lies; `at` says what that means."""
        seed = self._seed
        return [crc32(msisdn, seed) * _MIX & _LAST for msisdn in msisdns]

    def at(self, place: int) -> Fate:
        """The fate of whoever lies there."""
        return Fate(bisect_right(self._bounds, place))

    def of(self, msisdn: bytes) -> Fate:
        """The fate of one recipient, digits as on the wire."""
        return self.at(self.places((msisdn,))[0])

    def column(self, places: Sequence[int], segment: int = 1) -> bytes:
        """One octet per place: the Fate of its segment of that number."""
        usual, bounds = self._usual, self._bounds
        if min(places, default=usual) >= usual:
            fates = bytes((Fate.DELIVERED,)) * len(places)
        else:
            fates = bytes([6 if place >= usual else bisect_right(bounds, place) for place in places])
        return self._spoilt(fates, places, segment) if self._segment_limit else fates

    def _spoilt(self, fates: bytes, places: Sequence[int], segment: int) -> bytes:
        """Some of the segments of whoever would be reached are undeliverable."""
        factor, limit = pow(_MIX, segment, _PLACES), self._segment_limit
        spoilt = bytearray(fates)
        for index in [index for index, place in enumerate(places) if place * factor % _PLACES < limit]:
            if spoilt[index] == Fate.DELIVERED:
                spoilt[index] = Fate.UNDELIVERABLE
        return bytes(spoilt)
