"""Alarms of ops/prometheus, rehearsed: what should be told is told within its time, and of a nation that is well
nothing is. Carriers are simulated; a worker, a resolver, an exporter and Prometheus are processes as in a control room.

Times are a twentieth of what they are; `make rehearsal` (BROADCAST_REHEARSAL=1) takes them as they are.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from acting import make_people
from integration import steps
from integration.alarms_world import FACTOR, LONG, ControlRoom, Sick, control_room, hurry
from integration.rig import Rig, make_rig
from integration.test_full_disk import small_disk  # noqa: F401 - a fixture
from waiting import until

from broadcast.campaign.campaigns import Campaign
from broadcast.config import Config
from broadcast.store import migrations
from broadcast.store.embedded import Server
from broadcast.store.pool import connect

FIRST: Final = {"viettel": 32, "vinaphone": 81, "mobifone": 70, "vietnamobile": 52, "gmobile": 59}
# Of a machine that is busy with other tests these tell the truth: it is too slow for alarms that are twenty times as
# quick as they should be. At full length none of them is told either.
SLOW_MACHINE: Final = {
    "BroadcastCarrierSlow",
    "BroadcastDatabaseSlow",
    "BroadcastExporterLost",
    "BroadcastFiguresOld",
    "BroadcastLoopLag",
    "BroadcastProcessDown",
    "BroadcastSettlingBehind",
}
HEALTHY_WAITS_BY: Final = min(FACTOR, 5.0)  # so that a second without a core is no silence of a carrier


async def people(rig: Rig, carrier: str, count: int) -> None:
    await rig.subscribers(carrier, count, first=84_000000000 + FIRST[carrier] * 10_000_000)


async def bound(rig: Rig) -> None:
    async def all_are() -> bool:
        return bool(await rig.conn.fetchval("SELECT bool_and(bound AND granted_tps > 0) FROM bind_slot"))

    await until(all_are, "every bind is up")


async def in_time(room: ControlRoom, sick: Sick) -> None:
    took_s = await room.told(sick)
    print(f"{sick.alert}: {took_s * FACTOR:.0f} s of looks, {room.rules[sick.alert] * FACTOR:.0f} stated")
    assert took_s <= room.rules[sick.alert], sick.alert


# ---------------------------------------------------------------- five carriers, each sick in its way


SICK: Final = {
    "viettel": (
        "BroadcastCarrierDown",
        'broadcast_links{carrier="viettel", state="bound"}',
        lambda links: links == 0,
    ),
    "vinaphone": ("BroadcastThrottled", 'broadcast_throttled_total{carrier="vinaphone"}', bool),
    "mobifone": (
        "BroadcastReceiptsMissing",
        'broadcast_responses_total{carrier="mobifone", status="ESME_ROK"}',
        bool,
    ),
    "vietnamobile": (
        "BroadcastIdsComeAgain",
        'broadcast_misfits_total{carrier="vietnamobile", reason="clash"}',
        bool,
    ),
    "gmobile": (
        "BroadcastReceiptsMisfit",
        'broadcast_misfits_total{carrier="gmobile", reason="unknown"}',
        bool,
    ),
}
PEOPLE: Final = 600
TPS: Final = 200
LATE_S: Final = 80 + 200 / FACTOR
LATE_PEOPLE: Final = int(1.4 * LATE_S * TPS)  # more than can be sent to before the expiry


async def sick_carriers(rig: Rig) -> None:
    habits: dict[str, dict[str, Any]] = {
        "viettel": {},
        "vinaphone": {"tps": 20},
        "mobifone": {"unreported_share": 1.0},
        "vietnamobile": {"ids.same": "all", "receipts.numbers": ["none"]},
        "gmobile": {"like": "hex-ids"},
    }
    for carrier, habit in habits.items():
        await rig.smsc(carrier, **{"receipt_delay_s": 0.2, **habit})
        rig.connect(carrier, TPS)
        await people(rig, carrier, LATE_PEOPLE if carrier == "vinaphone" else PEOPLE)


@pytest.mark.long
async def test_what_is_wrong_at_a_carrier_is_told_in_time(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """And of no other carrier: each of the five has its own trouble."""
    hurry(monkeypatch)
    await sick_carriers(rig)
    async with control_room(rig) as room:
        await bound(rig)
        others = [name for name in SICK if name != "vinaphone"]
        await launched(rig, others, lifetime_s=3600)
        late = await launched(rig, ["vinaphone"], lifetime_s=LATE_S)
        rig.smscs["viettel"].process.terminate()
        tellings = [
            Sick(alert, {"carrier": carrier}, series, is_sick)
            for carrier, (alert, series, is_sick) in SICK.items()
        ]
        running = f'broadcast_campaign_info{{campaign="{late.name}", state="running"}}'
        tellings.append(Sick("BroadcastExpiryAtRisk", {"campaign": late.name}, running, bool))
        await asyncio.gather(*(in_time(room, each) for each in tellings))
        fired = await room.fired()
        assert {alert: fired[alert] for alert, *_ in SICK.values()} == {
            alert: {carrier} for carrier, (alert, *_) in SICK.items()
        }
        assert fired["BroadcastExpiryAtRisk"] == {late.name}
        assert await room.prometheus.rule_errors() == {}


async def launched(rig: Rig, carriers: list[str], **more: Any) -> Campaign:
    return await steps.launch(rig.conn, rig.config, await rig.approved(carriers, **more), "an")


# ---------------------------------------------------------------- a nation that is well


@pytest.mark.long
async def test_of_a_nation_that_is_well_nothing_is_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five segments a message, and receipts that are scattered over 2 to 30 s; not one alarm, to its end."""
    hurry(monkeypatch, HEALTHY_WAITS_BY)
    between = [2 / HEALTHY_WAITS_BY, 30 / HEALTHY_WAITS_BY]
    tps, sending_s = 100, 60 / HEALTHY_WAITS_BY
    carriers = ["viettel", "vinaphone", "mobifone"]
    for carrier in carriers:
        await rig.smsc(carrier, **{"receipts.between_s": between, "undeliverable_share": 0.02})
        rig.connect(carrier, tps)
        await people(rig, carrier, int(tps * sending_s / 5))
    async with control_room(rig) as room:
        await bound(rig)
        since = await room.value("time()")
        assert since is not None
        campaign = await rig.launch(text=LONG)
        states = await rig.finish(campaign, within_s=300)
        await figures_agree(room, campaign, states)
        told = set(await room.fired(since + 1))
        print("told:", told)
        assert told - (SLOW_MACHINE if FACTOR > 1 else set()) == set()
        assert await room.prometheus.rule_errors() == {}


