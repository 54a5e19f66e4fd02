"""Whoever logs in can do what `access/rights.py` says, and nothing else: every table and function of the catalogue,
tried as every kind of login straight in SQL, in home and in two ledgers."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import asyncpg
import pytest
from integration.rights_world import DENIED, LOGINS, NO_TRIGGER, Database, logins, opened

from broadcast.access.rights import FUNCTIONS, TABLES
from broadcast.access.roles import Kind
from broadcast.bench.people import acting
from broadcast.store.embedded import Server


@pytest.fixture
async def databases(
    server: Server, database_url: str, two_databases: list[str]
) -> AsyncIterator[list[Database]]:
    """Home, and two ledgers of its."""
    names = {"home": database_url, "north": two_databases[0], "south": two_databases[1]}
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(logins(server))
        found = [await stack.enter_async_context(opened(name, url)) for name, url in names.items()]
        for each in found[1:]:
            await each.connection.execute("UPDATE public.identity SET ledger = $1", each.name)
        yield found


async def test_every_table_and_function_has_its_row(databases: list[Database]) -> None:
    for each in databases:
        assert set(each.columns) == set(TABLES), each.name
        assert {function.name for function in each.functions} == set(FUNCTIONS), each.name


@pytest.mark.parametrize("login", LOGINS)
async def test_tables(databases: list[Database], login: str) -> None:
    for each in databases:
        allowed = {
            statement
            for table, columns in each.columns.items()
            for statement, may in _on_table(table, columns, LOGINS[login])
            if may
        }
        tried = [
            statement
            for table in each.columns
            for statement, _ in _on_table(table, each.columns[table], None)
        ]
        assert await each.let_through(login, tried) == allowed, each.name


@pytest.mark.parametrize("login", LOGINS)
async def test_copy_in(databases: list[Database], login: str) -> None:
    """Which PostgreSQL lets nobody try within a function."""
    for each in databases:
        for table, columns in each.columns.items():
            may = _may(LOGINS[login], table, "INSERT")
            assert await _copied_in(each.connection, login, table, columns[0]) is may, (each.name, table)


@pytest.mark.parametrize("login", LOGINS)
async def test_nobody_changes_what_is_there(databases: list[Database], login: str) -> None:
    """Tables, triggers, functions, sequences: who does not own them changes nothing, nor makes anything beside them."""
    for each in databases:
        tried = [
            *(statement for table in each.columns for statement in _of_owners(table)),
            *(statement for name in each.sequences for statement in _of_sequences(name)),
            *(f"ALTER FUNCTION {one.signature} COST 1" for one in each.functions),
            *_MADE,
        ]
        found = await each.outcomes(login, tried)
        assert set(found) == {DENIED}, [
            (one, state) for one, state in zip(tried, found, strict=True) if state != DENIED
        ][:5]


@pytest.mark.parametrize("login", LOGINS)
async def test_functions(databases: list[Database], login: str) -> None:
    kind = LOGINS[login]
    for each in databases:
        allowed = {one.oid for one in each.functions if kind is not None and kind in FUNCTIONS[one.name]}
        async with acting(each.connection, login):
            rows = await each.connection.fetch(_EXECUTABLE, [one.oid for one in each.functions])
        assert {row["oid"] for row in rows} == allowed, each.name
        called = await each.outcomes(login, [one.call for one in each.functions])
        let_through = {
            one.oid
            for one, state in zip(each.functions, called, strict=True)
            if state not in (DENIED, NO_TRIGGER)
        }
        assert let_through <= allowed, each.name
        assert let_through or kind is None


_EXECUTABLE = "SELECT oid FROM unnest($1::oid[]) AS oid WHERE has_function_privilege(oid, 'EXECUTE')"


def _may(kind: Kind | None, table: str, privilege: str, column: str | None = None) -> bool:
    """column: None: without any, or with whichever."""
    return any(
        privilege in right.privileges and (column is None or not right.columns or column in right.columns)
        for right in (TABLES.get(table, {}).get(kind, ()) if kind else ())
    )


def _on_table(table: str, columns: list[str], kind: Kind | None) -> Iterator[tuple[str, bool]]:
    """Every way to read or write it, and whether this kind may."""
    yield f'SELECT count(*) FROM public."{table}"', _may(kind, table, "SELECT")
    for column in columns:
        yield f'SELECT "{column}" FROM public."{table}" WHERE false', _may(kind, table, "SELECT", column)
        yield (
            f'UPDATE public."{table}" SET "{column}" = DEFAULT WHERE false',
            _may(kind, table, "UPDATE", column),
        )
    yield (
        f'INSERT INTO public."{table}" ("{columns[0]}") SELECT NULL WHERE false',
        _may(kind, table, "INSERT"),
    )
    yield f'DELETE FROM public."{table}" WHERE false', _may(kind, table, "DELETE")
    yield f'TRUNCATE public."{table}"', _may(kind, table, "TRUNCATE")
    whole = [
        right
        for right in (TABLES[table].get(kind, ()) if kind else ())
        if not right.columns and {"UPDATE", "DELETE", "TRUNCATE"} & set(right.privileges)
    ]
    yield f'LOCK TABLE public."{table}" IN ACCESS EXCLUSIVE MODE', bool(whole)
    yield f"COPY public.\"{table}\" FROM PROGRAM 'true'", False


_TRIGGER = "suppress_redundant_updates_trigger"


def _of_owners(table: str) -> Iterator[str]:
    yield f'ALTER TABLE public."{table}" ADD COLUMN mine integer'
    yield f'ALTER TABLE public."{table}" DISABLE TRIGGER ALL'
    yield f'ALTER TABLE public."{table}" OWNER TO SESSION_USER'
    yield f'ALTER TABLE public."{table}" ENABLE ROW LEVEL SECURITY'
    yield f'CREATE INDEX ON public."{table}" ((1))'
    yield f'CREATE TRIGGER mine BEFORE INSERT ON public."{table}" FOR EACH ROW EXECUTE FUNCTION {_TRIGGER}()'
    yield f'CREATE RULE mine AS ON INSERT TO public."{table}" DO INSTEAD NOTHING'
    yield f'DROP TABLE public."{table}" CASCADE'
    yield f'COMMENT ON TABLE public."{table}" IS NULL'


def _of_sequences(name: str) -> Iterator[str]:
    yield f"SELECT nextval('public.{name}')"
    yield f"SELECT setval('public.{name}', 1)"
    yield f'SELECT last_value FROM public."{name}"'
    yield f'ALTER SEQUENCE public."{name}" RESTART'


_MADE = (
    "CREATE TABLE public.mine ()",
    "CREATE TEMP TABLE mine ()",
    "CREATE VIEW public.mine AS SELECT 1",
    "CREATE FUNCTION public.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION public.desk_has(name) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = integer, FUNCTION = texteq)",
    "CREATE TYPE public.mine AS (one integer)",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION pg_trgm",
    "CREATE ROLE mine",
    "CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION public.notify_slots()",
    "ALTER ROLE an SUPERUSER",
    "ALTER ROLE an PASSWORD 'mine'",
    "SET ROLE template_operator",
    "SET ROLE an",
    "GRANT template_admin TO SESSION_USER",
    "GRANT template_owner TO SESSION_USER",
    "REVOKE template_approver FROM binh",
    "SET session_replication_role = replica",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
)


async def _copied_in(connection: asyncpg.Connection, login: str, table: str, column: str) -> bool:
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(f'SET LOCAL SESSION AUTHORIZATION "{login}"')
        await connection.copy_records_to_table(table, schema_name="public", records=[], columns=[column])
    except asyncpg.InsufficientPrivilegeError:
        return False
    finally:
        await transaction.rollback()
    return True
