"""Rows that are ready as PostgreSQL's binary COPY format, streamed into a table."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

import asyncpg

from broadcast.store.types import Connection

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no extension
TRAILER: Final = b"\xff\xff"


async def copy_in(connection: Connection, table: str, columns: Sequence[str], octets: bytes) -> None:
    """`octets`: the whole stream, header and trailer included.

    asyncpg waits for ever when the connection ends in the middle of a COPY: not so here, where that raises
    ConnectionDoesNotExistError.
    """
    copying = asyncio.ensure_future(
        connection.copy_to_table(table, source=_once(octets), columns=columns, format="binary")
    )

    def stop(_: Connection) -> None:
        copying.cancel()

    connection.add_termination_listener(stop)
    try:
        await copying
    except asyncio.CancelledError:
        if connection.is_closed():
            raise asyncpg.ConnectionDoesNotExistError(
                "the connection ended in the middle of a COPY"
            ) from None
        raise
    finally:
        connection.remove_termination_listener(stop)


async def _once(octets: bytes) -> AsyncIterator[bytes]:
    yield octets
