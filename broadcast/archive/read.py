"""Reading an archive: what the report and the audit ask of a campaign whose rows are files now.

The manifest says which files there are and the SHA-256 of each; a file is read only after that agrees.
"""

import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from broadcast.archive.rows import Row as Row
from broadcast.archive.rows import Shape, Sum, batches, sums, unpack
from broadcast.errors import BroadcastError
from broadcast.ledger.states import RecipientState
from broadcast.store.queries import sql
from broadcast.store.types import Connection

MANIFEST = "manifest.json"
DOUBTS = "doubts.parquet"
VERSION = 1
_EXCLUDED = int(RecipientState.EXCLUDED)


class ArchiveError(BroadcastError):
    """An archive cannot be used"""


@dataclass(frozen=True, slots=True)
class Part:
    """The recipients of one carrier. sums: by state."""

    file: str
    carrier_no: int
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
    campaign_id: int
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

    def counted(self) -> dict[tuple[int, RecipientState], int]:
        """Recipients per carrier number and state, by the manifest."""
        return {
            (part.carrier_no, RecipientState(state)): each.recipients
            for part in self.parts
            for state, each in part.sums.items()
        }

    def problems(self) -> list[str]:
        """Every row read and summed again: where that differs from the manifest. Raises ArchiveError."""
        return [
            f"{part.carrier} {RecipientState(state).column}: the archive's rows are not what was archived"
            for part in self.parts
            for now in [sums(_rows(self, part))]
            for state in sorted({*now, *part.sums})
            if now.get(state) != part.sums.get(state)
        ]


async def archived(connection: Connection, campaign_id: int) -> Archive | None:
    """The archive that holds a campaign's recipients; None while they are in the database.

    Raises ArchiveError: not there, not this campaign's, or damaged.
    """
    row = await connection.fetchrow(sql("archive_place"), campaign_id)
    if row is None:
        return None
    found = load(Path(row["place"]))
    if (found.recipients, found.checksum) != (row["recipients"], int(row["checksum"])):
        raise ArchiveError(f"the archive {found.place} is not the one that was made of this campaign")
    return found


