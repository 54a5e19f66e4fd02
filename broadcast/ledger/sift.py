"""One text that the database refuses must not stop its group, and with it every receipt of every carrier.

What is packed is octets, which it takes whatever they are. What a person said, and what a profile does not know, is
text: tried in halves, a carrier at a time, each try undone, until those that fail are known; not for ever, for every
carrier waits meanwhile. They go to the quarantine as they came, with the reason, and are acked like the rest.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import astuple, replace
from typing import Final, TypeVar

import asyncpg

from broadcast.ids import CarrierNo
from broadcast.ledger.journal import Group, Inbound, OddityKind, Unreadable
from broadcast.ledger.rare import write_rare
from broadcast.store import failures
from broadcast.store.types import Connection

# The content is at fault: another try fails in the same way.
UNWRITABLE: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    asyncpg.RaiseError,  # a trigger
)
REASON: Final = "cannot be written"  # how the reasons begin, in the quarantine
REFUSED_MOST: Final = (
    200  # texts of one kind and carrier that are found one by one, with some 2,000 tries at worst
)
_HEAD_OCTETS: Final = 16  # before content that is no PDU: the quarantine leaves a PDU's sequence number out

Oddity = tuple[CarrierNo, OddityKind, str]
T = TypeVar("T")


async def sifted(connection: Connection, group: Group) -> tuple[Group, int]:
    """The group as it can be written, and how many texts of it cannot as they came. Nothing stays written here.

    Raises as the database does, when something else than a text is at fault.
    """
    trial = connection.transaction()
    await trial.start()
    try:
        return await _sifted(connection, group)
    finally:
        await trial.rollback()


async def _sifted(connection: Connection, group: Group) -> tuple[Group, int]:
    kept: list[Unreadable] = []

    def keep_message(each: Inbound, why: str) -> None:
        kept.append(_kept(each.carrier_no, "message", repr(astuple(each)).encode(), why))

    def keep_oddity(each: tuple[Oddity, int], why: str) -> None:
        kept.append(_kept(each[0][0], "oddity", repr(each).encode(), why))

    inbound = await _sift(
        connection,
        group.inbound,
        lambda each: each.carrier_no,
        lambda some: write_rare(connection, Group(inbound=list(some))),
        keep_message,
    )
    oddities = await _sift(
        connection,
        list(group.oddities.items()),
        lambda each: each[0][0],
        lambda some: write_rare(connection, Group(oddities=Counter(dict(some)))),
        keep_oddity,
    )
    unreadable = group.unreadable + kept
    whole = replace(group, inbound=inbound, oddities=Counter(dict(oddities)), unreadable=unreadable)
    return whole, len(kept)


async def _sift(
    connection: Connection,
    every: Sequence[T],
    carrier_no: Callable[[T], CarrierNo],
    write: Callable[[Sequence[T]], Awaitable[None]],
    keep: Callable[[T, str], None],
) -> list[T]:
    """Those that can be written; `keep` gets each of the others, and why. One carrier's texts cost no other's."""
    if not every or await _refusal(connection, every, write) is None:
        return list(every)
    of_carrier: dict[CarrierNo, list[T]] = {}
    for each in every:
        of_carrier.setdefault(carrier_no(each), []).append(each)
    good: list[T] = []
    for some in of_carrier.values():
        good += await _halved(connection, some, write, keep)
    return good


async def _halved(
    connection: Connection,
    every: Sequence[T],
    write: Callable[[Sequence[T]], Awaitable[None]],
    keep: Callable[[T, str], None],
) -> list[T]:
    """The same of one carrier. After REFUSED_MOST a part that is refused is kept as a whole: the others wait."""
    good: list[T] = []
    refused = 0
    left = [every]
    while left:
        some = left.pop()
        why = await _refusal(connection, some, write)
        if why is None:
            good += some
        elif len(some) == 1 or refused >= REFUSED_MOST:
            refused += len(some)
            if len(some) > 1:
                why += f", or stood among {len(some)} of which one cannot"
            for each in some:
                keep(each, f"{REASON}: {why}")
        else:
            half = len(some) // 2
            left += [some[half:], some[:half]]
    return good


async def _refusal(
    connection: Connection, some: Sequence[T], write: Callable[[Sequence[T]], Awaitable[None]]
) -> str | None:
    """Why they cannot be written together; None: they can. Nothing stays written."""
    trial = connection.transaction()
    await trial.start()
    try:
        await write(some)
    except UNWRITABLE as error:
        return failures.kind(error)
    finally:
        await trial.rollback()
    return None


def _kept(carrier_no: CarrierNo, kind: str, content: bytes, why: str) -> Unreadable:
    article = "an" if kind[0] in "aeiou" else "a"
    return Unreadable(carrier_no, kind.encode().ljust(_HEAD_OCTETS) + content, f"{article} {kind} that {why}")
