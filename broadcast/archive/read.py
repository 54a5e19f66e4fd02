"""Reading an archive's files.

The manifest says which files there are and the SHA-256 of each; a file is read only after that agrees.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from broadcast.archive.place import Place
from broadcast.archive.rows import batches, unpack
from broadcast.errors import BroadcastError
from broadcast.ids import CampaignId, CarrierNo
from broadcast.languages import _
from broadcast.ledger.books import People, Shape, Sum, sums
from broadcast.ledger.states import RecipientState

MANIFEST = "manifest.json"
DOUBTS = "doubts.parquet"
VERSION = 1


class ArchiveError(BroadcastError):
    """An archive cannot be used"""


@dataclass(frozen=True, slots=True)
class Part:
    """The recipients of one carrier. sums: by state."""

    file: str
    carrier_no: CarrierNo
    carrier: str
    shape: Shape
    octets: int
    sha256: str
    sums: Mapping[int, Sum]


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive's folder and what its manifest says. others: file -> SHA-256."""

    place: Path
    name: str
    campaign_id: CampaignId
    parts: tuple[Part, ...]
    others: Mapping[str, str]

    @property
    def recipients(self) -> int:
        return sum(each.recipients for part in self.parts for each in part.sums.values())

    @property
    def checksum(self) -> int:
        return sum(each.checksum for part in self.parts for each in part.sums.values())

    @property
    def octets(self) -> int:
        """Of the recipients' files."""
        return sum(part.octets for part in self.parts)

    def is_at(self, place: Place) -> bool:
        """Whether it holds what the database says of it, by its manifest."""
        return (self.recipients, self.checksum) == (place.recipients, place.checksum)

    def problems(self) -> list[str]:
        """Every row read and summed again: where that differs from the manifest. Raises ArchiveError."""
        return [
            _(
                "{carrier} {column}: the archive's rows are not what was archived",
                carrier=part.carrier,
                column=RecipientState(state).column,
            )
            for part in self.parts
            for now in [sums(row for people in part_people(self, part) for row in people.rows())]
            for state in sorted({*now, *part.sums})
            if now.get(state) != part.sums.get(state)
        ]


def load_at(place: Place) -> Archive:
    """`load`, and raise ArchiveError as well when it is another than the database remembers."""
    found = load(place.folder)
    if not found.is_at(place):
        raise ArchiveError(
            _("the archive {place} is not the one that was made of this campaign", place=found.place)
        )
    return found


def load(place: Path) -> Archive:
    """Read the manifest and check every file against it. Raises ArchiveError."""
    with _reading(place):
        try:
            found = _parse(place, json.loads((place / MANIFEST).read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArchiveError(
                _("the archive {place} is damaged: {manifest} cannot be read", place=place, manifest=MANIFEST)
            ) from error
        for name, expected in {**{part.file: part.sha256 for part in found.parts}, **found.others}.items():
            if digest(place / name) != expected:
                raise ArchiveError(
                    _(
                        "the archive {place} is damaged: {name} is not what was written",
                        place=place,
                        name=name,
                    )
                )
    return found


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def part_people(archive: Archive, part: Part) -> Iterator[People]:
    """Everybody of one carrier, a batch at a time. Raises ArchiveError."""
    for batch in file_batches(archive, part.file):
        yield unpack(part.shape, part.carrier_no, part.carrier, batch)


def file_batches(archive: Archive, file: str, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of one of its files. Raises ArchiveError."""
    with _reading(archive.place):
        yield from batches(archive.place / file, columns)


@contextmanager
def _reading(place: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        missing = Path(str(error.filename)).name if place.is_dir() else _("the folder")
        raise ArchiveError(
            _(
                "the archive {place} is not there ({missing} is missing): put it back, or name its new place "
                "with `broadcast campaign archive NAME --to FOLDER`",
                place=place,
                missing=missing,
            )
        ) from error
    except OSError as error:
        raise ArchiveError(
            _("the archive {place} cannot be read: {strerror}", place=place, strerror=error.strerror or error)
        ) from error
    except pa.ArrowException as error:
        raise ArchiveError(
            _("the archive {place} is damaged: it is no Parquet that can be read", place=place)
        ) from error


def _parse(place: Path, manifest: Mapping[str, Any]) -> Archive:
    if manifest["version"] != VERSION:
        raise ArchiveError(_("the archive {place} was made by another version of broadcast", place=place))
    parts = tuple(
        Part(
            file=each["file"],
            carrier_no=each["carrier_no"],
            carrier=each["carrier"],
            shape=Shape(each["ids"], each["parts"]),
            octets=each["octets"],
            sha256=each["sha256"],
            sums={int(state): Sum(count, total) for state, (count, total) in each["states"].items()},
        )
        for each in manifest["carriers"]
    )
    return Archive(place, manifest["campaign"], manifest["campaign_id"], parts, manifest["others"])
