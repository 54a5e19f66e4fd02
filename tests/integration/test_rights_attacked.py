"""What somebody with a login, psql and time might try, to do more than the login may."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import pytest
from acting import PEOPLE, acting, grant

from broadcast.campaign.content import Content, content
from broadcast.confusable import skeleton
from broadcast.store.address import as_user
from broadcast.store.clock import database_time
from broadcast.store.pool import connect, logged_in_as


@pytest.fixture
async def draft(conn: asyncpg.Connection) -> tuple[int, str]:
    """Number and code of an alert that `an` wrote."""
    now = await database_time(conn)
    made: Content = content(
        text="Rửa tay",
        sender="BOYTE",
        carriers=("viettel",),
        category="health",
        expires_at=now + timedelta(hours=6),
    )
    async with acting(conn, "an"):
        number = await conn.fetchval("SELECT desk_draft('alert', $1)", json.dumps(made.document()))
    return number, await conn.fetchval("SELECT content_code(campaign) FROM campaign")


@asynccontextmanager
async def login(url: str, name: str) -> AsyncIterator[asyncpg.Connection]:
    """A session of their own, as psql has it."""
    connection = await asyncpg.connect(as_user(url, name))
    try:
        yield connection
    finally:
        await connection.close()


async def state(conn: asyncpg.Connection) -> tuple[str, int]:
    """Of the alert: its state, and how many approvals hold."""
    row = await conn.fetchrow(
        "SELECT state, (SELECT count(*) FROM approval WHERE void_at IS NULL) AS approvals FROM campaign"
    )
    assert row is not None
    return row["state"], row["approvals"]


@pytest.mark.parametrize(
    "statement",
    [
        "SET SESSION AUTHORIZATION binh",
        "SET ROLE binh",
        "SET ROLE template_approver",
        "SET ROLE template_owner",
        "GRANT template_approver TO an",
        "ALTER ROLE an SUPERUSER",
        "ALTER ROLE binh PASSWORD NULL",
        "ALTER SYSTEM SET fsync = off",
        "SET session_replication_role = replica",
        "SELECT pg_read_file('PG_VERSION')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "UPDATE pg_authid SET rolsuper = true",
        "INSERT INTO pg_auth_members SELECT * FROM pg_auth_members",
        "UPDATE campaign SET approved_hash = '', state = 'approved'",
        "INSERT INTO approval (campaign_id, hash, signer, kind) VALUES (1, '', 'binh', 'approved')",
        "INSERT INTO act SELECT * FROM act",
        "DELETE FROM campaign_event",
        "UPDATE tally SET delivered = 0",
        "UPDATE account SET skeleton = name",
        "SELECT tend_finish()",
        "SELECT tend_take_over(1, 'north', 1, now(), 'binh', 'cancelled')",
    ],
)
async def test_an_author_at_psql(database_url: str, draft: tuple[int, str], statement: str) -> None:
    async with login(database_url, "an") as an:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await an.execute(statement)


async def test_not_by_a_detour(conn: asyncpg.Connection, database_url: str, draft: tuple[int, str]) -> None:
    number, code = draft
    async with login(database_url, "an") as an:
        for statement in (
            f"DO $$ BEGIN PERFORM desk_approve({number}, '{code}'); END $$",
            f"SET ROLE template_operator; SELECT desk_approve({number}, '{code}')",
            f"PREPARE mine AS SELECT desk_approve({number}, '{code}'); EXECUTE mine",
            f"DECLARE mine CURSOR WITH HOLD FOR SELECT desk_approve({number}, '{code}')",
            f"EXPLAIN ANALYZE SELECT desk_approve({number}, '{code}')",
            f"COPY (SELECT desk_approve({number}, '{code}')) TO STDOUT",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await an.execute(statement)
            await an.execute("RESET ROLE")
    assert await state(conn) == ("draft", 0)


async def test_shadows(conn: asyncpg.Connection, database_url: str, draft: tuple[int, str]) -> None:
    """Even where somebody let an author make things of her own, and call it: what our functions name is ours."""
    number, code = draft
    database = await conn.fetchval("SELECT current_database()")
    await conn.execute(f'GRANT TEMP, CREATE ON DATABASE "{database}" TO an')
    await conn.execute(
        "GRANT EXECUTE ON FUNCTION desk_approve, desk_pause TO an"
    )  # so that only what it asks is left
    async with login(database_url, "an") as an:
        await an.execute("CREATE SCHEMA mine")
        for schema in ("pg_temp", "mine"):
            for name in (
                "account",
                "access_role",
                "campaign",
                "approval",
                "desk_rule",
                "identity",
                "campaign_move",
            ):
                await an.execute(f"CREATE TABLE {schema}.{name} AS SELECT * FROM public.{name}")
            await an.execute(f"UPDATE {schema}.campaign SET drafted_by = 'binh'")
            await an.execute(
                f"UPDATE {schema}.access_role SET role_name = 'template_author' WHERE kind = 'worker'"
            )
            for signature in ("desk_has(text)", "desk_holds(text, text)"):
                await an.execute(
                    f"CREATE FUNCTION {schema}.{signature} RETURNS boolean LANGUAGE sql AS 'SELECT true'"
                )
            await an.execute(f"CREATE FUNCTION {schema}.desk_must(text) RETURNS void LANGUAGE sql AS ''")
            await an.execute(
                f"CREATE FUNCTION {schema}.equal(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'"
            )
            await an.execute(
                f"CREATE OPERATOR {schema}.= (LEFTARG = text, RIGHTARG = text, FUNCTION = {schema}.equal)"
            )
        for path in ("pg_temp, public", "mine, pg_catalog, public", "mine, pg_temp, public, pg_catalog"):
            await an.execute(f"SET search_path = {path}")
            with pytest.raises(asyncpg.PostgresError) as refused:
                await an.execute(f"SELECT public.desk_approve({number}, '{code}')")
            assert refused.value.sqlstate == "BC010"
    assert await state(conn) == ("draft", 0)


async def test_who_was_disabled_holds_an_old_snapshot(
    conn: asyncpg.Connection, database_url: str, draft: tuple[int, str]
) -> None:
    number, code = draft
    async with login(database_url, "binh") as binh:
        await binh.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        await binh.execute("PREPARE mine AS SELECT desk_approve($1, $2)")
        await binh.fetch("SELECT * FROM campaign")
        try:
            async with acting(conn, "dung"):
                await conn.execute("SELECT access_disable('binh')")
            with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedFunctionError)):
                await binh.execute(f"EXECUTE mine({number}, '{code}')")
        finally:
            for kind in PEOPLE["binh"]:  # of the server, and so of the next test
                await conn.execute(grant(kind, "binh"))
        await binh.execute("ROLLBACK")
    assert await state(conn) == ("draft", 0)


async def test_names_that_look_alike(conn: asyncpg.Connection) -> None:
    """`lаn` with a Cyrillic letter, and others: whatever an admin says that it looks like, the second one sees it."""
    for name in ("lаn", "Lan", "ｌan", "1an", "b\u0131nh"):
        async with acting(conn, "dung"):
            with pytest.raises(asyncpg.PostgresError) as refused:
                await _propose(conn, name, skeleton(name))
        assert refused.value.sqlstate in ("BC003", "BC004"), name


@pytest.mark.parametrize("name", ["pg_read_all_data", "public", "a b", 'a"b', "", "x" * 64, "lan\n", "none"])
async def test_names_that_are_none(conn: asyncpg.Connection, name: str) -> None:
    async with acting(conn, "dung"):
        with pytest.raises(asyncpg.PostgresError) as refused:
            await _propose(conn, name, "looks like nobody")
    assert refused.value.sqlstate == "BC004"


@pytest.mark.parametrize("name", ["template_owner", "nobody_migrates"])
async def test_no_account_of_a_group_or_of_who_migrates(conn: asyncpg.Connection, name: str) -> None:
    await conn.execute("CREATE ROLE nobody_migrates LOGIN; GRANT template_owner TO nobody_migrates")
    try:
        async with acting(conn, "dung"):
            number = await _propose(conn, name, name)
        async with acting(conn, "chi"):
            with pytest.raises(asyncpg.PostgresError) as refused:
                await conn.execute("SELECT access_decide($1, true)", number)
        assert refused.value.sqlstate == "BC003"
    finally:
        await conn.execute("DROP ROLE nobody_migrates")


async def test_one_admin_alone(conn: asyncpg.Connection) -> None:
    """Neither of the two can make an account, give a role, or change a rule."""
    async with acting(conn, "dung"):
        for what, about, details in (
            ("account", "em", '{"kinds": ["admin"], "skeleton": "em"}'),
            ("role", "dung", '{"kind": "approver"}'),
            ("rule", "override_s", '{"value": 1}'),
        ):
            number = await conn.fetchval("SELECT access_propose($1, $2, $3)", what, about, details)
            with pytest.raises(asyncpg.PostgresError) as refused:
                await conn.execute("SELECT access_decide($1, true)", number)
            assert refused.value.sqlstate == "BC003"
    assert not await conn.fetchval("SELECT count(*) FROM desk_rule")
    assert not await conn.fetchval("SELECT count(*) FROM account WHERE name = 'em'")
    with pytest.raises(asyncpg.CheckViolationError):  # nor could whoever writes the table
        await conn.execute("UPDATE proposal SET confirmed = true, decided_by = proposed_by")


async def test_a_superuser_is_nobody(conn: asyncpg.Connection, draft: tuple[int, str]) -> None:
    number, code = draft
    with pytest.raises(asyncpg.PostgresError) as refused:
        await conn.execute("SELECT desk_approve($1, $2)", number, code)
    assert refused.value.sqlstate == "BC010"


async def test_as_is_a_login(database_url: str) -> None:
    """--as NAME: it is met by that login, whoever the URL names."""
    with logged_in_as("an"):
        connection = await connect(database_url)
    assert await connection.fetchval("SELECT session_user::text") == "an"
    await connection.close()


async def _propose(conn: asyncpg.Connection, name: str, looks: str) -> int:
    details = json.dumps({"kinds": ["author"], "skeleton": looks})
    number: int = await conn.fetchval("SELECT access_propose('account', $1, $2)", name, details)
    return number
