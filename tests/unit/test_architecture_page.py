"""ARCHITECTURE.md tells of every advisory lock by its name and number."""

import re
from pathlib import Path

from broadcast.store.locks import Lock

PAGE = Path(__file__).parents[2] / "ARCHITECTURE.md"


def test_every_lock_has_its_row() -> None:
    rows = re.findall(r"^\| (\d{4}) \| `([A-Z_]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [(int(number), name) for number, name in rows] == [(lock.value, lock.name) for lock in Lock]
