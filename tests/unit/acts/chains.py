"""Chains to try things on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from broadcast.acts.entry import FIRST, Entry, entry_hash

AT = datetime(2030, 1, 31, 18, tzinfo=UTC)


def linked(entries: Sequence[Entry]) -> list[Entry]:
    """Numbered and hashed anew, as who wrote them would."""
    before, made = FIRST, list[Entry]()
    for number, each in enumerate(entries, start=1):
        whole = replace(each, act_no=number, before=before)
        made.append(replace(whole, hash=entry_hash(whole)))
        before = made[-1].hash
    return made


def chain(length: int = 5) -> list[Entry]:
    return linked([entry(f"step {number}") for number in range(length)])


def entry(
    what: str, subject: str = "campaign 1", details: str = '{"a": 1}', who: str = "lan", **more: Any
) -> Entry:
    at = more.pop("at", AT + timedelta(seconds=len(what)))
    return Entry(1, at, who, "local psql", what, subject, details, FIRST, FIRST, **more)
