"""What people agreed to, or took back, with its time and source: each word kept, the newest counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from broadcast.audience import lists, standings
from broadcast.audience.distinct import distinct
from broadcast.rules.standing import CONSENTED
from broadcast.store import arrays
from broadcast.store.queries import sql
from broadcast.store.types import Connection


@dataclass(frozen=True, slots=True)
class Words:
    """Side by side: numbers; times, in microseconds since 1970; sources, by their place in `named`."""

    numbers: NDArray[np.int64]
    times: NDArray[np.int64]
    sources: NDArray[np.int64]
    named: Sequence[str]

    def once(self) -> "Words":
        """Each number and moment once, in that order; of several the first. Pure."""
        order = np.lexsort((self.times, self.numbers))
        numbers, times = self.numbers[order], self.times[order]
        first = np.ones(len(order), np.bool_)
        first[1:] = (numbers[1:] != numbers[:-1]) | (times[1:] != times[:-1])
        return Words(numbers[first], times[first], self.sources[order][first], self.named)


@dataclass(frozen=True, slots=True)
class Noted:
    """words: that are kept now, those that were known among them. subscribers: of how many it changed what they may be
    told."""

    words: int
    subscribers: int


async def note(home: Connection, words: Words, *, given: bool) -> Noted:
    """What these people said, and what follows of it for subscribers. Who was erased is not kept. Within a transaction;
    raises as `standings.hold`."""
    await standings.hold(home)
    stays = np.isin(words.numbers, await lists.not_erased(home, np.unique(words.numbers)))
    places = np.flatnonzero(stays)
    changed = 0
    for at in range(0, len(places), standings.AT_ONCE):
        changed += await _note(home, words, places[at : at + standings.AT_ONCE], given=given)
    return Noted(len(places), changed)


async def _note(home: Connection, words: Words, places: NDArray[np.intp], *, given: bool) -> int:
    """Of some lines. Returns of how many subscribers it changed what they may be told."""
    numbers = words.numbers[places].tolist()
    times = [datetime.fromtimestamp(us / 1_000_000, UTC) for us in words.times[places].tolist()]
    sources = [words.named[each] for each in words.sources[places].tolist()]
    await home.execute(sql("consents_note"), numbers, times, given, sources)
    rows = await home.fetch(sql("consents_among"), sorted(set(numbers)))
    agree, refuse = ([row["msisdn"] for row in rows if row["given"] is each] for each in (True, False))
    changed = await standings.add(home, agree, CONSENTED)
    return changed + await standings.drop(home, refuse, CONSENTED)


async def consented(home: Connection) -> NDArray[np.int64]:
    """Everybody who agrees, sorted: 8 octets a number."""
    rows = await home.fetch(sql("consented_numbers"))
    return distinct(*(arrays.numbers(row["msisdns"]) for row in rows))
