"""Whether somebody is who they say, by PostgreSQL itself: a connection of that login, with the password that was typed.

The password goes into that connection and nowhere else. A login that the server lets in without one (the owner of an
embedded server, `trust`, `peer`) is nobody's here, whatever was typed; neither is one that is no account.
"""

import asyncio
import secrets
from typing import Final

import asyncpg

from broadcast.errors import DatabaseError
from broadcast.store.pool import connect, logged_in_as, within
from broadcast.store.queries import sql
from broadcast.web.sessions import Viewer

LONGEST: Final = 256  # of a login and of a password, in characters
AT_ONCE: Final = 4  # connections that are tried side by side
WAITING: Final = 32  # who waits for one of these; more are told to come again
_ASK_S: Final = 5.0
_BY_PASSWORD: Final = frozenset({"scram-sha-256", "md5", "password", "ldap", "pam", "bsd", "radius"})
# a wrong password, no such login; a login that may not even connect to this database
_REFUSED: Final = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InsufficientPrivilegeError)
_TELLS: Final = 160_000  # of versions: from then on a session knows how it was let in


class Gate:
    """Of one process. Two ways in: who is known here from before does not wait behind strangers."""

    def __init__(self) -> None:
        self._ways = {known: asyncio.Semaphore(AT_ONCE) for known in (False, True)}
        self._waiting = {False: 0, True: 0}

    async def viewer(self, name: str, password: str, *, known: bool = False) -> Viewer | None:
        """None: no such account, or another password: nobody is told which. Raises DatabaseError; TimeoutError where
        too many are asked about."""
        if not (0 < len(name) <= LONGEST and 0 < len(password) <= LONGEST) or "\0" in name + password:
            return None
        if self._waiting[known] >= WAITING:
            raise TimeoutError
        self._waiting[known] += 1
        try:
            async with self._ways[known]:
                return await _viewer(name, password)
        finally:
            self._waiting[known] -= 1


async def _viewer(name: str, password: str) -> Viewer | None:
    connection = await _let_in(name, password)
    if connection is None:
        return None
    try:
        with within(connection, _ASK_S):
            row = await connection.fetchrow(sql("board_who"))
            if row is None or not row["kinds"] or not await _asked_for_password(connection, name):
                return None
            return Viewer(row["name"], frozenset(row["kinds"]))
    except asyncpg.InsufficientPrivilegeError:  # no role here: it may read nothing
        return None
    finally:
        connection.terminate()


async def _let_in(name: str, password: str) -> asyncpg.Connection | None:
    """None: the server refused this login."""
    with logged_in_as(name, password):
        try:
            return await connect(check_schema=False, check_session=False, timeout_s=_ASK_S)
        except DatabaseError as error:
            if isinstance(error.__cause__, _REFUSED):
                return None
            raise


async def _asked_for_password(connection: asyncpg.Connection, name: str) -> bool:
    """Whether it was the password that opened the session."""
    if connection.get_server_version().major * 10_000 >= _TELLS:
        how = await connection.fetchval(sql("board_how"))
        return how is not None and how.partition(":")[0] in _BY_PASSWORD
    other = await _let_in(name, secrets.token_urlsafe(16))
    if other is None:
        return True
    other.terminate()
    return False
