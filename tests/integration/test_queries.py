"""Every named query is prepared against the migrated schema: a wrong column or type fails here."""

import asyncpg

from broadcast.store.queries import queries


async def test_every_query_fits_the_schema(conn: asyncpg.Connection) -> None:
    wrong = {}
    for query in queries().values():
        if query.topic == "citus" and query.name != "citus_known":
            continue  # test_citus.py
        try:
            await conn.prepare(query.text)
        except asyncpg.PostgresError as error:
            wrong[f"{query.topic}.{query.name}"] = str(error)
    assert wrong == {}
