"""A batch of people becomes subscribers: new ones are written as they are, without a question for each; who is known
already is staged and merged. What the database is asked and told is legal where the list is spread over nodes.

Nobody but an import adds subscribers, and one at a time does, so that who is new stays so until they are written.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from broadcast.audience import standings
from broadcast.audience.batches import Batch
from broadcast.audience.combining import Combining
from broadcast.audience.ports import NO_PORTS, Ports
from broadcast.audience.staging import (
    COLUMNS,
    SUBSCRIBER_COLUMNS,
    Known,
    People,
    copy_stream,
    subscriber_stream,
)
from broadcast.config.ledgers import BUCKETS
from broadcast.store import plans
from broadcast.store.arrays import numbers
from broadcast.store.clock import database_time
from broadcast.store.copying import copy_in
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_SEEN_BITS: Final = 27
_SCATTER: Final = np.uint64(0x9E3779B97F4A7C15)  # 2 to the 64, divided by the golden ratio (Knuth, 6.4)


class Seen:
    """Which numbers may stand in earlier batches of an import that found nobody: whoever does is always told, and a few
    who do not, the more the longer the list. 16 MB, whatever comes."""

    def __init__(self) -> None:
        self._octets = np.zeros(1 << (_SEEN_BITS - 3), np.uint8)

    def perhaps(self, msisdns: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each was added, or shares its bit with one that was."""
        octets, bits = self._places(msisdns)
        found: NDArray[np.bool_] = (self._octets[octets] & bits) != 0
        return found

    def add(self, msisdns: NDArray[np.int64]) -> None:
        """They stand there from now on."""
        np.bitwise_or.at(self._octets, *self._places(msisdns))

    @staticmethod
    def _places(msisdns: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        places = msisdns.astype(np.uint64) * _SCATTER >> np.uint64(64 - _SEEN_BITS)
        bits = np.left_shift(np.uint8(1), (places & np.uint64(7)).astype(np.uint8))
        return (places >> np.uint64(3)).astype(np.int64), bits


@dataclass(frozen=True, slots=True)
class Merging:
    """One import's batches, under the lock of imports. combining: None leaves profiles as they are. seen: None: any
    number may be known. ports: whose numbers are by what alerts taught."""

    connection: Connection
    import_no: int
    combining: Combining | None
    seen: Seen | None = None
    ports: Ports = NO_PORTS

    @classmethod
    async def begin(cls, connection: Connection, import_no: int, combining: Combining | None) -> "Merging":
        """Of an import that has written nobody yet, or is continued."""
        seen = None if await connection.fetchval(sql("any_subscriber")) else Seen()
        return cls(connection, import_no, combining, seen, await Ports.load(connection))

    async def merge(self, batch: Batch) -> dict[str, int]:
        """Within a transaction. Returns the batch's lines by what became of them."""
        people = await self.ports.applied(self.connection, batch.people)
        known = await self._known(people)
        profiles = np.zeros(len(people), np.int32)
        if self.combining is not None:
            profiles = await self.combining.profiles(self.connection, batch, known)
        new = np.ones(len(people), np.bool_)
        new[known.places] = False
        await self._write(people.of(new), profiles[new])
        if self.seen is not None:
            self.seen.add(people.msisdns[new])
        counts = await self._merge_known(people.of(~new), profiles[~new])
        come = people if counts["imported"] else people.of(new)  # somebody known may have gone meanwhile
        await standings.of_imported(self.connection, come.msisdns)
        counts["imported"] += int(np.count_nonzero(new))
        return {**counts, "duplicate": counts["duplicate"] + batch.repeated}

    async def _known(self, people: People) -> Known:
        """Those who are subscribers. They are looked up by bucket, in whose order they are."""
        asked = np.arange(len(people))
        if self.seen is not None:
            asked = np.flatnonzero(self.seen.perhaps(people.msisdns))
        msisdns = people.msisdns[asked]
        ends = np.searchsorted(msisdns % BUCKETS, np.arange(BUCKETS + 1))
        places, profiles = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        async with plans.by_index(self.connection):
            for bucket, (begin, end) in enumerate(pairwise(ends)):
                if begin == end:
                    continue
                here = msisdns[begin:end]
                row = await self.connection.fetchrow(sql("known_among"), bucket, here.tolist())
                if row is not None and row["msisdns"] is not None:
                    places.append(asked[begin + np.searchsorted(here, numbers(row["msisdns"]))])
                    profiles.append(numbers(row["profiles"]))
        return Known(np.concatenate(places), np.concatenate(profiles))

    async def _write(self, people: People, profiles: NDArray[np.int32]) -> None:
        if len(people):
            now = await database_time(self.connection)
            rows = subscriber_stream(people, profiles, self.import_no, now)
            await copy_in(self.connection, "subscriber", SUBSCRIBER_COLUMNS, rows)

    async def _merge_known(self, people: People, profiles: NDArray[np.int32]) -> dict[str, int]:
        counts = {"imported": 0, "updated": 0, "duplicate": 0}
        if len(people):
            await self.connection.execute(sql("import_empty_staging"))
            await copy_in(self.connection, "import_staging", COLUMNS, copy_stream(people, profiles))
            query = "import_merge_profiles" if self.combining else "import_merge"
            now = await database_time(self.connection)
            row = await self.connection.fetchrow(sql(query), self.import_no, now)
            await self.connection.execute(sql("import_empty_staging"))
            assert row is not None
            counts.update(row)
        return counts
