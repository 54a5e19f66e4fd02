"""Migrating real databases: an empty one, one that is done, two at once, and those of other versions."""

import asyncio

import asyncpg
import pytest
from integration.old_ledger import make_schema
from waiting import PATIENCE_S, until

from broadcast.campaign import campaigns
from broadcast.errors import SchemaError
from broadcast.store import migrations
from broadcast.store.pool import connect


async def test_an_empty_database_becomes_the_schema(empty_database_url: str) -> None:
    connection = await connect(empty_database_url, check_schema=False)
    before = await migrations.status(connection)
    done = await migrations.migrate(connection)
    after = await migrations.status(connection)
    again = await migrations.migrate(connection)
    await connection.close()
    assert [each.version for each in done] == [each.version for each in before.pending]
    assert (before.applied, after.pending, again) == ((), (), ())
    assert [each.name for each in after.applied][:1] == ["start"]


async def test_two_migrations_at_once(empty_database_url: str) -> None:
    first, second = [await connect(empty_database_url, check_schema=False) for _ in range(2)]
    done = await asyncio.wait_for(
        asyncio.gather(migrations.migrate(first), migrations.migrate(second)), PATIENCE_S
    )
    assert sum(len(each) for each in done) == len(migrations.files())
    for connection in (first, second):
        (await migrations.status(connection)).check()
        await connection.close()


async def test_a_broken_migration_leaves_nothing(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = migrations.Migration(
        1, "broken", "CREATE TABLE half (n integer); SELECT no_such_function()", b"x"
    )
    monkeypatch.setattr(migrations, "files", lambda: (broken,))
    connection = await connect(empty_database_url, check_schema=False)
    with pytest.raises(asyncpg.UndefinedFunctionError):
        await migrations.migrate(connection)
    assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    await connection.close()


async def test_a_migration_that_crosses_a_workers_locks_is_tried_again(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker has the second table and waits for the first: PostgreSQL ends the migration, whose wait is shorter."""
    connection, worker = [await connect(empty_database_url, check_schema=False) for _ in range(2)]
    await worker.execute("CREATE TABLE one (n int); CREATE TABLE two (n int); SET deadlock_timeout = '1h'")
    await connection.execute("SET deadlock_timeout = '50ms'")
    text = "LOCK TABLE one; LOCK TABLE two; CREATE TABLE three (n int)"
    monkeypatch.setattr(migrations, "files", lambda: (migrations.Migration(1, "cross", text, b"x"),))
    transaction = worker.transaction()
    await transaction.start()
    await worker.execute("LOCK TABLE two")
    migrating = asyncio.create_task(migrations.migrate(connection))
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'two'::regclass"
    await until(lambda: worker.fetchval(waiting), "the migration waits for the worker")
    await worker.execute("LOCK TABLE one")  # free as soon as the migration was ended
    await transaction.rollback()
    assert [each.name for each in await asyncio.wait_for(migrating, PATIENCE_S)] == ["cross"]
    for each in (connection, worker):
        await each.close()


async def test_a_newer_schema_is_left_alone(conn: asyncpg.Connection, database_url: str) -> None:
    await conn.execute("INSERT INTO schema_migration (version, name, checksum) VALUES (9999, 'future', 'x')")
    with pytest.raises(SchemaError, match="migration 9999: use the newer version"):
        await migrations.migrate(conn)
    with pytest.raises(SchemaError, match="newer version"):
        await connect(database_url)


async def test_an_edited_migration_is_noticed(conn: asyncpg.Connection) -> None:
    await conn.execute("UPDATE schema_migration SET checksum = 'x' WHERE version = 1")
    with pytest.raises(SchemaError, match="0001_start was applied with other content"):
        await migrations.migrate(conn)


async def test_an_old_server_is_refused(conn: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "_OLDEST_SERVER", 99)
    with pytest.raises(SchemaError, match="too old: broadcast needs 99"):
        await migrations.migrate(conn)


async def test_a_role_that_may_not_create_is_told(empty_database_url: str) -> None:
    connection = await connect(empty_database_url, check_schema=False)
    await connection.execute(
        """DO $$ BEGIN CREATE ROLE reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
           SET ROLE reader"""
    )
    with pytest.raises(SchemaError, match="may not change the schema"):
        await migrations.migrate(connection)
    await connection.close()


async def test_who_reached_the_opted_out_still_does(empty_database_url: str) -> None:
    """Of campaigns that were written before 0021 their category decided."""
    connection = await connect(empty_database_url, check_schema=False)
    await make_schema(connection, last=20)
    for category in ("emergency", "health", "routine"):
        await connection.execute(
            """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, in_doubt_policy,
                                     grace_s, expires_at, drafted_by)
               VALUES ($1, $1, 5, 'BOYTE', 'x', 'gsm0338', '{}', 'hold', 0, now(), 'an')""",
            category,
        )
    await migrations.migrate(connection)
    found = {each.category: each.hears_opted_out for each in await campaigns.all_campaigns(connection)}
    assert found == {"emergency": True, "health": False, "routine": False}
    await connection.close()


async def test_what_is_packed_is_not_compressed_again(conn: asyncpg.Connection) -> None:
    """A type that is set anew sets the storage back without a word, and a launch then takes three times as long."""
    rows = await conn.fetch(
        """SELECT attrelid::regclass::text || '.' || attname FROM pg_attribute
            WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r')
              AND attstorage = 'e' AND NOT attisdropped ORDER BY 1"""
    )
    assert [row[0] for row in rows] == [
        "exclusion.msisdns", "failing.packed", "list_member.msisdns", "parked.packed", "received.packed",
        "result.packed", "sent.packed", "slice.msisdns", "withdrawn.packed",
    ]  # fmt: skip
