"""The audit chain, at home and in every ledger: verified, exported, and its heads witnessed outside the database."""

import asyncio
import collections
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from broadcast.actions.notices import NotWitnessed
from broadcast.actions.session import Session
from broadcast.acts import export
from broadcast.acts.chain import Walked, check_heads, walk
from broadcast.acts.difference import Difference
from broadcast.acts.heads import Head, Line, append, read_heads, read_key
from broadcast.config import Config, Witness
from broadcast.errors import BroadcastError, ConfigError, InputError
from broadcast.languages import N_, _
from broadcast.reports import audit_chain
from broadcast.reports.audit_chain import Verified, named, verify
from broadcast.store.clock import database_time
from broadcast.store.failures import MENDABLE
from broadcast.store.ledgers import identity
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_ASK_S: Final = 4.0  # who acted is not kept waiting for longer
_TRIES: Final = 20
_AGAIN_S: Final = 0.05
_HELD: Final = N_("somebody holds the chain in a transaction that is left open, see `broadcast audit verify`")


@dataclass(frozen=True, slots=True)
class Proof:
    """databases: of a home, or the one that an export is of. heads: lines that were compared."""

    databases: Sequence[Verified]
    heads: int
    differences: Sequence[Difference]


async def prove(session: Session, heads: Sequence[Line]) -> Proof:
    """Every database of this home. Raises DatabaseError: a ledger is away."""
    wanted = frozenset(each.head.act_no for each in heads if each.head)
    home = await verify(session.connection, wanted=wanted)
    found = [home]
    async with session.all_parts() as parts:
        for part in parts.all():
            if not part.home:
                found.append(await verify(part.connection, part.name, wanted, home))
    outside = check_heads(heads, {each.database: each.walked for each in found})
    return Proof(found, len(heads), [*(one for each in found for one in named(each)), *outside])


def prove_export(path: Path, heads: Sequence[Line]) -> Proof:
    """Without any database. Raises InputError as `export.read`."""
    exported, walked = export.read(path), Walked()
    wanted = frozenset(each.head.act_no for each in heads if each.head)
    collections.deque(walk(exported.entries, wanted, walked), maxlen=0)
    outside = check_heads(heads, {exported.database: walked})
    only = Verified("", exported.database, walked, 0, 0, (), {}, "live", walked.differences)
    return Proof([only], len(heads), [*walked.differences, *outside])


async def write_export(session: Session, file: TextIO, ledger: str | None = None) -> int:
    """The chain of home, or of this ledger. Gives how many entries."""
    if ledger is None:
        return await _write(session.connection, file)
    async with session.all_parts() as parts:
        for part in parts.all():
            if part.name == ledger:
                return await _write(part.connection, file)
    raise InputError(_("there is no ledger {name}: see `broadcast db status`", name=ledger))


@asynccontextmanager
async def witnessed(session: Session) -> AsyncIterator[None]:
    """What is done in this block, if anything, has its end of the chain outside the database too, where that is
    configured. What cannot be written is told, and the act stands: a full disk stops no pause."""
    witness = session.configuration.audit if session.configuration else Witness()
    if witness.heads is None or witness.key_file is None:
        yield
        return
    before = await audit_chain.head(session.connection)
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
    home = await audit_chain.head(session.connection)
    if home is None or home == before:
        return []
    found = [home]
    async with session.all_parts() as parts:
        for part in parts.reached:
            if not part.home and (its := await audit_chain.head(part.connection)) is not None:
                found.append(its)
    return found


def read_files(paths: Sequence[Path], config: Config) -> list[Line]:
    """The lines of heads, of several machines. Raises InputError; ConfigError: no key that seals them."""
    if not paths:
        return []
    if config.audit.key_file is None:
        raise ConfigError(_("heads are sealed: give the --config FILE that has key_file in [audit]"))
    key = read_key(config.audit.key_file)
    return [line for path in paths for line in read_heads(path, key)]


async def _write(connection: Connection, file: TextIO) -> int:
    database, at = (await identity(connection)).name, await database_time(connection)
    return export.write(file, database, at, await audit_chain.entries(connection))
