"""People of tests, each with a login of the server and roles in every database made from the template: who a connection
acts as.

The server's owner, as whom tests connect, is nobody's account and has no role.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from broadcast.access.apply import apply
from broadcast.bench import people
from broadcast.confusable import skeleton
from broadcast.store.pool import logged_in_as

PEOPLE: Final = {
    "an": ("author", "operator"),
    "binh": ("approver", "operator"),
    "mai": ("author", "approver", "operator"),
    "chi": ("approver", "admin"),
    "dung": ("admin",),
    "lan": ("auditor",),
    "w": ("worker",),
}


def grant(kind: str, name: str, database: str = "template") -> str:
    """As the functions that make accounts do it, so that these can take it away."""
    return f"GRANT {database}_{kind} TO {name} GRANTED BY {database}_owner"


async def make_people(connection: asyncpg.Connection) -> None:
    """In a migrated database; in a template, and its databases have them too."""
    await apply(connection)
    database = await connection.fetchval("SELECT current_database()")
    known = {row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
    for name, kinds in PEOPLE.items():
        if name not in known:
            await connection.execute(f"CREATE ROLE {name} LOGIN")
        await connection.execute(
            "INSERT INTO account (name, skeleton, made_login) VALUES ($1, $2, true)", name, skeleton(name)
        )
        for kind in kinds:
            await connection.execute(grant(kind, name, database))


@asynccontextmanager
async def acting(connection: asyncpg.Connection, name: str) -> AsyncIterator[None]:
    """Within the block the connection is this one's, and so is whatever is opened in it."""
    async with people.acting(connection, name):
        with logged_in_as(name):
            yield
