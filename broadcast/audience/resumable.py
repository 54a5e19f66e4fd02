"""An import that commits batch by batch, together with how far it came, so that it goes on where it was stopped.

For lists so long that a lost hour would hurt: until it ends, the subscribers are half a list (ops/decisions/005-*).
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from broadcast.audience import erased, stopped, unfinished
from broadcast.audience.attributes import Kind
from broadcast.audience.batches import Batch, Reader
from broadcast.audience.carriers import name_carriers
from broadcast.audience.cells import unclear_document
from broadcast.audience.columns import Columns
from broadcast.audience.importer import (
    RUNS_ALREADY,
    ImportResult,
    check_conserved,
    check_lines,
    end,
    read_ahead,
)
from broadcast.audience.lines import Lines
from broadcast.audience.merging import Merging
from broadcast.audience.parquet import ParquetRows
from broadcast.audience.pipes import is_pipe, name_of
from broadcast.audience.refused_lines import RefusedLines, room_for
from broadcast.audience.sources import opened
from broadcast.audience.staging import collected
from broadcast.audience.unfinished import FileId, Unfinished, identify
from broadcast.config import Config
from broadcast.errors import InputError, RefusedError
from broadcast.languages import _
from broadcast.store import citus
from broadcast.store.queries import sql
from broadcast.store.types import Connection

# An import that was killed holds the lock until Postgres has done the statement that it was at.
_LOCK_WAIT_S = 10.0
_LOCK_AGAIN_S = 0.1


class Watcher(Protocol):
    """Who shows how an import gets on."""

    def continuing(self, line: int) -> None:
        """An import of before goes on after this line of the file; the lines until there are skipped now."""

    def skipped(self, reached: Batch) -> None:
        """They were skipped; `reached` has no subscribers."""

    def merged(self, batch: Batch) -> None:
        """A batch was merged and committed."""


async def import_resumably(
    connection: Connection,
    config: Config,
    path: Path,
    refused_file: Path,
    watcher: Watcher,
    *,
    restart: bool = False,
    wanted: Mapping[str, Kind] = MappingProxyType({}),
) -> ImportResult:
    """As `importer.import_file`, but each batch stays; the same call continues what was stopped, by the same columns.

    restart: give up an unfinished import, of whichever file. Counts are of the whole file, seconds of this call. Raises
    InputError for an unusable file and RefusedError while another import runs, or when the unfinished import is one of
    another file or of other content, or its refused lines are gone.
    """
    begun = time.perf_counter()
    _check_file(path)
    columns = await Columns.begin(connection, wanted)
    with room_for(refused_file), await opened(path, columns.attributes) as source:
        file = identify(path)
        numbers = await name_carriers(connection, config)
        async with _alone(connection):
            await citus.recover_if_spread(connection)
            before = await _before(connection, path, file, restart)
            octets, crc = (before.refused_octets, before.refused_crc) if before else (0, 0)
            with RefusedLines(refused_file, octets, crc) as refused:
                if before:
                    await _skip(source, before, watcher)
                columns = columns.of(source)
                those = await erased.load(connection)
                reader = Reader(config, source, numbers, refused.text, before, columns.cells(), those)
                counts = await _Steps(connection, path, file, refused, before, columns).run(reader, watcher)
    await stopped.settle(connection)
    await connection.execute(sql("analyze_subscriber"))
    took = time.perf_counter() - begun
    said: dict[str, Any] = {"source": name_of(path), "columns": columns.names, "aside": source.header.aside}
    return ImportResult(**counts, **said, refused_file=refused_file, seconds=took)


async def _skip(source: Lines | ParquetRows, before: Unfinished, watcher: Watcher) -> None:
    """To where the import of before came, and to the columns that it reads."""
    watcher.continuing(source.first_line + before.lines - 1)
    await asyncio.to_thread(source.skip, before.lines, before.place)
    watcher.skipped(Batch(collected({}), before.lines, 0, *source.position()))
    source.read_only(before.columns)


def _check_file(path: Path) -> None:
    if is_pipe(path):
        raise InputError(
            _(
                "{name_of} is no file that --resumable could come back to: write it to one first, or import it "
                "without --resumable",
                name_of=name_of(path),
            )
        )


@asynccontextmanager
async def _alone(connection: Connection) -> AsyncIterator[None]:
    """No other import runs meanwhile. Raises RefusedError when one does."""
    last_try_at = time.monotonic() + _LOCK_WAIT_S
    while not await connection.fetchval(sql("import_lock_session")):
        if time.monotonic() >= last_try_at:
            raise RefusedError(_(RUNS_ALREADY))
        await asyncio.sleep(_LOCK_AGAIN_S)
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.fetchval(sql("import_unlock_session"))


async def _before(connection: Connection, path: Path, file: FileId, restart: bool) -> Unfinished | None:
    """The import to continue; None: begin at the first line."""
    found = await unfinished.find(connection)
    if found is None:
        return None
    if restart:
        await unfinished.give_up(connection)
        return None
    if found.file == file:
        return found
    if found.source == name_of(path):
        raise RefusedError(
            _(
                "{name} has changed since its import stopped after {lines:,} lines: import what it is now with "
                "--restart, or without --resumable",
                name=path.name,
                lines=found.lines,
            )
        )
    raise RefusedError(
        _(
            "the import of {source} is unfinished ({lines:,} lines are in): continue it first, or give it up "
            "with --restart",
            source=found.source,
            lines=found.lines,
        )
    )


class _Steps:
    """The batches of one import, a transaction each."""

    def __init__(
        self,
        connection: Connection,
        path: Path,
        file: FileId,
        refused: RefusedLines,
        before: Unfinished | None,
        columns: Columns,
    ) -> None:
        self._connection, self._path, self._file, self._refused = connection, path, file, refused
        self._columns = columns
        self._import_no = before.import_no if before else None
        self._merged = Counter(imported=0, updated=0, duplicate=0)
        if before:
            self._merged.update(imported=before.imported, updated=before.updated, duplicate=before.duplicate)

    async def run(self, reader: Reader, watcher: Watcher) -> dict[str, Any]:
        """Returns the import's number and counts."""
        last: Batch | None = None
        merging: Merging | None = None
        async with aclosing(read_ahead(reader.batches())) as batches:
            async for batch in batches:
                check_lines(self._path.name, batch)
                async with self._connection.transaction():
                    merging = merging or await self._begin()
                    await self._step(merging, batch)
                watcher.merged(batch)
                last = batch
        assert last is not None and merging is not None  # a reader's last batch comes always
        async with self._connection.transaction():
            counts = await end(self._connection, merging.import_no, last, self._merged)
            await self._connection.execute(sql("import_whole"))
        return {"import_no": merging.import_no, **counts}

    async def _begin(self) -> Merging:
        combining = await self._columns.combining(self._connection)
        import_no = self._import_no
        if import_no is None:
            import_no = await self._connection.fetchval(sql("import_begin"), name_of(self._path))
        return await Merging.begin(self._connection, import_no, combining)

    async def _step(self, merging: Merging, batch: Batch) -> None:
        self._merged.update(await merging.merge(batch))
        await stopped.opt_out_imported(self._connection)  # an alert may be launched to this half of the list
        check_conserved({"lines": batch.lines, **self._merged, "refused": batch.refused})
        crc = await asyncio.to_thread(self._refused.keep, batch.refused_octets)
        await self._connection.execute(
            sql("import_reached"),
            *(merging.import_no, self._file.octets, self._file.digest, batch.lines, batch.place),
            *(self._merged["imported"], self._merged["updated"], self._merged["duplicate"]),
            *(json.dumps(batch.refused), batch.refused_octets, crc),
            *(unclear_document(batch.unclear), list(self._columns.names)),
        )
