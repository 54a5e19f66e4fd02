"""People of location lists: which of them are subscribers, and how the others are reached, in which language."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from broadcast.audience import lists, standings, visitors
from broadcast.audience.distinct import distinct
from broadcast.audience.routing import Router
from broadcast.audience.snapshot import Group
from broadcast.config import Country
from broadcast.config.ledgers import BUCKETS
from broadcast.ids import CarrierNo
from broadcast.rules.standing import REASONS, Reasons
from broadcast.store import arrays
from broadcast.store.queries import sql
from broadcast.store.types import Connection

Numbers = NDArray[np.int64]
# The number of the message in a language, or in that of who said none.
VariantOf = Callable[[str | None], int]
_NOBODY: Final = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Subscribers:
    """Those of some numbers who are of one carrier, profile and standing (as rules/standing.py numbers that). numbers:
    in no order."""

    carrier_no: CarrierNo
    standing: int
    profile_no: int
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class Strangers:
    """Who is no subscriber. carrier: its name. numbers: sorted. standing: as of a subscriber."""

    carrier: str
    variant: int
    numbers: Numbers
    standing: int = 0


async def subscribers(home: Connection, numbers: Numbers) -> AsyncIterator[Sequence[Subscribers]]:
    """Those of these, bucket by bucket. Of one moment within a transaction of such."""
    buckets = numbers % BUCKETS
    for bucket in np.unique(buckets).tolist():
        rows = await home.fetch(sql("subscribers_listed"), bucket, numbers[buckets == bucket].tolist())
        yield [
            Subscribers(row["carrier_no"], row["standing"], row["profile_no"], arrays.numbers(row["msisdns"]))
            for row in rows
        ]


def strangers(
    numbers: Numbers, country: Country, carrier: str | None, variant_of: VariantOf
) -> list[Strangers]:
    """Of numbers, sorted, that are no subscribers': the country's by their prefix, foreign ones through `carrier`;
    without one nobody reaches these. Pure."""
    is_foreign = visitors.foreign(numbers, country)
    found: list[Strangers] = []
    for name, own in Router(country).by_carrier(numbers[~is_foreign]).items():
        found.append(Strangers(name, variant_of(None), own))
    if carrier is not None:
        by_variant: dict[int, list[Numbers]] = {}
        for language, those in visitors.by_language(numbers[is_foreign], country).items():
            by_variant.setdefault(variant_of(language), []).append(those)
        found += [
            Strangers(carrier, number, np.sort(np.concatenate(p))) for number, p in sorted(by_variant.items())
        ]
    return found


async def on_lists(
    home: Connection, names: Sequence[str], country: Country, variant_of: VariantOf
) -> AsyncIterator[Strangers]:
    """Whoever is on one of these lists and no subscriber, each once; of one moment within a transaction of such. Raises
    InputError as `lists.members`."""
    taken = _NOBODY
    for name in names:
        carrier = await lists.carrier_of(home, name)
        on = np.setdiff1d(await lists.members(home, name), taken, assume_unique=True)
        taken = distinct(taken, on)
        known = [_NOBODY]
        async for some in subscribers(home, on):
            known += [each.numbers for each in some]
        left = np.setdiff1d(on, np.concatenate(known), assume_unique=True)
        for each in await stood(home, left, country, carrier, variant_of):
            yield each


async def stood(
    home: Connection, numbers: Numbers, country: Country, carrier: str | None, variant_of: VariantOf
) -> list[Strangers]:
    """As `strangers`, each with their standing."""
    return [
        replace(each, standing=standing)
        for standing, those in await standings.of_strangers(home, numbers)
        for each in strangers(those, country, carrier, variant_of)
    ]


async def stranger_groups(
    home: Connection,
    names: Sequence[str],
    country: Country,
    carriers: Mapping[str, CarrierNo],
    variant_of: VariantOf,
    reasons: Reasons,
) -> AsyncIterator[Sequence[Group]]:
    """The same as a snapshot takes people. carriers: home's, that the alert has, by name. reasons: who is left out."""
    async for each in on_lists(home, names, country, variant_of):
        if each.carrier in carriers:
            yield _groups(carriers[each.carrier], each, REASONS[reasons[each.standing]])


def _groups(carrier_no: CarrierNo, people: Strangers, left_out: str) -> list[Group]:
    buckets = people.numbers % BUCKETS
    return [
        Group(
            carrier_no, bucket, left_out, arrays.elements(people.numbers[buckets == bucket]), people.variant
        )
        for bucket in np.unique(buckets).tolist()
    ]
