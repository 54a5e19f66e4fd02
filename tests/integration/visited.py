"""How many rows the statements of a connection visit: what they cost whatever the clock says."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import asyncpg

from broadcast.store.queries import queries

_EXPLAIN = (
    "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_analyze = on; "
    "SET auto_explain.log_timing = off; SET auto_explain.log_format = json; SET auto_explain.log_level = notice; "
    "SET auto_explain.log_nested_statements = on; SET client_min_messages = notice"
)


async def explained(connection: asyncpg.Connection) -> None:
    """From now on the connection tells the plan of each statement as it was executed. Wants a superuser."""
    await connection.execute(_EXPLAIN)


@contextmanager
def counted(*connections: asyncpg.Connection) -> Iterator[Counter[str]]:
    """Rows visited by the statements meanwhile, by the name of the query."""
    names = {query.text: query.name for query in queries().values()}
    found: Counter[str] = Counter()

    def told(_: object, message: Any) -> None:
        _, plan, text = message.message.partition("plan:\n")
        if plan:
            said = json.loads(text)
            name = names.get(said["Query Text"].strip(), said["Query Text"].strip()[:60])
            found[name] += visited(said["Plan"])

    for connection in connections:
        connection.add_log_listener(told)
    yield found
    for connection in connections:
        connection.remove_log_listener(told)


def visited(node: Mapping[str, Any]) -> int:
    """Rows that a node and those below it gave, or looked at in vain."""
    looked_at = node["Actual Rows"] + sum(
        rows for key, rows in node.items() if key.startswith("Rows Removed by")
    )
    return round(looked_at * node["Actual Loops"]) + sum(visited(below) for below in node.get("Plans", ()))
