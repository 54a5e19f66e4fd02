"""One moment of the list of people, for a snapshot.

One server gives it to a transaction. Where the list is spread over nodes each has a moment of its own, a commit reaches
them one after another, and one that was lost in between has yet to carry it out: nothing of that may happen meanwhile.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from broadcast.errors import RefusedError
from broadcast.languages import _
from broadcast.store import citus
from broadcast.store.queries import sql
from broadcast.store.types import Connection


@asynccontextmanager
async def one_moment(home: Connection) -> AsyncIterator[int]:
    """Who reads the list in a transaction of its own within the block sees all of each import or nothing of it, and
    every opt-out up to the number that this gives; perhaps later ones.

    Not within a transaction. Raises RefusedError while an import runs, where it has to wait for it; DatabaseError as
    `citus.recover`.
    """
    newest = int(await home.fetchval(sql("newest_opt_out")))
    if not await citus.is_spread(home):
        yield newest
        return
    if not await home.fetchval(sql("import_lock_session")):
        raise RefusedError(_("an import runs, and the list is spread over nodes: launch when it has ended"))
    try:
        await home.fetchval(sql("opt_outs_through"))
        await citus.recover(home)
        yield newest
    finally:
        if not home.is_closed():
            await home.fetchval(sql("import_unlock_session"))
