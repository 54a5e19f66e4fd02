"""The do-not-call list: numbers whose people registered there, subscribers or not. Which alerts heed it, rules say."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from broadcast.audience import lists, standings
from broadcast.audience.distinct import distinct
from broadcast.errors import RefusedError
from broadcast.languages import _
from broadcast.rules.standing import DO_NOT_CALL
from broadcast.store import arrays
from broadcast.store.queries import sql
from broadcast.store.types import Connection

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Changed:
    """on_list: how many are on it now; new: who was not before; gone: who is not any more. subscribers: of how many of
    them it changed what they may be told."""

    on_list: int
    new: int
    gone: int
    subscribers: int


async def members(home: Connection) -> Numbers:
    """Everybody on it, sorted: 8 octets a number, of one moment."""
    rows = await home.fetch(sql("do_not_call_numbers"))
    return distinct(*(arrays.numbers(row["msisdns"]) for row in rows))


async def register(home: Connection, numbers: Numbers, *, replace: bool, anyway: bool = False) -> Changed:
    """These are on it; replace: and nobody else. numbers: sorted, each once. Who was erased is not kept. Within a
    transaction; raises as `standings.hold`, and RefusedError where most would be off it, but `anyway`."""
    await standings.hold(home)
    before = await members(home)
    numbers = await lists.not_erased(home, numbers)
    new = np.setdiff1d(numbers, before, assume_unique=True)
    gone = np.setdiff1d(before, numbers, assume_unique=True) if replace else before[:0]
    if 2 * len(gone) > len(before) and not anyway:
        raise RefusedError(
            _(
                "{gone:,} of {before:,} numbers would be off the do-not-call list: --anyway, if the file is the whole"
                " of it",
                gone=len(gone),
                before=len(before),
            )
        )
    return await _change(home, len(before), new, gone)


async def unregister(home: Connection, numbers: Numbers) -> Changed:
    """These are not on it any more. As `register`."""
    await standings.hold(home)
    before = await members(home)
    return await _change(home, len(before), before[:0], np.intersect1d(before, numbers, assume_unique=True))


async def _change(home: Connection, before: int, new: Numbers, gone: Numbers) -> Changed:
    for query, those in (("do_not_call_add", new), ("do_not_call_drop", gone)):
        for at in range(0, len(those), standings.AT_ONCE):
            await home.execute(sql(query), those[at : at + standings.AT_ONCE].tolist())
    changed = await standings.add(home, new.tolist(), DO_NOT_CALL)
    changed += await standings.drop(home, gone.tolist(), DO_NOT_CALL)
    return Changed(before + len(new) - len(gone), len(new), len(gone), changed)
