"""Accounts: made by two admins, at home and in every ledger; and a database of before, which had none."""

import json
import os
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner, Result
from integration.accounts_world import MIGRATOR, make_migrated, try_accounts
from integration.old_ledger import make_schema
from unit.config_files import CARRIERS, COUNTRY

from broadcast.access import scram
from broadcast.access.apply import apply
from broadcast.actions import database
from broadcast.actions.session import Session
from broadcast.cli.main import broadcast
from broadcast.errors import SchemaError
from broadcast.store import migrations
from broadcast.store.address import as_user
from broadcast.store.embedded import Server
from broadcast.store.pool import connect
from broadcast.store.scratch import scratch_home

_PASSWORDS = (
    "correct horse battery",
    "mật khẩu dài lắm",
    "ｆｕｌｌ　ｗｉｄｔｈ  ok",
    "nul\x01 is taken as is",
)


@pytest.fixture
async def migrated(server: Server) -> AsyncIterator[str]:
    """A database of its own, by a migrator who is no superuser."""
    yield await make_migrated(server.url("postgres"), "accounts")
    connection = await asyncpg.connect(server.url("postgres"))
    await connection.execute("DROP DATABASE accounts WITH (FORCE)")
    for row in await connection.fetch(
        """SELECT rolname FROM pg_roles WHERE rolname ~ '^accounts_' OR rolname = ANY($1)
            ORDER BY rolname !~ '^accounts_', rolname = 'accounts_owner', rolname = $2 -- givers last""",
        ["mot", "hai", "may", MIGRATOR],
        MIGRATOR,
    ):
        await connection.execute(f"DROP ROLE {row['rolname']}")
    await connection.close()


async def test_accounts(migrated: str) -> None:
    await try_accounts(migrated)


async def test_everything_belongs_to_nobody_who_logs_in(migrated: str) -> None:
    connection = await connect(migrated)
    owners = await connection.fetchval(
        """SELECT array_agg(DISTINCT pg_get_userbyid(relowner)::text) FROM pg_class
            WHERE relnamespace = 'public'::regnamespace"""
    )
    assert owners == ["accounts_owner"]
    assert not await connection.fetchval(
        "SELECT rolcanlogin OR rolsuper FROM pg_roles WHERE rolname = 'accounts_owner'"
    )
    await connection.close()


async def test_a_copy_has_names_of_its_own(server: Server, conn: asyncpg.Connection) -> None:
    """Made from a template of another name: the template's people have no right there once it is migrated."""
    assert await conn.fetchval("SELECT role_name FROM access_role WHERE kind = 'admin'") == "template_admin"
    await apply(conn)
    name = await conn.fetchval("SELECT current_database()")
    assert await conn.fetchval("SELECT role_name FROM access_role WHERE kind = 'admin'") == f"{name}_admin"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(as_user(server.url(name), "an"))


async def test_verifiers_are_postgresqls(server: Server) -> None:
    """With the salt that it chose: it keeps of each password what we make of it."""
    connection = await asyncpg.connect(server.url("postgres"))
    await connection.execute("CREATE ROLE salted LOGIN")
    try:
        for password in _PASSWORDS:
            await connection.execute(f"ALTER ROLE salted PASSWORD '{password}'")
            kept = await connection.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = 'salted'")
            salt = b64decode(kept.split("$")[1].split(":")[1])
            assert scram.verifier(password, salt) == kept, password
    finally:
        await connection.execute("DROP ROLE salted")
        await connection.close()


def test_an_embedded_database_asks_for_passwords() -> None:
    """Whoever migrates has none to give; everybody else has one, in the home's passfile, which commands read."""
    with scratch_home("passwords") as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("BROADCAST_HOME", str(home))
        assert _run("db", "up").exit_code == 0
        assert _run("db", "migrate").exit_code == 0
        assert _run("user", "begin", "an=author", "binh=approver").exit_code == 0
        listed = json.loads(_run("user", "list", "--json", "--as", "an").stdout)
        assert [each["name"] for each in listed["accounts"]] == ["an", "binh"]
        server = Server(home)
        assert server.passfile.stat().st_mode & 0o77 == 0
        server.passfile.rename(home / "away")
        assert "refused the login" in str(_run("user", "list", "--as", "an").exception)
        assert _run("user", "list").exit_code == 0  # the owner of the home is never locked out


