"""The end of the audit chain after each act, outside the database too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from broadcast.actions.notices import NotWitnessed
from broadcast.actions.session import Session
from broadcast.acts.heads import Head, append, read_key
from broadcast.config import Witness
from broadcast.errors import BroadcastError
from broadcast.languages import N_, _
from broadcast.reports.acts import head
from broadcast.store.failures import MENDABLE
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_ASK_S: Final = 4.0  # who acted is not kept waiting for longer
_TRIES: Final = 20
_AGAIN_S: Final = 0.05
_HELD: Final = N_("somebody holds the chain in a transaction that is left open, see `broadcast audit verify`")


@asynccontextmanager
async def witnessed(session: Session) -> AsyncIterator[None]:
    """What is done in this block, if anything, has its end of the chain outside the database too, where that is
    configured. What cannot be written is told, and the act stands: a full disk stops no pause."""
    witness = session.configuration.audit if session.configuration else Witness()
    if witness.heads is None or witness.key_file is None:
        yield
        return
    before = await head(session.connection)
    try:
        yield
    finally:
        await _witness(session, Path(witness.heads), witness.key_file, before)


async def _witness(session: Session, path: Path, key_file: str, before: Head | None) -> None:
    try:
        async with asyncio.timeout(_ASK_S):
            if not await _chained(session.connection):
                session.tell(NotWitnessed(str(path), _(_HELD)))
            found = await _heads(session, before)
        if found:
            append(path, found, read_key(key_file))
    except (OSError, BroadcastError, *MENDABLE) as error:
        session.tell(
            NotWitnessed(str(path), getattr(error, "strerror", None) or str(error) or type(error).__name__)
        )


async def _chained(connection: Connection) -> bool:
    """Whether every entry is in the chain by now."""
    for _try in range(_TRIES):
        await connection.execute(sql("chain_now"))
        if not await connection.fetchval(sql("unchained")):
            return True
        await asyncio.sleep(_AGAIN_S)  # somebody else is at it
    return False


async def _heads(session: Session, before: Head | None) -> list[Head]:
    """Home's, and its ledgers' that can be reached; none where nothing was done."""
    home = await head(session.connection)
    if home is None or home == before:
        return []
    found = [home]
    async with session.all_parts() as parts:
        for part in parts.reached:
            if not part.home and (its := await head(part.connection)) is not None:
                found.append(its)
    return found
