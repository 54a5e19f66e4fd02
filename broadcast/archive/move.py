"""A finished campaign's recipients moved into Parquet files, proved by reading them back before rows go.

Law 1 holds all the way: what the files hold is counted and summed in Postgres and from the files, and compared
with the tallies; the rows go in one transaction, and only if the tallies still say the same.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

import asyncpg
import pyarrow as pa
import pyarrow.parquet as pq

from broadcast.archive.read import (
    DOUBTS,
    MANIFEST,
    VERSION,
    Archive,
    ArchiveError,
    digest,
    load,
)
from broadcast.archive.rows import IdKind, Row, Shape, Sum, pack, writer
from broadcast.errors import AuditError, BroadcastError, InputError, RefusedError
from broadcast.ledger.states import RecipientState
from broadcast.store import plans
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_FETCH = 8_192
_GROUP = 262_144
_SMALL = (("events.parquet", "archive_events"), ("tallies.parquet", "audit_tallied"))
_DOUBT = pa.schema(
    [
        ("carrier", pa.string()),
        ("slice_id", pa.int32()),
        ("ordinal", pa.int32()),
        ("msisdn", pa.int64()),
        ("segments", pa.int16()),
        ("reason", pa.string()),
        ("since", pa.timestamp("us", tz="UTC")),
        ("ended_at", pa.timestamp("us", tz="UTC")),
        ("ended_as", pa.string()),
        ("first_state", pa.int16()),
        ("first_ids", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Archived:
    """What was done. octets: of the recipients' files."""

    place: Path
    recipients: int
    octets: int
    dropped: bool


@dataclass(frozen=True, slots=True)
class _Carrier:
    """One carrier's recipients as Postgres counts and sums them. settled: those with a final row."""

    carrier_no: int
    name: str
    shape: Shape
    settled: int
    sums: Mapping[int, Sum]


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """A campaign at the moment of its archive."""

    campaign: Mapping[str, Any]
    tallies: dict[int, dict[str, int]]
    carriers: tuple[_Carrier, ...]