async def test_a_database_of_before(server: Server, empty_database_url: str) -> None:
    """It keeps its campaigns, whose workers go on by the login that owned everything; and says what to do."""
    admin = await asyncpg.connect(empty_database_url)
    name = await admin.fetchval("SELECT current_database()")
    await admin.execute("CREATE ROLE before LOGIN CREATEROLE")
    await admin.execute(f"ALTER DATABASE {name} OWNER TO before")
    try:
        old = await connect(as_user(empty_database_url, "before"), check_schema=False)
        await make_schema(old, 25)
        await old.execute(
            """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                                     in_doubt_policy, grace_s, expires_at, state, drafted_by, launched_at)
               VALUES ('x', 'routine', 1, 'B', 'x', 'gsm0338', '{}', false, 'hold', 0, now() + interval '1 hour',
                       'running', 'an', now())"""
        )
        (done,) = await database.migrate(Session(old), during_alert=True)
        assert done.logins is not None and done.logins.all_mighty
        assert "broadcast user begin" in (done.logins.advice() or "")
        assert await old.fetchval("SELECT state FROM campaign") == "running"
        await old.execute(
            "INSERT INTO worker (host, pid, expires_at) VALUES ('h', 1, now())"
        )  # one of before
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(as_user(empty_database_url, "an"))
        await old.close()
    finally:
        await admin.execute(f"ALTER DATABASE {name} OWNER TO broadcast")
        await admin.execute("REASSIGN OWNED BY before TO broadcast; DROP OWNED BY before; DROP ROLE before")
        await admin.close()


async def test_the_database_is_somebody_elses(empty_database_url: str) -> None:
    admin = await asyncpg.connect(empty_database_url)
    await admin.execute("CREATE ROLE guest LOGIN CREATEROLE; GRANT ALL ON SCHEMA public TO guest")
    guest = await connect(as_user(empty_database_url, "guest"), check_schema=False)
    try:
        await migrations.migrate(guest)
        with pytest.raises(
            SchemaError, match="belongs to broadcast: run `broadcast db migrate` as that login"
        ):
            await apply(guest)
    finally:
        await guest.close()
        await admin.execute("DROP OWNED BY guest; DROP ROLE guest")
        await admin.close()


# ---------------------------------------------------------------- as it is typed, with ledgers


