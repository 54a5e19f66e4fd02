"""Logins of one kind each, and whether a statement is let through: asked of PostgreSQL by trying it, and undone."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from broadcast.access.apply import apply
from broadcast.access.roles import Kind
from broadcast.bench.people import acting
from broadcast.store.embedded import Server
from broadcast.store.pool import connect

NOBODY: Final = "only_nobody"  # logs in, and is nothing
LOGINS: Final[Mapping[str, Kind | None]] = {f"only_{kind}": kind for kind in Kind} | {NOBODY: None}
DENIED: Final = "42501"
NO_TRIGGER: Final = "0A000"  # a trigger's function called by itself
DONE: Final = "ZZ000"  # it was done, and undone

_ATTEMPT: Final = f"""
CREATE SCHEMA probing;
GRANT USAGE ON SCHEMA probing TO PUBLIC;
CREATE FUNCTION probing.attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        EXECUTE statement;
    EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE;
    END;
    RAISE EXCEPTION USING ERRCODE = '{DONE}';
EXCEPTION WHEN SQLSTATE '{DONE}' THEN RETURN SQLSTATE;
END $$"""


@dataclass(frozen=True, slots=True)
class Function:
    """call: a statement that calls it with nothing."""

    oid: int
    signature: str
    name: str
    call: str


@dataclass(frozen=True, slots=True)
class Database:
    """One of a home, with what its catalogue has. columns: of each table, those that a statement may name first."""

    name: str
    connection: asyncpg.Connection
    columns: Mapping[str, Sequence[str]]
    functions: Sequence[Function]
    sequences: Sequence[str]

    async def outcomes(self, login: str, statements: Sequence[str]) -> list[str]:
        """SQLSTATE of each, tried by itself; DONE where nothing kept it back."""
        async with acting(self.connection, login):
            rows = await self.connection.fetch(
                "SELECT probing.attempt(s) AS state FROM unnest($1::text[]) WITH ORDINALITY AS t (s, n) ORDER BY n",
                list(statements),
            )
        return [row["state"] for row in rows]

    async def let_through(self, login: str, statements: Iterable[str]) -> set[str]:
        """Those that were not denied for want of a right."""
        asked = list(statements)
        found = await self.outcomes(login, asked)
        return {each for each, state in zip(asked, found, strict=True) if state != DENIED}


@asynccontextmanager
async def logins(server: Server) -> AsyncIterator[None]:
    """They are of the server; what each is, every database says."""
    connection = await asyncpg.connect(server.url("postgres"))
    try:
        for login in LOGINS:
            await connection.execute(f"CREATE ROLE {login} LOGIN")
        yield
    finally:
        for login in LOGINS:
            await connection.execute(f"DROP ROLE IF EXISTS {login}")
        await connection.close()


@asynccontextmanager
async def opened(name: str, url: str) -> AsyncIterator[Database]:
    """A copy of the template, with roles of its own. The catalogue is as before anything of the test's is in it."""
    connection = await connect(url)
    await apply(connection)
    roles = {
        row["kind"]: row["role_name"]
        for row in await connection.fetch("SELECT kind, role_name FROM access_role")
    }
    for login, kind in LOGINS.items():
        if kind is not None:
            await connection.execute(f"GRANT {roles[kind]} TO {login}")
    await connection.execute("SET search_path = pg_catalog")  # so that every name is whole
    columns: dict[str, list[str]] = {}
    for row in await connection.fetch(_COLUMNS):
        columns.setdefault(row["relation"], []).append(row["name"])
    functions = [Function(**row) for row in await connection.fetch(_FUNCTIONS)]
    sequences = [row[0] for row in await connection.fetch(_SEQUENCES)]
    await connection.execute("SET search_path = pg_catalog, public")
    await connection.execute(_ATTEMPT)
    try:
        yield Database(name, connection, columns, functions, sequences)
    finally:
        await connection.close()


_COLUMNS: Final = """
SELECT c.relname::text AS relation, a.attname::text AS name
  FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
 ORDER BY 1, a.attidentity <> '' OR a.attgenerated <> '', a.attnum"""
_FUNCTIONS: Final = """
SELECT p.oid, p.oid::regprocedure::text AS signature, p.proname::text AS name,
       format('SELECT public.%I(%s)', p.proname,
              (SELECT string_agg('NULL::' || format_type(t, NULL), ', ' ORDER BY n)
                 FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS u (t, n))) AS call
  FROM pg_proc AS p WHERE p.pronamespace = 'public'::regnamespace ORDER BY 2"""
_SEQUENCES: Final = """
SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' ORDER BY 1"""
