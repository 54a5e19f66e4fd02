"""Who was reached where, and why others were not: read of some of a campaign's people, and told as if of all.

Slices are cut by chance, so that some of them speak for the others. Which ones, and who in them lives where, is read
once a ledger; after that their own rows are read anew now and then, and nobody's number is asked for again. A ledger
that is away is left out, and comes in when it is back.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import asyncpg
import numpy as np
from numpy.typing import NDArray

from broadcast.archive.books import snapshot
from broadcast.areas.tree import AreaTree
from broadcast.audience.profiles import Profile
from broadcast.config import Config
from broadcast.ids import CampaignId, SliceId
from broadcast.ledger import fold, recount
from broadcast.ledger.states import RecipientState
from broadcast.store import plans
from broadcast.store.ledgers import Part, parts_of
from broadcast.store.queries import sql
from broadcast.store.types import Connection
from broadcast.web.curves import of_people
from broadcast.web.document import AreaReached, Details, Failure

PEOPLE: Final = 40_000  # who is asked, at most, over all ledgers
STEPS: Final = 200
_NOWHERE: Final = -1
_FAILED: Final = (
    RecipientState.UNDELIVERABLE,
    RecipientState.REJECTED,
    RecipientState.EXPIRED,
    RecipientState.UNKNOWN,
)

Places = NDArray[np.int32]
"""By ordinal: where somebody lives, as a place in the list of areas; _NOWHERE: nobody knows."""


@dataclass(slots=True)
class Counts:
    """Of the people who were asked. areas: place -> people, and who of them has it."""

    asked: int = 0
    people: Counter[int] = field(default_factory=Counter)
    reached: Counter[int] = field(default_factory=Counter)
    failures: Counter[tuple[int, str]] = field(default_factory=Counter)
    sent: Counter[int] = field(default_factory=Counter)
    delivered: Counter[int] = field(default_factory=Counter)

    def add(self, people: fold.People, places: Places, launched_us: int, step_us: float) -> None:
        """A slice. places: of its people; empty: nobody knows."""
        here = np.nonzero(people.state != fold.NOBODY)[0]
        had = here[people.state[here] == RecipientState.DELIVERED]
        self.asked += len(here)
        if len(places):
            self.people.update(places[here].tolist())
            self.reached.update(places[had].tolist())
        lost = here[np.isin(people.state[here], _FAILED)]
        texts = people.errs.texts
        reasons = [texts[each] for each in people.errs.index[lost].tolist()]
        self.failures.update(zip(people.state[lost].tolist(), reasons, strict=True))
        sent = np.where(
            people.submitted_at[here] > 0, people.submitted_at[here], people.settled_at[here]
        )  # refused
        self.sent.update(_steps(sent[sent > 0], launched_us, step_us))
        self.delivered.update(_steps(people.settled_at[had], launched_us, step_us))


class Sample:
    """Of one campaign. away: a ledger with people of it was not there when it was read last."""

    def __init__(self, campaign_id: CampaignId, launched_at: datetime) -> None:
        self._campaign_id, self._launched_at = campaign_id, launched_at
        self._slices: dict[str, list[SliceId]] = {}  # by ledger
        self._people: dict[str, int] = {}  # in all slices, by ledger
        self._stride = self._skip = 0  # of slices: one of so many, and how many before the next
        self._places: dict[tuple[str, SliceId], Places] = {}
        self._nameless = False
        self.away = False

    async def read(
        self, home: Connection, config: Config | None, areas: "Areas", until: datetime
    ) -> Details | None:
        """None: nobody has a part of it, an archive say. until: now, or its end. Raises as `parts_of`; MENDABLE."""
        seconds = max(1.0, (until - self._launched_at).total_seconds())
        step_us, counts = seconds / STEPS * 1e6, Counts()
        async with parts_of(home, config, self._campaign_id) as parts:
            self.away = bool(parts.away or parts.lost)
            for part in parts.reached:
                if not self._people.get(part.name):
                    await self._choose(home, part)
                if mine := self._slices[part.name]:
                    async with snapshot(part.connection):
                        rows = await self._rows(part.connection, mine)
                    await self._locate(home, part.name, rows, areas)
                    self._count(counts, part.name, rows, step_us)
            people = sum(self._people[part.name] for part in parts.reached)
        return self._told(counts, areas, step_us, people) if counts.asked else None

    async def _choose(self, home: Connection, part: Part) -> None:
        """Every so many-th of all slices, each ledger's by their order: of each carrier its share. One ledger goes on
        where the one before it ended, whenever it is met, so that of each the same share is asked."""
        async with snapshot(part.connection), plans.by_index(part.connection):
            found = await part.connection.fetch(sql("recount_slices"), self._campaign_id)
        people = sum(row["total"] for row in found)
        if not self._stride:
            known = await home.fetch(sql("campaign_parts"), self._campaign_id)
            self._stride = max(1, -(-(sum(row["audience"] for row in known) or people) // PEOPLE))
            self._skip = self._stride // 2
        self._people[part.name] = people
        self._slices[part.name] = [row["slice_id"] for row in found[self._skip :: self._stride]]
        self._skip = (self._skip - len(found)) % self._stride

    async def _rows(self, connection: Connection, slices: Sequence[SliceId]) -> list[recount.SliceRows]:
        if not self._nameless:
            try:
                async with connection.transaction():  # a savepoint: what is refused spoils nothing else
                    return await recount.of_slices(connection, slices)
            except asyncpg.InsufficientPrivilegeError:
                self._nameless = True
        return await recount.of_slices(connection, slices, nameless=True)

    async def _locate(
        self, home: Connection, ledger: str, rows: Sequence[recount.SliceRows], areas: "Areas"
    ) -> None:
        if self._nameless or not areas.codes:
            return
        for each in rows:
            if (ledger, each.slice_id) in self._places:
                continue
            numbers = each.msisdns.tolist()
            async with home.transaction(readonly=True):
                await home.execute(plans.LOOK_UP)
                found = await home.fetch(sql("board_profiles"), numbers)
            places = np.full(len(numbers), _NOWHERE, np.int32)
            for row in found:
                places[row["place"] - 1] = areas.place(row["profile_no"])
            self._places[ledger, each.slice_id] = places

    def _count(self, counts: Counts, ledger: str, rows: Sequence[recount.SliceRows], step_us: float) -> None:
        launched_us = round(self._launched_at.timestamp() * 1e6)
        nowhere = np.zeros(0, np.int32)
        for each in rows:
            places = self._places.get((ledger, each.slice_id), nowhere)
            counts.add(recount.folded(each), places, launched_us, step_us)

    def _told(self, counts: Counts, areas: "Areas", step_us: float, people: int) -> Details:
        """people: in the ledgers that were there."""
        times = max(1.0, people / counts.asked)
        return Details(
            curve=of_people(counts.sent, counts.delivered, self._launched_at, step_us / 1e6, times),
            areas=areas.reached(counts.people, counts.reached, times),
            failures=tuple(
                Failure(RecipientState(state).column, reason, round(people * times))
                for (state, reason), people in counts.failures.most_common()
            ),
            asked=counts.asked,
            whole=counts.asked >= people and not self.away,
            nameless=self._nameless,
            away=self.away,
        )


class Areas:
    """The topmost areas that there are more than one of: provinces, say. codes: theirs, in the tree's order."""

    def __init__(self, tree: AreaTree, profiles: Sequence[Profile]) -> None:
        self._tree = tree
        self.codes = _widest(tree)
        where = {below: place for place, code in enumerate(self.codes) for below in tree.under(code)}
        self._of: Mapping[int, int] = {
            each.profile_no: place
            for each in profiles
            if (place := where.get(each.area or "", where.get(each.seen or "", _NOWHERE))) != _NOWHERE
        }

    def place(self, profile_no: int) -> int:
        """_NOWHERE: nobody knows where who has this profile lives."""
        return self._of.get(profile_no, _NOWHERE)

    def reached(
        self, people: Mapping[int, int], reached: Mapping[int, int], times: float
    ) -> tuple[AreaReached, ...]:
        """Those in which somebody lives. times: how many all are for each who was asked."""
        return tuple(
            AreaReached(
                code,
                self._tree[code].name,
                round(people[place] * times),
                round(reached.get(place, 0) * times),
            )
            for place, code in enumerate(self.codes)
            if people.get(place)
        )


def _widest(tree: AreaTree) -> tuple[str, ...]:
    """Of a tree with one top, a country say, what is next below it."""
    found = tree.children(None)
    while len(found) == 1 and tree.children(found[0]):
        found = tree.children(found[0])
    return found


def _steps(moments: "NDArray[np.int64]", launched_us: int, step_us: float) -> dict[int, int]:
    """moments: us. Step -> how many of them."""
    steps, counts = np.unique(
        np.maximum(0, ((moments - launched_us) / step_us).astype(np.int64)), return_counts=True
    )
    return dict(zip(steps.tolist(), counts.tolist(), strict=True))