async def archive(
    connection: Connection, campaign_id: int, folder: Path, actor: str, *, drop: bool
) -> Archived:
    """Write `folder`/NAME.archive, or take the one that is there; check it; with `drop`, remove the rows.

    folder: absolute, for the database remembers it.

    Raises RefusedError: not finished, or archived already. AuditError: books, rows and files do not agree.
    InputError, ArchiveError, BroadcastError: the folder, the files, the disk. Nothing is dropped then.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(plans.SETS)
        now = await _snapshot(connection, campaign_id)
        place = folder / f"{now.campaign['name']}.archive"
        if not place.exists():
            await _write(connection, now, place)
    found = load(place)
    _compare(now, found)
    if drop:
        await _drop(connection, now, found, actor)
    return Archived(place, found.recipients, found.octets, drop)


async def moved(connection: Connection, campaign_id: int, folder: Path) -> Archived | None:
    """The files of an archived campaign are in `folder` now; None: it is not archived, or they were there.

    Raises ArchiveError: the files are not there, damaged, or another campaign's.
    """
    row = await connection.fetchrow(sql("archive_place"), campaign_id)
    campaign = await connection.fetchrow(sql("archive_campaign"), campaign_id)
    if row is None or campaign is None:
        return None
    place = folder / f"{campaign['name']}.archive"
    if str(place) == row["place"]:
        return None
    found = load(place)
    wrong = found.problems()
    if wrong or (found.recipients, found.checksum) != (row["recipients"], int(row["checksum"])):
        raise ArchiveError(f"the archive {place} is not the one that was made of {campaign['name']}")
    await connection.execute(sql("archive_move"), campaign_id, str(place))
    return Archived(place, found.recipients, found.octets, True)


async def _snapshot(connection: Connection, campaign_id: int) -> _Snapshot:
    campaign = await connection.fetchrow(sql("archive_campaign"), campaign_id)
    if campaign is None:
        raise InputError("there is no such campaign any more")
    await _check_rows_are_here(connection, campaign_id, campaign["name"])
    if campaign["finished_at"] is None:
        raise RefusedError(f"{campaign['name']} is {campaign['state']}: only a finished campaign is archived")
    rows = await connection.fetch(sql("archive_sums"), campaign_id)
    carriers = tuple(
        _carrier(list(group)) for _, group in groupby(rows, key=lambda row: int(row["carrier_no"]))
    )
    now = _Snapshot(dict(campaign), await _tallies(connection, campaign_id), carriers)
    _balance(now)
    return now


async def _check_rows_are_here(connection: Connection, campaign_id: int, name: str) -> None:
    row = await connection.fetchrow(sql("archive_place"), campaign_id)
    if row is not None:
        raise RefusedError(f"{name} is archived already, in {row['place']}")


async def _tallies(connection: Connection, campaign_id: int) -> dict[int, dict[str, int]]:
    rows = await connection.fetch(sql("audit_tallied"), campaign_id)
    return {row["carrier_no"]: {name: row[name] for name in row.keys()} for row in rows}  # noqa: SIM118


def _carrier(rows: Sequence[asyncpg.Record]) -> _Carrier:
    """rows: of archive_sums, one per state. Numbers before UUIDs before whatever else it may be."""
    kind: IdKind = "text"
    if all(row["decimals"] for row in rows):
        kind = "decimal"
    elif all(row["uuids"] for row in rows):
        kind = "uuid"
    parts = 1 if kind == "text" else max(1, *(row["parts"] for row in rows))
    return _Carrier(
        carrier_no=rows[0]["carrier_no"],
        name=rows[0]["carrier"],
        shape=Shape(kind, parts),
        settled=sum(row["settled"] for row in rows),
        sums={row["state"]: Sum(row["recipients"], int(row["checksum"])) for row in rows},
    )


def _balance(now: _Snapshot) -> None:
    """Rows against tallies. Raises AuditError."""
    counted = {
        (each.carrier_no, state): total.recipients
        for each in now.carriers
        for state, total in each.sums.items()
    }
    tallied = {
        (number, int(state)): tally[state.column]
        for number, tally in now.tallies.items()
        for state in RecipientState
        if tally[state.column]
    }
    if counted != tallied or sum(counted.values()) != now.campaign["audience"]:
        raise AuditError(
            f"the books of {now.campaign['name']} do not balance, so it is not archived: "
            f"see `broadcast campaign audit {now.campaign['name']}`"
        )


def _compare(now: _Snapshot, found: Archive) -> None:
    """The database's sums against the files' manifest, and the manifest against every row of the files."""
    ours = {each.name: each.sums for each in now.carriers}
    theirs = {part.carrier: dict(part.sums) for part in found.parts}
    wrong = [] if ours == theirs else ["its counts and sums are not the database's"]
    wrong += found.problems()
    if wrong:
        raise ArchiveError(
            f"the archive {found.place} is not this campaign as it is now, nothing was dropped: {wrong[0]}; "
            "move it away and archive again"
        )


async def _drop(connection: Connection, now: _Snapshot, found: Archive, actor: str) -> None:
    campaign_id, name = now.campaign["campaign_id"], now.campaign["name"]
    async with connection.transaction():
        await connection.execute(sql("archive_claim"))
        await _check_rows_are_here(connection, campaign_id, name)
        if await _tallies(connection, campaign_id) != now.tallies:
            raise RefusedError(f"a receipt for {name} came meanwhile, nothing was dropped: archive it anew")
        for query in ("slices", "exclusions", "doubts", "open", "journal"):
            await connection.execute(sql(f"archive_drop_{query}"), campaign_id)
        gone = await connection.fetchval(sql("archive_drop_outcomes"), campaign_id)
        if gone != sum(each.settled for each in now.carriers):
            raise AuditError(f"the final rows of {name} are not those of its archive: nothing was dropped")
        await connection.execute(
            sql("archive_mark"),
            campaign_id,
            str(found.place),
            found.recipients,
            Decimal(found.checksum),
            actor,
        )
        await connection.execute(sql("archive_event"), campaign_id, actor, str(found.place))


async def _write(connection: Connection, now: _Snapshot, place: Path) -> None:
    """Beside its place first, so that no archive is half an archive."""
    number = now.campaign["campaign_id"]
    with _building(place) as draft:
        carriers = await _write_recipients(connection, now, draft)
        await _write_doubts(connection, number, draft)
        _write_small(draft / "campaign.parquet", [now.campaign])
        for name, query in _SMALL:
            _write_small(draft / name, [dict(row) for row in await connection.fetch(sql(query), number)])
        others = {
            name: digest(draft / name) for name in ("campaign.parquet", DOUBTS, *(each for each, _ in _SMALL))
        }
        manifest = {
            "version": VERSION,
            "campaign": now.campaign["name"],
            "campaign_id": number,
            "carriers": carriers,
            "others": others,
        }
        with _created(draft / MANIFEST) as file:
            file.write(json.dumps(manifest, indent=1).encode())


@dataclass(slots=True)
class _Buffer:
    """Rows of one file, given to Parquet a row group at a time."""

    out: pq.ParquetWriter
    waiting: list[pa.RecordBatch] = field(default_factory=list)

    def add(self, batch: pa.RecordBatch) -> None:
        self.waiting.append(batch)
        if sum(each.num_rows for each in self.waiting) >= _GROUP:
            self.flush()

    def flush(self) -> None:
        if self.waiting:
            table = pa.Table.from_batches(self.waiting)
            self.out.write_table(table, row_group_size=table.num_rows)
            self.waiting = []


async def _write_recipients(connection: Connection, now: _Snapshot, draft: Path) -> list[dict[str, Any]]:
    """One file per carrier, from one ordered stream; gives their part of the manifest."""
    rows = await connection.cursor(sql("archive_rows"), now.campaign["campaign_id"])
    waiting: list[asyncpg.Record] = []
    written = []
    for each in now.carriers:
        path = draft / f"recipients-{each.carrier_no}.parquet"
        with _created(path) as file, writer(file, each.shape) as out:
            buffer = _Buffer(out)
            while waiting := waiting or await rows.fetch(_FETCH):
                mine = [_row(row) for row in waiting if row["carrier_no"] == each.carrier_no]
                waiting = waiting[len(mine) :]
                if mine:
                    buffer.add(pack(each.name, each.shape, mine))
                if waiting:
                    break
            buffer.flush()
        written.append(_entry(each, path))
    return written


def _row(row: asyncpg.Record) -> Row:
    _, *values = row.values()
    return tuple(values)  # in the query's order


def _entry(carrier: _Carrier, path: Path) -> dict[str, Any]:
    return {
        "file": path.name,
        "carrier_no": carrier.carrier_no,
        "carrier": carrier.name,
        "ids": carrier.shape.kind,
        "parts": carrier.shape.parts,
        "octets": path.stat().st_size,
        "sha256": digest(path),
        "states": {state: (each.recipients, each.checksum) for state, each in carrier.sums.items()},
    }


async def _write_doubts(connection: Connection, campaign_id: int, draft: Path) -> None:
    rows = await connection.cursor(sql("archive_doubts"), campaign_id)
    with _created(draft / DOUBTS) as file, pq.ParquetWriter(file, _DOUBT, compression="zstd") as out:
        while batch := await rows.fetch(_FETCH):
            out.write_table(pa.Table.from_pylist([dict(row) for row in batch], schema=_DOUBT))


def _write_small(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with _created(path) as file:
        pq.write_table(pa.Table.from_pylist(list(rows)), file, compression="zstd")


@contextmanager
def _created(path: Path) -> Iterator[BinaryIO]:
    """A new file, on the disk when the block ends."""
    with path.open("xb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _building(place: Path) -> Iterator[Path]:
    """A folder that becomes `place` when the block ends well, and is gone when it does not."""
    if not place.parent.is_dir():
        raise InputError(f"there is no folder {place.parent}: make it, or name another with --to")
    draft = None
    try:
        draft = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
        yield draft
        _sync_folder(draft)
        draft.rename(place)
        _sync_folder(place.parent)
    except ConnectionError:  # of the database, while its rows are read
        raise
    except OSError as error:
        raise BroadcastError(
            f"cannot write the archive to {place.parent}, nothing was dropped: {error.strerror or error}"
        ) from error
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
