"""Brings a CSV file of subscribers into the database: all of it or nothing, every line accounted for.

lines = imported + updated + duplicate + refused. Refused lines go to a file of their own, with their reason.
"""

import csv
import json
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from broadcast.audience.carriers import name_carriers
from broadcast.audience.lines import LONGEST_LINE, Header, Lines
from broadcast.audience.msisdn import Normalizer, Refusal
from broadcast.audience.routing import Router
from broadcast.config import Config
from broadcast.errors import BroadcastError, InputError, RefusedError
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_YES = frozenset({"1", "yes", "y", "true", "t", "x"})
_NO = frozenset({"", "0", "no", "n", "false", "f"})
_STAGING = ("line_no", "msisdn", "carrier_no", "ported", "opted_out")
_SHOWN = 200  # characters of a refused line that its file keeps of a field

# A staged row: line_no, msisdn, carrier_no, ported, opted_out. Tuples, since there are millions.
Row = tuple[int, int, int, bool, bool]


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Counted in lines. updated: known before; duplicate: the same number again in it; refused: by reason."""

    import_no: int
    source: str
    lines: int
    imported: int
    updated: int
    duplicate: int
    refused: Mapping[str, int]
    refused_file: Path
    seconds: float


class LineReader:
    """Turns lines into rows, and counts and keeps those that it refuses."""

    def __init__(
        self, config: Config, header: Header, carrier_numbers: Mapping[str, int], sink: IO[str]
    ) -> None:
        """carrier_numbers: carrier_no by name. sink: where refused lines are written."""
        self.lines = 0
        self.refused: Counter[str] = Counter()
        self._header = header
        self._normalize = Normalizer(config.country).normalize
        self._route = Router(config.country).carrier
        self._numbers = carrier_numbers
        self._ports = {name.lower(): name for name in config.country.prefixes}
        self._writer = csv.writer(sink)
        self._writer.writerow(["line", "reason", "content"])

    def rows(self, first_number: int, lines: Sequence[str]) -> list[Row]:
        """The rows of a batch of lines; `first_number` is the number of its first line in the file."""
        self.lines += len(lines)
        rows: list[Row] = []
        for number, line in enumerate(lines, first_number):
            row = self._row(number, line)
            if isinstance(row, str):
                self._refuse(number, row, line)
            else:
                rows.append(row)
        return rows

    def _row(self, number: int, line: str) -> Row | str:
        """A row, or the reason why not."""
        header = self._header
        if len(line) > LONGEST_LINE:
            return "line_too_long"
        try:
            fields = header.fields(line)
        except csv.Error:
            return "unmatched_quote"
        if len(fields) != header.width:
            return "wrong_columns" if line.strip() else Refusal.EMPTY.value
        msisdn = self._normalize(fields[header.msisdn])
        if isinstance(msisdn, Refusal):
            return msisdn.value
        by_prefix = self._route(msisdn)
        if by_prefix is None:
            return Refusal.UNKNOWN_PREFIX.value
        carrier = by_prefix
        if header.carrier is not None and (written := fields[header.carrier].strip()):
            carrier = self._ports.get(written.lower(), "")
            if not carrier:
                return "unknown_carrier"
        opted_out = False
        if header.opted_out is not None and (said := fields[header.opted_out].strip().lower()) not in _NO:
            if said not in _YES:
                return "unclear_opted_out"
            opted_out = True
        return number, msisdn, self._numbers[carrier], carrier != by_prefix, opted_out

    def _refuse(self, number: int, reason: str, line: str) -> None:
        self.refused[reason] += 1
        self._writer.writerow([number, reason, line[:_SHOWN]])


async def import_csv(conn: Connection, config: Config, path: Path, refused_file: Path) -> ImportResult:
    """Import `path`; refused lines go to `refused_file`, which holds numbers: readable by its owner only.

    Raises InputError for an unusable file, RefusedError while another import runs; nothing is changed then.
    """
    begun = time.perf_counter()
    with Lines(path) as source:
        numbers = await name_carriers(conn, config)
        part = refused_file.with_name(refused_file.name + ".part")
        try:
            with _open_private(part) as sink:
                reader = LineReader(config, source.header, numbers, sink)
                counts = await _import(conn, source, reader, path)
            part.replace(refused_file)
        finally:
            part.unlink(missing_ok=True)
    await conn.execute(sql("analyze_subscriber"))
    return ImportResult(
        **counts, source=path.name, refused_file=refused_file, seconds=time.perf_counter() - begun
    )


async def _import(conn: Connection, source: Lines, reader: LineReader, path: Path) -> dict[str, Any]:
    """One transaction: stage, merge, count."""
    async with conn.transaction():
        if not await conn.fetchval(sql("import_lock")):
            raise RefusedError("another import is running: wait until it has ended")
        import_no = await conn.fetchval(sql("import_begin"), path.name)
        await conn.execute(sql("import_empty_staging"))
        for first_number, lines in source.batches():
            rows = reader.rows(first_number, lines)
            await conn.copy_records_to_table("import_staging", records=rows, columns=_STAGING)
        if reader.lines == 0:
            raise InputError(f"{path.name} has a header but no lines")
        repeated = await conn.fetchval(sql("import_repeated"))
        merged = await conn.fetchrow(sql("import_merge"), import_no)
        assert merged is not None
        counts = {"lines": reader.lines, "imported": merged["imported"], "updated": merged["updated"]}
        counts |= {"duplicate": repeated, "refused": dict(sorted(reader.refused.items()))}
        _check_conserved(counts)
        await conn.execute(
            sql("import_end"),
            import_no,
            counts["lines"],
            counts["imported"],
            counts["updated"],
            counts["duplicate"],
            json.dumps(counts["refused"]),
        )
        await conn.execute(sql("import_empty_staging"))
    return {"import_no": import_no, **counts}


def _check_conserved(counts: Mapping[str, Any]) -> None:
    accounted = counts["imported"] + counts["updated"] + counts["duplicate"] + sum(counts["refused"].values())
    if accounted != counts["lines"]:
        raise BroadcastError(
            f"{counts['lines']} lines were read but {accounted} accounted for: nothing was imported"
        )


def _open_private(path: Path) -> IO[str]:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise InputError(
            f"cannot write the refused lines to {path.parent}: {error.strerror}; give --refused FILE"
        ) from error
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="")
