"""The exporter over a real database: one leads, by figures of the tallies, and it goes on while home is away."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from integration.close_world import make_close_world
from integration.database_way import DatabaseWay
from integration.leaks import named, without_fractions
from integration.rig import Rig
from prometheus_client.parser import text_string_to_metric_families
from waiting import until

from broadcast.engine.resolver import Resolver
from broadcast.engine.target import Target
from broadcast.engine.worker import Worker
from broadcast.exporter import exporter
from broadcast.exporter.exporter import Exporter
from broadcast.monitor.catalogue import METRICS, Job
from broadcast.monitor.metrics import Metrics
from broadcast.smpp.channel import SmppChannel
from broadcast.store.queries import sql

Told = dict[str, dict[tuple[str, ...], float]]


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporter, "EVERY_S", 0.05)


@asynccontextmanager
async def exporting(url: str, target: Target | None = None) -> AsyncIterator[Exporter]:
    life = Exporter(None, url, target)
    task = asyncio.create_task(life.run(), name="exporter")
    try:
        yield life
    finally:
        life.stop()
        await task


def read(life: Exporter) -> Told:
    """name -> labels -> value"""
    return {
        family.name: {tuple(sample.labels.values()): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(life.exposition("")[1].decode())
    }


async def leading(life: Exporter) -> bool:
    return await life.leads() is None and "broadcast_campaign_info" in read(life)


async def test_one_leads_and_another_takes_over(database_url: str, conn: asyncpg.Connection) -> None:
    world = await make_close_world(conn)
    await world.waiting(range(84320000000, 84320000007))
    target = Target("exporter")
    target.at("127.0.0.1", 9462)
    async with exporting(database_url, target) as first:
        await until(lambda: leading(first), "the first leads")
        assert await first.database() is None
        told = read(first)
        assert told["broadcast_campaign_recipients"]["typhoon", "waiting"] == 7
        assert told["broadcast_exporter_leads"] == {(): 1}
        assert told["broadcast_database_up"] == {("home",): 1}
        assert told["broadcast_exporter_read_timestamp_seconds"][()] > 1.7e9
        async with exporting(database_url) as second:

            async def stands_by() -> bool:
                return (await second.leads() or "").startswith("stands by")

            await until(stands_by, "the second stands by")
            told = read(second)
            assert told["broadcast_exporter_leads"] == {(): 0}
            assert not {name for name in told if name.startswith(("broadcast_campaign", "broadcast_carrier"))}
            assert "process_cpu_seconds" in told
            rows = await conn.fetch(sql("metrics_targets"))
            assert [tuple(row.values()) for row in rows] == [("exporter", "127.0.0.1:9462")]
            first.stop()
            await until(lambda: leading(second), "the second leads")


async def test_home_away_is_told_and_what_was_read_last_stays_a_while(
    database_url: str, conn: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await make_close_world(conn)
    await world.waiting(range(84320000000, 84320000007))
    way = DatabaseWay(tmp_path, database_url)
    async with exporting(way.url) as life:
        assert read(life)["broadcast_database_up"] == {("home",): 0}  # it began before its database
        await way.start()
        await until(lambda: leading(life), "it leads")
        before = read(life)
        assert before["broadcast_database_up"] == {("home",): 1}
        way.lose()

        async def away() -> bool:
            return await life.database() not in (None, "not connected yet")

        await until(away, "home is away")
        told = read(life)
        assert told["broadcast_database_up"] == {("home",): 0}
        assert told["broadcast_exporter_leads"] == {(): 0}
        assert told["broadcast_campaign_recipients"] == before["broadcast_campaign_recipients"]
        age = "broadcast_exporter_read_timestamp_seconds"
        assert told[age][()] >= before[age][()]

        now = time.monotonic()
        monkeypatch.setattr(exporter.time, "monotonic", lambda: now + exporter.STALE_S)
        assert "broadcast_campaign_recipients" not in read(life)
        assert read(life)["broadcast_database_up"] == {("home",): 0}
        monkeypatch.undo()
        await way.start()
        await until(lambda: leading(life), "it leads again")
        await way.stop()


async def test_a_login_that_only_reads_exports_all_the_same(
    database_url: str, conn: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_close_world(conn)
    asked = []

    async def refused(*_: object) -> None:
        asked.append(1)
        raise asyncpg.InsufficientPrivilegeError("permission denied for table metrics_target")

    monkeypatch.setattr(Target, "write", refused)
    async with exporting(database_url, Target("exporter")) as life:
        await until(lambda: leading(life), "it leads")
        read_at = read(life)["broadcast_exporter_read_timestamp_seconds"][()]

        def again() -> bool:
            return read(life)["broadcast_exporter_read_timestamp_seconds"][()] > read_at

        await until(again, "it reads again")
    assert asked == [1]


async def test_what_is_scraped_is_in_the_catalogue_and_the_other_way_round(rig: Rig) -> None:
    """Of a worker, a resolver and an exporter, beside an alert: types, labels, and nothing of people."""
    await rig.smsc("viettel", receipt_delay_s=0.1)
    rig.connect("viettel", 500)
    await rig.subscribers("viettel", 100)
    served: dict[Job, Metrics] = {"worker": Metrics("worker"), "resolver": Metrics("resolver")}
    lives = [
        Worker(rig.config, served["worker"], rig.url, SmppChannel),
        Resolver(rig.config, served["resolver"], rig.url),
    ]
    tasks = [asyncio.create_task(each.run(), name="life") for each in lives]
    campaign = await rig.launch()

    async def delivered() -> bool:
        return (await rig.states(campaign)).get("delivered") == 100

    await until(delivered, "everybody has it")
    async with exporting(rig.url) as life:
        await until(lambda: leading(life), "it leads")
        bodies = {job: each.exposition("")[1].decode() for job, each in served.items()}
        bodies["exporter"] = life.exposition("")[1].decode()
    for each in lives:
        each.stop()
    await asyncio.gather(*tasks)
    for job, body in bodies.items():
        families = {family.name: family for family in text_string_to_metric_families(body)}
        said = {name.removesuffix("_total"): each for name, each in METRICS.items() if job in each.of}
        assert families.keys() <= said.keys()
        if job != "exporter":  # what it does not know is absent there: tests/unit/exporter has it whole
            assert families.keys() == said.keys()
        for name, family in families.items():
            assert family.type == said[name].exposed, name
            labels = {label for sample in family.samples for label in sample.labels} - {"le"}
            assert labels == (set(said[name].labels) if family.samples else labels), name
        assert named(without_fractions(body), map(str, range(84320000000, 84320000100))) == set()
        assert "Wash your hands" not in body
    told = {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(bodies["exporter"])
        if family.name == "broadcast_campaign_recipients"
        for sample in family.samples
    }
    assert told[campaign.name, "delivered"] == sum(told.values()) == 100
