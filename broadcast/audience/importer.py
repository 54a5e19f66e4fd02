"""Brings a file of subscribers into the database: all of it or nothing (see resumable.py), every line accounted for.

lines = imported + updated + duplicate + refused. Refused lines go to a file of their own, with their reason.
A thread reads ahead by one batch while Postgres merges the one before; memory does not grow with the file.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from broadcast.audience import erased, stopped, unfinished
from broadcast.audience.attributes import Kind
from broadcast.audience.batches import Batch, Reader
from broadcast.audience.carriers import name_carriers
from broadcast.audience.cells import Unclear, unclear_document
from broadcast.audience.columns import Columns
from broadcast.audience.merging import Merging
from broadcast.audience.pipes import is_pipe
from broadcast.audience.refused_lines import create_private, room_for
from broadcast.audience.sources import opened
from broadcast.config import Config
from broadcast.errors import BroadcastError, InputError, RefusedError
from broadcast.languages import N_, _
from broadcast.store import citus
from broadcast.store.queries import sql
from broadcast.store.types import Connection

RUNS_ALREADY = N_(
    "another import is running, or a launch from a list that is spread over nodes: wait until it has ended"
)
_COUNTED = ("lines", "imported", "updated", "duplicate")

# Called after each batch that was merged.
Report = Callable[[Batch], None]


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Counted in lines. updated: known before; duplicate: the same number again in it; refused: by reason; unclear:
    imported, and of that column nothing is known since its cell could not be read. columns: of areas, languages and
    attributes that were read; aside: those that nobody reads."""

    import_no: int
    source: str
    lines: int
    imported: int
    updated: int
    duplicate: int
    refused: Mapping[str, int]
    unclear: Mapping[str, Unclear]
    columns: Sequence[str]
    aside: Sequence[str]
    refused_file: Path
    seconds: float

    @property
    def nobody(self) -> bool:
        """Whether every line was refused."""
        return self.lines == sum(self.refused.values())


async def import_file(
    connection: Connection,
    config: Config,
    path: Path,
    refused_file: Path,
    report: Report | None = None,
    wanted: Mapping[str, Kind] = MappingProxyType({}),
) -> ImportResult:
    """Import `path`; refused lines go to `refused_file`, which holds numbers: readable by its owner only.

    wanted: attributes to register with it. Raises InputError for an unusable file, RefusedError while another import
    runs, and for more attributes or profiles than there may be; nothing is changed then.
    """
    begun = time.perf_counter()
    columns = await Columns.begin(connection, wanted)
    with room_for(refused_file), await opened(path, columns.attributes) as source:
        columns = columns.of(source)
        numbers = await name_carriers(connection, config)
        part = refused_file.with_name(refused_file.name + ".part")
        try:
            with create_private(part) as sink:
                those = await erased.load(connection)
                reader = Reader(config, source, numbers, sink, cells=columns.cells(), erased=those)
                counts = await _import(connection, reader, path, source.name, columns, report)
            part.replace(refused_file)
        finally:
            part.unlink(missing_ok=True)
    await stopped.settle(connection)
    await connection.execute(sql("analyze_subscriber"))
    return ImportResult(
        **counts,
        source=source.name,
        columns=columns.names,
        aside=source.header.aside,
        refused_file=refused_file,
        seconds=time.perf_counter() - begun,
    )


async def _import(
    connection: Connection, reader: Reader, path: Path, name: str, columns: Columns, report: Report | None
) -> dict[str, Any]:
    """One transaction for all batches: whoever looks meanwhile sees what was there before."""
    await citus.recover_if_spread(connection)
    async with connection.transaction():
        if not await connection.fetchval(sql("import_lock")):
            raise RefusedError(_(RUNS_ALREADY))
        combining = await columns.combining(connection)
        import_no = await connection.fetchval(sql("import_begin"), name)
        merging = await Merging.begin(connection, import_no, combining)
        merged = Counter(imported=0, updated=0, duplicate=0)
        async with aclosing(read_ahead(reader.batches(), reader.stop)) as batches:
            async for batch in batches:
                merged.update(await merging.merge(batch))
                if report is not None:
                    report(batch)
                last = batch
        check_lines(name, last)
        counts = await end(connection, import_no, last, merged)
        if merged.total() and not is_pipe(path):
            await unfinished.give_up_for(connection, path)
    return {"import_no": import_no, **counts}


async def end(
    connection: Connection, import_no: int, last: Batch, merged: Mapping[str, int]
) -> dict[str, Any]:
    """Write down an import's counts, once its `last` batch is merged; returns them.

    Raises BroadcastError when they do not account for every line.
    """
    counts = {"lines": last.lines, **merged, "refused": last.refused}
    check_conserved(counts)
    await stopped.opt_out_imported(connection)
    documents = json.dumps(counts["refused"]), unclear_document(last.unclear)
    await connection.execute(sql("import_end"), import_no, *map(counts.__getitem__, _COUNTED), *documents)
    return {**counts, "unclear": last.unclear}


def check_lines(name: str, batch: Batch) -> None:
    """Raises InputError when the file has none."""
    if batch.lines == 0:
        raise InputError(_("{name} has a header but no lines", name=name))


async def read_ahead(
    batches: Iterator[Batch], stop: Callable[[], None] = lambda: None
) -> AsyncGenerator[Batch, None]:
    """`batches`, made in a thread, the next one while the last is worked on. When closed, no thread is left.

    stop: is called then, to end a wait of that thread.
    """
    coming = asyncio.ensure_future(asyncio.to_thread(next, batches, None))
    try:
        while (batch := await asyncio.shield(coming)) is not None:
            coming = asyncio.ensure_future(asyncio.to_thread(next, batches, None))
            yield batch
    finally:
        stop()
        await asyncio.gather(coming, return_exceptions=True)


def check_conserved(counts: Mapping[str, Any]) -> None:
    """Raises BroadcastError unless every line became something, once."""
    accounted = counts["imported"] + counts["updated"] + counts["duplicate"] + sum(counts["refused"].values())
    if accounted != counts["lines"]:
        raise BroadcastError(
            _(
                "{lines} lines were read but {accounted} accounted for: the import was stopped",
                lines=counts["lines"],
                accounted=accounted,
            )
        )
