"""The named queries of `store/sql/*.sql`.

A file holds blocks: a line `-- name: some_name`, then one or more comment lines that say its purpose, then
one statement with `$1, $2 ...` as parameters. `:closing_lock` stands for the number of that lock. Names are unique over
all files.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from broadcast.errors import BroadcastError
from broadcast.store.locks import Lock

_FOLDER = Path(__file__).with_name("sql")
_NAME = re.compile(r"^-- name: ?(.*)$", re.MULTILINE)
_LOCK = re.compile(r"\(:(\w+)_lock(?=[,)])")  # the second key of one may follow


@dataclass(frozen=True, slots=True)
class Query:
    """One statement. `topic` is the file's name without suffix."""

    name: str
    topic: str
    purpose: str
    text: str


def parse(topic: str, source: str) -> tuple[Query, ...]:
    """The blocks of one file in order. Raises BroadcastError when a name, a purpose or the SQL is missing, or a lock
    is not known."""
    head, *blocks = _NAME.split(source)
    if head.strip():
        raise BroadcastError(f"sql/{topic}.sql: text before the first `-- name:`")
    pairs = zip(blocks[::2], blocks[1::2], strict=True)
    return tuple(_query(topic, name.strip(), body) for name, body in pairs)


@cache
def queries() -> dict[str, Query]:
    """Every query by name. Raises BroadcastError when a name stands twice."""
    found: dict[str, Query] = {}
    for path in sorted(_FOLDER.glob("*.sql")):
        for query in parse(path.stem, path.read_text(encoding="utf-8")):
            if query.name in found:
                topics = f"sql/{found[query.name].topic}.sql and sql/{query.topic}.sql"
                raise BroadcastError(f"query {query.name} stands in {topics}")
            found[query.name] = query
    return found


def sql(name: str) -> str:
    """The text of a query, for asyncpg. Raises BroadcastError for an unknown name."""
    try:
        return queries()[name].text
    except KeyError:
        raise BroadcastError(f"no query named {name} in store/sql") from None


def _query(topic: str, name: str, body: str) -> Query:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise BroadcastError(f"sql/{topic}.sql: {name!r} is not a name for a query")
    lines = body.strip().splitlines()
    comments = 0
    while comments < len(lines) and lines[comments].startswith("--"):
        comments += 1
    purpose = " ".join(line.removeprefix("--").strip() for line in lines[:comments])
    text = "\n".join(lines[comments:]).strip().removesuffix(";")
    if not purpose or not text:
        raise BroadcastError(f"sql/{topic}.sql: {name} needs a line of purpose and a statement")
    try:
        text = _LOCK.sub(lambda named: f"({Lock[named[1].upper()].value}", text)
    except KeyError as error:
        raise BroadcastError(f"sql/{topic}.sql: {name} names a lock that is not in store/locks.py") from error
    return Query(name, topic, purpose, text)
