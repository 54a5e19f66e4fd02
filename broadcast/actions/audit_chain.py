"""The audit chain, at home and in every ledger: verified, and exported."""

import collections
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from broadcast.actions.session import Session
from broadcast.acts import export
from broadcast.acts.chain import Walked, check_heads, walk
from broadcast.acts.difference import Difference
from broadcast.acts.heads import Line, read_heads, read_key
from broadcast.config import Config
from broadcast.errors import ConfigError, InputError
from broadcast.languages import _
from broadcast.reports.acts import entries
from broadcast.reports.audit_chain import Verified, named, verify
from broadcast.store.clock import database_time
from broadcast.store.ledgers import identity
from broadcast.store.types import Connection


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
    return export.write(file, database, at, await entries(connection))
