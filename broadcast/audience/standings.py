"""Who is on the do-not-call list or agreed to be told: brought in line with subscribers, and looked up of who is none.

The bits are those of rules/standing.py. Whoever changes the list or what people said holds the lock of imports: so an
import sees all of it, or is seen.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from broadcast.audience import stopped
from broadcast.audience.subscribers import by_bucket
from broadcast.errors import RefusedError
from broadcast.languages import _
from broadcast.rules.standing import CONSENTED, DO_NOT_CALL
from broadcast.store.queries import sql
from broadcast.store.types import Connection

AT_ONCE = 50_000  # numbers of one statement

Numbers = NDArray[np.int64]


async def hold(home: Connection) -> None:
    """Until the transaction ends no import runs, nor anybody else who changes standings. Raises RefusedError while one
    does."""
    if not await home.fetchval(sql("import_lock")):
        raise RefusedError(
            _("an import runs, or somebody else changes who may be told: try again when that has ended")
        )


async def add(home: Connection, numbers: Iterable[int], bit: int) -> int:
    """Those of them who are subscribers have this bit. Returns for how many that is new."""
    return len(await by_bucket(home, "standing_add", numbers, bit))


async def drop(home: Connection, numbers: Iterable[int], bit: int) -> int:
    """They have it no more. Returns of how many it was taken."""
    return len(await by_bucket(home, "standing_drop", numbers, bit))


async def of_imported(home: Connection, numbers: Numbers) -> None:
    """Whom an import has just brought, each once, stand as is known of their numbers. Those who were subscribers before
    do already: they may be among them, or not."""
    for standing, those in await among(home, np.sort(numbers)):
        for bit in (DO_NOT_CALL, CONSENTED):
            if standing & bit:
                await add(home, those.tolist(), bit)


async def of_strangers(home: Connection, numbers: Numbers) -> list[tuple[int, Numbers]]:
    """Of numbers, sorted, of no subscriber: by standing, as rules/standing.py numbers that; each part sorted."""
    out = np.array(sorted(await stopped.among(home, numbers.tolist())), np.int64)
    found: list[tuple[int, Numbers]] = []
    for standing, those in await among(home, numbers):
        silent = np.isin(those, out, assume_unique=True)
        found += [(2 * standing, those[~silent]), (2 * standing + 1, those[silent])]
    return [(standing, those) for standing, those in found if len(those)]


async def among(home: Connection, numbers: Numbers) -> list[tuple[int, Numbers]]:
    """Numbers, sorted, by the bits that are known of them; each part sorted."""
    found = np.zeros(len(numbers), np.int64)
    known = await home.fetchrow(sql("standing_known"))
    assert known is not None
    for at in range(0, len(numbers), AT_ONCE):
        some = numbers[at : at + AT_ONCE].tolist()
        if known["do_not_call"]:
            rows = await home.fetch(sql("do_not_call_among"), some)
            found[_places(numbers, [row["msisdn"] for row in rows])] |= DO_NOT_CALL
        if known["consents"]:
            rows = await home.fetch(sql("consents_among"), some)
            found[_places(numbers, [row["msisdn"] for row in rows if row["given"]])] |= CONSENTED
    return [(int(bits), numbers[found == bits]) for bits in np.unique(found)]


def _places(numbers: Numbers, those: list[int]) -> NDArray[np.intp]:
    return np.searchsorted(numbers, np.array(those, np.int64))
