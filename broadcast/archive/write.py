"""The files of an archive, written beside its place first, so that no archive is half an archive."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from broadcast.archive.read import DOUBTS, MANIFEST, VERSION, digest
from broadcast.archive.rows import pack, writer
from broadcast.errors import BroadcastError, InputError
from broadcast.languages import _
from broadcast.ledger.books import CarrierSums, LiveBooks
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_GROUP = 262_144
_SMALL = (("events.parquet", "campaign_events"), ("tallies.parquet", "audit_tallied"))
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
        ("first_ids", pa.list_(pa.string())),
    ]
)


async def write(
    connection: Connection,
    books: LiveBooks,
    campaign: Mapping[str, Any],
    carriers: Sequence[CarrierSums],
    place: Path,
) -> None:
    """Make the folder `place` of a campaign (its row), within the transaction in which it was summed.

    Raises InputError: no folder to make it in. BroadcastError: the disk.
    """
    number = campaign["campaign_id"]
    with building(place) as draft:
        parts = await _write_recipients(books, carriers, draft)
        await _write_doubts(books, draft)
        _write_small(draft / "campaign.parquet", [campaign])
        for name, query in _SMALL:
            _write_small(draft / name, [dict(row) for row in await connection.fetch(sql(query), number)])
        others = {
            name: digest(draft / name) for name in ("campaign.parquet", DOUBTS, *(each for each, _ in _SMALL))
        }
        manifest = {
            "version": VERSION,
            "campaign": campaign["name"],
            "campaign_id": number,
            "status": campaign["status"],
            "carriers": parts,
            "others": others,
        }
        with created(draft / MANIFEST) as file:
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


async def _write_recipients(
    books: LiveBooks, carriers: Sequence[CarrierSums], draft: Path
) -> list[dict[str, Any]]:
    """One file per carrier, from one ordered stream; gives their part of the manifest."""
    everybody = books.people()
    people = await anext(everybody, None)
    written = []
    for each in carriers:
        path = draft / f"recipients-{each.carrier_no}.parquet"
        with created(path) as file, writer(file, each.shape) as out:
            buffer = _Buffer(out)
            while people is not None and people.carrier_no == each.carrier_no:
                buffer.add(pack(each.shape, people))
                people = await anext(everybody, None)
            buffer.flush()
        written.append(_entry(each, path))
    return written


def _entry(carrier: CarrierSums, path: Path) -> dict[str, Any]:
    return {
        "file": path.name,
        "carrier_no": carrier.carrier_no,
        "carrier": carrier.carrier,
        "ids": carrier.shape.kind,
        "parts": carrier.shape.parts,
        "octets": path.stat().st_size,
        "sha256": digest(path),
        "states": {state: (each.recipients, each.checksum) for state, each in carrier.sums.items()},
    }


async def _write_doubts(books: LiveBooks, draft: Path) -> None:
    with created(draft / DOUBTS) as file, pq.ParquetWriter(file, _DOUBT, compression="zstd") as out:
        async for rows in books.doubt_history():
            out.write_table(pa.Table.from_pylist(rows, schema=_DOUBT))


def _write_small(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with created(path) as file:
        pq.write_table(pa.Table.from_pylist(list(rows)), file, compression="zstd")


@contextmanager
def created(path: Path) -> Iterator[BinaryIO]:
    """A new file, on the disk when the block ends."""
    with path.open("xb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def building(place: Path) -> Iterator[Path]:
    """A folder that becomes `place` when the block ends well, and is gone when it does not."""
    if not place.parent.is_dir():
        raise InputError(
            _("there is no folder {parent}: make it, or name another with --to", parent=place.parent)
        )
    draft = None
    try:
        draft = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
        yield draft
        sync_folder(draft)
        draft.rename(place)
        sync_folder(place.parent)
    except ConnectionError:  # of the database, while its rows are read
        raise
    except OSError as error:
        raise BroadcastError(
            _(
                "cannot write the archive to {parent}, nothing was dropped: {strerror}",
                parent=place.parent,
                strerror=error.strerror or error,
            )
        ) from error
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """What was renamed in it is on the disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
