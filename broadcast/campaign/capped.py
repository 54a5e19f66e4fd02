"""Whom caps and distances would hold, or leave out, if an alert were launched now: by the launch's own gate, read-only.

What is looked at are the people whom the category's alerts told lately or may yet tell, for nobody else waits: with
many of them those of some buckets, and what is found stands for all.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np

from broadcast.audience import choice
from broadcast.audience.carriers import carrier_names
from broadcast.audience.choice import Choice
from broadcast.audience.listed import on_lists
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.choosing import chosen, message_of
from broadcast.campaign.ruled import limits_for, reasons_for
from broadcast.campaign.sent_to import Key
from broadcast.config import Config
from broadcast.config.ledgers import BUCKETS
from broadcast.rules import contacts
from broadcast.rules.caps import Contacts, People, Times
from broadcast.rules.contacts import Wanted
from broadcast.rules.gate import NEVER, NOW, Gate
from broadcast.rules.limits import Limits
from broadcast.store import arrays
from broadcast.store.queries import sql
from broadcast.store.types import Connection

CONTACTS_MOST: Final = 1_000_000  # of more, as many buckets as have these are looked at


@dataclass(frozen=True, slots=True)
class Capped:
    """Of who would hear an alert. left_out: whom nobody can tell before its expiry. held: who waits, by when they are
    looked at, Unix seconds. exact: else the figures are those of a part of the people, for all. law: where it
    stands. unseen: who asks may read no numbers, so nothing is known of it."""

    left_out: Mapping[Key, int] = field(default_factory=dict)
    held: Mapping[Key, Mapping[float, int]] = field(default_factory=dict)
    exact: bool = True
    law: str = ""
    unseen: bool = False

    @property
    def people_left_out(self) -> int:
        return sum(self.left_out.values())

    @property
    def people_held(self) -> int:
        return sum(sum(each.values()) for each in self.held.values())

    @property
    def moments(self) -> tuple[float, ...]:
        """Of all who are held, in order."""
        return tuple(sorted({moment for each in self.held.values() for moment in each}))


@dataclass(slots=True)
class _Found:
    """Who waits, in ascending order, and when each is looked at; how many of them would hear the alert."""

    people: People
    moments: Times
    counts: defaultdict[Key, Counter[float]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, key: Key, numbers: People) -> None:
        """Who of these waits would hear this message at this carrier."""
        place = np.searchsorted(self.people, numbers) % max(1, len(self.people))
        known = self.people[place] == numbers
        each, counts = np.unique(self.moments[place[known]], return_counts=True)
        self.counts[key].update(dict(zip(each.tolist(), counts.tolist(), strict=True)))


async def capped(
    home: Connection, parts: Sequence[Connection], config: Config, campaign: Campaign, now: datetime
) -> Capped:
    """Nobody, once it is launched. parts: of all databases that may have told somebody, home's too if it has."""
    limits = limits_for(config, campaign.content)
    if not limits.caps or campaign.hearers != "everybody" or campaign.launched_at is not None:
        return Capped()
    if not all([await each.fetchval(sql("may_read_numbers")) for each in (home, *parts)]):
        return Capped(exact=False, law=limits.law, unseen=True)
    wanted = Wanted(campaign.category, now.timestamp() - max(cap.seconds for cap in limits.caps))
    count = sum([await contacts.count(each, wanted) for each in parts])
    buckets = range(max(1, min(BUCKETS, BUCKETS * CONTACTS_MOST // max(1, count))))
    known = Contacts.of([await _read(each, wanted, buckets) for each in parts])
    found = _waiting(known, limits, now.timestamp(), campaign.expires_at.timestamp())
    if len(found.people):
        await _count(home, config, campaign, found)
    return _scaled(found.counts, len(buckets), limits.law)


async def _read(connection: Connection, wanted: Wanted, buckets: range) -> Contacts:
    async with connection.transaction(readonly=True):
        return await contacts.read(connection, wanted, buckets)


def _waiting(known: Contacts, limits: Limits, now: float, expires: float) -> _Found:
    people = known.people()
    moments = Gate(limits, known, now, expires).moments(people)
    waits = moments != NOW
    return _Found(people[waits], moments[waits])


async def _count(home: Connection, config: Config, campaign: Campaign, found: _Found) -> None:
    """Who of them would hear it, by what they are known to be at one moment."""
    reasons, plan = reasons_for(config, campaign.content), campaign.plan
    async with home.transaction(isolation="repeatable_read", readonly=True):
        made = await chosen(home, config, plan, campaign.languages) or choice.EVERYBODY
        names = await carrier_names(home)
        buckets = found.people % BUCKETS
        for bucket in np.unique(buckets).tolist() if not made.selection.nobody else ():
            those = found.people[buckets == bucket].tolist()
            for row in await home.fetch(sql("chosen_among"), bucket, those, made.selection.classes):
                if not reasons[row["standing"]]:
                    for variant, numbers in _by_variant(made, row["class"], arrays.numbers(row["msisdns"])):
                        _add(found, campaign, config, (names[row["carrier_no"]], variant), numbers)
        said = message_of(config, plan, campaign.languages)
        async for each in on_lists(home, plan.lists, config.country, said):
            if not reasons[each.standing]:
                _add(found, campaign, config, (each.carrier, each.variant), each.numbers)


def _by_variant(made: Choice, of_class: int, numbers: People) -> Iterator[tuple[int, People]]:
    heard = made.selection.heard[of_class]
    if len(set(heard)) == 1:  # whatever lists they are on
        return iter([(heard[0], numbers)])
    return made.by_variant(of_class, numbers)


def _add(found: _Found, campaign: Campaign, config: Config, key: Key, numbers: People) -> None:
    if key[0] in campaign.carriers and key[0] in config.carriers:
        found.add(key, numbers)


def _scaled(counts: Mapping[Key, Counter[float]], buckets: int, law: str) -> Capped:
    """Of so many buckets, for all."""
    left_out: dict[Key, int] = {}
    held: dict[Key, dict[float, int]] = {}
    for key, moments in counts.items():
        for moment, people in sorted(moments.items()):
            if moment == NEVER:
                left_out[key] = people * BUCKETS // buckets
            else:
                held.setdefault(key, {})[moment] = people * BUCKETS // buckets
    return Capped(left_out, held, buckets == BUCKETS, law)
