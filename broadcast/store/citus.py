"""Home on a Citus cluster: the list of people lies on its nodes, by bucket; all else is on the coordinator alone.

What is written on several nodes is decided here and then done there. A node that is lost in between has its part
*prepared*: nobody sees it until it is recovered, and so a list may be half of what was committed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from broadcast.errors import DatabaseDownError, DatabaseError, RefusedError
from broadcast.languages import _
from broadcast.store import failures
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_RECOVERIES: Final = 3
_NODE_S: Final = 5


@dataclass(frozen=True, slots=True)
class Cluster:
    """nodes: `host:port` of those that have parts of the list, or are to have some. away: those that do not answer.
    prepared: transactions that they have not ended. spread: the list is there."""

    nodes: Sequence[str]
    away: Sequence[str]
    prepared: int
    spread: bool
    hides_shards: bool

    @property
    def problem(self) -> str | None:
        """What keeps it from being used, with the way out."""
        if self.spread and self.away:
            return _(
                "{named} of home's cluster does not answer: no import, opt-out, forecast or launch until "
                "it is back; what runs goes on, and pause and cancel work",
                named=_named(self.away),
            )
        if self.spread and self.hides_shards:
            return _(
                "citus.override_table_visibility is on, which makes each connection slow: run `broadcast db spread`"
            )
        return None


NONE: Final = Cluster((), (), 0, spread=False, hides_shards=False)  # of an ordinary database


@dataclass(frozen=True, slots=True)
class Spreading:
    """nodes: `host:port`, where the list is now; none: the cluster has none, and all stays where it is. moved: it was
    brought there just now."""

    nodes: Sequence[str]
    moved: bool


async def is_cluster(connection: Connection) -> bool:
    """Whether the database has Citus."""
    return bool(await connection.fetchval(sql("citus_known")))


async def is_spread(connection: Connection) -> bool:
    """Whether the list is spread over nodes."""
    return await is_cluster(connection) and await _spread(connection)


async def look(connection: Connection) -> Cluster | None:
    """How it stands; None: the database is an ordinary one."""
    if not await is_cluster(connection):
        return None
    nodes = await _nodes(connection)
    async with connection.transaction():
        await connection.execute(f"SET LOCAL citus.node_connection_timeout = '{_NODE_S}s'")
        rows = await connection.fetch(sql("citus_prepared")) if nodes else []
    return Cluster(
        nodes,
        [row["node"] for row in rows if row["prepared"] is None],
        sum(row["prepared"] or 0 for row in rows),
        await _spread(connection),
        await connection.fetchval(sql("citus_hides_shards")),
    )


async def spread(connection: Connection) -> Spreading | None:
    """The list lies on the cluster's nodes from now on; None: the database is an ordinary one. Safe to repeat.

    Raises RefusedError while an import runs; DatabaseError as `recover`, which a launch is going to need.
    """
    if not await is_cluster(connection):
        return None
    nodes = await _nodes(connection)
    if not nodes:
        return Spreading(nodes, moved=False)
    await recover(connection)
    await connection.execute(sql("citus_show_shards"))
    if await _spread(connection):
        return Spreading(nodes, moved=False)
    async with connection.transaction():
        if not await connection.fetchval(sql("import_lock")):
            raise RefusedError(_("an import runs: spread the list when it has ended"))
        await connection.execute(sql("citus_drop_counts"))
        await connection.execute(sql("citus_spread_subscriber"))
        await connection.execute(sql("citus_drop_moved"))
    return Spreading(nodes, moved=True)


async def recover(connection: Connection) -> None:
    """Everything that was decided until now is done on every node. Not within a transaction.

    Raises DatabaseDownError: a node is away, and what it has yet to do stays unknown; DatabaseError: no right to it.
    """
    left: set[str] | None = None
    for _each in range(_RECOVERIES):  # what others decide meanwhile is found done by the next
        try:
            await connection.execute(sql("citus_recover"))
        except (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidSchemaNameError) as error:
            raise DatabaseError(
                _(
                    "this login may not have nodes end what a lost one left: run `broadcast db migrate` once as a "
                    "superuser of home, and act as an operator"
                )
            ) from error
        found = {row["gid"] for row in await connection.fetch(sql("citus_decided"))}
        left = found if left is None else left & found
        if not left:
            return
    raise DatabaseDownError(
        _(
            "a node of home's cluster does not answer, and has yet to carry out what was decided: "
            "`broadcast db status` names it; bring it back, then run this again"
        )
    )


async def recover_if_spread(connection: Connection) -> None:
    """Before the list is written: rows that a lost node has prepared are locked there. Raises as `recover`."""
    if await is_spread(connection):
        await recover(connection)


@contextmanager
def naming_nodes() -> Iterator[None]:
    """Raises DatabaseDownError where a node was lost, also amid a statement, which Citus calls an internal error."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if failures.lost_node(error):
            raise failures.explain(error) from error
        raise


async def _nodes(connection: Connection) -> list[str]:
    return [f"{row['host']}:{row['port']}" for row in await connection.fetch(sql("citus_nodes"))]


async def _spread(connection: Connection) -> bool:
    return bool(await connection.fetchval(sql("citus_spread")))


def _named(nodes: Sequence[str]) -> str:
    return (
        _("the node {node}", node=nodes[0])
        if len(nodes) == 1
        else _("the nodes {nodes}", nodes=", ".join(nodes))
    )
