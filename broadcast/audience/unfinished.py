"""The resumable import that has not ended: which file it reads, how far its last commit came, and giving it up."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from broadcast.audience.cells import Unclear, read_unclear
from broadcast.audience.pipes import name_of
from broadcast.errors import InputError
from broadcast.languages import _
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_END_OCTETS = 1 << 20


@dataclass(frozen=True, slots=True)
class FileId:
    """octets: the file's size; digest: SHA-256 of its first and its last MiB, which tell its format too.

    A gzip file ends with the checksum of all its content and a Parquet file with what stands where; a CSV file of the
    same size and ends that was changed in its middle is taken for the same.
    """

    octets: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Unfinished:
    """lines = imported + updated + duplicate + the sum of refused (by reason), all of them committed.

    source: the file's name. place: of the next line, see `Lines.place` and `ParquetRows.place`. refused_octets,
    refused_crc: of the file of refused lines. unclear: lines by column. columns: of areas, languages and
    attributes, those that it reads.
    """

    import_no: int
    source: str
    started_at: datetime
    committed_at: datetime
    file: FileId
    lines: int
    place: int
    imported: int
    updated: int
    duplicate: int
    refused: Mapping[str, int]
    refused_octets: int
    refused_crc: int
    unclear: Mapping[str, Unclear]
    columns: Sequence[str]


def identify(path: Path) -> FileId:
    """Cheap for a file of any size. Raises InputError when it cannot be read."""
    try:
        with path.open("rb") as file:
            octets = path.stat().st_size
            digest = hashlib.sha256(file.read(_END_OCTETS))
            file.seek(max(0, octets - _END_OCTETS))
            digest.update(file.read(_END_OCTETS))
    except OSError as error:
        raise InputError(_("cannot read {path}: {strerror}", path=path, strerror=error.strerror)) from error
    return FileId(octets, digest.digest())


async def find(connection: Connection) -> Unfinished | None:
    """There is at most one. It may be running at this moment."""
    row = await connection.fetchrow(sql("unfinished_import"))
    if row is None:
        return None
    values = dict(row)
    file = FileId(values.pop("file_octets"), values.pop("file_digest"))
    refused, unclear = json.loads(values.pop("refused")), read_unclear(values.pop("unclear"))
    return Unfinished(**values, file=file, refused=refused, unclear=unclear)


async def give_up(connection: Connection) -> None:
    """It ends where it is: what it brought stays, and its name in the list of imports says so."""
    await connection.execute(sql("import_give_up"))


async def give_up_for(connection: Connection, path: Path) -> None:
    """Give it up if it is one of this file, or of an earlier content of it: by now all of it was imported."""
    found = await find(connection)
    if found is not None and (found.source == name_of(path) or found.file == identify(path)):
        await give_up(connection)