async def figures_agree(room: ControlRoom, campaign: Campaign, states: dict[str, int]) -> None:
    """Prometheus comes to say what the tallies do, to the unit."""
    wanted = {
        f'campaign:broadcast_to_send:count{{campaign="{campaign.name}"}}': sum(states.values()),
        "nation:broadcast_delivered:count": states["delivered"],
        "nation:broadcast_delivered:share": states["delivered"] / sum(states.values()),
        "nation:broadcast_sent:share": 1,
        **{f'broadcast_campaign_recipients{{state="{state}"}}': count for state, count in states.items()},
    }
    for expression, count in wanted.items():

        async def says() -> bool:
            return await room.value(expression) == pytest.approx(count)  # noqa: B023

        await until(says, f"{expression} is {count}")


# ---------------------------------------------------------------- the database


@pytest.fixture
async def on_small_disk(small_disk: Server, tmp_path: Path, config: Config) -> AsyncIterator[Rig]:  # noqa: F811
    connection = await connect(small_disk.url(), check_schema=False)
    await migrations.migrate(connection)
    await make_people(connection)
    await connection.execute(
        "GRANT pg_monitor TO w"
    )  # as docs/machines.md says: so it may know where the data is
    async with make_rig(tmp_path, small_disk.url(), connection, config) as made:
        yield made
    connection.terminate()


@pytest.mark.long
async def test_a_disk_that_fills_and_a_database_that_stops_are_told_in_time(
    small_disk: Server,  # noqa: F811
    on_small_disk: Rig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A real disk, of memory. The alarms end by themselves when there is room, and when it answers again."""
    hurry(monkeypatch)
    rig = on_small_disk
    await rig.smsc("viettel", receipt_delay_s=0.2)
    rig.connect("viettel", 100)
    await people(rig, "viettel", 200)
    async with control_room(rig) as room:
        await bound(rig)
        await rig.finish(await rig.launch())
        filler = small_disk.home / "filler"
        with filler.open("wb") as file:
            free = os.statvfs(small_disk.home)
            left = free.f_blocks * free.f_frsize // 25
            os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - left)
        size = os.statvfs(small_disk.home).f_blocks * free.f_frsize
        await in_time(
            room,
            Sick(
                "BroadcastDatabaseFull",
                {},
                "broadcast_database_disk_free_bytes",
                lambda octets: octets < 0.05 * size,
            ),
        )
        filler.unlink()
        await room.over("BroadcastDatabaseFull")
        await rig.conn.close()
        small_disk.stop()
        await in_time(
            room, Sick("BroadcastDatabaseDown", {}, "broadcast_database_up", lambda up: up == 0, read=False)
        )
        small_disk.start()
        await room.over("BroadcastDatabaseDown")
        assert "BroadcastExporterLost" not in await room.fired() or FACTOR > 1
        assert await room.prometheus.rule_errors() == {}
