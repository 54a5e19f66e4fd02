"""Home on a Citus cluster: its list of people lies on the nodes, and everything comes out as on one PostgreSQL.

Skipped unless BROADCAST_TEST_CITUS_URL names the coordinator of a cluster that is there for tests, as a superuser of
it: postgresql://postgres@127.0.0.1:5440/postgres. That database has the extension (Citus 12 or 13) and two nodes or
more (`citus_add_node`), which the same user reaches from here, by the names that `pg_dist_node` has, with the same
password. Each test makes a database of its own on all of these servers and drops it. Settings of the coordinator are
changed meanwhile (ALTER SYSTEM: citus.recover_2pc_interval, synchronous_standby_names) and set back.

Two commands make it whole, without which what needs a node that is lost is skipped: BROADCAST_TEST_CITUS_NODE_STOP ends
the node at {host}:{port} as a crash does, and BROADCAST_TEST_CITUS_NODE_START returns when it answers again. So:
`pg_ctl -D /data/{port} -m immediate stop` and `pg_ctl -D /data/{port} -w start`, by the user whose servers they are; or
`docker compose kill` and `up --wait`.
"""

import asyncio
import csv
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from integration.citus_world import (
    START,
    STOP,
    URL,
    CitusWorld,
    audience,
    citus_world,
    commits_held,
    other_home,
    rows,
    waits_for_standby,
)  # fmt: skip
from integration.nation_world import FIRST, ledger, nation
from integration.replies_world import came, quiet_rig, read
from integration.rig import Rig
from integration.steps import by
from waiting import until

from broadcast.actions import launch as launching
from broadcast.actions.forecast import foresee
from broadcast.actions.ledgers import spread
from broadcast.actions.live import reach
from broadcast.actions.session import Session
from broadcast.audience import importer, subscribers, unfinished
from broadcast.audience.batches import Batch, Reader
from broadcast.audience.generator import Generator
from broadcast.audience.importer import import_file
from broadcast.audience.moment import one_moment
from broadcast.audience.resumable import import_resumably
from broadcast.campaign import campaigns
from broadcast.config import Config
from broadcast.errors import DatabaseDownError, RefusedError
from broadcast.store.pool import connect
from broadcast.store.queries import queries, sql

pytestmark = pytest.mark.skipif(not URL, reason="BROADCAST_TEST_CITUS_URL names no Citus cluster")
losing = pytest.mark.skipif(
    not (STOP and START), reason="BROADCAST_TEST_CITUS_NODE_STOP and _START do not say how a node is lost"
)
LINES = 40_000
BATCH = 1_000  # the least: a batch ends where a chunk of the file does

_numbers = itertools.count(1)


@pytest.fixture
async def unspread(tmp_path: Path, config: Config) -> AsyncIterator[CitusWorld]:
    """A new home on the cluster, its list on the coordinator."""
    async with citus_world(tmp_path, config, f"broadcast_test_{next(_numbers)}") as made:
        yield made


@pytest.fixture
async def world(unspread: CitusWorld) -> CitusWorld:
    """Its list is on the nodes."""
    await spread(unspread.session)
    return unspread


@pytest.fixture
def plain(world: CitusWorld, conn: asyncpg.Connection, database_url: str) -> Rig:
    """The same home on one PostgreSQL."""
    return other_home(world.rig, conn, database_url)


