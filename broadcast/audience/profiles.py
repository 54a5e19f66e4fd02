"""What is known of people beyond their number, each combination of it once (table `profile`)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import asyncpg

from broadcast.store.queries import sql
from broadcast.store.types import Connection

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Profile:
    """area: code of where they live; seen: of where a carrier saw them last; language: BCP 47; None: nobody knows.
    attributes: by name, as the import's columns have them. Number 0 is who nothing is known of."""

    profile_no: int
    area: str | None = None
    seen: str | None = None
    language: str | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)


async def all_profiles(home: Connection) -> list[Profile]:
    """By their number."""
    return [_read(row) for row in await home.fetch(sql("all_profiles"))]


async def profile(home: Connection, profile_no: int) -> Profile:
    """By its number, which somebody has."""
    row = await home.fetchrow(sql("one_profile"), profile_no)
    assert row is not None
    return _read(row)


def _read(row: asyncpg.Record) -> Profile:
    return Profile(**{**row, "attributes": json.loads(row["attributes"])})
