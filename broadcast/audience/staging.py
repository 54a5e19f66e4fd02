"""A batch of people as columns, and as the rows that COPY takes (PostgreSQL's documentation of COPY, binary format)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from broadcast.config.ledgers import BUCKETS
from broadcast.store.copying import HEADER, TRAILER

COLUMNS: Final = ("msisdn", "carrier_no", "ported", "opted_out", "profile_no")  # of a staged row
SUBSCRIBER_COLUMNS: Final = (
    "msisdn", "hash_bucket", "carrier_no", "ported", "import_no", "profile_no", "opted_out_at",
)  # fmt: skip
BUCKET_SHIFT: Final = 50  # an MSISDN has at most 15 digits: below 2 to the 50
OPTED_OUT: Final = 1  # of a person's facts; the carrier's number and that of a combination follow
PORTED: Final = 2
SAID: Final = 4  # the line names the carrier: it is not by the number's prefix
CARRIER_SHIFT: Final = 3
COMBINATION_SHIFT: Final = 20

_CARRIERS = (1 << (COMBINATION_SHIFT - CARRIER_SHIFT)) - 1
_ROW = np.dtype(
    [
        ("fields", ">i2"), ("msisdn_octets", ">i4"), ("msisdn", ">i8"), ("carrier_octets", ">i4"), ("carrier", ">i2"),
        ("ported_octets", ">i4"), ("ported", "i1"), ("out_octets", ">i4"), ("out", "i1"),
        ("profile_octets", ">i4"), ("profile", ">i4"),
    ]
)  # fmt: skip
_NEW = [
    ("fields", ">i2"), ("msisdn_octets", ">i4"), ("msisdn", ">i8"), ("bucket_octets", ">i4"), ("bucket", ">i2"),
    ("carrier_octets", ">i4"), ("carrier", ">i2"), ("ported_octets", ">i4"), ("ported", "i1"),
    ("import_octets", ">i4"), ("import", ">i4"), ("profile_octets", ">i4"), ("profile", ">i4"), ("out_octets", ">i4"),
]  # fmt: skip
_HEARING, _OPTED_OUT = (
    np.dtype(_NEW),
    np.dtype([*_NEW, ("out", ">i8")]),
)  # out_octets -1: null, and nothing follows
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class People:
    """Distinct, in the order of the primary key, hash_bucket and msisdn, so that its index is visited in order.

    facts: of each, as the shifts above say.
    """

    msisdns: NDArray[np.int64]
    facts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.msisdns)

    def of(self, those: NDArray[np.bool_]) -> "People":
        """Those alone."""
        return People(self.msisdns[those], self.facts[those])

    @property
    def combinations(self) -> NDArray[np.int64]:
        """Number of what the file's cells say of each: see `Cells`."""
        return self.facts >> COMBINATION_SHIFT


@dataclass(frozen=True, slots=True)
class Known:
    """Who of a batch is a subscriber already: their places in it, and the numbers of their profiles until now."""

    places: NDArray[np.int64]
    profiles: NDArray[np.int64]


def key(msisdn: int) -> int:
    """Orders numbers as the primary key does."""
    return (msisdn & 63) << BUCKET_SHIFT | msisdn


def collected(facts: Mapping[int, int]) -> People:
    """facts: by `key`."""
    keys = np.fromiter(facts.keys(), np.int64, len(facts))
    order = np.argsort(keys)
    values = np.fromiter(facts.values(), np.int64, len(facts))
    return People(keys[order] & ((1 << BUCKET_SHIFT) - 1), values[order])


def gathered(keys: NDArray[np.int64], facts: NDArray[np.int64]) -> tuple[People, int]:
    """keys, facts: of lines, in their order. The last line of a number counts, but an opt-out in any of them holds.

    Also how many lines there are beyond a number's first.
    """
    if not len(keys):
        return collected({}), 0
    order = np.argsort(keys, kind="stable")
    keys, facts = keys[order], facts[order]
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    last = np.append(first[1:], len(keys)) - 1
    values = facts[last] | np.bitwise_or.reduceat(facts, first) & OPTED_OUT
    return People(keys[first] & ((1 << BUCKET_SHIFT) - 1), values), len(keys) - len(first)


def copy_stream(people: People, profiles: NDArray[np.int32] | int = 0) -> bytes:
    """The input of one COPY. profiles: number of each person's, or of everybody's."""
    rows = np.empty(len(people), _ROW)
    rows["fields"] = len(COLUMNS)
    rows["msisdn_octets"], rows["msisdn"] = 8, people.msisdns
    rows["carrier_octets"], rows["carrier"] = 2, (people.facts >> CARRIER_SHIFT) & _CARRIERS
    rows["ported_octets"], rows["ported"] = 1, (people.facts & PORTED) != 0
    rows["out_octets"], rows["out"] = 1, (people.facts & OPTED_OUT) != 0
    rows["profile_octets"], rows["profile"] = 4, profiles
    return b"".join((HEADER, rows.tobytes(), TRAILER))


def subscriber_stream(
    people: People, profiles: NDArray[np.int32], import_no: int, opted_out_at: datetime
) -> bytes:
    """The same of rows of `subscriber`: first all who hear, then those whose file has opted them out."""
    out = (people.facts & OPTED_OUT) != 0
    hearing = _new(people.of(~out), profiles[~out], import_no, _HEARING)
    opted_out = _new(people.of(out), profiles[out], import_no, _OPTED_OUT)
    hearing["out_octets"] = -1
    opted_out["out_octets"], opted_out["out"] = 8, (opted_out_at - _EPOCH) // timedelta(microseconds=1)
    return b"".join((HEADER, hearing.tobytes(), opted_out.tobytes(), TRAILER))


def _new(
    people: People, profiles: NDArray[np.int32], import_no: int, row: np.dtype[np.void]
) -> NDArray[np.void]:
    """All but when they opted out."""
    rows = np.empty(len(people), row)
    rows["fields"] = len(SUBSCRIBER_COLUMNS)
    rows["msisdn_octets"], rows["msisdn"] = 8, people.msisdns
    rows["bucket_octets"], rows["bucket"] = 2, people.msisdns % BUCKETS
    rows["carrier_octets"], rows["carrier"] = 2, (people.facts >> CARRIER_SHIFT) & _CARRIERS
    rows["ported_octets"], rows["ported"] = 1, (people.facts & PORTED) != 0
    rows["import_octets"], rows["import"] = 4, import_no
    rows["profile_octets"], rows["profile"] = 4, profiles
    return rows
