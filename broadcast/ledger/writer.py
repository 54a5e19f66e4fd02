"""One transaction for everything that happened since the last one (laws 1 to 3).

A group is written under a number of its own, kept in the worker's row by the same transaction: when the
connection is lost while a commit is under way, the number tells whether it was made, once that connection's session
has been ended for good. The writer never gives a group up: it writes it again on a new connection until it is
committed or the worker has lost its lease.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg

from broadcast.errors import FencedError, TooSlowError
from broadcast.ids import WorkerNo
from broadcast.ledger.journal import Group, Journal
from broadcast.ledger.late import with_late_answers
from broadcast.ledger.packed_group import PackedGroup, packed
from broadcast.ledger.rare import add_doubts, write_rare
from broadcast.ledger.side_loop import SideLoop
from broadcast.ledger.sift import UNWRITABLE, sifted
from broadcast.monitor import events
from broadcast.monitor.loggable import Count, Sentence, Word
from broadcast.monitor.logger import logger
from broadcast.store import failures, pool
from broadcast.store.failures import MENDABLE
from broadcast.store.queries import sql
from broadcast.store.types import Connection

log = logger(__name__)

Connect = Callable[[], Awaitable[asyncpg.Connection]]

RETRY_S = 0.2
COMMIT_S = 5.0  # a large group on a slow disk may take longer: then the next try may
COMMIT_MOST_S = 80.0

FENCED: Final = "BC001"  # SQLSTATE of commit_group


class Writer:
    """Commits the journal's groups, one at a time, at most one every `group_s` seconds.

    connect: opens a connection of the writer's own. observe(rows, seconds): called after every commit.
    set_aside(texts): called when that many could not be written.
    """

    def __init__(
        self,
        connect: Connect,
        worker_no: WorkerNo,
        group_s: float,
        observe: Callable[[int, float], None],
        set_aside: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.journal = Journal(self._wake)
        self.trouble: str | None = None  # what keeps a group from being written
        self.full = False  # it is the database's disk
        self.writing_since: float | None = None  # monotonic; None: no group is being written
        self._connect = connect
        self._worker_no = worker_no
        self._group_s = group_s
        self._observe = observe
        self._set_aside = set_aside
        self._batch = 0
        self._finishing = False
        self._pending = asyncio.Event()
        self._patience = pool.Patience(COMMIT_S, COMMIT_MOST_S)
        self._connection: asyncpg.Connection | None = None
        self._side: SideLoop | None = None

    def _wake(self) -> None:
        self._pending.set()

    async def run(self) -> None:
        """Until `finish`. Raises FencedError when the worker has lost its lease.

        What goes to the database meanwhile goes on a thread of its own: neither waits for the other's bursts.
        """
        with SideLoop("ledger writer") as side:
            self._side = side
            try:
                took_s = 0.0
                while not self._finishing:
                    await self._pending.wait()
                    await asyncio.sleep(max(0.0, self._group_s - took_s))
                    started = time.monotonic()
                    await self.flush()
                    took_s = time.monotonic() - started
                await self.flush()
            finally:
                self._side = None
                await side.run(self._drop())

    def finish(self) -> None:
        """Commit what there is and end; a group under way is never cut off."""
        self._finishing = True
        self._wake()

    async def flush(self) -> None:
        """Commit what there is now."""
        self._pending.clear()
        group = self.journal.take()
        if not group:
            return
        started = time.monotonic()
        self._batch += 1
        committing, self.writing_since = self._commit_surely(group), started
        try:
            await (self._side.run(committing) if self._side else committing)
        finally:
            self.writing_since = None
        self._observe(group.rows, time.monotonic() - started)
        for callback in group.committed:
            callback()

    async def _commit_surely(self, group: Group) -> None:
        usual = packed(group)
        attempt, tried = 0, False
        while True:
            try:
                if attempt and await self._was_committed():
                    self._well()
                    return
                connection = await self._connected()
                with self._patience.within(connection):
                    await self._write(connection, group, usual)
                self._patience.worked()
                self._well()
                return
            except UNWRITABLE as error:
                if tried or not group.rare:
                    raise
                tried = True
                group = await self._sift(group, error)
            except MENDABLE as error:
                attempt += 1
                await self._lost(error, attempt, "writing a group")

    def _well(self) -> None:
        self.trouble, self.full = None, False

    async def _lost(self, error: BaseException, attempt: int, at: str) -> None:
        """Once more in a moment, on another connection."""
        self.trouble, self.full = failures.retrying(error), isinstance(error, asyncpg.DiskFullError)
        if attempt == 1 or attempt % 50 == 0 or isinstance(error, TooSlowError):
            log(events.GROUP_NOT_WRITTEN, task=Word(at), why=Sentence(self.trouble))
        await self._drop()
        await asyncio.sleep(RETRY_S)

    async def _sift(self, group: Group, error: asyncpg.PostgresError) -> Group:
        """The group without the texts that the database does not take; they are kept in the quarantine."""
        log(events.GROUP_REFUSED, why=failures.kind(error))
        attempt = 0
        while True:
            try:
                connection = await self._connected()
                with self._patience.within(connection):
                    whole, aside = await sifted(connection, group)
            except MENDABLE as lost:
                attempt += 1
                await self._lost(lost, attempt, "looking for what cannot be written")
            else:
                if not aside:
                    raise error  # it is nothing that an SMSC said
                log(events.TEXTS_SET_ASIDE, texts=Count(aside))
                self._set_aside(aside)
                self._well()
                return whole

    async def _was_committed(self) -> bool:
        """After a lost connection: is the group in the books? Raises FencedError when this worker has ended."""
        connection = await self._connected()
        with pool.within(connection, COMMIT_S):
            row = await connection.fetchrow(sql("last_batch"), self._worker_no)
        if row is None or not row["lives"]:
            raise FencedError("this worker lost its lease while the database was away")
        return bool(row["last_batch"] == self._batch)

    async def _write(self, connection: Connection, group: Group, usual: PackedGroup) -> None:
        """All or nothing. usual: of the group, packed."""
        if not (group.doubts or group.late or group.rare):
            await self._commit(connection, usual)  # one round trip, a transaction of its own
            return
        async with connection.transaction():
            if await connection.fetchrow(sql("hold_worker"), self._worker_no, self._batch) is None:
                raise FencedError("this worker lost its lease: its group was not written")
            if group.doubts:
                await add_doubts(connection, group.doubts)
            if group.late:  # after the doubts: a late answer may end one of the same group
                usual = packed(await with_late_answers(connection, group))
            await self._commit(connection, usual)
            await write_rare(connection, group)

    async def _commit(self, connection: Connection, usual: PackedGroup) -> None:
        try:
            await connection.execute(sql("commit_group"), self._worker_no, self._batch, *usual)
        except asyncpg.PostgresError as error:
            if error.sqlstate == FENCED:
                raise FencedError(str(error)) from None
            raise

    async def _connected(self) -> asyncpg.Connection:
        """Only one session writes: an older one may still hang in the commit that we no longer wait for."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connect()
            with pool.within(self._connection, COMMIT_S):
                await self._connection.fetchval(sql("name_session"), f"broadcast writer {self._worker_no}")
                await self._connection.fetch(sql("end_other_sessions"))
        return self._connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
