"""A carrier's TPS has one truth, its row: the lowest that a living worker's file says (ops/decisions/022)."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner
from integration import steps
from integration.old_ledger import make_schema
from integration.rig import Rig
from waiting import until

from broadcast.audience.carriers import sync_carriers, tps_that_hold
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.content import content
from broadcast.cli.main import broadcast
from broadcast.config import Config
from broadcast.config.profiles import VIETNAM
from broadcast.engine.leases import Leases
from broadcast.errors import RefusedError
from broadcast.store import migrations
from broadcast.store.pool import connect


def saying(config: Config, **tps: int) -> Config:
    """A file with these carriers only."""
    return replace(
        config, carriers={name: replace(config.carriers[name], tps=each) for name, each in tps.items()}
    )


async def start(conn: asyncpg.Connection, config: Config) -> Leases:
    """What a worker does of it."""
    made = await Leases.register(conn, config, "here", 1)
    await sync_carriers(conn, config, made.worker_no)
    return made


async def rows(conn: asyncpg.Connection) -> dict[str, int]:
    """TPS of the connected carriers."""
    found = await conn.fetch("SELECT name, tps FROM carrier WHERE tps IS NOT NULL")
    return {row["name"]: row["tps"] for row in found}


async def approved(conn: asyncpg.Connection, *carriers: str) -> Campaign:
    made = content(
        text="Wash your hands", sender="BOYTE", carriers=carriers, category="emergency",
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )  # fmt: skip
    drafted = await steps.draft(conn, "a", made, "an")
    return await steps.approve(conn, drafted)


@pytest.mark.parametrize("order", [1, -1])
async def test_the_lowest_holds_whoever_started_last(
    conn: asyncpg.Connection, config: Config, order: int
) -> None:
    for tps in (500, 300)[::order]:
        await start(conn, saying(config, viettel=tps))
    assert await rows(conn) == {"viettel": 300}


async def test_a_higher_one_holds_with_the_last_that_gets_it(
    conn: asyncpg.Connection, config: Config
) -> None:
    """A rolling restart: each ends, and another is started."""
    fleet = [await start(conn, saying(config, viettel=300)) for _ in range(3)]
    held = []
    for old in fleet:
        await old.end(conn)
        await start(conn, saying(config, viettel=500))
        held.append(await rows(conn))
    assert held == [{"viettel": 300}, {"viettel": 300}, {"viettel": 500}]


async def test_who_ends_lifts_nothing(
    conn: asyncpg.Connection, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    high, low = saying(config, viettel=500), saying(config, viettel=300)
    await start(conn, high)
    ending = await start(conn, low)
    await ending.end(conn)
    assert await rows(conn) == await tps_that_hold(conn, high) == {"viettel": 300}
    caplog.clear()
    await sync_carriers(conn, high)  # a launch
    assert await rows(conn) == {"viettel": 500}
    assert caplog.messages == ["tps_changed carrier=viettel before=300 after=500"]


async def test_whoever_is_overruled_is_warned(
    conn: asyncpg.Connection, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    await start(conn, saying(config, viettel=300, mobifone=50))
    assert not caplog.messages
    await start(conn, saying(config, viettel=500))
    assert caplog.messages == [
        "tps_differs carrier=viettel here=500 holds=300",
        "tps_differs carrier=mobifone holds=50",
    ]


async def test_a_launch_has_no_say_where_a_worker_has_the_carrier(
    conn: asyncpg.Connection, config: Config
) -> None:
    worker = await start(conn, saying(config, viettel=300))
    for tps in (500, 100):
        await sync_carriers(conn, saying(config, viettel=tps, mobifone=tps))
        assert await rows(conn) == {"viettel": 300, "mobifone": tps}
    await worker.end(conn)
    await sync_carriers(conn, saying(config, viettel=100))
    assert await rows(conn) == {"viettel": 100}


async def test_a_file_without_a_carrier_disconnects_it_for_nobody_else(
    conn: asyncpg.Connection, config: Config
) -> None:
    having = await start(conn, saying(config, viettel=300, mobifone=50))
    without = saying(config, viettel=300)
    await start(conn, without)
    slots = "SELECT count(*) FROM bind_slot JOIN carrier USING (carrier_no) WHERE name = 'mobifone'"
    assert await rows(conn) == {"viettel": 300, "mobifone": 50}
    assert await conn.fetchval(slots) == 1
    await having.end(conn)
    await start(conn, without)
    assert await rows(conn) == {"viettel": 300}
    assert await conn.fetchval(slots) == 0


async def test_a_launch_that_would_leave_a_carrier_out_is_refused(
    conn: asyncpg.Connection, config: Config
) -> None:
    await start(conn, saying(config, viettel=300, mobifone=50))
    less = saying(config, viettel=300)
    found = await approved(conn, "viettel", "mobifone")
    with pytest.raises(RefusedError, match="workers send to the carrier mobifone, which is not in this"):
        await steps.launch(conn, less, found, "an")
    await conn.execute("UPDATE worker SET expires_at = now()")  # nobody sends any more
    with pytest.raises(RefusedError, match="the audience is empty"):
        await steps.launch(conn, less, found, "an")


async def test_what_is_shown_is_what_holds(
    conn: asyncpg.Connection, config: Config, database_env: str, tmp_path: Path
) -> None:
    file = tmp_path / "carriers.toml"
    bind = '[[carriers.viettel.binds]]\nhost = "h"\nport = 1\nsystem_id = "x"\n'
    file.write_text(f"[carriers.viettel]\ntps = 500\n{bind}")

    async def told(*words: str) -> dict[str, Any]:
        options = ["--config", str(VIETNAM), "--config", str(file)]
        done = await asyncio.to_thread(CliRunner().invoke, broadcast, [*options, *words, "--json"])
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    async def shown() -> tuple[int, int]:
        said = await told("carrier", "show", "viettel")
        return said["carrier"]["tps"], said["settings"]["tps"]

    assert await shown() == (500, 500)  # nobody says otherwise
    await start(conn, saying(config, viettel=100))
    assert await shown() == (100, 500)
    numbers = await sync_carriers(conn, config)
    await conn.execute(
        "INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no)"
        " SELECT m, m % 64, $1, 1 FROM generate_series(84320000001::bigint, 84320001000) AS m",
        numbers["viettel"],
    )
    await approved(conn, "viettel")
    found = await told("campaign", "forecast", "a")
    assert found["ways"][0]["seconds"] == 10.0


async def test_workers_keep_to_it(rig: Rig) -> None:
    """Two of them with two files: together they are never granted more than the lower one."""
    await rig.smsc("viettel", tps=1000)
    rig.connect("viettel", 400, sessions=2)
    high = rig.config
    rig.connect("viettel", 200, sessions=2)
    low = rig.config
    granted = "SELECT coalesce(sum(granted_tps), 0) FROM bind_slot WHERE bound"

    async def whole(tps: int) -> None:
        async def there() -> bool:
            return bool(await rig.conn.fetchval(granted) == tps)

        await until(there, f"{tps} TPS granted")

    rig.config = high
    first = rig.worker()
    await whole(400)
    rig.config = low
    second = rig.worker()
    await whole(200)
    await rig.stop(second)
    await until(
        lambda: rig.conn.fetchval("SELECT count(*) = 1 FROM worker WHERE ended_at IS NULL"), "one is left"
    )
    await whole(200)
    rig.config = high
    rig.worker()
    await whole(400)
    await rig.stop(first)
    assert await rows(rig.conn) == {"viettel": 400}


async def test_workers_of_before_have_a_say(empty_database_url: str) -> None:
    (number,) = (each.version for each in migrations.files() if each.name == "worker_tps")
    connection = await connect(empty_database_url, check_schema=False)
    await make_schema(connection, number - 1)
    await connection.execute(
        "INSERT INTO carrier (name, tps) VALUES ('viettel', 300), ('gmobile', NULL);"
        "INSERT INTO worker (host, pid, expires_at, ended_at) VALUES ('h', 1, now(), NULL), ('h', 2, now(), now())"
    )
    await connection.execute(migrations.files()[number - 1].text)
    assert [tuple(row) for row in await connection.fetch("SELECT * FROM worker_tps")] == [(1, 1, 300)]
    await connection.close()
