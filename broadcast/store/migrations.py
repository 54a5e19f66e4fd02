"""Numbered migrations: `store/migrations/NNNN_name.sql`, each applied once, in order, in its own transaction.

An applied file is never edited: its checksum is recorded, and a difference is an error.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from broadcast.errors import BroadcastError, SchemaError
from broadcast.languages import _
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_FOLDER = Path(__file__).with_name("migrations")
_LOCK_WAIT_S = 120
_CROSSED_MOST = 10
_OLDEST_SERVER = 15
_MOVED_A_S = 15e6  # octets, on a core of its own: messages of five segments, ids of 36 characters
_INDEXED_A_S = 100e6
ENCODING = "UTF8"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. `checksum` is the SHA-256 of its octets."""

    version: int
    name: str
    text: str
    checksum: bytes


@dataclass(frozen=True, slots=True)
class Applied:
    """One row of `schema_migration`."""

    version: int
    name: str
    checksum: bytes
    applied_at: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """What this version brings beside what the database has."""

    known: tuple[Migration, ...]
    applied: tuple[Applied, ...]
    encoding: str = ENCODING

    @property
    def pending(self) -> tuple[Migration, ...]:
        done = {each.version for each in self.applied}
        return tuple(each for each in self.known if each.version not in done)

    @property
    def ahead(self) -> tuple[Applied, ...]:
        """Applied by a newer version of broadcast."""
        mine = {each.version for each in self.known}
        return tuple(each for each in self.applied if each.version not in mine)

    @property
    def changed(self) -> tuple[Migration, ...]:
        """Files whose content is no longer what was applied."""
        recorded = {each.version: each.checksum for each in self.applied}
        return tuple(
            each for each in self.known if recorded.get(each.version, each.checksum) != each.checksum
        )

    def check(self, slack: int = 0) -> None:
        """Raises SchemaError unless the database has exactly what this version brings, and holds any character.

        slack: so many migrations may be missing, or be of a newer version.
        """
        self.check_encoding()
        self.check_not_ahead(slack)
        if len(self.pending) > slack:
            raise SchemaError(
                _(
                    "the database's schema is behind: {applied} of {known} migrations are "
                    "applied; run `broadcast db migrate`",
                    applied=len(self.applied),
                    known=len(self.known),
                )
            )

    def check_encoding(self) -> None:
        """Raises SchemaError when there are characters that the database cannot hold."""
        if self.encoding != ENCODING:
            raise SchemaError(
                _(
                    "the database's encoding is {encoding}, which cannot hold every text that people send: make one "
                    "with CREATE DATABASE ... WITH ENCODING 'UTF8' TEMPLATE template0, and name that one",
                    encoding=self.encoding,
                )
            )

    def check_not_ahead(self, slack: int = 0) -> None:
        """Raises SchemaError when the database has more migrations than `slack` that this version does not know."""
        if len(self.ahead) > slack:
            raise SchemaError(
                _(
                    "the database's schema is ahead, it has migration {version:04}: "
                    "use the newer version of broadcast that it belongs to",
                    version=self.ahead[-1].version,
                )
            )
        if self.changed:
            first = self.changed[0]
            raise SchemaError(
                _(
                    "migration {version:04}_{name} was applied with other content: this database "
                    "belongs to another version of broadcast; use that one, or an empty database",
                    version=first.version,
                    name=first.name,
                )
            )


def files(folder: Path = _FOLDER) -> tuple[Migration, ...]:
    """The migrations that this version brings. Raises BroadcastError for a gap or another name."""
    found: list[Migration] = []
    for expected, path in enumerate(sorted(folder.glob("*.sql")), start=1):
        match = re.fullmatch(r"(\d{4})_([a-z0-9_]+)\.sql", path.name)
        if not match or int(match[1]) != expected:
            raise BroadcastError(
                _("{name}: expected migration {expected:04}_name.sql", name=path.name, expected=expected)
            )
        content = path.read_bytes()
        found.append(Migration(expected, match[2], content.decode("utf-8"), hashlib.sha256(content).digest()))
    return tuple(found)


