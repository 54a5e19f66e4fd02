"""The roles and rights of a database, brought to what `rights.py` says: after its migrations, as often as one likes.

Whoever migrates needs CREATEROLE and the database; no superuser. Statements of identifiers are put together here,
since PostgreSQL takes no parameter for a name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from broadcast.access.rights import FUNCTIONS, TABLES
from broadcast.access.roles import OWNER, Kind, role_name
from broadcast.campaign.lifecycle import MOVES
from broadcast.errors import SchemaError
from broadcast.languages import _
from broadcast.store.queries import sql
from broadcast.store.types import Connection

KINDS: Final = (*Kind, OWNER)
_LOCK_WAIT_S: Final = 120
_WRITES: Final = "INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER"


@dataclass(frozen=True, slots=True)
class Thing:
    """A table, sequence or function of ours. quoted: as a statement names it."""

    quoted: str
    name: str
    owner: str
    what: str  # TABLE, SEQUENCE, FUNCTION


async def apply(connection: Connection) -> None:
    """Make the roles, give the owner everything, and everybody what the table of rights says; nothing to the public.

    Raises SchemaError: who migrates may not make roles, or the database is somebody else's; a lock was not gained.
    """
    try:
        await _apply(connection)
    except asyncpg.LockNotAvailableError as error:
        raise SchemaError(
            _(
                "a lock was not free for {seconds} s: workers are busy with a table; try again later",
                seconds=_LOCK_WAIT_S,
            )
        ) from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise SchemaError(
            _(
                "this login may not set up roles and rights ({error}): run `broadcast db migrate` as the database's "
                "owner, with CREATEROLE: ALTER ROLE ... CREATEROLE, ALTER DATABASE ... OWNER TO ...",
                error=error,
            )
        ) from error


async def _apply(connection: Connection) -> None:
    here = await connection.fetchrow(sql("access_here"))
    assert here is not None  # a session has a database
    if not here["owns"]:
        raise SchemaError(
            _(
                "the database {database} belongs to {owner}: run `broadcast db migrate` as that login, or ALTER "
                "DATABASE {quoted} OWNER TO {login}",
                database=here["database"],
                owner=here["owner"],
                quoted=_quoted(here["database"]),
                login=_quoted(here["login"]),
            )
        )
    names = {kind: role_name(here["database"], kind) for kind in KINDS}
    before = {row["role_name"] for row in await connection.fetch(sql("access_names"))}
    await _make_roles(connection, names, cluster=here["cluster"])
    things = await _things(connection)
    await _join(connection, names, here, things, before)
    await connection.execute(f"GRANT USAGE, CREATE ON SCHEMA public TO {_quoted(names[OWNER])}")
    for each in things:
        if each.owner != names[OWNER]:
            await _alone(connection, f"ALTER {each.what} {each.quoted} OWNER TO {_quoted(names[OWNER])}")
    async with connection.transaction():
        await connection.execute(sql("migration_lock"))
        for statement in (
            *_revoked(await _grantees(connection), before | set(names.values()), things, names),
            *_granted(things, names),
            *_around(here["database"], names),
            *_of_a_cluster(here, names),
        ):
            await connection.execute(statement)
        await _keep(connection, names)
    await _check(connection)


async def _keep(connection: Connection, names: Mapping[str, str]) -> None:
    """What functions look at: the roles' names, and which state may follow which."""
    await connection.execute(sql("access_keep_names"), list(names), list(names.values()))
    await connection.execute(sql("access_forget_moves"))
    moves = [(origin.value, target.value) for origin, targets in MOVES.items() for target in sorted(targets)]
    await connection.execute(sql("access_keep_moves"), *(list(column) for column in zip(*moves, strict=True)))


async def _make_roles(connection: Connection, names: Mapping[str, str], *, cluster: bool) -> None:
    """The owner makes logins, through functions; in PostgreSQL 16 and newer only such as it may give on. cluster: a
    coordinator logs in at its nodes as the owner; it has no password, so nobody else does."""
    there = {
        row["rolname"] for row in await connection.fetch(sql("access_roles_there"), list(names.values()))
    }
    for kind, name in names.items():
        if name not in there:
            may = "CREATEROLE" if kind == OWNER else ""
            await connection.execute(f"CREATE ROLE {_quoted(name)} NOLOGIN {may}")
    if cluster:
        await connection.execute(f"ALTER ROLE {_quoted(names[OWNER])} LOGIN PASSWORD NULL")


