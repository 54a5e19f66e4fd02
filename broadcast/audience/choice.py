"""Who is chosen among the subscribers, with the lists that decide: their counts, as the snapshot will take them."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from broadcast.audience import lists
from broadcast.audience.distinct import distinct
from broadcast.audience.selection import UNHEARD, Selection
from broadcast.config.ledgers import BUCKETS
from broadcast.ids import CarrierNo
from broadcast.rules.standing import STANDINGS
from broadcast.store import arrays, citus
from broadcast.store.queries import sql
from broadcast.store.types import Connection


@dataclass(frozen=True, slots=True)
class Choice:
    """members: sorted numbers, by bit of the selection's lists."""

    selection: Selection
    members: Sequence[NDArray[np.int64]] = ()

    def by_variant(
        self, of_class: int, numbers: NDArray[np.int64]
    ) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """See Selection."""
        return self.selection.by_variant(of_class, numbers, self.members)


EVERYBODY: Final = Choice(Selection((1,), (), ((UNHEARD,), (0,))))


@dataclass(slots=True)
class Heard:
    """Of one carrier, who is chosen: subscribers by variant and standing (as rules/standing.py numbers that)."""

    subscribers: Counter[tuple[int, int]] = field(default_factory=Counter)


async def load(home: Connection, selection: Selection) -> Choice:
    """With the members of its lists, of one moment with what is read in the same transaction."""
    found = []
    for names in selection.lists:
        each = [await lists.members(home, name) for name in names]
        found.append(each[0] if len(each) == 1 else distinct(*each))
    return Choice(selection, found)


async def counts(home: Connection, choice: Choice) -> dict[CarrierNo, Heard]:
    """By home's carrier_no, of all of them. No subscriber's row is read for it, but of whoever lists tell apart; where
    they are spread over nodes, all are."""
    found: defaultdict[CarrierNo, Heard] = defaultdict(Heard)
    selection = choice.selection
    if selection.nobody:
        return found
    query = "chosen_counts" if await citus.is_spread(home) else "counted_classes"
    for row in await home.fetch(sql(query), selection.classes):
        key = selection.heard[row["class"]][0], row["standing"]
        found[row["carrier_no"]].subscribers[key] += row["subscribers"]
    await _tell_apart(home, choice, found)
    for heard in found.values():
        for standing in STANDINGS:
            del heard.subscribers[UNHEARD, standing]
    return found


async def _tell_apart(home: Connection, choice: Choice, found: Mapping[CarrierNo, Heard]) -> None:
    """Whoever is on a list was counted as if they were on none."""
    selection = choice.selection
    on_one = distinct(*choice.members)
    buckets = on_one % BUCKETS
    for bucket in np.unique(buckets).tolist():
        those = on_one[buckets == bucket].tolist()
        for row in await home.fetch(sql("chosen_among"), bucket, those, selection.classes):
            numbers = arrays.numbers(row["msisdns"])
            moved = Counter({(selection.heard[row["class"]][0], row["standing"]): -len(numbers)})
            for variant, chosen in choice.by_variant(row["class"], numbers):
                moved[variant, row["standing"]] += len(chosen)
            found[row["carrier_no"]].subscribers.update(moved)
