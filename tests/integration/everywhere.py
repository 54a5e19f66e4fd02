"""Where in a database a number stands, whatever the table: every column that the catalogue has, packed ones too.

Knows nothing of how the tables are meant: a number is looked for as digits, as octets and between digits.
"""

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping

import asyncpg

SPELLINGS = ("{0}", "0{1}", "{1}")


_PARTED = re.compile(rb"[ .-]")


def forms(msisdn: int) -> list[bytes]:
    """Of a Vietnamese number: as octets of integers, and as text in one octet or two a letter."""
    texts = [each.format(msisdn, str(msisdn)[2:]) for each in SPELLINGS]
    return [
        msisdn.to_bytes(8, "big"),
        msisdn.to_bytes(8, "little"),
        *(each.encode("ascii") for each in texts),
        *(each.encode("utf-16-be") for each in texts),
    ]


async def found(conn: asyncpg.Connection, msisdn: int) -> set[str]:
    """table.column of each that has it, statistics too; of the spans of slices those whose end says it."""
    return (await found_each(conn, [msisdn]))[msisdn]


async def found_each(conn: asyncpg.Connection, numbers: Iterable[int]) -> dict[int, set[str]]:
    """The same of several, by number."""
    cells = [cell async for cell in _cells(conn)]
    return {
        msisdn: {place for place, cell, plain in cells if _has(cell, plain, msisdn, ends)}
        for msisdn in numbers
        for ends in [await _ends(conn, msisdn)]
    }


def _has(cell: str | bytes, plain: str | bytes, msisdn: int, ends: list[str]) -> bool:
    digits = str(msisdn)[2:]
    if isinstance(cell, bytes):
        assert isinstance(plain, bytes)
        return digits.encode() in plain or any(form in cell for form in forms(msisdn))
    assert isinstance(plain, str)
    return digits in plain or any(end in cell for end in ends)


async def _cells(conn: asyncpg.Connection) -> AsyncIterator[tuple[str, str | bytes, str | bytes]]:
    """Every one that holds something, and the same without what people put between digits."""
    for table, columns in (await _columns(conn)).items():
        cells = ", ".join(
            f'"{name}"' if kind == "bytea" else f'"{name}"::text' for name, kind in columns.items()
        )
        for row in await conn.fetch(f"SELECT {cells} FROM {table}"):
            for column, cell in zip(columns, row, strict=True):
                if cell is not None:
                    plain = _PARTED.sub(b"", cell) if isinstance(cell, bytes) else re.sub("[ .-]", "", cell)
                    yield f"{table}.{column}", cell, plain
    rows = await conn.fetch(
        """SELECT tablename, attname, concat(most_common_vals, histogram_bounds, most_common_elems) AS cell
             FROM pg_stats"""
    )
    for row in rows:
        yield f"pg_stats.{row['tablename']}.{row['attname']}", row["cell"], row["cell"]


async def _columns(conn: asyncpg.Connection) -> Mapping[str, Mapping[str, str]]:
    """Of each table its columns, and their types."""
    rows = await conn.fetch(
        """SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, NULL) AS kind
             FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'm') AND a.attnum > 0
              AND NOT a.attisdropped"""
    )
    found = defaultdict[str, dict[str, str]](dict)
    for row in rows:
        found[row["table"]][row["column"]] = row["kind"]
    return found


async def _ends(conn: asyncpg.Connection, msisdn: int) -> list[str]:
    """Of spans: the upper end of a range is the next."""
    rows = await conn.fetch("SELECT key_order(carrier_no, $1) AS place FROM carrier", msisdn)
    return [str(row["place"] + one) for row in rows for one in (0, 1)]
