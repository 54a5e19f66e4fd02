"""Where metrics are served, as Prometheus reads it: who lives and said so, by database."""

import asyncio
import json
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
import yaml
from click.testing import CliRunner
from waiting import until

from broadcast.cli import exporter, resolver, worker
from broadcast.cli.main import broadcast
from broadcast.engine.target import EVERY_S, LASTS_S, Target, place
from broadcast.errors import DatabaseDownError
from broadcast.monitor.catalogue import Job
from broadcast.monitor.metrics import Metrics
from broadcast.reports.targets import Targets
from broadcast.store.ledgers import Away, Part, Parts
from broadcast.store.pool import connect
from broadcast.store.queries import sql

ALERTS = Path(__file__).parents[2] / "ops" / "prometheus" / "alerts.yml"


class OneLife:
    """In place of a worker's or a resolver's: it says where it serves, and lives until the stop."""

    def __init__(self, url: str, target: Target) -> None:
        self._url, self._target = url, target

    def of(self, _: object) -> Any:
        return self.database

    async def database(self) -> str | None:
        return None

    def words(self) -> str:
        return ""

    async def run(self, stop: asyncio.Event) -> None:
        conn = await connect(self._url)
        await self._target.write(conn)
        await conn.close()
        await stop.wait()


async def said(conn: asyncpg.Connection, job: Job, port: int) -> None:
    target = Target(job)
    await target.write(conn)  # nobody knows yet where that is
    target.at("127.0.0.1", port)
    await target.write(conn)


def test_a_place_is_one_that_others_reach() -> None:
    assert place("::1", 9464) == "[::1]:9464"
    assert place("0.0.0.0", 9464).endswith(":9464")
    assert not place("0.0.0.0", 9464).startswith("0.0.0.0")


async def test_who_lives_is_told_and_a_ledger_that_is_away_as_it_was(conn: asyncpg.Connection) -> None:
    await said(conn, "worker", 9464)
    await said(conn, "worker", 9465)
    await said(conn, "exporter", 9466)
    await conn.execute("UPDATE metrics_target SET expires_at = now() WHERE address = '127.0.0.1:9465'")
    known = Targets()
    north = Part("north", conn, home=False)
    await known.look(conn, Parts((north,)))
    whole = known.document()
    assert {"targets": ["127.0.0.1:9464"], "labels": {"role": "worker", "ledger": "north"}} in whole
    assert {"targets": ["127.0.0.1:9466"], "labels": {"role": "exporter"}} in whole
    await known.look(conn, Parts((), (Away("north", DatabaseDownError("away")),)))
    assert (known.document(), known.away) == (whole, ["north"])
    assert len(await conn.fetch(sql("metrics_targets"))) == 2


async def places(conn: asyncpg.Connection) -> list[str]:
    return [row["address"] for row in await conn.fetch(sql("metrics_targets"))]


def serving(job: Job, url: str) -> Any:
    if job == "exporter":
        return exporter._serve(None, url, "127.0.0.1", 0)
    target, metrics = Target(job), Metrics(job)
    life = cast("Any", OneLife(url, target))
    return {"worker": worker, "resolver": resolver}[job]._serve(life, metrics, target, url, "127.0.0.1", 0)


@pytest.mark.parametrize("job", ["worker", "resolver", "exporter"])
async def test_who_is_told_to_stop_is_a_target_no_more(
    job: Job, conn: asyncpg.Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = asyncio.Event()
    for each in (exporter, resolver, worker):
        monkeypatch.setattr(each, "stopping", lambda: stop)
    await said(conn, job, 9464)  # another of its kind, which lives on
    running = asyncio.create_task(serving(job, database_url), name=job)

    async def there() -> bool:
        return running.done() or len(await places(conn)) == 2

    await until(there, "it says where it serves")
    assert not running.done() or running.result()
    stop.set()
    await running
    assert await places(conn) == ["127.0.0.1:9464"]


async def test_a_stop_without_its_database_is_a_stop(conn: asyncpg.Connection, tmp_path: Path) -> None:
    target = Target("worker")
    target.at("127.0.0.1", 9464)
    nowhere = f"postgresql:///broadcast?host={tmp_path}"
    await target.end(nowhere)  # it never said anything
    await target.write(conn)
    await target.end(nowhere)
    assert await places(conn) == ["127.0.0.1:9464"]


def test_who_died_is_a_target_until_that_is_told() -> None:
    """At every moment at which it may die, with how soon whoever writes the file, and Prometheus, see who there is."""
    rules = [each for group in yaml.safe_load(ALERTS.read_text())["groups"] for each in group["rules"]]
    down = next(each for each in rules if each["alert"] == "BroadcastProcessDown")
    assert down["annotations"]["within"] == "2m"
    assert LASTS_S - EVERY_S > 120 + 30


def test_every_needs_a_file(tmp_path: Path) -> None:
    found = CliRunner().invoke(broadcast, ["metrics", "targets", "--every", "5"])
    assert (found.exit_code, "--every needs --file" in found.output) == (2, True)


def test_the_catalogue_is_told_as_json() -> None:
    found = CliRunner().invoke(broadcast, ["metrics", "list", "--json"])
    listed = {each["name"]: each for each in json.loads(found.output)}
    assert listed["broadcast_campaign_recipients"]["labels"] == ["campaign", "state"]
    assert listed["broadcast_links"]["of"] == ["worker"]
