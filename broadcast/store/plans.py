"""Shapes of plans that need no statistics. The tables of an alert are new, or were another size when the planner last
looked at them: what it believes must not decide between a second and an hour.

Statements for the caller's transaction, but LOOKS_UP, which is for a session.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from broadcast.store.types import Connection

_ALWAYS = (
    "enable_mergejoin = off",
    "jit = off",
    "plan_cache_mode = force_custom_plan",  # a plan that is kept was made for tables of another size
)
_LOOKS = {"hashjoin": "off", "nestloop": "on", "seqscan": "off", "bitmapscan": "off", "sort": "off"}
_JOINS = {"hashjoin": "on", "nestloop": "off", "seqscan": "on", "bitmapscan": "on", "sort": "on"}


def _settings(scope: str, methods: Mapping[str, str]) -> str:
    every = (*(f"enable_{method} = {said}" for method, said in methods.items()), *_ALWAYS)
    return "; ".join(f"SET {scope} {each}" for each in every) + "; "


# Some tens of rows: each is looked up by an index, however small the planner takes a table to be. A queue is read
# from its head, in the order of its own index; where another index has that order too, the query names all columns of
# the right one.
LOOKS_UP: Final = _settings("SESSION", _LOOKS)
LOOK_UP: Final = _settings("LOCAL", _LOOKS)

# Sets against sets are joined by hashing. Look-ups that are wanted all the same are written as such (LATERAL with
# OFFSET 0 or LIMIT, or a scalar subquery), and go by an index within `by_index`.
SETS: Final = _settings("LOCAL", _JOINS)


@asynccontextmanager
async def by_index(connection: Connection) -> AsyncIterator[None]:
    """Statements whose look-ups use an index even where the planner takes the table to be small."""
    await connection.execute("SET LOCAL enable_seqscan = off")
    yield
    await connection.execute("SET LOCAL enable_seqscan = on")
