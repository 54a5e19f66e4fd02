"""Which profile a person has once a list was heard: what its columns say, and of the others what was known before.

Profiles are read once an import, under its lock, and numbered here: nobody else writes any meanwhile. Decided on the
columns of a batch, so that a person costs no object; what the database is asked and told is legal where the list is
spread over nodes (tests/unit/store/test_spread.py).
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from broadcast.audience.attributes import PLACES
from broadcast.audience.batches import Batch
from broadcast.audience.cells import MOST_PROFILES, Combination, too_many
from broadcast.audience.profiles import Value
from broadcast.audience.staging import COMBINATION_SHIFT, Known, People
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_COMBINATIONS = (1 << COMBINATION_SHIFT) - 1
_READ_AHEAD = 5000

Numbers = NDArray[np.int64]


class Profiles:
    """All that there are, each a combination in the order of `names`; nothing here is seen before it is committed."""

    def __init__(self, attributes: Iterable[str]) -> None:
        self.names: Final = (*PLACES, *sorted(attributes))
        self.by_number: dict[int, Combination] = {}
        self._numbers: dict[Combination, int] = {}
        self._free: Iterator[int] = iter(())

    @classmethod
    async def load(cls, connection: Connection, attributes: Iterable[str]) -> "Profiles":
        """Within a transaction that may import. attributes: all that are registered."""
        found, same = cls(attributes), dict[str, str]()
        async for row in connection.cursor(sql("all_profiles"), prefetch=_READ_AHEAD):
            said = json.loads(row["attributes"])
            values = (*(row[name] for name in PLACES), *map(said.get, found.names[len(PLACES) :]))
            found._add(row["profile_no"], tuple(_once(value, same) for value in values))
        found._look_for_free()
        return found

    def room_for(self, wanted: Iterable[Combination]) -> bool:
        """Whether there would not be too many with these."""
        new = {each for each in wanted if each not in self._numbers}
        return len(self._numbers) + len(new) <= MOST_PROFILES + 1

    async def number(self, connection: Connection, wanted: Sequence[Combination]) -> list[int]:
        """Their numbers; those that are new are made. Raises RefusedError when there would be too many."""
        if not self.room_for(wanted):
            raise too_many(self.names)
        new = [each for each in dict.fromkeys(wanted) if each not in self._numbers]
        for each, number in zip(new, self._free, strict=False):
            self._add(number, each)
        await self._insert(connection, new)
        return [self._numbers[each] for each in wanted]

    async def sweep(
        self, connection: Connection, kept: Iterable[int] = (), wanted: Iterable[Combination] = ()
    ) -> frozenset[int]:
        """Drop those that nobody has any more, but these numbers and what is wanted. Returns the numbers that went."""
        had = (row["profile_no"] for row in await connection.fetch(sql("profile_counts")))
        stay = {0, *had, *kept, *(self._numbers[each] for each in wanted if each in self._numbers)}
        gone = frozenset(number for number in self.by_number if number not in stay)
        await self._remove(connection, gone)
        return gone

    def have(self, name: str) -> bool:
        """Whether this attribute is known in any."""
        place = self.names.index(name)
        return any(each[place] is not None for each in self.by_number.values())

    async def forget(self, connection: Connection, name: str) -> None:
        """Nobody has this attribute any more."""
        place = self.names.index(name)
        have = {number: each for number, each in self.by_number.items() if each[place] is not None}
        without: list[Combination] = [(*each[:place], None, *each[place + 1 :]) for each in have.values()]
        by_number = list(range(max(self.by_number) + 1))
        for number, new in zip(have, await self.number(connection, without), strict=True):
            by_number[number] = new
        await connection.execute(sql("change_profiles"), by_number, list(have))
        await self._remove(connection, have)

    async def _remove(self, connection: Connection, gone: Collection[int]) -> None:
        for number in gone:
            del self._numbers[self.by_number.pop(number)]
        await connection.execute(sql("delete_profiles"), list(gone))
        self._look_for_free()

    def _add(self, number: int, combination: Combination) -> None:
        self.by_number[number] = combination
        self._numbers[combination] = number

    def _look_for_free(self) -> None:
        """Numbers are used again, so that the highest is at most MOST_PROFILES: a choice is an array by number."""
        taken = frozenset(self.by_number)
        self._free = (number for number in range(1, MOST_PROFILES + 1) if number not in taken)

    async def _insert(self, connection: Connection, new: Sequence[Combination]) -> None:
        if not new:
            return
        places = zip(*(each[: len(PLACES)] for each in new), strict=True)
        attributes = [json.dumps(self._attributes(each)) for each in new]
        await connection.execute(
            sql("insert_profiles"), [self._numbers[each] for each in new], *map(list, places), attributes
        )

    def _attributes(self, combination: Combination) -> dict[str, Value]:
        pairs = zip(self.names, combination, strict=True)
        return {name: value for name, value in pairs if value is not None and name not in PLACES}


class Combining:
    """The people of one list, batch by batch."""

    def __init__(self, profiles: Profiles, given: Sequence[str]) -> None:
        """given: the list's columns, in its order."""
        self._profiles = profiles
        self._given = [profiles.names.index(name) for name in given]
        self._said: list[Combination] = []
        self._kept: dict[Combination, int] = {}  # what the list leaves as it was: by it a number, from 0
        self._keep((None,) * len(profiles.names))
        self._kept_by = np.zeros(MOST_PROFILES + 1, np.int64)  # number of a profile: of what is kept of it
        for number, combination in profiles.by_number.items():
            self._kept_by[number] = self._keep(self._without_given(combination))
        self._known: dict[int, int] = {}  # what is kept and what is said, as one number: a profile

    async def profiles(self, connection: Connection, batch: Batch, known: Known) -> NDArray[np.int32]:
        """The number of each one's profile from now on. Within the transaction that merges the batch. known: those who
        are subscribers.

        Raises RefusedError when there would be too many.
        """
        self._said += batch.combinations
        pairs = self._kept_of(batch.people, known) << COMBINATION_SHIFT | batch.people.combinations
        different, place = np.unique(pairs, return_inverse=True)
        await self._learn(connection, different.tolist())
        return np.array([self._known[pair] for pair in different.tolist()], np.int32)[place]

    def _kept_of(self, people: People, known: Known) -> Numbers:
        kept = np.zeros(len(people), np.int64)
        kept[known.places] = self._kept_by[known.profiles]
        return kept

    async def _learn(self, connection: Connection, pairs: Sequence[int]) -> None:
        new = [pair for pair in pairs if pair not in self._known]
        if not new:
            return
        kept = list(self._kept)
        wanted = [self._combined(kept[pair >> COMBINATION_SHIFT], pair & _COMBINATIONS) for pair in new]
        if not self._profiles.room_for(wanted):
            here = [self._known[pair] for pair in pairs if pair in self._known]
            gone = await self._profiles.sweep(connection, here, wanted)
            self._known = {pair: number for pair, number in self._known.items() if number not in gone}
        found = await self._profiles.number(connection, wanted)
        for pair, number in zip(new, found, strict=True):
            self._known[pair] = number
            self._kept_by[number] = pair >> COMBINATION_SHIFT

    def _combined(self, kept: Combination, said: int) -> Combination:
        values = list(kept)
        for place, value in zip(self._given, self._said[said], strict=True):
            values[place] = value
        return tuple(values)

    def _without_given(self, combination: Combination) -> Combination:
        values = list(combination)
        for place in self._given:
            values[place] = None
        return tuple(values)

    def _keep(self, kept: Combination) -> int:
        return self._kept.setdefault(kept, len(self._kept))


def _once(value: Value | None, same: dict[str, str]) -> Value | None:
    """The same text once in memory, however many profiles have it."""
    return same.setdefault(value, value) if isinstance(value, str) else value