def load(place: Path) -> Archive:
    """Read the manifest and check every file against it. Raises ArchiveError."""
    with _reading(place):
        try:
            found = _parse(place, json.loads((place / MANIFEST).read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArchiveError(f"the archive {place} is damaged: {MANIFEST} cannot be read") from error
        for name, expected in {**{part.file: part.sha256 for part in found.parts}, **found.others}.items():
            if digest(place / name) != expected:
                raise ArchiveError(f"the archive {place} is damaged: {name} is not what was written")
    return found


def outcomes(archive: Archive, launched_at: datetime, step_s: float, longest_s: int) -> list[dict[str, Any]]:
    """As the query report_outcomes."""
    columns = ["state", "err", "submitted_at", "settled_at"]
    counts: Counter[tuple[str, int, str, int | None, int]] = Counter()
    for part in archive.parts:
        for batch in _batches(archive, part.file, columns):
            for key, recipients in _outcome_counts(batch, launched_at, step_s):
                state, err, step, delay = key
                late = longest_s if delay is None else min(int(delay), longest_s)
                counts[part.carrier, state, err, None if step is None else int(step), late] += recipients
    names = ("carrier", "state", "err", "step", "delay_s")
    return [{**dict(zip(names, key, strict=True)), "recipients": count} for key, count in counts.items()]


def exclusions(archive: Archive) -> list[dict[str, Any]]:
    """As the query report_exclusions."""
    counts: Counter[tuple[str, str]] = Counter()
    for part in archive.parts:
        found: Counter[str] = Counter()
        for batch in _batches(archive, part.file, ["slice_id", "state", "err"]):
            left = batch.filter(pc.equal(batch.column("state"), _EXCLUDED))
            reasons = pc.if_else(pc.is_null(left.column("slice_id")), left.column("err"), "cancelled")
            found.update({each["values"]: each["counts"] for each in pc.value_counts(reasons).to_pylist()})
        counts.update({(part.carrier, reason): count for reason, count in sorted(found.items())})
    return [
        {"carrier": carrier, "reason": reason, "recipients": count}
        for (carrier, reason), count in counts.items()
    ]


def doubts(archive: Archive) -> list[dict[str, Any]]:
    """As the query report_doubts."""
    counts: Counter[tuple[str, str, str | None]] = Counter()
    for batch in _batches(archive, DOUBTS, ["carrier", "reason", "ended_as"]):
        counts.update(zip(*(column.to_pylist() for column in batch.columns), strict=True))
    return [
        {"carrier": carrier, "reason": reason, "ended_as": ended_as, "recipients": count}
        for (carrier, reason, ended_as), count in counts.items()
    ]


def doubted(archive: Archive) -> list[dict[str, Any]]:
    """As the query doubted_recipients, all of them; archives of old say nothing of first_state."""
    columns = ["carrier", "msisdn", "reason", "since", "ended_at", "ended_as", "first_state"]
    rows = [row for batch in _batches(archive, DOUBTS, columns) for row in batch.to_pylist()]
    return sorted(rows, key=lambda row: (row["carrier"], row["msisdn"], row["since"]))


def books(archive: Archive) -> dict[str, dict[str, int]]:
    """As the query books_ours, by carrier."""
    never_sent: Counter[str] = Counter()
    for part in archive.parts:
        for batch in _batches(archive, part.file, ["state", "settled_at"]):
            expired = pc.equal(batch.column("state"), int(RecipientState.EXPIRED))
            unsent = pc.and_(expired, pc.is_null(batch.column("settled_at")))
            never_sent[part.carrier] += batch.filter(unsent).num_rows
    ever = doubts(archive)
    return {
        part.carrier: {
            "never_sent": never_sent[part.carrier],
            "doubts": sum(each["recipients"] for each in ever if each["carrier"] == part.carrier),
            "resent": sum(
                each["recipients"]
                for each in ever
                if each["carrier"] == part.carrier and each["ended_as"] == "resent"
            ),
        }
        for part in archive.parts
    }


async def recipients(archive: Archive) -> AsyncIterator[tuple[str, Row]]:
    """Every recipient with its carrier, in the archive's order."""
    for part in archive.parts:
        for row in _rows(archive, part):
            yield part.carrier, row


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _outcome_counts(
    batch: pa.RecordBatch, launched_at: datetime, step_s: float
) -> Iterator[tuple[Sequence[Any], int]]:
    """(state, err, step, delay in s) -> recipients of one batch: only those with a final row."""
    final = batch.filter(pc.is_valid(batch.column("settled_at")))
    submitted, settled = (pc.cast(final.column(name), pa.int64()) for name in ("submitted_at", "settled_at"))
    launched = pa.scalar(launched_at, pa.timestamp("us", tz="UTC")).cast(pa.int64())
    since = pc.divide(pc.cast(pc.subtract(submitted, launched), pa.float64()), 1_000_000.0)
    took = pc.divide(pc.cast(pc.subtract(settled, submitted), pa.float64()), 1_000_000.0)
    columns = {
        "state": final.column("state"),
        "err": final.column("err"),
        "step": pc.floor(pc.divide(since, step_s)),
        "delay": pc.floor(took),
    }
    grouped = pa.table(columns).group_by(list(columns)).aggregate([([], "count_all")])
    for each in grouped.to_pylist():
        yield [each[name] for name in columns], each["count_all"]


def _rows(archive: Archive, part: Part) -> Iterator[Row]:
    for batch in _batches(archive, part.file):
        yield from unpack(part.shape, batch)


def _batches(archive: Archive, file: str, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    with _reading(archive.place):
        yield from batches(archive.place / file, columns)


@contextmanager
def _reading(place: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        missing = Path(str(error.filename)).name if place.is_dir() else "the folder"
        raise ArchiveError(
            f"the archive {place} is not there ({missing} is missing): put it back, or name its new place "
            "with `broadcast campaign archive NAME --to FOLDER`"
        ) from error
    except OSError as error:
        raise ArchiveError(f"the archive {place} cannot be read: {error.strerror or error}") from error
    except pa.ArrowException as error:
        raise ArchiveError(f"the archive {place} is damaged: it is no Parquet that can be read") from error


def _parse(place: Path, manifest: Mapping[str, Any]) -> Archive:
    if manifest["version"] != VERSION:
        raise ArchiveError(f"the archive {place} was made by another version of broadcast")
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