async def status(connection: Connection) -> Status:
    """What is applied and what is not; changes nothing."""
    rows: Sequence[asyncpg.Record] = []
    if await connection.fetchval(sql("migrations_known")):
        rows = await connection.fetch(sql("migrations_applied"))
    encoding = connection.get_settings().server_encoding
    return Status(files(), tuple(Applied(**row) for row in rows), encoding)


@dataclass(frozen=True, slots=True)
class OldWorker:
    """A living worker of the version before: it goes on until it loses a connection, and does not start again."""

    host: str
    pid: int
    started_at: datetime


async def old_workers(connection: Connection, *, before: bool = False) -> tuple[OldWorker, ...]:
    """Those that started before the newest migration; before: one is about to come, so all that live."""
    if not await connection.fetchval(sql("workers_known")):
        return ()
    return tuple(OldWorker(**row) for row in await connection.fetch(sql("workers_of_before"), before))


async def alert_under_way(connection: Connection) -> bool:
    """Whether a campaign is being sent."""
    return bool(
        await connection.fetchval(sql("workers_known")) and await connection.fetchval(sql("alert_under_way"))
    )


@dataclass(frozen=True, slots=True)
class OldLedger:
    """The ledger before packed rows, which a migration moves. octets: of what is packed; seconds: about so long."""

    octets: int
    seconds: float


async def old_ledger(connection: Connection) -> OldLedger | None:
    """None where there is none, or not more than a moment's work."""
    row = await connection.fetchrow(sql("old_ledger"))
    if row is None or row["moved"] is None:
        return None
    seconds = row["moved"] / _MOVED_A_S + row["indexed"] / _INDEXED_A_S
    return OldLedger(row["moved"], seconds) if seconds >= 1 else None


async def migrate(connection: Connection) -> tuple[Migration, ...]:
    """Apply what is pending; returns it. Safe to run in several places at once: the second waits.

    Raises SchemaError: a server older than PostgreSQL 15, another encoding than UTF8, a newer or changed schema, a lock
    not gained.
    """
    await _check_server(connection)
    done: list[Migration] = []
    try:
        while (applied := await _apply_uncrossed(connection)) is not None:
            done.append(applied)
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
        raise SchemaError(
            _(
                "a lock was not free for {lock_wait_s} s: another migration runs, or workers are busy with a table; "
                "nothing was changed by this one, try again later",
                lock_wait_s=_LOCK_WAIT_S,
            )
        ) from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise SchemaError(_("this database role may not change the schema: {error}", error=error)) from error
    return tuple(done)


async def _apply_uncrossed(connection: Connection) -> Migration | None:
    """Who sends may hold what this waits for, and wait for what it holds: PostgreSQL ends one of the two, as a whole.
    Raises DeadlockDetectedError when it was this one CROSSED_MOST times."""
    for _again in range(_CROSSED_MOST - 1):
        try:
            return await _apply_next(connection)
        except asyncpg.DeadlockDetectedError:
            continue
    return await _apply_next(connection)


async def _apply_next(connection: Connection) -> Migration | None:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_WAIT_S}s'")
        await connection.execute(sql("migration_lock"))
        now = await status(connection)
        now.check_encoding()
        now.check_not_ahead()
        if not now.pending:
            return None
        migration = now.pending[0]
        await connection.execute(sql("migrations_table"))
        await connection.execute(migration.text)
        await connection.execute(
            sql("migration_record"), migration.version, migration.name, migration.checksum
        )
        return migration


async def _check_server(connection: Connection) -> None:
    version = await connection.fetchrow(sql("server_version"))
    assert version is not None
    if version["number"] < _OLDEST_SERVER * 10_000:
        raise SchemaError(
            _(
                "PostgreSQL {text} is too old: broadcast needs {oldest_server} or newer",
                text=version["text"],
                oldest_server=_OLDEST_SERVER,
            )
        )
