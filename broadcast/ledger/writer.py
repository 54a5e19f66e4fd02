"""One transaction for everything that happened since the last one (laws 1 to 3).

A group is written under a number of its own, kept in the worker's row by the same transaction: when the
connection is lost while a commit is under way, the number tells whether it was made, once that connection's session
has been ended for good. The writer never gives a group up: it writes it again on a new connection until it is
committed or the worker has lost its lease.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import asyncpg

from broadcast.errors import DatabaseDownError, FencedError, TooSlowError
from broadcast.ledger import rows
from broadcast.ledger.aside import Aside
from broadcast.ledger.journal import DELTA_SIZE, NO_RECEIPTS, SEGMENTS, Doubt, Group, Journal, LateAnswer
from broadcast.ledger.rare import write_rare
from broadcast.ledger.sift import UNWRITABLE, sifted
from broadcast.ledger.states import RecipientState
from broadcast.store import failures, pool
from broadcast.store.clock import database_time
from broadcast.store.copying import copy_in
from broadcast.store.queries import sql
from broadcast.store.types import Connection

log = logging.getLogger(__name__)

Connect = Callable[[], Awaitable[asyncpg.Connection]]

# What another try may mend. InternalClientError: what asyncpg says when a connection ends between two of its states.
LOST = (
    *failures.LOST,
    asyncpg.InternalClientError,
    asyncpg.TransactionRollbackError,  # deadlock, serialization
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.exceptions.InvalidTransactionStateError,  # idle for too long; a standby that was not promoted yet
    asyncpg.InsufficientResourcesError,  # disk, memory
    asyncpg.exceptions.PostgresSystemError,  # disk
    DatabaseDownError,
    OSError,
    TimeoutError,
)
RETRY_S = 0.2
COMMIT_S = 5.0  # a large group on a slow disk may take longer: then the next try may
COMMIT_MOST_S = 80.0

_TALLIED = (
    RecipientState.WAITING,
    RecipientState.IN_DOUBT,
    RecipientState.ACCEPTED,
    RecipientState.UNKNOWN,
    RecipientState.REJECTED,
)


class Writer:
    """Commits the journal's groups, one at a time, at most one every `group_s` seconds.

    connect: opens a connection of the writer's own. observe(rows, seconds): called after every commit.
    set_aside(rows): called when that many could not be written.
    """

    def __init__(
        self,
        connect: Connect,
        worker_no: int,
        group_s: float,
        observe: Callable[[int, float], None],
        set_aside: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.journal = Journal(self._wake)
        self.trouble: str | None = None  # what keeps a group from being written
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
        self._aside: Aside | None = None

    def _wake(self) -> None:
        self._pending.set()

    async def run(self) -> None:
        """Until `finish`. Raises FencedError when the worker has lost its lease.

        What goes to the database meanwhile goes on a thread of its own: neither waits for the other's bursts.
        """
        with Aside("ledger writer") as aside:
            self._aside = aside
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
                self._aside = None
                await aside.run(self._drop())

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
        committing = self._commit_surely(group)
        await (self._aside.run(committing) if self._aside else committing)
        self._observe(group.rows, time.monotonic() - started)
        for callback in group.committed:
            callback()

    async def _commit_surely(self, group: Group) -> None:
        attempt, tried = 0, False
        while True:
            try:
                if attempt and await self._was_committed():
                    self.trouble = None
                    return
                connection = await self._connected()
                with self._patience.within(connection):
                    await self._write(connection, group)
                self._patience.worked()
                self.trouble = None
                return
            except UNWRITABLE as error:
                if tried:
                    raise
                tried = True
                group = await self._sift(group, error)
            except LOST as error:
                attempt += 1
                await self._lost(error, attempt, "writing a group")

    async def _lost(self, error: BaseException, attempt: int, at: str) -> None:
        """Once more in a moment, on another connection."""
        self.trouble = failures.retrying(error)
        if attempt == 1 or attempt % 50 == 0 or isinstance(error, TooSlowError):
            log.warning("%s: %s", at, self.trouble)
        await self._drop()
        await asyncio.sleep(RETRY_S)

    async def _sift(self, group: Group, error: asyncpg.PostgresError) -> Group:
        """The group without the rows that the database does not take; they are kept in the quarantine."""
        log.error("a row of a group cannot be written (%s): looking for it", failures.kind(error))
        attempt = 0
        while True:
            try:
                connection = await self._connected()
                with self._patience.within(connection):
                    whole, aside = await sifted(connection, group, self._worker_no, self._batch)
            except LOST as lost:
                attempt += 1
                await self._lost(lost, attempt, "looking for the row")
            else:
                if not aside:
                    raise error  # it is nothing that an SMSC said
                log.error(
                    "%d rows were set aside, in the table quarantine; the group goes on without them", aside
                )
                self._set_aside(aside)
                self.trouble = None
                return whole

    async def _was_committed(self) -> bool:
        """After a lost connection: is the group in the books? Raises FencedError when this worker has ended."""
        connection = await self._connected()
        with pool.within(connection, COMMIT_S):
            row = await connection.fetchrow(sql("last_batch"), self._worker_no)
        if row is None or not row["lives"]:
            raise FencedError("this worker lost its lease while the database was away")
        return bool(row["last_batch"] == self._batch)

    async def _write(self, connection: Connection, group: Group) -> None:
        async with connection.transaction():
            bucket = await connection.fetchval(sql("ledger_enter"), self._worker_no, self._batch)
            if bucket is None:
                raise FencedError("this worker lost its lease: its group was not written")
            if group.doubts:
                await _add_doubts(connection, group.doubts)
            if group.late:  # after the doubts: a late answer may end one of the same group
                group = await _with_late_answers(connection, group)
            await _copy_rows(connection, group, bucket)
            await self._write_progress(connection, group)
            await self._add_tallies(connection, group)
            await write_rare(connection, group)

    async def _write_progress(self, connection: Connection, group: Group) -> None:
        if not group.slices:
            return
        written = await connection.fetch(
            sql("write_progress"),
            self._worker_no,
            [each.slice_id for each in group.slices],
            [each.token for each in group.slices],
            [each.mark for each in group.slices],
            [each.answered for each in group.slices],
            [each.retry for each in group.slices],
            [each.state for each in group.slices],
        )
        if len(written) != len(group.slices):
            raise FencedError("a slice of this group has another owner now: nothing was written")

    async def _add_tallies(self, connection: Connection, group: Group) -> None:
        if group.tallies:
            keys = sorted(group.tallies)  # in order: two writers never lock the same rows crosswise
            await connection.execute(
                sql("add_tallies"),
                self._worker_no,
                [campaign_id for campaign_id, _ in keys],
                [carrier_no for _, carrier_no in keys],
                *([group.tallies[key][state] for key in keys] for state in _TALLIED),
                [group.tallies[key][SEGMENTS] for key in keys],
            )
        if group.receipt_counts:
            carriers = sorted(group.receipt_counts)
            await connection.execute(
                sql("add_receipt_counts"),
                self._worker_no,
                carriers,
                [group.receipt_counts[carrier][0] for carrier in carriers],
                [group.receipt_counts[carrier][1] for carrier in carriers],
            )

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


async def _copy_rows(connection: Connection, group: Group, bucket: int) -> None:
    for table, columns, lines in (
        (f"submission_{bucket}", rows.SUBMISSION_COLUMNS, group.submissions),
        (f"receipt_{bucket}", rows.RECEIPT_COLUMNS, group.receipts),
        ("outcome", rows.OUTCOME_COLUMNS, group.outcomes),
    ):
        if lines:
            await copy_in(connection, table, columns, rows.copy_stream(lines))


async def _with_late_answers(connection: Connection, group: Group) -> Group:
    """The group with what its late answers add; itself untouched, for it may have to be written again.

    A late answer ends a doubt that still waits. Where the recipient was resent meanwhile it tells the first copy's ids.
    """
    whole = replace(
        group,
        submissions=group.submissions.copy(),
        outcomes=group.outcomes.copy(),
        tallies={key: delta.copy() for key, delta in group.tallies.items()},
    )
    by_place = {(late.slice_id, late.ordinal): late for late in group.late}
    ended = await connection.fetch(
        sql("answer_doubts"), [late.slice_id for late in group.late], [late.ordinal for late in group.late]
    )
    at = rows.copy_time((await database_time(connection)).timestamp())
    for row in ended:
        late = by_place[(row["slice_id"], row["ordinal"])]
        delta = whole.tallies.setdefault((row["campaign_id"], row["carrier_no"]), [0] * DELTA_SIZE)
        delta[RecipientState.IN_DOUBT] -= 1
        delta[_late_state(late)] += 1
        _add_late_rows(whole, row, late, delta, at)
    over = {(row["slice_id"], row["ordinal"]) for row in ended}
    await _answer_first_copies(
        connection, whole, [late for place, late in by_place.items() if place not in over]
    )
    return whole


async def _answer_first_copies(connection: Connection, group: Group, answers: list[LateAnswer]) -> None:
    """Their segments were accepted all the same; the recipient's state is the later copy's."""
    told = {(late.slice_id, late.ordinal): late for late in answers if not late.err}
    if not told:
        return
    noted = await connection.fetch(
        sql("answer_first_copies"),
        [slice_id for slice_id, _ in told],
        [ordinal for _, ordinal in told],
        [" ".join(late.smsc_ids) for late in told.values()],
    )
    for row in noted:
        late = told[row["slice_id"], row["ordinal"]]
        delta = group.tallies.setdefault((row["campaign_id"], row["carrier_no"]), [0] * DELTA_SIZE)
        delta[SEGMENTS] += len(late.smsc_ids) + late.unawaited


def _late_state(late: LateAnswer) -> RecipientState:
    if late.err:
        return RecipientState.REJECTED
    return RecipientState.ACCEPTED if late.smsc_ids else RecipientState.UNKNOWN


def _add_late_rows(group: Group, row: asyncpg.Record, late: LateAnswer, delta: list[int], at: int) -> None:
    place = (row["campaign_id"], row["slice_id"], row["ordinal"], row["carrier_no"])
    delta[SEGMENTS] += len(late.smsc_ids) + late.unawaited
    state = _late_state(late)
    if state is not RecipientState.ACCEPTED:
        end = (state, row["segments"], (late.err or NO_RECEIPTS).encode())
        group.outcomes.append(rows.outcome_row(at, *place, *end))
        return
    head = rows.submission_head(row["slice_id"], row["campaign_id"], row["carrier_no"], at)
    group.submissions.extend(
        rows.submission_row(head, len(late.smsc_ids), segment, row["ordinal"], smsc_id.encode())
        for segment, smsc_id in enumerate(late.smsc_ids, 1)
    )


async def _add_doubts(connection: Connection, doubts: list[Doubt]) -> None:
    await connection.execute(
        sql("add_doubts"),
        [doubt.campaign_id for doubt in doubts],
        [doubt.carrier_no for doubt in doubts],
        [doubt.slice_id for doubt in doubts],
        [doubt.ordinal for doubt in doubts],
        [doubt.segments for doubt in doubts],
        [doubt.msisdn for doubt in doubts],
        [doubt.reason for doubt in doubts],
    )
