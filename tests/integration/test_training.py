"""A database that is there to train, and one that is live: nothing sends where the configuration says otherwise."""

import json
from dataclasses import replace

import asyncpg
import pytest
from acting import acting
from integration.chain_world import Chain
from integration.nation_world import NationWorld
from integration.rig import Rig

from broadcast.actions import database
from broadcast.actions.session import Session
from broadcast.campaign.launch import launch
from broadcast.config import Config, Ledger, Site
from broadcast.engine.worker import Worker
from broadcast.errors import RefusedError
from broadcast.monitor.metrics import Metrics
from broadcast.smpp.channel import SmppChannel
from broadcast.store.pool import connect
from broadcast.store.purpose import purpose


def training(config: Config) -> Config:
    """The same carriers, marked as the simulators that they are."""
    carriers = {name: each.having(simulated=True) for name, each in config.carriers.items()}
    return replace(config, site=Site("training"), carriers=carriers)


async def trains(conn: asyncpg.Connection) -> None:
    await conn.execute("UPDATE identity SET purpose = 'training'")


@pytest.mark.parametrize("live", [True, False])
async def test_a_worker_of_the_other_purpose_does_not_start(
    conn: asyncpg.Connection, database_url: str, config: Config, live: bool
) -> None:
    if live:
        await trains(conn)
    own = config if live else training(config)
    with pytest.raises(RefusedError, match="one of the two is the wrong one"):
        await Worker(own, Metrics(), database_url, SmppChannel).run()
    assert await conn.fetchval("SELECT count(*) FROM worker") == 0


async def test_a_launch_with_the_other_configuration(rig: Rig, config: Config) -> None:
    rig.config = config
    await rig.subscribers("viettel", 3)
    approved = await rig.approved()
    await trains(rig.conn)
    async with acting(rig.conn, "an"):
        with pytest.raises(
            RefusedError, match="this database is there to train, and this configuration live"
        ):
            await launch(rig.conn, rig.config, approved)
        assert (await launch(rig.conn, training(rig.config), approved)).audience == 3


async def test_a_new_database_of_a_training_site_is_there_to_train(
    empty_database_url: str, config: Config
) -> None:
    connection = await connect(empty_database_url, check_schema=False)
    try:
        await database.migrate(Session(connection, training(config)), during_alert=False)
        assert await purpose(connection) == "training"
    finally:
        await connection.close()


async def test_one_that_is_in_use_stays_live(rig: Rig, config: Config) -> None:
    rig.config = config
    await rig.approved()
    await database.migrate(Session(rig.conn, training(rig.config)), during_alert=False)
    assert await purpose(rig.conn) == "live"


async def test_ledgers_are_for_what_home_is_for(nation: NationWorld) -> None:
    await trains(nation.rig.conn)
    nation.rig.config = training(nation.rig.config)
    await nation.begin({"north": Ledger(url_env="NORTH_URL"), "south": Ledger(url_env="SOUTH_URL")})
    assert {await purpose(each) for each in nation.conns.values()} == {"training"}


async def test_two_admins_say_what_it_is_for(conn: asyncpg.Connection) -> None:
    """And not while a worker lives, which looked when it started."""

    async def set_to(value: int) -> None:
        async with acting(conn, "chi"):
            number = await conn.fetchval(
                "SELECT access_propose('rule', 'training', $1)", json.dumps({"value": value})
            )
        async with acting(conn, "dung"):
            await conn.execute("SELECT access_decide($1, true)", number)

    await set_to(1)
    assert await purpose(conn) == "training"
    await conn.execute(
        "INSERT INTO worker (host, pid, expires_at) VALUES ('here', 1, clock_timestamp() + interval '1 minute')"
    )
    with pytest.raises(asyncpg.PostgresError, match="workers live or an alert is not over"):
        await set_to(0)
    assert await purpose(conn) == "training"
    await conn.execute("UPDATE worker SET expires_at = clock_timestamp()")
    await set_to(0)
    assert await purpose(conn) == "live"


async def test_what_it_is_for_changed_by_hand_is_found(conn: asyncpg.Connection) -> None:
    chain = Chain(conn)
    await chain.begin()
    await trains(conn)
    assert await chain.verified() == ["identity: the database is for training, and by the chain for live"]
    await conn.execute("UPDATE identity SET purpose = 'live'")
    assert await conn.fetchval("SELECT access_begin_training()")
    assert await chain.verified() == []