@pytest.fixture
def files(tmp_path: Path, config: Config) -> tuple[Path, Path]:
    """A made-up list, and what it is some months later: people are new, have ported, have opted out."""
    first, second = tmp_path / "people.csv", tmp_path / "later" / "people.csv"
    second.parent.mkdir()
    with first.open("w", encoding="utf-8", newline="") as sink:
        Generator(config.country, LINES, seed=7).write(sink)
    with first.open(encoding="utf-8", newline="") as source:
        header, *lines = csv.reader(source)
    ports, out = header.index("carrier"), header.index("opted_out")
    for number, line in enumerate(lines):
        line[ports] = "viettel" if number % 5 == 0 else line[ports]
        line[out] = "yes" if number % 7 == 0 else line[out]
    with second.open("w", encoding="utf-8", newline="") as sink:
        Generator(config.country, LINES, seed=8).write(sink)
        csv.writer(sink).writerows(lines[: LINES // 2])
    return first, second


async def test_spread_and_again(unspread: CitusWorld) -> None:
    """Who was there moves to the nodes; only the list does; the second time nothing is left to do."""
    rig = unspread.rig
    await rig.subscribers("viettel", 1000)
    before = await rows(rig.conn)
    nodes = [node.name for node in unspread.nodes]
    code, out, err = await unspread.command("db", "status", "--json")
    assert (code, json.loads(out)["spread"], json.loads(out)["nodes"]) == (0, False, nodes), out + err
    for moved in (True, False):
        code, out, err = await unspread.command("db", "spread", "--json")
        assert (code, json.loads(out)["subscribers"]) == (0, {"nodes": nodes, "moved": moved}), err
    assert "already over" in (await unspread.command("db", "spread"))[1]
    assert await rows(rig.conn) == before
    assert await rig.conn.fetchval("SELECT pg_relation_size('subscriber')") == 0
    tables = await rig.conn.fetch("SELECT logicalrelid::text AS name, partmethod FROM pg_dist_partition")
    assert sorted(tuple(row) for row in tables) == [("subscriber", b"h")]
    parts = await rig.conn.fetch(
        "SELECT nodeport FROM citus_shards WHERE table_name = 'subscriber'::regclass"
    )
    assert {row["nodeport"] for row in parts} == {node.port for node in unspread.nodes}
    code, out, err = await unspread.command("db", "status", "--json")
    found = json.loads(out)
    assert (code, found["spread"], found["nodes"], found["away"], found["prepared"]) == (
        0,
        True,
        nodes,
        [],
        0,
    ), err


async def test_every_query(world: CitusWorld) -> None:
    """The cluster plans each of ours, those that are for a cluster alone too."""
    for query in queries().values():
        await world.rig.conn.prepare(query.text)


class Watching:
    """stop_after: cancels its import after so many batches."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop_after, self.continued, self.batches = stop_after, False, 0

    def continuing(self, _: int) -> None:
        self.continued = True

    def skipped(self, _: Batch) -> None:
        """Nothing is shown."""

    def merged(self, _: Batch) -> None:
        self.batches += 1
        if self.batches == self.stop_after:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()


async def imports(rig: Rig, files: tuple[Path, Path], folder: Path) -> list[object]:
    """A new list, the same again, what it is later, stopped and resumed: counts, refused lines and rows after each."""
    first, second = files
    found: list[object] = []
    refused = folder / "refused.csv"
    for file in (first, first):
        done = await import_file(rig.conn, rig.config, file, refused)
        found += [
            (done.lines, done.imported, done.updated, done.duplicate, done.refused),
            refused.read_bytes(),
        ]
        found.append(await rows(rig.conn))
    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(import_resumably(rig.conn, rig.config, second, refused, Watching(2)))
    stopped = await unfinished.find(rig.conn)
    assert stopped is not None
    found += [stopped.lines, await rows(rig.conn)]
    rest = Watching()
    done = await import_resumably(rig.conn, rig.config, second, refused, rest)
    assert rest.continued
    found += [(done.lines, done.imported, done.updated, done.duplicate, done.refused), refused.read_bytes()]
    found.append(await rows(rig.conn))
    assert await rig.conn.fetchval("SELECT count(*) FROM import_staging") == 0
    return found


async def test_imports(
    world: CitusWorld, plain: Rig, files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything that an import brings or counts is as on one PostgreSQL, after each step; so is the sum of it."""
    monkeypatch.setattr(Reader.batches, "__defaults__", (BATCH,))
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    assert await imports(world.rig, files, there) == await imports(plain, files, here)
    assert await subscribers.counts(world.rig.conn) == await subscribers.counts(plain.conn)


async def opt_outs(rig: Rig) -> list[object]:
    """Of ten people, by hand and by reply, before a launch and after; who they are and who hears what."""
    found: list[object] = []
    for number, out in ((FIRST, True), (FIRST, True), (FIRST + 1, True), (FIRST + 1, False)):
        found.append((await subscribers.set_opt_out(rig.conn, number, out)).opted_out_at is not None)
    await came(rig, b"STOP", FIRST + 2)
    await came(rig, b"STOP", FIRST + 3)
    await came(rig, b"START", FIRST + 3)
    await came(rig, b"STOP", FIRST + 99)  # no subscriber
    await read(rig)
    health, emergency = await rig.launch(category="health"), await rig.launch(category="emergency")
    await subscribers.set_opt_out(rig.conn, FIRST + 8, True)
    await came(rig, b"STOP", FIRST + 9)
    found += [[row["effect"] for row in await read(rig)], await rows(rig.conn)]
    found += [await audience(rig.conn, health.campaign_id), await audience(rig.conn, emergency.campaign_id)]
    return found


async def test_opt_outs(world: CitusWorld, plain: Rig, tmp_path: Path, config: Config) -> None:
    """Who opts out does, where home is the ledger too, and what runs already lets them go."""
    found = []
    for rig in (world.rig, plain):
        async with quiet_rig(tmp_path, rig.url, rig.conn, config) as quiet:
            found.append(await opt_outs(quiet))
    assert found[0] == found[1]
    out = {number for number, row in found[0][-3].items() if row[-1]}  # type: ignore[attr-defined]
    assert out == {FIRST, FIRST + 2, FIRST + 8, FIRST + 9}


async def test_a_forecast_and_a_launch(
    world: CitusWorld, plain: Rig, files: tuple[Path, Path], tmp_path: Path, config: Config
) -> None:
    """Person by person: who hears it, who does not and why, are those of one PostgreSQL."""
    found = []
    for rig in (world.rig, plain):
        rig.config = config
        await import_file(rig.conn, rig.config, files[0], tmp_path / "refused.csv")
        drafted = await rig.approved((*config.carriers, "gmobile"), category="health")
        foreseen = await foresee(Session(rig.conn, rig.config), drafted.name)
        session = Session(rig.conn, rig.config)
        typed = (await by("an", reach, session, drafted.name)).recipients
        launched = await by("an", launching.launch, session, drafted.name, typed)
        people = await audience(rig.conn, launched.campaign_id)
        assert launched.audience == len(people)
        loads = [[each.recipients for each in variant.carriers] for variant in foreseen.variants]
        found.append((loads, foreseen.excluded, people, await rig.states(launched)))
    assert found[0] == found[1]
    reasons = Counter(state for entries in found[0][2].values() for _, state in entries)
    assert reasons.keys() == {"waiting", "opted_out", "not_connected"}
    assert all(len(entries) == 1 for entries in found[0][2].values())


async def test_an_alert_over_two_ledgers(
    world: CitusWorld, two_databases: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list on the nodes, the carriers in databases of their own: everybody once, as the carriers told."""
    async with nation(world.rig, two_databases, monkeypatch) as made:
        await made.simulate("viettel", "mobifone", people=400)
        await subscribers.set_opt_out(made.rig.conn, FIRST + 5, True)
        await made.begin({"north": ledger("north", "viettel"), "south": ledger("south", "mobifone")})
        for name in ("north", "south"):
            made.work(name)
        approved = await made.rig.approved(category="health")
        campaign = await by("an", launching.launch, made.session, approved.name)
        found = await made.finish(campaign)
        assert (found.audit.audience, found.report.progress.total.states["excluded"]) == (800, 1)
        assert await made.differing(campaign) == []


@losing
async def test_a_torn_commit(
    world: CitusWorld,
    files: tuple[Path, Path],
    tmp_path: Path,
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A node is lost when an import was decided and not yet done there: half of it is seen, until a launch mends it."""
    rig, node = world.rig, world.nodes[-1]
    rig.config = config
    real = importer.end
    async with AsyncExitStack() as stack:

        async def then_hold(*arguments: Any) -> dict[str, Any]:
            counts = await real(*arguments)
            await stack.enter_async_context(commits_held(rig.url))
            return counts

        monkeypatch.setattr(importer, "end", then_hold)
        importing = asyncio.create_task(import_file(rig.conn, rig.config, files[0], tmp_path / "refused.csv"))
        await waits_for_standby(rig.url)
        await node.stop()
    try:
        with pytest.raises(
            asyncpg.PostgresConnectionError
        ):  # it is committed; what comes after needs the node
            await importing
        approved = await rig.approved(tuple(config.country.prefixes))
        with pytest.raises(DatabaseDownError, match="has yet to carry out"):
            await by("an", launching.launch, world.session, approved.name)
    finally:
        await node.start()
    imported = await rig.conn.fetchval("SELECT imported FROM subscriber_import")
    assert 0 < await rig.conn.fetchval("SELECT count(*) FROM subscriber") < imported
    code, out, _ = await world.command("db", "status", "--json")
    assert (code, json.loads(out)["prepared"] > 0, json.loads(out)["away"]) == (0, True, [])
    campaign = await by("an", launching.launch, world.session, approved.name)
    assert await rig.conn.fetchval("SELECT count(*) FROM subscriber") == imported
    assert len(await audience(rig.conn, campaign.campaign_id)) == imported == campaign.audience
    assert await world.prepared(node) == 0


async def test_one_at_a_time(
    world: CitusWorld, files: tuple[Path, Path], tmp_path: Path, config: Config
) -> None:
    """No launch while an import runs, no import while the list is read for a launch."""
    rig = world.rig
    rig.config = config
    await rig.subscribers("viettel", 10)
    approved = await rig.approved()
    other = await connect(rig.url)
    try:
        async with other.transaction():
            assert await other.fetchval(sql("import_lock"))
            with pytest.raises(RefusedError, match="an import runs"):
                await by("an", launching.launch, world.session, approved.name)
        async with one_moment(other):
            with pytest.raises(RefusedError, match="or a launch"):
                await import_file(rig.conn, config, files[0], tmp_path / "refused.csv")
        await import_file(rig.conn, config, files[0], tmp_path / "refused.csv")
        assert (await by("an", launching.launch, world.session, approved.name)).state == "running"
    finally:
        await other.close(timeout=10)


@losing
async def test_a_node_down_and_back(world: CitusWorld, files: tuple[Path, Path], tmp_path: Path) -> None:
    """What needs the list says which node is away, in a line; what runs goes on and can be stopped; then all works."""
    rig, node = world.rig, world.nodes[-1]
    await rig.smsc("viettel", receipt_delay_s=0.2)
    rig.connect("viettel", 100)
    await rig.subscribers("viettel", 4000)
    later = await rig.approved()
    running, doomed = await rig.launch(), await rig.launch()
    rig.worker()
    await rig.reached(running, 50, "delivered")
    refused = ("--refused", tmp_path / "refused.csv")
    needing: list[tuple[object, ...]] = [
        ("subscriber", "import", files[0], *refused),
        ("subscriber", "import", files[0], *refused, "--resumable"),
        ("subscriber", "stats"),
        ("campaign", "forecast", later.name),
        ("campaign", "launch", later.name),
    ]
    there = await on_node(world)
    needing += [("subscriber", "show", there), ("subscriber", "opt-out", there)]
    await node.stop()
    try:
        for words in needing:
            code, out, err = await world.command(*words)
            assert (code, out) == (1, ""), (words, out, err)
            assert err.startswith("broadcast: ") and err.count("\n") == 1 and "cluster" in err, (words, err)
        code, out, _ = await world.command("db", "status", "--json")
        assert (code, json.loads(out)["away"]) == (1, [node.name])
        await came(rig, b"STOP", there)
        await until(lambda: rig.conn.fetchval("SELECT count(*) FROM reply"), "the STOP is read")
        for words in (("show", running.name), ("report", running.name), ("audit", running.name), ("list",)):
            code, _, err = await world.command("campaign", *words)
            assert code == 0, err
        states = await rig.states(running)
        await rig.reached(running, states["delivered"] + 50, "delivered")
        for order, name, state in (
            ("pause", running.name, "paused"),
            ("resume", running.name, "running"),
            ("pause", running.name, "paused"),
            ("cancel", doomed.name, "cancelled"),
        ):
            code, _, err = await world.command("campaign", order, name)
            assert code == 0, err
            now = await campaigns.by_name(rig.conn, name)
            assert now.state == state
        assert await rig.conn.fetchval("SELECT effect FROM reply") is None
    finally:
        await node.start()
    await until(lambda: rig.conn.fetchval("SELECT effect = 'opted_out' FROM reply"), "it takes effect")
    for words in needing:
        code, _, err = await world.command(*words)
        assert code == 0, (words, err)
    assert (await world.command("db", "status"))[0] == 0


async def on_node(world: CitusWorld) -> int:
    """The number of somebody who is on the last node."""
    place = """SELECT nodeport FROM citus_shards
                WHERE shardid = get_shard_id_for_distribution_column('subscriber', $1::smallint)"""
    numbers = range(FIRST, FIRST + 64)
    ports = [await world.rig.conn.fetchval(place, number % 64) for number in numbers]
    return numbers[ports.index(world.nodes[-1].port)]
