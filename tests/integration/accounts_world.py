"""Accounts from the first to a disabled one, as any server has them: by who migrates, then by logins of their own."""

import asyncpg

from broadcast.access import scram
from broadcast.access.apply import apply
from broadcast.store import migrations
from broadcast.store.address import as_user
from broadcast.store.pool import connect

MIGRATOR = "migrator"


async def make_migrated(server_url: str, database: str) -> str:
    """A database of that name, migrated by its owner, who is no superuser. Gives its URL, as that login."""
    connection = await connect(server_url, check_schema=False)
    await connection.execute(f"CREATE ROLE {MIGRATOR} LOGIN CREATEROLE")
    await connection.execute(f"CREATE DATABASE {database} OWNER {MIGRATOR}")
    await connection.close()
    url = as_user(server_url, MIGRATOR).replace("/postgres", f"/{database}", 1)
    migrator = await connect(url, check_schema=False)
    await migrations.migrate(migrator)
    for _ in range(2):  # as often as one likes
        await apply(migrator)
    await migrator.close()
    return url


async def refused(connection: asyncpg.Connection, statement: str, *values: object) -> str:
    """SQLSTATE of what it says."""
    try:
        await connection.execute(statement, *values)
    except asyncpg.PostgresError as error:
        return error.sqlstate or ""
    raise AssertionError(f"not refused: {statement}")


async def try_accounts(url: str) -> None:
    """url: as of `make_migrated`."""
    migrator = await connect(url)
    verifier = scram.verifier("correct horse battery")
    await migrator.execute("SELECT access_begin('mot', 'mot', '{admin,author}', $1)", verifier)
    await migrator.execute("SELECT access_begin('hai', 'hai', '{admin,approver}')")
    assert await refused(migrator, "SELECT access_begin('ba', 'ba', '{admin}')") == "BC003"
    assert (
        await refused(migrator, "SELECT access_propose('role', 'hai', '{\"kind\": \"author\"}')") == "BC010"
    )
    one, two = [await asyncpg.connect(as_user(url, name)) for name in ("mot", "hai")]
    more = '{"kinds": ["worker"], "skeleton": "may"}'
    number = await one.fetchval("SELECT access_propose('account', 'may', $1)", more)
    assert number == await one.fetchval("SELECT access_propose('account', 'may', $1)", more)
    assert await refused(one, "SELECT access_decide($1, true)", number) == "BC003"
    await two.execute("SELECT access_decide($1, true)", number)
    assert await refused(two, "SELECT access_decide($1, true)", number) == "BC003"
    machine = await asyncpg.connect(as_user(url, "may"))
    await machine.execute("INSERT INTO worker (host, pid, expires_at) VALUES ('h', 1, now())")
    assert await refused(machine, "UPDATE campaign SET text = ''") == "42501"
    await one.execute("SELECT access_disable('may')")
    assert await refused(machine, "SELECT FROM worker") in ("42501", "42P01")
    row = await migrator.fetchrow(
        "SELECT count(*) AS n, min(who) AS who FROM act WHERE what = 'account confirmed'"
    )
    assert row is not None and (row["n"], row["who"]) == (1, "hai")
    for each in (one, two, machine, migrator):
        await each.close()
