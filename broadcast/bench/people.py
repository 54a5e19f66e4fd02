"""The bench's two persons. Its server is its own, so a connection of its owner's becomes one of theirs for a while."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from broadcast.access.apply import apply
from broadcast.confusable import skeleton
from broadcast.store.queries import sql

DRAFTER: Final = "drafter"
APPROVER: Final = "approver"
_KINDS: Final = {DRAFTER: ["author"], APPROVER: ["approver", "operator"]}


async def make_people(connection: asyncpg.Connection) -> None:
    """With their roles, in a migrated database."""
    await apply(connection)
    for name, kinds in _KINDS.items():
        await connection.execute(sql("begin_account"), name, skeleton(name), kinds, None)


@asynccontextmanager
async def acting(connection: asyncpg.Connection, name: str) -> AsyncIterator[None]:
    """Within the block the connection is this one's."""
    await connection.execute(f'SET SESSION AUTHORIZATION "{name}"')
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("RESET SESSION AUTHORIZATION")
