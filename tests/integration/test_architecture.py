"""ARCHITECTURE.md tells of every table, and of none that is not there."""

import re
from pathlib import Path

import asyncpg

PAGE = Path(__file__).parents[2] / "ARCHITECTURE.md"


async def test_every_table_has_its_row(conn: asyncpg.Connection) -> None:
    tables = PAGE.read_text(encoding="utf-8").partition("## Tables, and who writes them")[2]
    told = [
        name
        for cell in re.findall(r"^\| ([^|]+) \|", tables, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", cell)
    ]
    there = await conn.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    assert sorted(told) == sorted(row["relname"] for row in there)