@pytest.fixture
def home(
    server: Server,
    database_env: str,
    two_databases: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """Home and two ledgers, each with roles of its own. The folder for files."""
    ledgers = '[ledgers.north]\ncarriers = ["viettel"]\nurl_env = "NORTH_URL"\n[ledgers.south]\nurl_env = "SOUTH_URL"\n'
    (tmp_path / "site.toml").write_text(COUNTRY + CARRIERS + ledgers)
    monkeypatch.setenv("BROADCAST_CONFIG", str(tmp_path / "site.toml"))
    monkeypatch.setenv("NORTH_URL", two_databases[0])
    monkeypatch.setenv("SOUTH_URL", two_databases[1])
    assert _run("db", "migrate").exit_code == 0
    yield tmp_path
    for name in ("anh", "bao", "cuc"):
        _sql(server.url("postgres"), f"DROP ROLE IF EXISTS {name}")


def test_the_life_of_an_account(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passfile = home / "passfile"
    begun = _run("user", "begin", "anh=author", "bao=approver", "--passfile", str(passfile))
    assert (begun.exit_code, begun.stdout) == (0, "accounts: anh, bao\n")
    assert [line.split(":")[3] for line in passfile.read_text().splitlines()] == ["anh", "bao"]
    assert "two admins" in str(_run("user", "begin", "x", "y", "--no-password").exception)

    verifier = json.loads(_typed("user", "verifier", "--json").stdout)
    added = _run(
        "user", "add", "cuc", "--role", "approver", "--verifier", verifier["verifier"], "--as", "anh"
    )
    assert added.stdout.startswith("proposal ")
    number = added.stdout.split()[1].rstrip(":")
    refused = _run("user", "confirm", number, "--as", "anh")
    assert "who proposes cannot confirm" in refused.output + str(refused.exception)
    confirmed = _run("user", "confirm", number, "--as", "bao")
    assert confirmed.exit_code == 0, confirmed.exception
    assert "account cuc (approver), by anh" in confirmed.stdout
    assert f"password's code {verifier['code']}" in confirmed.stdout
    for place in ("BROADCAST_DATABASE_URL", "NORTH_URL", "SOUTH_URL"):
        assert _sql(os.environ[place], "SELECT access_kinds('cuc')") == ["approver"], place

    away = os.environ["NORTH_URL"]
    monkeypatch.setenv("NORTH_URL", "postgresql://x@127.0.0.1:1/x")
    partly = _run("user", "role", "cuc", "+operator", "--as", "anh")
    assert "ledger north: " in partly.stderr and "not every ledger was told" in str(partly.exception)
    monkeypatch.setenv("NORTH_URL", away)
    again = _run("user", "role", "cuc", "+operator", "--as", "anh")
    assert again.exit_code == 0, again.exception
    number = again.stdout.split()[1].rstrip(":")
    assert _run("user", "confirm", number, "--as", "bao").exit_code == 0
    assert _sql(away, "SELECT access_kinds('cuc')") == ["approver", "operator"]

    name = _sql(away, "SELECT role_name FROM access_role WHERE kind = 'auditor'")
    database = _sql(
        os.environ["BROADCAST_DATABASE_URL"], "SELECT role_name FROM access_role WHERE kind = 'auditor'"
    )
    assert name != database
    _sql(away, f"GRANT {database} TO lan")  # not by any of these commands
    listed = json.loads(_run("user", "list", "--json", "--as", "bao").stdout)
    assert {"lan": ["auditor"]}.items() <= {
        each["name"]: each["kinds"] for each in listed["accounts"]
    }.items()
    assert _run("user", "role", "cuc", "-approver", "--as", "bao").exit_code == 0
    assert _run("user", "disable", "cuc", "--as", "bao").stdout == "cuc is disabled\n"
    listed = json.loads(_run("user", "list", "--json", "--as", "bao").stdout)
    (cuc,) = [each for each in listed["accounts"] if each["name"] == "cuc"]
    assert (cuc["kinds"], cuc["disabled_by"]) == ([], "bao")


def test_rules(home: Path) -> None:
    assert _run("user", "begin", "anh", "bao", "--no-password").exit_code == 0
    proposed = _run("rules", "set", "override_s", "120", "--as", "anh")
    assert proposed.exit_code == 0, proposed.exception
    assert json.loads(_run("rules", "list", "--json", "--as", "anh").stdout)["override_s"] == 0
    assert _run("user", "confirm", proposed.stdout.split()[1].rstrip(":"), "--as", "bao").exit_code == 0
    assert json.loads(_run("rules", "list", "--json", "--as", "anh").stdout)["override_s"] == 120
    assert "whole number from 0 to 86400" in str(
        _run("rules", "set", "override_s", "x", "--as", "anh").exception
    )


def test_look_alikes_as_typed(home: Path) -> None:
    assert _run("user", "begin", "anh", "bao", "--no-password").exit_code == 0
    refused = _run("user", "add", "аnh", "--role", "author", "--no-password", "--as", "anh")  # a Cyrillic one
    assert "looks like that of anh" in str(refused.exception)


def _run(*words: str) -> Result:
    return CliRunner().invoke(broadcast, list(words))


def _typed(*words: str) -> Result:
    """By somebody at a terminal, who types one password twice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("broadcast.cli.user._asked", lambda whose: "correct horse battery")
        return CliRunner().invoke(broadcast, list(words))


def _sql(url: str, statement: str) -> object:
    import asyncio

    async def ask() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(ask())