async def _join(
    connection: Connection,
    names: Mapping[str, str],
    here: asyncpg.Record,
    things: Sequence[Thing],
    before: set[str],
) -> None:
    """Who migrates, and every login that had a table until now, is a member of the owner: what ran as them goes on."""
    rows = await connection.fetch(sql("access_members"), list(names.values()))
    has = {(row["role_name"], row["member"]) for row in rows if row["has"]}
    gives = {(row["role_name"], row["member"]) for row in rows if row["gives"]}
    owner = names[OWNER]
    supers = {row["rolname"] for row in await connection.fetch(sql("access_superusers"))}
    had = {each.owner for each in things} - supers - before - set(names.values())
    for member in sorted(had | (set() if here["superuser"] else {here["login"]})):
        if (owner, member) not in has:
            await connection.execute(f"GRANT {_quoted(owner)} TO {_quoted(member)}")
    gives_on = "ADMIN TRUE, INHERIT FALSE, SET FALSE" if here["apart"] else "ADMIN OPTION"
    for kind in Kind:
        if (names[kind], owner) not in gives:
            await connection.execute(f"GRANT {_quoted(names[kind])} TO {_quoted(owner)} WITH {gives_on}")


async def _things(connection: Connection) -> list[Thing]:
    relations = await connection.fetch(sql("access_relations"))
    routines = await connection.fetch(sql("access_routines"))
    return [
        *(
            Thing(row["quoted"], row["name"], row["owner"], "SEQUENCE" if row["sequence"] else "TABLE")
            for row in relations
        ),
        *(Thing(row["quoted"], row["name"], row["owner"], "FUNCTION") for row in routines),
    ]


async def _grantees(connection: Connection) -> list[str]:
    return [row["grantee"] for row in await connection.fetch(sql("access_grantees"))]


def _revoked(
    grantees: Sequence[str], ours: set[str], things: Sequence[Thing], names: Mapping[str, str]
) -> list[str]:
    """Whatever the public and our roles have; of anybody else, a dashboard say, all but reading. Pure."""
    whole = sorted({each for each in grantees if each in ours} - {names[OWNER]})
    others = sorted(set(grantees) - ours - {""})
    nobody = ", ".join(("PUBLIC", *map(_quoted, whole)))
    found = []
    for what in ("TABLE", "SEQUENCE", "FUNCTION"):
        if listed := ", ".join(each.quoted for each in things if each.what == what):
            found.append(f"REVOKE ALL ON {what} {listed} FROM {nobody}")
    tables = ", ".join(each.quoted for each in things if each.what == "TABLE")
    found += [f"REVOKE {_WRITES} ON TABLE {tables} FROM {_quoted(other)}" for other in others]
    return found


def _granted(things: Sequence[Thing], names: Mapping[str, str]) -> list[str]:
    """What the table of rights says of what there is. Pure."""
    found = []
    for each in things:
        if each.what == "TABLE":
            for kind, rights in TABLES.get(each.name, {}).items():
                found += [
                    f"GRANT {right.clause()} ON TABLE {each.quoted} TO {_quoted(names[kind])}"
                    for right in rights
                ]
        elif each.what == "FUNCTION" and (kinds := FUNCTIONS.get(each.name, ())):
            callers = ", ".join(_quoted(names[kind]) for kind in kinds)
            found.append(f"GRANT EXECUTE ON FUNCTION {each.quoted} TO {callers}")
    return found


def _around(database: str, names: Mapping[str, str]) -> list[str]:
    """Of the database and its schema. Pure."""
    everybody = ", ".join(_quoted(name) for name in names.values())
    quoted = _quoted(database)
    return [
        f"REVOKE ALL ON DATABASE {quoted} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {quoted} TO {everybody}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {everybody}",
    ]


def _of_a_cluster(here: asyncpg.Record, names: Mapping[str, str]) -> list[str]:
    """What a lost node left at anybody's transaction only a superuser may end there: a function of one, for who
    launches. Made where a superuser migrates; a launch says so where none did. Pure."""
    if not (here["cluster"] and here["superuser"]):
        return []
    operators = _quoted(names[Kind.OPERATOR])
    return [
        "CREATE SCHEMA IF NOT EXISTS broadcast_cluster",
        "CREATE OR REPLACE FUNCTION broadcast_cluster.recover() RETURNS void LANGUAGE sql SECURITY DEFINER "
        "SET search_path = pg_catalog, pg_temp AS 'SELECT recover_prepared_transactions()'",
        "REVOKE ALL ON FUNCTION broadcast_cluster.recover() FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA broadcast_cluster TO {operators}",
        f"GRANT EXECUTE ON FUNCTION broadcast_cluster.recover() TO {operators}",
    ]


async def _alone(connection: Connection, statement: str) -> None:
    """In a transaction of its own: of several tables at once, a running worker's locks would come crosswise."""
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_WAIT_S}s'")
        await connection.execute(statement)


async def _check(connection: Connection) -> None:
    """PostgreSQL only warns when a right is not this login's to take."""
    still = await connection.fetchval(sql("access_open_to_all"))
    if "create" in still:
        raise SchemaError(
            _(
                "everybody may still make things in the schema public, which could stand in for ours: let its owner "
                "say ALTER SCHEMA public OWNER TO pg_database_owner, and run `broadcast db migrate` again"
            )
        )
    if "connect" in still:
        raise SchemaError(
            _(
                "everybody may still connect to this database, by a grant of somebody else's: let them say REVOKE ALL "
                "ON DATABASE ... FROM PUBLIC, and run `broadcast db migrate` again"
            )
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
