"""An archive made anew without who was erased: written beside the old one, proved against it, and then in its place.

The database says which of the two is the campaign's: it learns the new one's sum once that is proved and whole. What a
kill leaves behind is brought to its end, or done anew, by the next try.
"""

import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from broadcast.archive.place import Place, place_of
from broadcast.archive.read import (
    DOUBTS,
    MANIFEST,
    Archive,
    ArchiveError,
    Part,
    digest,
    file_batches,
    load,
    load_at,
    part_people,
)
from broadcast.archive.rows import unpack, writer
from broadcast.archive.write import building, created, sync_folder
from broadcast.ids import CampaignId
from broadcast.languages import _
from broadcast.ledger.books import Sum, sums
from broadcast.ledger.nameless import Tombstones
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_GROUP: Final = 262_144


@dataclass(frozen=True, slots=True)
class _Names:
    """numbers: whom to erase; others: what stands for each."""

    numbers: pa.Array
    others: Mapping[int, int]

    def are_in(self, batch: pa.RecordBatch) -> bool:
        found = pc.any(pc.is_in(batch.column("msisdn"), self.numbers)).as_py()
        return bool(found)

    def without(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The same rows, the others in their place."""
        if not self.are_in(batch):
            return batch
        made = [self.others.get(each, each) for each in batch.column("msisdn").to_pylist()]
        place = batch.schema.get_field_index("msisdn")
        return batch.set_column(place, batch.schema.field("msisdn"), pa.array(made, pa.int64()))


async def erase(connection: Connection, campaign_id: CampaignId, numbers: Collection[int]) -> bool:
    """The files of one archived campaign say none of these numbers any more. Whether any of them did.

    Raises ArchiveError: they are not there, damaged, or what was made anew is not what it should be: then the old ones
    are as they were. BroadcastError: the disk.
    """
    place = await place_of(connection, campaign_id)
    if place is None:
        return False
    finish(place)
    if not numbers:
        return False
    old = load_at(place)
    tombstones = Tombstones()
    names = _Names(pa.array(sorted(numbers), pa.int64()), {each: tombstones.of(0, each) for each in numbers})
    if not any(names.are_in(batch) for batch in _with_numbers(old)):
        return False
    with building(_beside(place.folder)) as draft:
        _write(old, names, draft)
    new = load(_beside(place.folder))
    _prove(old, new, names)
    await connection.execute(sql("erasure_archived"), campaign_id, old.checksum, new.checksum)
    finish(replace(place, checksum=new.checksum))
    return True


def finish(place: Place) -> None:
    """What a try before left behind: a new archive that the database knows goes in its place, one that it does not
    know goes away, and so do the old one and drafts of neither. Nobody writes archives meanwhile. Raises
    ArchiveError."""
    new, old = _beside(place.folder), _beside(place.folder, "old")
    if new.exists():
        if load(new).is_at(place):
            if place.folder.exists():
                place.folder.rename(old)
            new.rename(place.folder)
            sync_folder(place.folder.parent)
        else:
            shutil.rmtree(new)
    if old.exists() and place.folder.exists():
        shutil.rmtree(old)
        sync_folder(place.folder.parent)
    for each in (place.folder, new):
        for draft in place.folder.parent.glob(f".{each.name}-*"):
            shutil.rmtree(draft)


def _beside(folder: Path, what: str = "erased") -> Path:
    return folder.with_name(f".{folder.name}.{what}")


def _with_numbers(archive: Archive) -> Iterator[pa.RecordBatch]:
    """What may have numbers: that column alone."""
    for file in (*(part.file for part in archive.parts), DOUBTS):
        yield from file_batches(archive, file, ["msisdn"])


def _write(old: Archive, names: _Names, draft: Path) -> None:
    parts = [_write_part(old, part, names, draft) for part in old.parts]
    _write_doubts(old, names, draft)
    for name in old.others:
        if name != DOUBTS:
            with created(draft / name) as file:
                file.write((old.place / name).read_bytes())
    manifest = json.loads((old.place / MANIFEST).read_text(encoding="utf-8"))
    manifest["carriers"] = parts
    manifest["others"] = {name: digest(draft / name) for name in old.others}
    with created(draft / MANIFEST) as file:
        file.write(json.dumps(manifest, indent=1).encode())


def _write_part(old: Archive, part: Part, names: _Names, draft: Path) -> dict[str, Any]:
    """One carrier's recipients; its entry of the manifest."""
    path = draft / part.file
    totals: dict[int, Sum] = {}
    with created(path) as file, writer(file, part.shape) as out:
        waiting: list[pa.RecordBatch] = []
        for batch in file_batches(old, part.file):
            waiting.append(names.without(batch))
            people = unpack(part.shape, part.carrier_no, part.carrier, waiting[-1])
            for state, each in sums(people.rows()).items():
                before = totals.get(state, Sum(0, 0))
                totals[state] = Sum(before.recipients + each.recipients, before.checksum + each.checksum)
            if sum(each.num_rows for each in waiting) >= _GROUP:
                _flush(out, waiting)
        _flush(out, waiting)
    return {
        "file": part.file,
        "carrier_no": part.carrier_no,
        "carrier": part.carrier,
        "ids": part.shape.kind,
        "parts": part.shape.parts,
        "octets": path.stat().st_size,
        "sha256": digest(path),
        "states": {state: (totals[state].recipients, totals[state].checksum) for state in sorted(totals)},
    }


def _flush(out: pq.ParquetWriter, waiting: list[pa.RecordBatch]) -> None:
    if waiting:
        table = pa.Table.from_batches(waiting)
        out.write_table(table, row_group_size=table.num_rows)
        waiting.clear()


def _write_doubts(old: Archive, names: _Names, draft: Path) -> None:
    with pq.ParquetFile(old.place / DOUBTS) as before:
        schema = before.schema_arrow
    with created(draft / DOUBTS) as file, pq.ParquetWriter(file, schema, compression="zstd") as out:
        for batch in file_batches(old, DOUBTS):
            out.write_batch(names.without(batch))


def _prove(old: Archive, new: Archive, names: _Names) -> None:
    """Row by row: the same people, but for who was erased. Raises ArchiveError."""
    wrong = list(new.problems())
    for before, after in zip(old.parts, new.parts, strict=True):
        rows = zip(_rows(old, before), _rows(new, after), strict=True)
        if any((*b[:2], names.others.get(b[2], b[2]), *b[3:]) != a for b, a in rows):
            wrong.append(_("{carrier}: its rows are others", carrier=before.carrier))
    doubts = zip(_doubts(old), _doubts(new), strict=True)
    if any({**b, "msisdn": names.others.get(b["msisdn"], b["msisdn"])} != a for b, a in doubts):
        wrong.append(_("its doubts are others"))
    if any(names.are_in(batch) for batch in _with_numbers(new)):
        wrong.append(_("somebody is still in it"))
    if wrong:
        shutil.rmtree(new.place)
        raise ArchiveError(
            _(
                "the archive {place} cannot be made anew without who is erased: {wrong}; it stays as it is",
                place=old.place,
                wrong=wrong[0],
            )
        )


def _doubts(archive: Archive) -> Iterator[dict[str, Any]]:
    for batch in file_batches(archive, DOUBTS):
        yield from batch.to_pylist()


def _rows(archive: Archive, part: Part) -> Iterator[tuple[Any, ...]]:
    for people in part_people(archive, part):
        yield from people.rows()
